"""What every page shares: who may open it, how it is rendered, and what its answer tells browsers to refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from bridge import invitations
from bridge.operators import Role, User
from bridge.service import Service
from bridge.sessions import Sessions

_DIGITS = len(str(2**31))
_STATIC = Path(__file__).parent / "static"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types board fragment",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page(template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  whatever the template wants
    """A rendered page, which nobody keeps a copy of."""
    answer = Response(render_template(template, **values), status, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def blueprint(name: str, role: Role, **options: Any) -> Blueprint:  # noqa: ANN401  Flask's own
    """A blueprint whose pages are open to this role alone; administrators may open operators' pages too."""
    made = Blueprint(name, "bridge.web", **options)

    @made.before_request
    def guard() -> AnyResponse | None:
        user = signed_in()
        if user is None:
            return _to_sign_in()
        if role == "administrator" and not user.is_administrator:
            abort(403)
        return None

    return made


def signed_in() -> User | None:
    """Who sent this request; also `g.user` from then on. Raises StoreUnavailable."""
    if "user" not in g:
        session_id = session.get("id")
        known: Sessions = current_app.extensions["sessions"]
        service: Service = current_app.extensions["ringbridge"]
        g.user = known.user(session_id, service.now()) if isinstance(session_id, str) else None
    user: User | None = g.user
    return user


def number(name: str) -> int | None:
    """A row's number that stands in the address under this name; anything else is a page that there is not."""
    text = request.args.get(name)
    if not text:
        return None
    is_one = text.isascii() and text.isdigit() and len(text) <= _DIGITS and 0 < int(text) < 2**31
    return int(text) if is_one else abort(404)


def who() -> str:
    """The name under which the audit trail keeps what this request changes."""
    user = signed_in()
    return user.name if user else "nobody"


def is_here(target: str) -> bool:
    """Whether this is a path of ours, and not an address that a link smuggled in."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()


def _to_sign_in() -> AnyResponse:
    wants_page = request.method == "GET" and request.accept_mimetypes.accept_html
    if not wants_page or request.headers.get("Sec-Fetch-Mode") in ("cors", "same-origin"):
        abort(401)
    service: Service = current_app.extensions["ringbridge"]
    with service.store.read() as db:
        if invitations.is_open(db):
            return redirect(url_for("start.first"), 303)
    here = request.full_path.rstrip("?")
    return redirect(url_for("login.sign_in", next=here if here != "/" else None), 303)


def harden(answer: Response, *, is_https: bool) -> Response:
    """Add what makes a browser refuse what no page of ours needs."""
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    if is_https:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return answer


def install(app: Flask) -> None:
    """What templates may use: `csrf()`, `asset(…)`, and the filter `when`."""
    app.jinja_env.globals |= {"csrf": _csrf, "asset": _asset, "csrf_token": generate_csrf}
    app.jinja_env.filters["when"] = when
    app.jinja_env.filters["web_address"] = web_address


def web_address(text: object) -> str | None:
    """The address where it is one that a link may lead to, else None."""
    if not isinstance(text, str) or not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def when(moment: datetime | str | None, form: str = "full") -> Markup:
    """A moment as UTC, which the page turns into local time.

    Forms: `full`, `exact`, `time`, `near` (the day where that is not today), `day`, `since`.
    """
    if moment is None:
        return Markup("")
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment.astimezone(UTC)
    forms = {"time": f"{at:%H:%M} UTC", "day": f"{at:%Y-%m-%d}", "exact": f"{at:%Y-%m-%d %H:%M:%S} UTC"}
    shown = forms.get(form, f"{at:%Y-%m-%d %H:%M} UTC")
    return Markup('<time datetime="{}" class="when" data-form="{}">{}</time>').format(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", form, shown
    )


def _csrf() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def _asset(name: str) -> str:
    return url_for("static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    """Changes with the file, so that browsers may keep it."""
    return sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
