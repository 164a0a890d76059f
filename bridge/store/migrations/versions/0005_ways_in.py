"""The other ways in: polling, the journal, the account's state as GREEN-API tells it, and what the doctor looks at.

Revision 0005, after 0004.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("instances", sa.Column("intake", sa.String(length=16), nullable=False, server_default="webhook"))
    _added_at()
    op.add_column("instances", sa.Column("state", sa.String(length=40)))
    op.add_column("instances", sa.Column("refused", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("instances", sa.Column("poller", sa.String(length=120)))
    for moment in ("state", "heard", "refused", "contacts"):
        op.add_column("instances", sa.Column(f"{moment}_at", _MOMENT))
    for moment in ("poll_until", "journal_until", "journal_due", "restarting_until"):
        op.add_column("instances", sa.Column(moment, _MOMENT))
    for reason in ("poll_reason", "journal_reason"):
        op.add_column("instances", sa.Column(reason, sa.Text()))
    op.add_column("callers", sa.Column("phone_chat", sa.Text()))


def _added_at() -> None:
    # SQLite adds a column that may not be NULL only with a constant. New rows bring a time of their own.
    now = datetime.now(UTC)
    constant = f"{now:%Y-%m-%d %H:%M:%S.%f}" if op.get_bind().dialect.name == "sqlite" else now.isoformat()
    op.add_column("instances", sa.Column("added_at", _MOMENT, nullable=False, server_default=constant))
