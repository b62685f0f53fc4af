"""The jobs table: every change of a job goes through here, and leaves a line of history."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms
from bot.store.records import FREE, Job, JobError, NewJob, State, VideoFile, job_from, micro, record
from bot.store.tables import history, inbox, jobs, submits
from core.types import VideoRequest

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: people type these


def new_job_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(7))


class Jobs:
    def __init__(self, database: Database) -> None:
        self._db = database

    async def accept(
        self,
        new: NewJob,
        *,
        inbox_id: int | None,
        enqueue: Callable[[Connection, str, str], None],
        within: Callable[[Connection, str], None] | None = None,
    ) -> str | None:
        """One transaction: the inbox row is done, the job stands in our table and in the engine's queue.

        `within` is called in it, last, with the job's id.

        Returns the job's id; None when this very message already made a job.
        """
        job_id, at = new_job_id(), now_ms()

        def work(connection: Connection) -> str | None:
            if inbox_id is not None:
                connection.execute(inbox.update().where(inbox.c.id == inbox_id).values(state="done"))
            known = sa.select(jobs.c.id).where(jobs.c.origin == new.incoming.origin)
            if connection.execute(known).first() is not None:
                return None
            connection.execute(jobs.insert().values(**_row(job_id, new, at)))
            _write_history(connection, job_id, State.QUEUED, None, at)
            enqueue(connection, job_id, new.incoming.user)
            if within is not None:
                within(connection, job_id)
            return job_id

        return await self._db.write(work)

    async def get(self, job_id: str) -> Job | None:
        found = await self.find(ids=[job_id])
        return found[0] if found else None

    async def find(
        self,
        *,
        ids: Iterable[str] | None = None,
        user: str | None = None,
        chat_id: str | None = None,
        states: Iterable[State] | None = None,
        changed_since: int | None = None,
        newest: int | None = None,
    ) -> list[Job]:
        """Jobs that fit everything given: oldest first, or the `newest` few, newest first."""
        query = sa.select(jobs)
        if ids is not None:
            query = query.where(jobs.c.id.in_(list(ids)))
        if user is not None:
            query = query.where(jobs.c.user == user)
        if chat_id is not None:
            query = query.where(jobs.c.incoming["address"]["chat_id"].as_string() == chat_id)
        if states is not None:
            query = query.where(jobs.c.state.in_([str(state) for state in states]))
        if changed_since is not None:
            query = query.where(jobs.c.changed >= changed_since)
        query = query.order_by(jobs.c.created.desc()).limit(newest) if newest else query.order_by(jobs.c.created)

        def work(connection: Connection) -> list[Job]:
            return [job_from(row) for row in connection.execute(query)]

        return await self._db.read(work)

    async def waiting_to_be_told(self, now: int) -> list[Job]:
        """Jobs whose outcome waits for its next series of attempts, and whose time has come."""
        query = sa.select(jobs).where(jobs.c.told.is_(None), jobs.c.send_after <= now)

        def work(connection: Connection) -> list[Job]:
            return [job_from(row) for row in connection.execute(query)]

        return await self._db.read(work)

    async def place(self, job: Job) -> int:
        """How many jobs are before this one in our own queue, plus one."""
        query = sa.select(sa.func.count()).where(jobs.c.state == State.QUEUED).where(jobs.c.created < job.created)

        def work(connection: Connection) -> int:
            return int(connection.execute(query).scalar_one()) + 1

        return await self._db.read(work)

    async def move(
        self,
        job_id: str,
        to: State,
        *,
        only_from: Iterable[State] | None = None,
        why: str | None = None,
        **values: Any,
    ) -> bool:
        """Change the state. False (and nothing changes) when the job is in none of `only_from`."""

        def work(connection: Connection) -> bool:
            return move_within(connection, job_id, to, only_from=only_from, why=why, **values)

        return await self._db.write(work)

    async def fail(self, job_id: str, error: JobError, *, only_from: Iterable[State] | None = None) -> bool:
        return await self.move(job_id, State.FAILED, only_from=only_from, why=error.code, error=record(error))

    async def finish(self, job_id: str, video: VideoFile) -> bool:
        return await self.move(job_id, State.READY, why=video.name, video=record(video))

    async def note(self, job_id: str, **values: Any) -> None:
        """Change facts of a job without changing its state (and without making it look busy)."""

        def work(connection: Connection) -> None:
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(**values))

        await self._db.write(work)

    async def note_position(self, job_id: str, position: int | None) -> None:
        """The place in fal's queue; None when fal works on it."""
        moved = jobs.c.fal_position.is_distinct_from(position)
        change = jobs.update().where(jobs.c.id == job_id, moved).values(fal_position=position, changed=now_ms())

        def work(connection: Connection) -> None:
            connection.execute(change)

        await self._db.write(work)

    async def published(self, job_id: str, request: VideoRequest, usd: Decimal) -> None:
        await self.note(job_id, request=record(request), price_micro=micro(usd))

    async def ask_cancel(self, job_id: str) -> Literal["free", "running", "late"]:
        """Set the flag; whichever commits first, this or the claim, decides whether anything is bought."""

        def work(connection: Connection) -> Literal["free", "running", "late"]:
            state = connection.execute(sa.select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one()
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(cancel_asked=True, changed=now_ms()))
            if State(state) in FREE:
                unpaid = sa.select(submits.c.state).where(submits.c.job_id == job_id)
                if connection.execute(unpaid).scalar() in {None, "not_sent"}:
                    move_within(connection, job_id, State.CANCELLED, why="asked before anything was bought", told="")
                    return "free"
            return "running" if State(state) in {State.SUBMITTING, State.RENDERING} else "late"

        return await self._db.write(work)

    async def story(self, job_id: str) -> list[tuple[int, str, str | None]]:
        """The history: (milliseconds UTC, state, why), oldest first."""
        query = sa.select(history).where(history.c.job_id == job_id).order_by(history.c.id)

        def work(connection: Connection) -> list[tuple[int, str, str | None]]:
            return [(row.at, row.state, row.why) for row in connection.execute(query)]

        return await self._db.read(work)


def job_within(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
    return job_from(row) if row is not None else None


def move_within(
    connection: Connection,
    job_id: str,
    to: State,
    *,
    only_from: Iterable[State] | None = None,
    why: str | None = None,
    **values: Any,
) -> bool:
    at = now_ms()
    change = jobs.update().where(jobs.c.id == job_id).values(state=to, changed=at, **values).returning(jobs.c.id)
    if only_from is not None:
        change = change.where(jobs.c.state.in_([str(state) for state in only_from]))
    if connection.execute(change).first() is None:
        return False
    _write_history(connection, job_id, to, why, at)
    return True


def _row(job_id: str, new: NewJob, at: int) -> dict[str, Any]:
    return {
        "id": job_id,
        "origin": new.incoming.origin,
        "user": new.incoming.user,
        "incoming": record(new.incoming),
        "language": new.language,
        "request": record(replace(new.plan.request, source_url=None)),
        "adjustments": [record(each) for each in new.plan.adjustments],
        "price_micro": micro(new.plan.quote.usd),
        "price_up_to": new.plan.quote.up_to,
        "state": State.QUEUED,
        "cancel_asked": False,
        "sendings": 0,
        "created": at,
        "changed": at,
    }


def _write_history(connection: Connection, job_id: str, state: State, why: str | None, at: int) -> None:
    connection.execute(history.insert().values(job_id=job_id, at=at, state=state, why=why))
