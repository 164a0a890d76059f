"""What the connections of a desk are owed, what has been attempted, and what the story says of it."""

from __future__ import annotations

from sqlalchemy import select

from bridge.store import tables


def story(desk):
    with desk.store.read() as db:
        return [(row.what, row.connection_id, row.detail) for row in db.execute(select(tables.story))]


def owed(desk):
    return {name: owes for name, (_, owes, _) in desk.states().items()}


def attempts(desk):
    query = select(tables.attempts.c.status, tables.attempts.c.outcome).order_by(tables.attempts.c.id)
    with desk.store.read() as db:
        return [tuple(row) for row in db.execute(query)]
