"""The column that says what a reorder changes has the field's word: fallback."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Plain SQL: both databases rename in place, and Alembic would copy the whole table on SQLite.
    op.execute("ALTER TABLE reelbot_jobs RENAME COLUMN remedy TO fallback")
