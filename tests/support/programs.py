"""A program that talks to the API: a test client with a bearer token, pages that it walks, and the trail it leaves."""

from __future__ import annotations

import re

from bridge import audit, tokens

API = "/api/v1"


class Program:
    """`who` is its name in the audit trail."""

    def __init__(self, app, service, role) -> None:
        self.app, self.role = app, role
        self.client = app.test_client()
        name = f"a program for {role}s"
        self.token = service.store.write(lambda db: tokens.add(db, service.now(), "test", name, role))
        self.who = f"token:{name}"

    def ask(self, method, path, body=None, **options):
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        address = path if path.startswith("/api") else f"{API}{path}"
        return self.client.open(address, method=method, headers=headers, buffered=True, **options)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.ask("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)


def walked(program, path, field="id_message"):
    """That field of all rows, as somebody reads them who follows the links."""
    rows = []
    while path:
        answer = program.get(path)
        assert len(answer.json) <= 2
        rows += [one[field] for one in answer.json]
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = found[1] if found else None
    return rows


def trail(store):
    """(who, what, about) of the audit trail, oldest first."""
    with store.read() as db:
        return [(one["who"], one["what"], one["about"]) for one in reversed(audit.listing(db, 100))]
