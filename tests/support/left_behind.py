"""What an older release left behind: its store and its queue, as if it had been stopped a moment ago."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis

FIXTURES = Path(__file__).parents[1] / "faults" / "fixtures"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True)
class LeftBehind:
    """`owed`, `told` and `failed` hold `<connection> <call id>-<status>`; `key` opens the settings in the store."""

    folder: Path
    key: str
    stopped: datetime
    owed: list[str]
    told: list[str]
    failed: list[str]

    @classmethod
    def by(cls, revision: str) -> LeftBehind:
        """What the code of a revision left."""
        said = json.loads((FIXTURES / revision / "owed.json").read_text())
        return cls(FIXTURES / revision, **{**said, "stopped": datetime.fromisoformat(said["stopped"])})

    def fill_sqlite(self, file: Path) -> None:
        """Make the embedded store."""
        file.parent.mkdir(parents=True)
        with sqlite3.connect(file) as db:
            db.executescript(self._sql("sqlite"))
        db.close()

    def fill_postgres(self, address: str) -> None:
        """Fill an empty database."""
        with psycopg.connect(address) as db:
            db.execute(self._sql("postgresql").encode())

    def fill_redis(self, address: str) -> int:
        """Put on the queue what stood there; returns how many messages."""
        lists = json.loads((self.folder / "queue.json").read_text())
        with redis.Redis.from_url(address) as client:
            for name, messages in lists.items():
                client.rpush(name, *messages)
        return sum(map(len, lists.values()))

    def _sql(self, database: str) -> str:
        passed = datetime.now(UTC) - self.stopped

        def later(moment: re.Match[str]) -> str:
            return f"{datetime.fromisoformat(moment[0]) + passed:%Y-%m-%d %H:%M:%S}"

        return _MOMENT.sub(later, (self.folder / f"{database}.sql").read_text())
