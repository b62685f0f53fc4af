"""Allows one purchase per failed job and fallback: who presses twice is shown the job that was ordered before.

Decided in the transaction that would buy, with the failed job's row locked: on two messages, after a reload and on two
workers the answer is the same.
"""

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.records import Job, State, job_from
from bot.store.tables import jobs

OFFER_MS = 30 * 60 * 1000


class AlreadyOrdered(Exception):
    """A job that repeats this one, with this fallback, exists: nothing was bought, nothing was offered."""

    def __init__(self, existing: Job) -> None:
        super().__init__(existing.id)
        self.existing = existing


def check_repeat_tx(tx: Connection, *, of: str | None, fallback: str | None, but: str, offer: bool) -> None:
    """Refuse to repeat `of` with this fallback by a second press. Raises AlreadyOrdered with the other job than `but`.

    A try that was cancelled and cost nothing (declined, lapsed, cancelled for free) does not count. One that still
    waits for its yes does: it is the answer to the press. `offer`: nothing would be bought yet, so a try that was
    bought is no hindrance.
    """
    if of is None:
        return
    tx.execute(sa.select(jobs.c.id).where(jobs.c.id == of).with_for_update())  # two presses meet here
    same = jobs.c.fallback == fallback if fallback is not None else jobs.c.fallback.is_(None)
    query = sa.select(jobs).where(jobs.c.again_of == of, same, jobs.c.id != but).order_by(jobs.c.created)
    for existing in [job_from(row) for row in tx.execute(query)]:
        if existing.state is not State.AWAITING_CONFIRMATION and offer:
            continue
        if not _is_over_for_nothing(existing):
            raise AlreadyOrdered(existing)


def _is_over_for_nothing(existing: Job) -> bool:
    if existing.state is State.AWAITING_CONFIRMATION:
        return now_ms() - existing.changed > OFFER_MS  # nobody can say yes to it any more
    return existing.state is State.CANCELLED and existing.charge == "none"
