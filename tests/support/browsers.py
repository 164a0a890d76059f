"""Browsers without a screen: one that nobody signed in with, and one for each role."""

from __future__ import annotations

from bridge import operators, sessions
from bridge.web import create_app


class Browser:
    """A test client that sends the CSRF token of its session by itself."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def get(self, path, **options):
        options.setdefault("headers", {}).setdefault("Accept", "text/html")
        return self.client.get(path, buffered=True, **options)

    def post(self, path, data=None, **options):
        options.setdefault("headers", {}).setdefault("Accept", "text/html")
        return self.client.post(path, data={"csrf_token": self.csrf(), **(data or {})}, **options)

    def csrf(self):
        """The token that pages of this session carry."""
        page = self.client.get("/me", headers={"Accept": "text/html"}, follow_redirects=True).text
        return page.split('name="csrf_token" value="')[1].split('"')[0]


class Site(Browser):
    """Nobody signed in; `as_operator` and `as_administrator` are browsers where somebody did."""

    def __init__(self, service):
        super().__init__(create_app(service))
        self.service = service

    def as_operator(self, name="olga"):
        return self._signed_in(name, "operator")

    def as_administrator(self, name="ada"):
        return self._signed_in(name, "administrator")

    def _signed_in(self, name, role):
        service = self.service

        def begun(db):
            user = operators.by_name(db, name) or operators.add(db, service.now(), "test", name, role, "")
            return sessions.begin(db, user, service.now())

        browser = Browser(self.app)
        with browser.client.session_transaction() as session:
            session["id"] = service.store.write(begun)
        return browser
