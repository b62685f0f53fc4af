"""Claims: the permission to make the one paid request of a job. Committed before the request leaves."""

from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.jobs import move_within
from bot.store.records import FREE, JobError, State, Submit, record, submit_from
from bot.store.tables import jobs, submits
from core.types import RequestHandle

Claim = Literal["yours", "cancelled", "taken"]


class Submits:
    def __init__(self, database: Database) -> None:
        self._db = database

    async def claim(self, job_id: str) -> Claim:
        """Answer "yours": POST now, exactly once; "taken": an earlier run of this job was here, read what it left.

        The claim meets the cancel flag in this transaction: whichever commits first decides.
        """

        def work(connection: Connection) -> Claim:
            flag = sa.select(jobs.c.state, jobs.c.cancel_asked).where(jobs.c.id == job_id)
            job = connection.execute(flag.with_for_update()).one()  # a second worker waits here for the first
            if job.cancel_asked and State(job.state) in FREE | {State.CANCELLED}:
                why = "asked before the claim"
                move_within(connection, job_id, State.CANCELLED, only_from=FREE, why=why, charge="none")
                return "cancelled"
            if State(job.state) in FREE and (_insert(connection, job_id) or _again(connection, job_id)):
                move_within(connection, job_id, State.SUBMITTING)
                return "yours"
            return "taken" if _exists(connection, job_id) else "cancelled"

        return await self._db.write(work)

    async def read(self, job_id: str) -> Submit:
        query = sa.select(submits).where(submits.c.job_id == job_id)
        return await self._db.read(lambda connection: submit_from(connection.execute(query).one()))

    async def accepted(self, job_id: str, handle: RequestHandle) -> None:
        """Fal has the job: remember where, and that it renders now. Also adopts a request found after a doubt.

        Raises ValueError for a request that another job has bought: one video cannot be two jobs' purchase.
        """

        def work(connection: Connection) -> None:
            other = sa.select(submits.c.job_id).where(submits.c.request_id == handle.request_id)
            if connection.execute(other.where(submits.c.job_id != job_id)).first() is not None:
                raise ValueError("another job has bought this request")
            values = {"state": "accepted", "handle": record(handle), "request_id": handle.request_id}
            connection.execute(_change(job_id).values(**values, changed=now_ms()))
            move_within(connection, job_id, State.RENDERING, why=handle.request_id, rendering_since=now_ms())

        await self._db.write(work)

    async def hint(self, job_id: str, request_id: str) -> None:
        """Fal's webhook named a request before the submit's own answer came. Only remembered: fal is asked later."""
        change = _change(job_id).where(submits.c.state == "sending").values(hint=request_id)

        def work(connection: Connection) -> None:
            connection.execute(change)

        await self._db.write(work)

    async def refused(self, job_id: str, error: JobError) -> None:
        """Fal said no before it began: nothing was charged, and the job ends here."""

        def work(connection: Connection) -> None:
            if _end(connection, job_id, "refused"):
                failed = record(error)
                move_within(connection, job_id, State.FAILED, why=error.code, charge="none", error=failed, told=None)

        await self._db.write(work)

    async def not_sent(self, job_id: str) -> None:
        """Proven: nothing reached fal. The claim may be taken again, and until then a cancel is free."""

        def work(connection: Connection) -> None:
            if _end(connection, job_id, "not_sent"):
                move_within(connection, job_id, State.PREPARING, why="nothing reached fal")

        await self._db.write(work)

    async def job_of(self, request_id: str) -> tuple[str, RequestHandle] | None:
        """The job that bought this request, for `poll` and for webhooks."""
        query = sa.select(submits).where(submits.c.request_id == request_id)

        def work(connection: Connection) -> tuple[str, RequestHandle] | None:
            row = connection.execute(query).first()
            return (row.job_id, RequestHandle(**row.handle)) if row else None

        return await self._db.read(work)


def claimed_at(submit: Submit) -> datetime:
    return datetime.fromtimestamp(submit.created / 1000, tz=UTC)


def _exists(connection: Connection, job_id: str) -> bool:
    return connection.execute(sa.select(submits.c.job_id).where(submits.c.job_id == job_id)).first() is not None


def _insert(connection: Connection, job_id: str) -> bool:
    """Whether this call made the row. The returned row is the proof; rowcount lies on some drivers."""
    at = now_ms()
    row = insert_new(connection, submits, by="job_id")
    row = row.values(job_id=job_id, state="sending", attempt=1, created=at, changed=at)
    return connection.execute(row.returning(submits.c.job_id)).first() is not None


def _again(connection: Connection, job_id: str) -> bool:
    """Compare-and-set from a proven non-delivery back to `sending`."""
    change = _change(job_id).where(submits.c.state == "not_sent")
    values = {"state": "sending", "attempt": submits.c.attempt + 1, "changed": now_ms()}
    return connection.execute(change.values(**values).returning(submits.c.job_id)).first() is not None


def _end(connection: Connection, job_id: str, state: str) -> bool:
    change = _change(job_id).where(submits.c.state == "sending").values(state=state, changed=now_ms())
    return connection.execute(change.returning(submits.c.job_id)).first() is not None


def _change(job_id: str) -> sa.Update:
    return submits.update().where(submits.c.job_id == job_id)
