"""The ledger, questions before a purchase, repeats, and jobs that a command of the shell holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "reelbot_ledger",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("reserved_micro", sa.BigInteger(), nullable=False),
        sa.Column("spent_micro", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("job_id", "user", "at"):
        op.create_index(op.f(f"ix_reelbot_ledger_{column}"), "reelbot_ledger", [column], unique=False)
    # Plain ADD COLUMN: both databases do it in place, while jobs are in flight.
    for new in (
        sa.Column("reserved_micro", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("charge", sa.String(), nullable=True),
        sa.Column("question", sa.JSON(), nullable=True),
        sa.Column("again_of", sa.String(), nullable=True),
        sa.Column("remedy", sa.String(), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
    ):
        op.add_column("reelbot_jobs", new)
    op.add_column("reelbot_submits", sa.Column("hint", sa.String(), nullable=True))
    _reserve_what_is_in_flight()


def _reserve_what_is_in_flight() -> None:
    """Jobs that an earlier version began have no reservation: they get one, so that the sums are right."""
    jobs = sa.table(
        "reelbot_jobs",
        *(sa.column(name) for name in ("id", "user", "request", "price_micro", "state", "created", "reserved_micro")),
    )
    ledger = sa.table(
        "reelbot_ledger",
        *(sa.column(name) for name in ("job_id", "user", "model", "at", "event", "reserved_micro", "spent_micro")),
    )
    open_states = ("queued", "preparing", "submitting", "rendering", "downloading", "doubt")
    connection = op.get_bind()
    found = connection.execute(sa.select(jobs, sa.type_coerce(jobs.c.request, sa.JSON).label("asked"))).all()
    for job in found:
        if job.state not in open_states:
            continue
        connection.execute(
            ledger.insert().values(
                job_id=job.id,
                user=job.user,
                model=job.asked["model"],
                at=job.created,
                event="reserve",
                reserved_micro=job.price_micro,
                spent_micro=0,
            )
        )
        connection.execute(jobs.update().where(jobs.c.id == job.id).values(reserved_micro=job.price_micro))
