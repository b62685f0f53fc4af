"""Who asked to be forgotten, and which jobs are without words since."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "reelbot_forgotten",
        sa.Column("user", sa.String(), primary_key=True),
        sa.Column("chat", sa.String(), primary_key=True),
        sa.Column("asked", sa.BigInteger()),
        sa.Column("at", sa.BigInteger()),
        sa.Column("done", sa.BigInteger()),
    )
    op.add_column("reelbot_jobs", sa.Column("forgotten", sa.BigInteger()))
