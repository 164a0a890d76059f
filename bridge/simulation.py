"""A board on which calls come and go by themselves, made from the clock alone: nothing of it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.board import Board, Link, Shown
from bridge.follow_ups import Missed

_EVERY = 12  # seconds from one call to the next
_BACK = 15  # calls that are looked back to
_ENTRIES, _RECENT = 6, 12
_LINES = ("support", "sales")


@dataclass(frozen=True, slots=True)
class _Part:
    """Somebody of the script: how long it rings, and how that ends."""

    name: str
    phone: str
    rings: int
    outcome: str
    video: bool = False


_SCRIPT = (
    _Part("Anna Petrova", "+15550100001", 9, "missed"),
    _Part("Noor (bakery)", "+15550100002", 7, "answered"),
    _Part("Anna Petrova", "+15550100001", 15, "missed"),
    _Part("+1 555-010-0003", "+15550100003", 5, "dropped"),
    _Part("Jun Watanabe", "+15550100004", 20, "answered", video=True),
    _Part("Marta Kowalska", "+15550100005", 11, "missed"),
    _Part("Noor (bakery)", "+15550100002", 6, "answered"),
)


@dataclass(frozen=True, slots=True)
class _Call:
    number: int
    part: _Part
    started_at: datetime

    @property
    def line(self) -> str:
        return _LINES[self.number % len(_LINES)]

    def has_ended(self, now: datetime) -> bool:
        return now - self.started_at >= timedelta(seconds=self.part.rings)

    def shown(self, now: datetime) -> Shown:
        part = self.part
        ended = self.has_ended(now)
        source = "phone" if part.name.startswith("+") else "contact_name"
        return Shown(
            id=f"simulated-{self.number}",
            instance=self.line,
            caller=part.name,
            caller_source=source,
            phone=part.phone,
            status=part.outcome if ended else "ringing",
            video=part.video,
            started_at=self.started_at,
            links=() if ended or source == "phone" else (Link("CRM", "https://crm.example.com/"),),
        )


def board(now: datetime) -> Board:
    """The board at this moment: the same for everybody who looks, and one that goes on as time does."""
    latest = int(now.timestamp()) // _EVERY
    calls = [_call(number) for number in range(latest, latest - _BACK, -1)]
    shown = [one.shown(now) for one in calls]
    return Board(
        has_instances=True,
        ringing=[one for one in shown if one.status == "ringing"],
        missed=_missed([one for one in calls if one.has_ended(now)]),
        recent=[one for one in shown if one.status != "ringing"][:_RECENT],
        done=[],
    )


def _call(number: int) -> _Call:
    return _Call(number, _SCRIPT[number % len(_SCRIPT)], datetime.fromtimestamp(number * _EVERY, UTC))


def _missed(newest_first: list[_Call]) -> list[Missed]:
    """Those who called in vain and have not been spoken to since."""
    waiting: dict[str, list[_Call]] = {}
    spoken_to: set[str] = set()
    for one in newest_first:
        if one.part.outcome == "answered":
            spoken_to.add(one.part.phone)
        elif one.part.phone not in spoken_to:
            waiting.setdefault(one.part.phone, []).append(one)
    return [_entry(of_caller) for of_caller in list(waiting.values())[:_ENTRIES]]


def _entry(newest_first: list[_Call]) -> Missed:
    newest = newest_first[0]
    return Missed(
        instance_id=0,
        instance=newest.line,
        chat_id=f"{newest.part.phone[1:]}@c.us",
        caller=newest.part.name,
        caller_source="contact_name",
        phone=newest.part.phone,
        count=len(newest_first),
        first_at=newest_first[-1].started_at,
        last_at=newest.started_at,
    )
