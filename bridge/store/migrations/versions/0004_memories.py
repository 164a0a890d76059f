"""What a connection's connector keeps by itself, and who is renewing it.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("connections", sa.Column("memory", sa.Text()))
    op.add_column("connections", sa.Column("memory_lease_until", sa.DateTime(timezone=True)))
