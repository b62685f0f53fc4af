"""Which requests' words and films are gone at fal, and when the others are tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "reelbot_payloads",
        sa.Column("request_id", sa.String(), primary_key=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("after", sa.BigInteger()),
        sa.Column("gone", sa.BigInteger()),
    )
