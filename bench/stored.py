"""A store with a past: settled calls by the million, copied from one that the bridge itself has settled.

Whatever columns the tables have, a copy has the same values, except for what must differ.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SPREAD = 28 * 86400
"""The copies lie in the four weeks before now, so that nothing is old enough to be forgotten."""

_BATCH = 50_000

_ROWS = """
    WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :end)
    INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS model, numbers WHERE {which}
"""


def fill(file: Path, calls: int) -> None:
    """Add this many settled calls, with notifications, deliveries and attempts. The bridge must not be running."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
            db.execute(f"PRAGMA {pragma}")
        model = db.execute(
            "SELECT d.call_id, d.id FROM deliveries d JOIN attempts a ON a.delivery_id = d.id "
            "WHERE d.state = 'delivered' GROUP BY d.id ORDER BY count(*) DESC, d.id LIMIT 1"
        ).fetchone()
        call, delivery = model
        base = max(_largest(db, table) for table in ("calls", "notifications", "deliveries", "attempts"))
        twins = {
            "calls": (f"id = {call}", {"key": "'STORED-' || n", "chat_id": "'1666' || (1000000 + n) || '@c.us'"}),
            "notifications": (f"call_id = {call}", {"key": "'stored-' || n || '-' || id", "call_id": f"{base} + n"}),
            "deliveries": (
                f"id = {delivery}",
                {"chat_id": "'1666' || (1000000 + n) || '@c.us'", "call_id": f"{base} + n"},
            ),
            "attempts": (f"delivery_id = {delivery}", {"delivery_id": f"{base} + n"}),
        }
        for table, (which, changed) in twins.items():
            _copy(db, table, which, changed, base, calls)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(db: sqlite3.Connection, table: str, which: str, changed: dict[str, str], base: int, calls: int) -> None:
    models = [row[0] for row in db.execute(f"SELECT id FROM {table} WHERE {which} ORDER BY id")]
    for position, model in enumerate(models):
        values = {}
        for _, name, kind, *_rest in db.execute(f"PRAGMA table_info({table})").fetchall():
            if name == "id":
                values[name] = f"{base} + n * {len(models)} + {position}" if len(models) > 1 else f"{base} + n"
            elif name in changed:
                values[name] = changed[name]
            elif "DATETIME" in kind.upper():
                age = f"'-' || (60 + n * {_SPREAD} / {calls}) || ' seconds'"
                values[name] = f"strftime('%Y-%m-%d %H:%M:%f', {name}, {age}) || '000'"
            elif name == "instance_id":
                values[name] = "1 + n % 64"
            else:
                values[name] = name
        statement = _ROWS.format(
            table=table, names=", ".join(values), values=", ".join(values.values()), which=f"model.id = {model}"
        )
        for first in range(1, calls + 1, _BATCH):
            db.execute(statement, {"first": first, "end": min(first + _BATCH, calls + 1)})


def _largest(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])
