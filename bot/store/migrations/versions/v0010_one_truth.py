"""The row alone says what must happen next with a job: when it is due, who works on it, and under which epoch."""

import time

import sqlalchemy as sa
from alembic import op

from bot.store.first_version import refuse_old_workers

revision = "0010"
down_revision = "0009"

_JOBS = "reelbot_jobs"
_UNDER_WAY = ("queued", "preparing", "submitting", "rendering", "downloading", "ready", "uploading")
_TOLD_LATER = ("undelivered", "delivery-doubt", "doubt", "failed", "cancelled")


def upgrade() -> None:
    refuse_old_workers(op.get_bind())
    op.add_column(_JOBS, sa.Column("due", sa.BigInteger()))
    op.add_column(_JOBS, sa.Column("owner", sa.String()))
    op.add_column(_JOBS, sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(_JOBS, sa.Column("lease_until", sa.BigInteger()))
    op.add_column(_JOBS, sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(_JOBS, sa.Column("lapses", sa.Integer(), nullable=False, server_default="0"))
    _say_when_due()
    for name in ("send_after", "ask_after", "held_until", "collects", "sendings"):
        op.execute(f"ALTER TABLE {_JOBS} DROP COLUMN {name}")  # plain SQL: Alembic would copy the table on SQLite
    for name, column in (("due", "due"), ("lease", "lease_until")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{_JOBS}_{name}", _JOBS, [column], sqlite_where=there, postgresql_where=there)
    op.execute("ALTER TABLE reelbot_workers DROP COLUMN buried")
    op.add_column("reelbot_workers", sa.Column("beat", sa.BigInteger()))
    op.drop_table("reelbot_takeovers")
    op.create_table(
        "reelbot_roles",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )


def _say_when_due() -> None:
    """Whatever a workflow of 0.1 was at is due now; what waited for a time is due then."""
    new, old = ("due", "owner", "lease_until", "attempt"), ("send_after", "ask_after", "held_until", "sendings")
    jobs = sa.table(_JOBS, *(sa.column(name) for name in ("state", "told", *new, *old)))
    now = int(time.time() * 1000)
    c = jobs.c
    due = sa.case(
        (c.state.in_(_UNDER_WAY), now),
        (sa.and_(c.state == "parked", c.told.is_(None)), now),
        (c.state == "parked", c.ask_after),
        (sa.and_(c.state.in_(_TOLD_LATER), c.told.is_(None)), sa.func.coalesce(c.send_after, now)),
    )
    op.execute(jobs.update().values(due=due, attempt=c.sendings))
    held = jobs.update().where(c.held_until > now, c.state.in_(_UNDER_WAY))
    op.execute(held.values(due=None, owner="shell", lease_until=c.held_until))
