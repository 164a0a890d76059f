"""Alerts of GREEN-API about an account are found without reading through the notifications about calls.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    only = sa.text("verdict = 'alert'")
    op.create_index(
        "ix_notifications_alerts", "notifications", ["instance_id", "received_at"],
        sqlite_where=only, postgresql_where=only,
    )  # fmt: skip
