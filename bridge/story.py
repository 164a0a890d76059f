"""What happened to a call and left no trace in any other table, in one line each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Select, insert, literal

from bridge.store.tables import story as table

What = Literal["policy", "name", "skipped", "held", "failed", "replayed", "closed", "journal"]


def tell(db: Db, call_id: int, what: What, at: datetime, connection_id: int | None = None, **detail: object) -> None:
    """Add one line. `detail` holds JSON values."""
    line = {"call_id": call_id, "connection_id": connection_id, "at": at, "what": what, "detail": detail}
    db.execute(insert(table), line)


def tell_each(
    db: Db, calls: Select[Any], what: What, at: datetime, connection_id: int | None = None, **detail: object
) -> None:
    """Add the same line to each of the `calls`, a query for their ids, however many there are."""
    same = {"connection_id": connection_id, "at": at, "what": what, "detail": detail}
    values = [literal(value, table.c[name].type) for name, value in same.items()]
    db.execute(insert(table).from_select(["call_id", *same], calls.add_columns(*values)))
