"""How the outcome of a job comes to its owner: what was told, and what is to be told again."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.database import Connection, db_now_ms, now_ms
from bot.store.job_rows import JobTable, move_tx, told_tx
from bot.store.records import Destination, State
from bot.store.stored import record
from bot.store.tables import jobs
from bot.store.work import WORK, Lease, check_tx

_SENT_BEFORE = frozenset({State.DELIVERED, State.SENT_AS_REPLY, State.UNDELIVERED, State.DELIVERY_UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Unasked:
    """A job that counts as delivered though its owner could not be asked whether the film has come."""

    job_id: str
    user: str


class JobOutcomes(JobTable):
    """The part of the jobs' repository for outcomes."""

    async def tell(self, job_id: str, state: State, ref: str, *, lease: Lease | None = None) -> None:
        """Its outcome was said, as `ref`; unless the job is not in that state any more: that is not told yet."""
        same = (jobs.c.id == job_id, jobs.c.state == state, jobs.c.outcome_ref.is_(None))
        change = (
            jobs.update().where(*same).values(outcome_ref=ref, changed=now_ms()).returning(jobs.c.chat, jobs.c.user)
        )

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            job = tx.execute(change).first()
            if job is not None and ref:
                told_tx(tx, job_id, ref, chat=job.chat, user=job.user)

        await self._db.write(work)

    async def close_unconfirmed(self, channel: str, *, after_s: float) -> list[Unasked]:
        """Count as delivered what was sent so long ago without a confirmation.

        Returns those whose owners have not written since; the question still comes with their next message.
        """
        old = sa.select(jobs.c.id, jobs.c.user, jobs.c.outcome_ref).where(
            jobs.c.state == State.DELIVERY_UNCONFIRMED,
            jobs.c.chat.startswith(f"{channel}:", autoescape=True),
            jobs.c.changed < now_ms() - int(after_s * 1000),
        )

        def work(tx: Connection) -> list[Unasked]:
            unasked = []
            for job in tx.execute(old).all():
                why = "nobody has missed it" if job.outcome_ref is not None else "its owner has not written since"
                moved = move_tx(tx, job.id, State.DELIVERED, only_from=[State.DELIVERY_UNCONFIRMED], why=why)
                if moved and job.outcome_ref is None:
                    unasked.append(Unasked(job.id, job.user))
            return unasked

        return await self._db.write(work)

    async def redirect(self, job_id: str, to: Destination, *, lease: Lease | None = None) -> None:
        """Send its outcome to another chat than the one that asked for it."""
        await self._set(job_id, lease=lease, send_to=record(to))

    async def send_again(self, job_id: str, *, to: Destination | None = None) -> bool:
        """Make the outcome due now, in a transaction of its own: see send_again_tx."""
        return await self._db.write(lambda tx: send_again_tx(tx, job_id, to=to))


def send_again_tx(tx: Connection, job_id: str, *, to: Destination | None = None) -> bool:
    """Make the outcome due now, also where it was told before; a video on its way is not sent twice.

    `to`: the chat where it was asked for. False: there is no such job, or nothing to tell of it.
    """
    row = tx.execute(sa.select(jobs.c.state, jobs.c.video).where(jobs.c.id == job_id).with_for_update()).first()
    if row is None:
        return False
    if to is not None:
        tx.execute(jobs.update().where(jobs.c.id == job_id).values(send_to=record(to)))
    if row.video is not None and State(row.state) in _SENT_BEFORE:
        return move_tx(tx, job_id, State.READY, why="sent again", outcome_ref=None, attempt=0)
    if State(row.state) not in WORK:
        return False
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(due=db_now_ms(tx), attempt=0))
    return True
