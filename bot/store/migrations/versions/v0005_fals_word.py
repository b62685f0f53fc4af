"""What fal answered is kept raw, a job whose answers are odd is parked, and fal's own bill is known."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "reelbot_results",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "digest"),
    )
    op.create_index(op.f("ix_reelbot_results_job_id"), "reelbot_results", ["job_id"], unique=False)
    # Plain ADD COLUMN: both databases do it in place, while jobs are in flight.
    for new in (
        sa.Column("model_name", sa.String(), nullable=True),
        sa.Column("usual_render_s", sa.Float(), nullable=True),
        sa.Column("odd_since", sa.BigInteger(), nullable=True),
        sa.Column("odd", sa.String(), nullable=True),
        sa.Column("ask_after", sa.BigInteger(), nullable=True),
        sa.Column("collects", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("billed_nano", sa.BigInteger(), nullable=True),
        sa.Column("bill_after", sa.BigInteger(), nullable=True),
    ):
        op.add_column("reelbot_jobs", new)
    op.create_index(op.f("ix_reelbot_jobs_again_of"), "reelbot_jobs", ["again_of"], unique=False)
    for new in (
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("claimed", sa.BigInteger(), nullable=True),
        sa.Column("answered", sa.BigInteger(), nullable=True),
    ):
        op.add_column("reelbot_submits", new)
    op.add_column("reelbot_ledger", sa.Column("booked", sa.BigInteger(), nullable=True))
