"""What each system knows of a caller, the story of a call, and the words of a connection.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    _people()
    _story()
    _more_columns()
    op.create_index("ix_calls_chat_id", "calls", ["chat_id"])
    op.create_index("ix_notifications_instance_id_received_at", "notifications", ["instance_id", "received_at"])
    _partial_index("ix_notifications_unread", "notifications", "received_at", "verdict = 'unread'")
    _partial_index("ix_deliveries_failed", "deliveries", "connection_id", "state = 'failed'")


def _partial_index(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("person", _JSON),
        sa.Column("checked_at", _MOMENT),
        sa.Column("expires_at", _MOMENT),
        sa.Column("due_at", _MOMENT),
        sa.Column("asked_at", _MOMENT),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_people_connection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("connection_id", "chat_id", name="uq_people_connection_id_chat_id"),
    )
    condition = sa.text("due_at IS NOT NULL")
    op.create_index("ix_people_due_at", "people", ["due_at"], sqlite_where=condition, postgresql_where=condition)


def _story() -> None:
    op.create_table(
        "story",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer()),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_story_call_id"),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_story_connection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
    )
    op.create_index("ix_story_call_id", "story", ["call_id"])


def _more_columns() -> None:
    op.add_column("connections", sa.Column("language", sa.String(length=8), nullable=False, server_default="en"))
    op.add_column("connections", sa.Column("timezone", sa.String(length=64)))
    op.add_column("connections", sa.Column("template", sa.Text()))
    op.add_column("connections", sa.Column("labels", _JSON))
    op.add_column("calls", sa.Column("policies", _JSON))
    op.add_column("deliveries", sa.Column("policy", sa.String(length=16), nullable=False, server_default="all"))
    op.add_column("deliveries", sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("failed_for", sa.Integer()))
    op.add_column("deliveries", sa.Column("withdrawn", sa.Boolean()))
    # Most have what is right by default, and writing each row of a large table anew takes minutes.
    op.execute(
        "UPDATE deliveries SET policy = (SELECT policy FROM connections WHERE connections.id = connection_id)"
        " WHERE connection_id IN (SELECT id FROM connections WHERE policy <> 'all')"
    )
