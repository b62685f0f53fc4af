"""The one-time code that makes its sender an admin, and who became one by it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "reelbot_admin_codes",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("tried_by", sa.JSON(), nullable=False),
        sa.Column("spent_by", sa.String()),
    )
    op.add_column("reelbot_admissions", sa.Column("admin", sa.BigInteger()))
