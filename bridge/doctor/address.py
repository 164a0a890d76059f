"""Whether our own public address leads to us, as far as that can be told from here."""

from __future__ import annotations

from bridge.reception import PATH
from connectors.kit import Answer, ConnectorError, Http, Rejected, Retryable

_WRONG_VERB = 405


class _OurDoor(Rejected):
    """The answer that our webhook gives to a GET."""


def fault(http: Http, public_url: str) -> str | None:
    """Why the address does not lead here, in a sentence without it; None where it does."""
    try:
        http.send("GET", f"{public_url}/healthz")
    except Retryable as error:
        return error.reason
    except ConnectorError as error:
        # A careful proxy lets nothing in but the webhook: then its door must know us.
        return None if _is_our_door(http, public_url) else error.reason
    return None


def _is_our_door(http: Http, public_url: str) -> bool:
    try:
        http.send("GET", f"{public_url}{PATH}", classify=_classify)
    except _OurDoor:
        return True
    except ConnectorError:
        return False
    return False  # a webhook of ours takes no GET


def _classify(answer: Answer) -> ConnectorError | None:
    return _OurDoor("The webhook takes no GET.") if answer.status == _WRONG_VERB else None
