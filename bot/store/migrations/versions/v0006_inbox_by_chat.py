"""Each chat's first message that waits is found without reading all that wait, or all that were handled."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    waits = sa.text("state = 'new'")
    op.create_index(
        "ix_reelbot_inbox_waiting",
        "reelbot_inbox",
        ["chat", "id"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
