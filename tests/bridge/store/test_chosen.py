"""Rows that are chosen to be changed: once, however PostgreSQL goes about it."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql

from bridge.store.chosen import chosen
from bridge.store.tables import deliveries


def test_the_rows_are_chosen_before_the_update_looks_at_any():
    # Which plan runs a subquery in IN again for each row depends on statistics; it was met with a table just filled.
    query = update(deliveries).where(deliveries.c.id.in_(chosen(select(deliveries.c.id).limit(1)))).values(reason=None)
    said = " ".join(str(query.compile(dialect=postgresql.dialect())).split())

    assert said.startswith("WITH chosen AS (SELECT deliveries.id AS id FROM deliveries LIMIT")
    assert "FOR NO KEY UPDATE SKIP LOCKED) UPDATE deliveries" in said
