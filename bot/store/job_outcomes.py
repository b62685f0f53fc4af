"""Writes how the outcome of a job comes to its owner: series of attempts, what was told, and when it is tried again."""

import sqlalchemy as sa

from bot.channels.types import Incoming
from bot.store.database import Connection
from bot.store.job_rows import JobTable, move_tx
from bot.store.records import Job, State
from bot.store.stored import rewritten
from bot.store.tables import jobs


class JobOutcomes(JobTable):
    """The part of the jobs' repository for outcomes."""

    async def tell(self, job_id: str, state: State, ref: str) -> None:
        """Record that its outcome was told, as `ref`; not when the job is in another state: that is not told yet."""
        same = (jobs.c.id == job_id, jobs.c.state == state, jobs.c.told.is_(None))
        await self._change(jobs.update().where(*same).values(told=ref))

    async def new_series(self, job: Job, *, else_at: int) -> bool:
        """Begin a new series of attempts to send the outcome.

        False, and nothing changes: another series has begun meanwhile, or what is to be told was told. The caller
        starts it and then calls `series_begun` with the same `else_at`. One that dies in between is made up for at that
        time (milliseconds UTC).
        """

        def work(tx: Connection) -> bool:
            as_read = (jobs.c.sendings == job.sendings, jobs.c.told.is_not_distinct_from(job.told))
            change = jobs.update().where(jobs.c.id == job.id, *as_read)
            change = change.values(sendings=job.sendings + 1, send_after=else_at).returning(jobs.c.id)
            if tx.execute(change).first() is None:
                return False
            if job.video is not None:
                move_tx(tx, job.id, State.READY, why="sent again", told=None)
            return True

        return await self._db.write(work)

    async def series_begun(self, job: Job, *, else_at: int) -> None:
        """Record that the series was started."""
        mine = (jobs.c.id == job.id, jobs.c.send_after == else_at)
        await self._change(jobs.update().where(*mine).values(send_after=None))

    async def nobody_to_tell(self, job_id: str) -> None:
        """Record that its outcome is told to nobody: the command that asked has ended."""
        await self._set(job_id, told="")

    async def tell_later(self, job_id: str, *, at: int) -> None:
        """Schedule another try to tell its outcome (milliseconds UTC)."""
        await self._set(job_id, send_after=at)

    async def moved_to(self, job_id: str, incoming: Incoming) -> None:
        """Record the new id of its chat."""

        def work(tx: Connection) -> None:
            before = tx.execute(sa.select(jobs.c.incoming).where(jobs.c.id == job_id)).scalar()
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(incoming=rewritten(before, incoming)))

        await self._db.write(work)
