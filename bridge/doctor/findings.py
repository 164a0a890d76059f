"""Everything that can be found, in words for an administrator and in GREEN-API's own field names.

Ids are stable: scripts go by them, and docs/instances.md lists each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

ORDER = (
    "api-unreachable",
    "api-url-wrong",
    "instance-unknown",
    "api-token-refused",
    "instance-expired",
    "quota-used-up",
    "asked-too-often",
    "instance-being-created",
    "instance-starting",
    "settings-changed",
    "settings-unreadable",
    "settings-not-saved",
    "public-url-missing",
    "public-address-unreachable",
    "webhook-elsewhere",
    "webhook-set-while-polling",
    "webhook-url-missing",
    "webhook-token-differs",
    "webhook-token-old",
    "incoming-call-webhook-off",
    "incoming-webhook-off",
    "state-webhook-off",
    "instance-not-authorized",
    "password-pending",
    "phone-off",
    "instance-blocked",
    "instance-suspended",
    "instance-state-unknown",
    "notifications-refused",
    "notifications-waiting",
    "polling-fails",
    "journal-unavailable",
)
"""Every id, in the order in which to mend: the keys, the plan, the settings, and only then the phone, as a change of
settings restarts the instance."""
CONSOLE = "in GREEN-API's console"
_FIX = "Run the check with --fix."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and the next step. `waits`: there is nothing to mend, it passes with time."""

    id: str
    text: str
    next: str
    waits: bool = False


API_TOKEN_REFUSED = Finding(
    "api-token-refused",
    "GREEN-API refuses the instance's api_token.",
    f"Compare it with apiTokenInstance {CONSOLE}, and correct it here.",
)
INSTANCE_UNKNOWN = Finding(
    "instance-unknown",
    "GREEN-API does not know this id_instance at this api_url.",
    f"Compare both with idInstance and apiUrl {CONSOLE}, and correct them here.",
)
API_URL_WRONG = Finding(
    "api-url-wrong",
    "What answers at api_url is not GREEN-API's service.",
    f"Compare it with apiUrl {CONSOLE}, and correct it here.",
)
ASKED_TOO_OFTEN = Finding("asked-too-often", "GREEN-API asks for a pause.", "Check again in a minute.")
QUOTA_USED_UP = Finding(
    "quota-used-up",
    "The quota of the GREEN-API plan is used up; on the Developer plan calls of more than three chats a month are not "
    "told either.",
    f"Change the plan {CONSOLE}, or wait for the first of the month.",
)
PUBLIC_URL_MISSING = Finding(
    "public-url-missing",
    "RINGBRIDGE_PUBLIC_URL is not set, so that nobody can tell whether webhookUrl is right.",
    "Set it to the address under which GREEN-API reaches this bridge, such as https://calls.example.com, or use "
    'intake = "poll" where there is none.',
)
WEBHOOK_URL_MISSING = Finding("webhook-url-missing", "webhookUrl is empty: nothing is sent to us.", _FIX)
WEBHOOK_TOKEN_DIFFERS = Finding(
    "webhook-token-differs",
    "webhookUrlToken is none of the instance's webhook_token: what GREEN-API sends is refused.",
    _FIX,
)
WEBHOOK_TOKEN_OLD = Finding(
    "webhook-token-old",
    "webhookUrlToken is accepted, but is not the first webhook_token.",
    f"{_FIX} When that is done, the old one can be taken out of the list.",
)
WEBHOOK_SET_WHILE_POLLING = Finding(
    "webhook-set-while-polling",
    'webhookUrl is set to our own address, so that GREEN-API pushes and lets nobody fetch ("custom webhook url is '
    'set").',
    f'{_FIX} Or set intake = "webhook".',
)
CALLS_OFF = Finding("incoming-call-webhook-off", 'incomingCallWebhook is not "yes": GREEN-API tells of no calls.', _FIX)
MESSAGES_OFF = Finding(
    "incoming-webhook-off",
    'incomingWebhook is not "yes": releases before 5.44.37.12 tell of no calls without it. Messages are acknowledged '
    "and not kept.",
    _FIX,
)
STATE_OFF = Finding(
    "state-webhook-off", 'stateWebhook is not "yes": we do not hear when the phone is logged out.', _FIX
)
JOURNAL_UNAVAILABLE = Finding(
    "journal-unavailable",
    "The journal of calls (lastIncomingCalls) cannot be read on this plan or release.",
    "Nothing need be done: calls arrive without it, but those of an outage of the instance are not made up for.",
    waits=True,
)


def api_unreachable(reason: str) -> Finding:
    """GREEN-API cannot be asked at all."""
    return Finding("api-unreachable", reason, "See that this machine reaches api_url, and check again.")


def expired(reason: str) -> Finding:
    """Nothing works until somebody pays; the reason says which of both it is, and what to do."""
    return Finding("instance-expired", reason, "Check again then.")


def settings_unreadable(reason: str) -> Finding:
    """The settings could not be read although the instance answers."""
    return Finding("settings-unreadable", f"getSettings failed: {reason}", "Check again in a few minutes.")


def settings_changed(names: list[str]) -> Finding:
    """What --fix has written."""
    return Finding(
        "settings-changed",
        f"Changed at GREEN-API: {', '.join(names)}. The instance restarts; it may take five minutes until that holds, "
        "and calls may be lost meanwhile.",
        "Check again then.",
        waits=True,
    )


def settings_not_saved(reason: str) -> Finding:
    """What --fix could not write."""
    return Finding("settings-not-saved", f"setSettings failed: {reason}", "Nothing else was changed; check again.")


def public_address_unreachable(reason: str) -> Finding:
    """Our public address does not answer, as seen from here."""
    return Finding(
        "public-address-unreachable",
        f"From here, RINGBRIDGE_PUBLIC_URL does not lead to this bridge: {reason}",
        "Start the bridge, and look at the proxy, the host name and its certificate. If this network merely does not "
        "reach its own public address, GREEN-API may all the same.",
    )


def webhook_elsewhere(host: str) -> Finding:
    """GREEN-API pushes to somebody else, who would lose it."""
    return Finding(
        "webhook-elsewhere",
        f"webhookUrl leads to {host}, and not to us. GREEN-API pushes to one address only; --fix changes nothing while "
        "that would take it away from whoever has it.",
        "If nobody needs it there any more, run the check with --fix --replace-webhook.",
    )


def webhook_elsewhere_while_polling(host: str) -> Finding:
    """The same, where notifications should be fetched."""
    return Finding(
        WEBHOOK_SET_WHILE_POLLING.id,
        f'webhookUrl leads to {host}: GREEN-API pushes there, and lets nobody fetch ("custom webhook url is set"). '
        "--fix changes nothing while that would take it away from whoever has it.",
        "If nobody needs it there any more, run the check with --fix --replace-webhook.",
    )


def notifications_refused(count: int, last: datetime, *, is_right: bool) -> Finding:
    """Notifications named this instance and bore the token of another one. `is_right`: not any more."""
    text = (
        f"{_counted(count)} that named this instance bore the token of another one of ours and got 401, the last at "
        f"{stamp(last)}."
    )
    step = "webhookUrlToken is right by now, and GREEN-API sends again for 24 hours what was refused."
    if not is_right:
        step = "Two instances seem to have changed their tokens: correct webhookUrlToken, or webhook_token here."
    return Finding("notifications-refused", text, step, waits=is_right)


def notifications_waiting(count: int, *, is_polled: bool, is_restarting: bool) -> Finding:
    """GREEN-API has notifications for us, and has not got rid of any lately."""
    found = Finding(
        "notifications-waiting",
        f"{_counted(count)} waiting at GREEN-API; none has come lately.",
        "See that the bridge runs, and that GREEN-API reaches RINGBRIDGE_PUBLIC_URL from outside.",
    )
    if is_polled:
        found = replace(found, next="See that `ringbridge up` or `ringbridge poll` runs.")
    if is_restarting:
        found = replace(found, next="They come once the instance has restarted.", waits=True)
    return found


def polling_fails(reason: str) -> Finding:
    """Whoever polls has said why it does not work."""
    return Finding("polling-fails", f"Fetching does not work: {reason}", "Mend that; it is tried again by itself.")


def _counted(count: int) -> str:
    return "1 notification" if count == 1 else f"{count} notifications"


def stamp(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Each once, in the order in which to mend them."""
    return sorted(dict.fromkeys(found), key=lambda one: ORDER.index(one.id))
