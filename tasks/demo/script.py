"""Who rings in the demo, at which line, and how each call ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LINES = {"7103000001": "support", "7103000002": "sales", "7103000003": "clinic"}
SPARE_LINE = "7103000004"
"""An account that the bridge does not know yet: to be added through the pages."""
API_TOKEN = "demo-api-token"  # noqa: S105  both ends of the demo know it
WEBHOOK_TOKEN = "demo-webhook-token"  # noqa: S105

CONTACTS = {
    "15551230001@c.us": {"contactName": "Anna Petrova", "name": "Anya"},
    "15551230002@c.us": {"contactName": "Noor (bakery)", "name": "Noor"},
    "447700900003@c.us": {"contactName": "", "name": "Oluwaseun ✨"},
    "15551230004@c.us": {"contactName": "", "name": ""},
    "214700913355128@lid": {"contactName": "", "name": ""},
    "4915550000006@c.us": {"contactName": "Jürgen <b>Weiß</b> [URL]", "name": "JW"},
}
OUTCOMES = ("pickUp", "hungUp", "declined", "missed", "hangUp", None)
RINGS_FOR = 2.5  # seconds
SEEN_FOR = 4.0  # how long a call rings that somebody makes by hand, to see it on the board
OUTCOME_SECONDS = 5.0  # the bridge's clock for calls that never end, shortened from three minutes


@dataclass(frozen=True, slots=True)
class Planned:
    """One call: where and who, how it ends (None: nobody ever says), and the pause before the next one."""

    id_instance: str
    chat_id: str
    outcome: str | None
    pause: float


def calls(number: int) -> Iterator[Planned]:
    """So many calls. The first of each caller at each line are spaced, since a name may be asked for once a second."""
    lines, chats = list(LINES), list(CONTACTS)
    for index in range(number):
        line = lines[index % len(lines)]
        chat = chats[(index // len(lines) + index) % len(chats)]
        outcome = OUTCOMES[(index + index // len(OUTCOMES)) % len(OUTCOMES)]
        yield Planned(line, chat, outcome, pause=0.35 if index < len(lines) * len(chats) else 0.05)
