"""What GREEN-API's words for the state of an account mean for its calls.

Source: https://green-api.com/en/docs/api/account/GetStateInstance/
"""

from __future__ import annotations

from bridge.doctor.findings import CONSOLE, Finding
from bridge.text import clean

BEING_CREATED = Finding(
    "instance-being-created",
    "GREEN-API is still creating the instance, which takes up to five minutes.",
    "Check again then.",
    waits=True,
)
STARTING = Finding(
    "instance-starting",
    "The instance is starting, which takes up to five minutes; until then its settings may not be readable, and calls "
    "may be lost.",
    f"Check again then. If it lasts longer, reboot the instance {CONSOLE}.",
    waits=True,
)
NOT_LINKED = Finding(
    "instance-not-authorized",
    "No phone is linked to the instance (notAuthorized): no call arrives.",
    f"Link the phone {CONSOLE}.",
)
_SUSPENDED = Finding(
    "instance-suspended",
    "WhatsApp restricts the account for suspected spam (suspended); whether calls still arrive is not known.",
    f"Send nothing for a while, and see {CONSOLE} until when it lasts.",
)
STATES: dict[str, Finding] = {
    "notAuthorized": NOT_LINKED,
    "starting": STARTING,
    "blocked": Finding(
        "instance-blocked",
        "WhatsApp has banned the account (blocked): no call arrives.",
        "Ask WhatsApp to lift the ban, in the app, or link another number.",
    ),
    "suspended": _SUSPENDED,
    "yellowCard": _SUSPENDED,  # its name until July 2026
    "sleepMode": Finding(
        "phone-off", "The phone is switched off (sleepMode).", "Switch it on, and connect it to the internet."
    ),
    "pendingPassword": Finding(
        "password-pending",
        "The account waits for the password of its two-step verification (pendingPassword).",
        f"Enter it {CONSOLE}.",
    ),
}


def of_state(state: str | None) -> Finding | None:
    """What a state means for calls; None where they arrive."""
    if state is None:
        return BEING_CREATED
    if state == "authorized":
        return None
    word = clean(state)[:40] or "?"
    return STATES.get(state) or Finding(
        "instance-state-unknown",
        f"GREEN-API reports the state {word}, which is not known here.",
        f"See {CONSOLE} what it means.",
    )
