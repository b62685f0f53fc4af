"""Allows one purchase per job and what is done with it: who presses twice is shown what was ordered before.

Decided in the transaction that would buy, with that job's row locked: on two messages, after a reload and on two
workers the answer is the same.
"""

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.records import Job, JobDraft, State, job_from
from bot.store.tables import jobs

OFFER_MS = 30 * 60 * 1000


class AlreadyOrdered(Exception):
    """A job that repeats this one, with this fallback, or makes this of that film, exists: nothing was bought."""

    def __init__(self, existing: Job) -> None:
        super().__init__(existing.id)
        self.existing = existing


def check_repeat_tx(tx: Connection, new: JobDraft, *, but: str) -> None:
    """Refuse to do the same once more by a second press. Raises AlreadyOrdered with the other job than `but`.

    The same is: to repeat a job with this fallback, or to make exactly this of a film. A try that was cancelled and
    cost nothing (declined, lapsed, cancelled for free) does not count. One that still waits for its yes does: it is the
    answer to the press. Of an offer nothing would be bought yet, so a try that was bought is no hindrance.
    """
    of = new.again_of or new.follows
    if of is None:
        return
    tx.execute(sa.select(jobs.c.id).where(jobs.c.id == of).with_for_update())  # two presses meet here
    query = sa.select(jobs).where(_tries(new), jobs.c.id != but).order_by(jobs.c.created)
    for existing in [job_from(row) for row in tx.execute(query)]:
        if existing.state is not State.AWAITING_CONFIRMATION and new.question is not None:
            continue
        if new.again_of is None and existing.request.unpublished() != new.plan.request.unpublished():
            continue  # it goes on in other words
        if not _is_over_for_nothing(existing):
            raise AlreadyOrdered(existing)


def _tries(new: JobDraft) -> sa.ColumnElement[bool]:
    """Return which jobs may be the same as this one."""
    if new.again_of is None:
        return sa.and_(jobs.c.follows == new.follows, jobs.c.again_of.is_(None))
    same = jobs.c.fallback == new.fallback if new.fallback is not None else jobs.c.fallback.is_(None)
    return sa.and_(jobs.c.again_of == new.again_of, same)


def _is_over_for_nothing(existing: Job) -> bool:
    if existing.state is State.AWAITING_CONFIRMATION:
        return now_ms() - existing.changed > OFFER_MS  # nobody can say yes to it any more
    return existing.state is State.CANCELLED and existing.charge == "none"
