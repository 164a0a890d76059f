"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells once for each.

Statements are built once: building one costs as much as running it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(db: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can be given `on_conflict_do_update`."""
    return postgresql.insert(table) if db.dialect.name == "postgresql" else sqlite.insert(table)


def insert_new(db: Connection, table: Table, *returned: Column[Any]) -> Insert:
    """An INSERT that leaves out what is there already, and returns these columns of what was not: `id` unless named."""
    return _insert_new(db.dialect.name, table, returned or (table.c.id,))


@cache
def _insert_new(dialect: str, table: Table, returned: tuple[Column[Any], ...]) -> Insert:
    module = postgresql if dialect == "postgresql" else sqlite
    statement: Insert = module.insert(table).on_conflict_do_nothing().returning(*returned)
    return statement
