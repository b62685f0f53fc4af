"""How a job's request became known, and until when one that was refused is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Plain ADD COLUMN: both databases do it in place, while jobs are in flight.
    op.add_column("reelbot_submits", sa.Column("known_by", sa.String(), nullable=True))
    op.add_column("reelbot_submits", sa.Column("sought", sa.BigInteger(), nullable=True))
