"""Guests of the web chat."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "reelbot_invitations",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("series", sa.String()),
        sa.Column("digest", sa.String(), unique=True),
        sa.Column("invited", sa.BigInteger(), nullable=False),
        sa.Column("opened", sa.BigInteger()),
    )
