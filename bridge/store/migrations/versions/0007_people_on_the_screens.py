"""People and what they do on the screens: accounts, sessions, tokens, follow-ups of missed calls, an audit trail.

And names as searches compare them.

Revision 0007, after 0006.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_AT_ONCE = 5000


def upgrade() -> None:
    missed = sa.text("status IN ('missed', 'dropped')")
    op.create_index("ix_calls_missed", "calls", ["started_at"], sqlite_where=missed, postgresql_where=missed)
    answered = sa.text("status = 'answered'")
    op.create_index(
        "ix_calls_answered", "calls", ["instance_id", "chat_id", "started_at"],
        sqlite_where=answered, postgresql_where=answered,
    )  # fmt: skip
    _follow_ups()
    _people()
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    _names()


def _names() -> None:
    op.add_column("callers", sa.Column("contact_name_folded", sa.Text))
    op.add_column("callers", sa.Column("name_folded", sa.Text))
    op.add_column("people", sa.Column("name_folded", sa.Text))
    op.create_index("ix_people_chat_id", "people", ["chat_id"])
    texts = ("chat_id", "contact_name", "name", "contact_name_folded", "name_folded")
    callers = sa.table("callers", sa.column("instance_id", sa.Integer), *(sa.column(one, sa.Text) for one in texts))
    _fill(
        callers,
        sa.select(callers.c.instance_id, callers.c.chat_id, callers.c.contact_name, callers.c.name),
        (callers.c.instance_id == sa.bindparam("of_instance")) & (callers.c.chat_id == sa.bindparam("of_chat")),
        lambda row: {
            "of_instance": row.instance_id,
            "of_chat": row.chat_id,
            "contact_name_folded": _folded(row.contact_name),
            "name_folded": _folded(row.name),
        },
    )
    people = sa.table("people", *(sa.column(one) for one in ("id", "name_folded")), sa.column("person", sa.JSON))
    _fill(
        people,
        sa.select(people.c.id, people.c.person).where(people.c.person.is_not(None)),
        people.c.id == sa.bindparam("of_id"),
        lambda row: {"of_id": row.id, "name_folded": _folded((row.person or {}).get("name"))},
    )


def _fill(
    table: sa.TableClause,
    query: sa.Select[Any],
    which: sa.ColumnElement[bool],
    values: Callable[[sa.Row[Any]], dict[str, object]],
) -> None:
    change = sa.update(table).where(which)
    rows = [values(row) for row in op.get_bind().execute(query)]
    for start in range(0, len(rows), _AT_ONCE):
        op.get_bind().execute(change, rows[start : start + _AT_ONCE])


def _folded(name: str | None) -> str | None:
    """One case in every alphabet, one width, no accents: as the program does it at this revision."""
    accents = re.compile("[\u0300-\u036f]")
    plain = accents.sub("", unicodedata.normalize("NFKD", name or "").casefold())
    return unicodedata.normalize("NFKC", accents.sub("", plain)) or None


def _follow_ups() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("instance_id", sa.Integer, nullable=False),
        sa.Column("chat_id", sa.Text, nullable=False),
        sa.Column("claimed_by", sa.String(80)),
        sa.Column("claimed_at", _MOMENT),
        sa.Column("done_by", sa.String(80)),
        sa.Column("done_at", _MOMENT),
        sa.Column("done_through", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
        sa.ForeignKeyConstraint(["instance_id"], ["instances.id"], name="fk_follow_ups_instance_id"),
    )
    is_open = sa.text("done_at IS NULL")
    op.create_index(
        "ix_follow_ups_open", "follow_ups", ["instance_id", "chat_id"], unique=True,
        sqlite_where=is_open, postgresql_where=is_open,
    )  # fmt: skip
    op.create_index("ix_follow_ups_done", "follow_ups", ["instance_id", "chat_id", "done_through"])
    op.create_index("ix_follow_ups_done_at", "follow_ups", ["done_at"])


def _people() -> None:
    is_there = sa.text("removed_at IS NULL")
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index(
        "ix_users_name", "users", ["name"], unique=True, sqlite_where=is_there, postgresql_where=is_there
    )  # fmt: skip
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.Column("removed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index(
        "ix_tokens_name", "tokens", ["name"], unique=True, sqlite_where=is_there, postgresql_where=is_there
    )  # fmt: skip
    op.create_table(
        "throttles",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttles"),
    )
    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invitations"),
    )
