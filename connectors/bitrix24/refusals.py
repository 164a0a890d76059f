"""What a refusal means. Status, code and description are read together, since codes are often blank, `0` or `100`.

Source: https://apidocs.bitrix24.com/api-reference/common/errors.html
Source: https://apidocs.bitrix24.com/limits.html
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from connectors.kit import Answer, ConnectorError, RateLimited, Rejected, Retryable, Unauthorized

Json = Any

BUCKET_PAUSE = 2.0  # seconds; the bucket drains two requests a second, and the answer names no pause
METHOD_PAUSE = 60.0  # until the oldest of ten minutes leaves the sum, where the answer does not say when
OVERLOAD_PAUSE = 900.0  # a block that the vendor sets by hand

_BLANK = frozenset({"", "0", "100", "ERROR_CORE"})
_V3 = "BITRIX_REST_V3_EXCEPTION_"
_GRANT = {
    "INVALID_CREDENTIALS": "make a new webhook, or grant the application again",
    "NO_AUTH_FOUND": "make a new webhook, or grant the application again",
    "EXPIRED_TOKEN": "grant the application again",
    "INVALID_TOKEN": "grant the application again",
    "ERROR_OAUTH": "grant the application again",
    "AUTHORIZATION_ERROR": "grant the application again",
    "APPLICATION_NOT_FOUND": "install the application again",
    "PAYMENT_REQUIRED": "see to the portal's subscription",
    "METHOD_CONFIRM_WAITING": "an administrator of the portal has to confirm the method",
    "METHOD_CONFIRM_DENIED": "an administrator of the portal has to allow the method",
    "USER_ACCESS_ERROR": "the user needs access to REST",
    "ALLOWED_ONLY_INTRANET_USER": "it has to belong to an employee",
    "PORTAL_DELETED": "the portal is closed",
}
_GONE = frozenset({"OWNER_NOT_FOUND", "NOT_FOUND", "ENTITYNOTFOUNDEXCEPTION"})
# An activity names its record twice; which of the two is found missing first is not documented.
_GONE_TEXTS = ("not found", "owner not found", "could not build binding", "the field communications")
_FAILED = frozenset({"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"})
_NO_METHOD = frozenset({"ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION"})
_FORBIDDEN = "The owner of the webhook or grant may not touch this record: widen the owner's rights."
_SLOW = "The portal rests a method that took too long in sum (OPERATION_TIME_LIMIT)."
_FULL = "The portal's allowance of requests is used up (QUERY_LIMIT_EXCEEDED)."


class Refused(Rejected):
    """Refused for good. `code` is upper case, `description` lower case: for reading, never for showing."""

    def __init__(self, reason: str, code: str = "", description: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.description = description


class Vanished(Refused):
    """The record was deleted, or merged into another."""


class NoMethod(Refused):
    """This portal has no such method: it is old, or part of the address is missing."""


class NeedsApplication(Refused):
    """A webhook may not call this method; only an installed application may."""


class ScopeMissing(Unauthorized):
    """The webhook or the application was not granted what this method needs."""


class MethodRests(RateLimited):
    """One method took too long in sum. The portal goes on answering all others."""


class TokenExpired(Unauthorized):
    """An access token lived out its hour: a fresh one is asked for, and the same request made once more."""


def refused(answer: Answer) -> ConnectorError | None:
    """What went wrong according to this answer, a 2xx too; None leaves it to the kit's default."""
    if 300 <= answer.status < 400:
        return _moved(answer)
    if not answer.body:
        return None
    if _is_page(answer):
        return _of_page(answer)
    body = answer.json()
    if not isinstance(body, dict) or (answer.ok and "error" not in body):
        return None
    if "Retry-After" in answer.headers and answer.status in (429, 503):
        return None  # it says itself how long, which it is not documented to do
    return _meaning(answer.status, *_code(body), _reset_at(body))


def error_in(entry: Json) -> ConnectorError:
    """What one command's refusal inside a batch means. The status was 200 for all of them, and says nothing."""
    body: dict[str, Json] = entry if isinstance(entry, dict) else {}
    code, description = _code(body)
    return _meaning(400, code, description, None) or _plain(code, description)


def _code(body: dict[str, Json]) -> tuple[str, str]:
    error: Json = body.get("error")
    if isinstance(error, dict):  # REST 3.0
        code = str(error.get("code", "")).upper().removeprefix(_V3)
        description = f"{error.get('message')} {error.get('validation') or ''}"
    else:
        code, description = str(error or "").strip().upper(), str(body.get("error_description") or "")
    return code, description.strip().lower()


def _meaning(status: int, code: str, description: str, reset_at: float | None) -> ConnectorError | None:
    return _pause(code, reset_at) or _grant(status, code, description) or _of_request(status, code, description)


def _pause(code: str, reset_at: float | None) -> ConnectorError | None:
    if code == "QUERY_LIMIT_EXCEEDED":
        return RateLimited(_FULL, retry_after=BUCKET_PAUSE)
    if code == "OPERATION_TIME_LIMIT":
        pause = METHOD_PAUSE if reset_at is None else max(reset_at - time.time(), 1.0)
        return MethodRests(_SLOW, retry_after=pause, alone=True)
    if code == "OVERLOAD_LIMIT":
        return RateLimited(
            "Bitrix24 blocked the portal's REST interface for overload: ask its support.", retry_after=OVERLOAD_PAUSE
        )
    return None


def _grant(status: int, code: str, description: str) -> ConnectorError | None:
    if code in ("INSUFFICIENT_SCOPE", "INSUFFICIENTSCOPEEXCEPTION"):  # 401 or 403, as the portal likes
        return ScopeMissing("A scope is missing (insufficient_scope): grant it in the webhook's or application's form.")
    if code == "EXPIRED_TOKEN":
        return TokenExpired(f"The portal refused the credentials (expired_token): {_GRANT[code]}.")
    if code in _GRANT:
        return Unauthorized(f"The portal refused the credentials ({code}): {_GRANT[code]}.")
    if code == "ACCESS_DENIED" and status == 403 and "plan" in description:
        return Unauthorized("The portal's plan has no REST interface: it needs a commercial plan.")
    return None


def _of_request(status: int, code: str, description: str) -> ConnectorError | None:
    if code in ("WRONG_AUTH_TYPE", "ERROR_WRONG_CONTEXT"):
        return NeedsApplication(f"This needs an installed application, not a webhook ({code}).", code, description)
    if code in _GONE or (code in _BLANK and description.startswith(_GONE_TEXTS)):
        return Vanished("The record is not there any more: it was deleted or merged.", code, description)
    if code in _NO_METHOD:
        return NoMethod("The portal does not know the method: see whether the address is whole.", code, description)
    if status < 500 and code in _FAILED:  # inside a batch no status says so
        return Retryable(f"The portal failed ({code}).", sent=True)
    if status in (401, 403) and code != "ACCESS_DENIED" and not code.endswith("DENIEDEXCEPTION"):
        return None
    if 400 <= status < 500 and status not in (408, 429):
        return _plain(code, description)
    return None if status >= 400 else _plain(code, description)


def _plain(code: str, description: str) -> Refused:
    named = code if re.fullmatch(r"\w{1,60}", code, re.ASCII) else "no code"
    if code == "ACCESS_DENIED" or "access denied" in description:
        return Refused(_FORBIDDEN, code, description)
    return Refused(f"The portal refused the request ({named}).", code, description)


def _moved(answer: Answer) -> ConnectorError | None:
    """A renamed portal redirects; a POST that follows becomes a GET without parameters."""
    to = urlsplit(answer.headers.get("Location", "")).hostname
    if not to or to == answer.host:
        return None
    return Rejected(f"The portal has moved from {answer.host} to {to}: change the address of the connection.")


def _is_page(answer: Answer) -> bool:
    if answer.fault or answer.status in (401, 408, 429):
        return False
    return not answer.body.lstrip().startswith((b"{", b"["))


def _of_page(answer: Answer) -> ConnectorError:
    """HTML: of an old self-hosted portal that lacks part of the interface, else of a proxy or for maintenance."""
    if answer.status == 404:
        return NoMethod(f"{answer.host} has no such page (404): see whether the address is whole.")
    return Retryable(f"{answer.host} answered with a page that is not JSON.", sent=True)


def _reset_at(body: dict[str, Json]) -> float | None:
    took = body.get("time")
    reset = took.get("operating_reset_at") if isinstance(took, dict) else None
    return float(reset) if isinstance(reset, (int, float)) else None
