"""What people and groups set, whom admins let in, who asked to be let in; and which group a purchase was made in."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for table in ("reelbot_jobs", "reelbot_ledger"):
        op.add_column(table, sa.Column("group_chat", sa.String()))
        there = sa.text("group_chat IS NOT NULL")
        op.create_index(f"ix_{table}_group", table, ["group_chat"], sqlite_where=there, postgresql_where=there)
    op.create_table(
        "reelbot_preferences",
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "reelbot_admissions",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("allowed", sa.BigInteger()),
        sa.Column("allowed_by", sa.String()),
        sa.Column("cap_micro", sa.BigInteger()),
    )
    op.create_table(
        "reelbot_strangers",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group_chat", sa.String()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("announced", sa.BigInteger()),
    )
