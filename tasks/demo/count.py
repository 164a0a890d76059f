"""What arrived of what was sent: counted from the sender's and the receiver's own logs, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.greenapi.standin.loopback import Entry

_RINGING = "call.ringing"


@dataclass(frozen=True, slots=True)
class Count:
    """`lost` calls have no note of their outcome; `duplicated` counts each record beyond the first of its kind."""

    calls: int
    popups: int
    notes: int
    lost: int
    duplicated: int

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.duplicated

    def __str__(self) -> str:
        return f"{self.calls} calls / {self.notes} notes / {self.lost} lost / {self.duplicated} duplicated"


def count(sender_log: Path, receiver_log: Path) -> Count:
    """Compare the two logs."""
    sent = {_call(entry) for entry in _entries(sender_log) if entry["what"] == "queued"}
    kept: Counter[tuple[str, bool]] = Counter()
    for entry in _entries(receiver_log):
        call, _, status = str(entry["webhook_id"]).rpartition("-")
        if call and status and entry["kept"]:
            kept[call, entry["type"] == _RINGING] += int(str(entry["kept"]))
    noted = {call for call, ringing in kept if not ringing}
    return Count(
        calls=len(sent),
        popups=sum(ringing for _, ringing in kept),
        notes=len(noted),
        lost=len(sent - noted),
        duplicated=sum(copies - 1 for copies in kept.values()),
    )


def _call(entry: Entry) -> str:
    return f"{entry['id_instance']}-{entry['id_message']}"


def _entries(log: Path) -> Iterable[Entry]:
    if log.exists():
        yield from map(json.loads, log.read_text("utf-8").splitlines())
