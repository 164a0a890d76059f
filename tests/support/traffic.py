"""Calls that go on coming while something is broken, and the count afterwards.

The count is of the sender's log against the receiver's records, and asks nothing of Ringbridge.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from road import Road

STATUS = {"pickUp": "answered", "hungUp": "dropped", "declined": "missed", "missed": "missed"}
CHATS = [f"1555{number:07}@c.us" for number in range(40)]
CONTACTS = {chat: dict.fromkeys(("name", "contactName"), f"Caller {chat[:11]}") for chat in CHATS}


class Traffic:
    """Rings every `every` seconds for as long as it is open. `outcomes` is what each call came to, by its id."""

    def __init__(self, road: Road, seed: int, every: float) -> None:
        self.outcomes: dict[str, str] = {}
        self._road, self._every = road, every
        self._dice = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ring, name="traffic", daemon=True)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ring(self) -> None:
        while not self._over.wait(self._every):
            outcome = self._dice.choice(list(STATUS))
            chat, after = self._dice.choice(CHATS), self._dice.uniform(0.1, 2.0)
            self.outcomes[self._road.ring(chat, outcome, after=after)] = STATUS[outcome]


@dataclass(frozen=True, slots=True)
class Count:
    """`wrong` has the messages lost, those out of order, and those that nobody rang for; `repeated` the extra requests.

    `refused` are the answers to notifications other than 200; None is one that did not come.
    """

    wrong: dict[str, list[str]]
    repeated: int
    refused: Counter[int | None]


def counted(road: Road, outcomes: dict[str, str], patience: float) -> Count:
    """Wait until everything is told, or patience is at its end, and count."""
    owed = {f"{call}-{status}" for call, status in outcomes.items()}
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up and not (road.green_api.idle() and owed <= set(road.kept())):
        time.sleep(0.1)

    kept = road.kept()
    place = {key: number for number, key in enumerate(kept)}
    order = [
        call
        for call, status in outcomes.items()
        if place.get(f"{call}-ringing", -1) > place.get(f"{call}-{status}", len(kept))
    ]
    known = owed | {f"{call}-ringing" for call in outcomes}
    pushed = [entry["answer"] for entry in road.green_api.log.entries() if entry["what"] == "pushed"]
    return Count(
        wrong={
            "lost": sorted(owed - set(kept)),
            "twice": [key for key, times in Counter(kept).items() if times > 1],
            "out of order": order,
            "unknown": sorted(set(kept) - known),
        },
        repeated=sum(road.requests().values()) - len(kept),
        refused=Counter(answer for answer in pushed if answer != 200),
    )
