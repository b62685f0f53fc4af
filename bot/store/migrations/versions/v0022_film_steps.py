"""What a job does with the film of another: goes on from it, enlarges it, makes it whole."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("reelbot_jobs", sa.Column("follows", sa.String()))
    op.add_column("reelbot_jobs", sa.Column("step", sa.JSON(none_as_null=True)))
    op.create_index(
        "ix_reelbot_jobs_follows",
        "reelbot_jobs",
        ["follows"],
        sqlite_where=sa.text("follows IS NOT NULL"),
        postgresql_where=sa.text("follows IS NOT NULL"),
    )
