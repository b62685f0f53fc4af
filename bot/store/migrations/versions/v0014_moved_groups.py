"""Groups that have another id now; and whose purse pays, where that is not the sender's own."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "reelbot_moves",
        sa.Column("old", sa.String(), primary_key=True),
        sa.Column("new", sa.String(), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.add_column("reelbot_jobs", sa.Column("purse", sa.String()))
