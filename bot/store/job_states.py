"""Moves a job on its way from fal to the disk: each move leaves a line of history, and may close the job's account."""

from collections.abc import Iterable
from typing import Unpack

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.job_rows import JobChanges, JobTable, move_tx, resume_tx
from bot.store.ledger import close_tx, hold_tx
from bot.store.records import AT_FAL, FILM, KNOWN_AT_FAL, Charge, JobError, State, VideoFile, record
from bot.store.tables import jobs, submits
from bot.store.work import Lease, check_tx

UNCONFIRMED_MS = 24 * 3600 * 1000


class JobStates(JobTable):
    """The part of the jobs' repository for states."""

    async def move(
        self,
        job_id: str,
        to: State,
        *,
        only_from: Iterable[State] | None = None,
        why: str | None = None,
        charge: Charge | None = None,
        lease: Lease | None = None,
        told_in: str | None = None,
        **changes: Unpack[JobChanges],
    ) -> bool:
        """Change the state, and with `charge` close the job's account in the ledger. Raises LeaseLost.

        False, and nothing changes, when the job is in none of `only_from`.
        """

        def work(tx: Connection) -> bool:
            return move_tx(
                tx, job_id, to, only_from=only_from, why=why, charge=charge, lease=lease, told_in=told_in, **changes
            )

        return await self._db.write(work)

    async def fail(
        self,
        job_id: str,
        error: JobError,
        *,
        charge: Charge,
        only_from: Iterable[State] | None = None,
        lease: Lease | None = None,
    ) -> bool:
        """Fail the job with this error, and close its account."""
        return await self.move(
            job_id,
            State.FAILED,
            only_from=only_from,
            why=error.code,
            charge=charge,
            error=record(error),
            outcome_ref=None,
            lease=lease,
        )

    async def cancelled(
        self,
        job_id: str,
        error: JobError,
        *,
        charge: Charge,
        only_from: Iterable[State],
        lease: Lease | None = None,
    ) -> bool:
        """Fal has confirmed that it stopped."""
        return await self.move(
            job_id,
            State.CANCELLED,
            only_from=only_from,
            why="fal confirmed",
            charge=charge,
            error=record(error),
            outcome_ref=None,
            lease=lease,
        )

    async def finish(self, job_id: str, video: VideoFile, *, lease: Lease | None = None) -> bool:
        """Its video is on this disk, and was paid for. False when the job is further already."""
        return await self.move(
            job_id,
            State.READY,
            only_from=AT_FAL | {State.PARKED},
            why=video.name,
            charge="yes",
            video=record(video),
            outcome_ref=None,
            lease=lease,
            odd=None,
            odd_since=None,
        )

    async def became(self, job_id: str, video: VideoFile) -> None:
        """Its film on this disk is another one than it was: of what was joined the new part is left."""
        change = jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_(FILM))
        await self._change(change.values(video=record(video)))

    async def lose(
        self, job_id: str, error: JobError, *, only_from: Iterable[State], lease: Lease | None = None
    ) -> bool:
        """Its finished video is nowhere any more. What was charged stays so."""
        return await self.move(
            job_id,
            State.FAILED,
            only_from=only_from,
            why=error.code,
            error=record(error),
            video=sa.null(),
            outcome_ref=None,
            lease=lease,
        )

    async def odd(self, job_id: str, why: str, *, lease: Lease | None = None) -> int:
        """Fal's answer about it said nothing. Gives since when that is so, in milliseconds UTC."""

        def work(tx: Connection) -> int:
            check_tx(tx, lease)
            change = jobs.update().where(jobs.c.id == job_id)
            change = change.values(odd=why, odd_since=sa.func.coalesce(jobs.c.odd_since, now_ms()))
            return int(tx.execute(change.returning(jobs.c.odd_since)).scalar_one())

        return await self._db.write(work)

    async def clear_odd(self, job_id: str, *, lease: Lease | None = None) -> None:
        """Fal has answered about it as documented."""
        change = jobs.update().where(jobs.c.id == job_id, jobs.c.odd_since.is_not(None))
        await self._change(change.values(odd=None, odd_since=None), lease=lease)

    async def park(self, job_id: str, why: str, *, lease: Lease | None = None) -> bool:
        """Nothing but odd answers for too long: it holds no slot, stands visibly aside, and is asked after again."""

        def work(tx: Connection) -> bool:
            parked = move_tx(tx, job_id, State.PARKED, only_from=KNOWN_AT_FAL, why=why, outcome_ref=None, lease=lease)
            if parked:
                hold_tx(tx, job_id, why)
            return parked

        return await self._db.write(work)

    async def unpark(self, job_id: str, why: str) -> bool:
        """Fal still works on it. False: it is not parked."""
        return await self._db.write(lambda tx: resume_tx(tx, job_id, only_from={State.PARKED}, why=why))

    async def resume(self, job_id: str, why: str) -> bool:
        """Resume a job in doubt whose request is known: it renders."""
        return await self._db.write(lambda tx: resume_tx(tx, job_id, only_from={State.SUBMIT_UNCONFIRMED}, why=why))

    async def mark_unconfirmed(self, job_id: str, why: str, *, lease: Lease | None = None) -> bool:
        """Fal may have been paid: the reservation is held, the row waits for a word from fal or from a human.

        False, and nothing changes, when fal's request is known: then there is nothing to doubt.
        """

        def work(tx: Connection) -> bool:
            check_tx(tx, lease)
            known = sa.select(submits.c.request_id).where(submits.c.job_id == job_id)
            if tx.execute(known).scalar() is not None:
                return False
            moved = move_tx(
                tx, job_id, State.SUBMIT_UNCONFIRMED, only_from=AT_FAL, why=why, outcome_ref=None, lease=lease
            )
            if moved:
                hold_tx(tx, job_id, why)
            return moved

        return await self._db.write(work)

    async def settle_old_unconfirmed(self) -> None:
        """Settle doubts of more than a day as possibly charged, so that they no longer block the caps."""
        waits = [State.SUBMIT_UNCONFIRMED, State.PARKED]
        old = sa.select(jobs.c.id).where(jobs.c.state.in_(waits), jobs.c.charge.is_(None))
        old = old.where(jobs.c.changed < now_ms() - UNCONFIRMED_MS)

        def work(tx: Connection) -> None:
            for job_id in tx.execute(old).scalars().all():
                close_tx(tx, job_id, "possibly")

        await self._db.write(work)
