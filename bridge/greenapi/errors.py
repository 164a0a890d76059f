"""What GREEN-API's refusals mean: read by their status first, then by what the text says.

Bodies are JSON, plain text, HTML or nothing. They may hold other people's chat ids, so nothing of one is ever shown.

Source: https://green-api.com/en/docs/api/common-errors/
"""

from __future__ import annotations

from typing import ClassVar

from connectors.kit import Answer, ConnectorError, Rejected, Retryable, Unauthorized


class Starting(Retryable):
    """The instance starts, or starts again: nothing was done."""

    retry_after: ClassVar[float] = 30.0  # seconds


class WebhookIsSet(Rejected):
    """Notifications are pushed to a `webhookUrl`, so that none can be fetched."""


class NotAuthorized(Unauthorized):
    """No phone is linked to the instance."""


class Expired(Unauthorized):
    """The instance has not been paid for, or was deleted."""


class Suspended(Unauthorized):
    """WhatsApp restricts the account."""


class QuotaUsedUp(Rejected):
    """The plan allows no more of this until the first of next month."""


class LookupsUsedUp(Retryable):
    """No contacts can be looked up for a while. Users report about two hours; it is not documented."""

    retry_after: ClassVar[float] = 7200.0  # seconds


class Idle(Retryable):
    """A poll that ended with nothing, in the words of a gateway: 408 or 504."""


class UnknownInstance(Unauthorized):
    """There is no such instance at this address."""


class NoSuchMethod(Rejected):
    """The method is not there: a wrong address, or one that the plan does not have."""


def classify(answer: Answer) -> ConnectorError | None:
    """GREEN-API's own meaning of an answer; None leaves it to the status's usual one."""
    if answer.status == 400:
        return _bad_request(answer.body.decode("utf-8", "replace").casefold())
    if answer.status == 403 and b"suspended" in answer.body.lower():
        return Suspended("WhatsApp has suspended the account: see to it in GREEN-API's console.")
    reading = _BY_STATUS.get(answer.status)
    return reading[0](reading[1]) if reading else None


def _bad_request(text: str) -> ConnectorError:
    # "Instance is starting or not authorized" comes too: what may pass by itself is waited for.
    if "starting" in text:
        return Starting("The instance is starting; that takes up to five minutes.")
    if "custom webhook url is set" in text:
        return WebhookIsSet(
            "GREEN-API pushes the notifications to the instance's webhookUrl; to have them fetched, clear webhookUrl."
        )
    if "not authorized" in text:
        return NotAuthorized("No phone is linked to the instance: link one in GREEN-API's console.")
    if "expired" in text:
        return Expired("The instance has expired: renew it in GREEN-API's console.")
    if "is deleted" in text:
        return Expired("The instance was deleted at GREEN-API: remove it here, or describe its successor.")
    return Rejected("GREEN-API refused the request (400).")


_BY_STATUS: dict[int, tuple[type[ConnectorError], str]] = {
    401: (Unauthorized, "GREEN-API refused the token: compare api_token with apiTokenInstance in its console."),
    403: (
        UnknownInstance,
        "GREEN-API does not know this instance here: compare id_instance and api_url with idInstance and apiUrl in its "
        "console.",
    ),
    404: (NoSuchMethod, "GREEN-API has no such method: compare api_url with apiUrl in its console."),
    408: (Idle, "GREEN-API did not answer in time (408)."),
    466: (
        QuotaUsedUp,
        "The quota of the GREEN-API plan is used up: change the plan, or wait for the first of the month.",
    ),
    469: (LookupsUsedUp, "GREEN-API looks up no more contacts for a while; about two hours."),
    499: (Retryable, "GREEN-API found the connection closed (499)."),
    504: (Idle, "GREEN-API did not answer in time (504)."),
}
