"""Choosing rows to change, so many at most, and passing over those that somebody else is changing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select


def chosen(query: Select[tuple[Any]]) -> Select[tuple[Any]]:
    """The one column of a query with a limit, for `UPDATE … WHERE id IN (…)`; its rows are locked on PostgreSQL.

    In a CTE, since PostgreSQL is free to run a subquery there again for each row of the table. Each time it passes
    over the rows that are changed by then, and chooses the next ones: more than the limit allows.
    Source: https://www.postgresql.org/docs/current/queries-with.html
    """
    # A call that is being written down holds its instance's or connection's key, which is none of our business.
    locked = query.with_for_update(skip_locked=True, key_share=True).cte("chosen")
    return select(*locked.c)
