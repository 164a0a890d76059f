"""Breakers, probes of held credentials, and which connection an attempt was for.

Revision 0003, after 0002.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_RECENT = timedelta(minutes=5)


def upgrade() -> None:
    op.add_column("connections", sa.Column("probe_at", _MOMENT))
    op.add_column("connections", sa.Column("rests_until", _MOMENT))
    op.add_column("connections", sa.Column("broken_for", sa.Integer()))
    op.add_column("attempts", sa.Column("connection_id", sa.Integer()))
    # Breakers look at the last minute, and writing each row of a large table anew takes minutes.
    since = datetime.now(UTC) - _RECENT
    fill = sa.text(
        "UPDATE attempts SET connection_id = (SELECT connection_id FROM deliveries WHERE deliveries.id = delivery_id)"
        " WHERE ended_at IS NULL OR ended_at > :since"
    ).bindparams(sa.bindparam("since", _plain(since), _MOMENT))
    op.execute(fill)
    op.create_index("ix_attempts_connection_id_id", "attempts", ["connection_id", "id"])


def _plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else moment
