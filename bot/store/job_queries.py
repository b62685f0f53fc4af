"""Reads and searches jobs. Nothing here changes a row."""

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.job_rows import JobTable, job_tx
from bot.store.records import SHELL, Job, State, addresses_in, job_from, readable
from bot.store.tables import history, jobs, ledger, submits

_PAGE = 200


class JobQueries(JobTable):
    """The part of the jobs' repository that reads."""

    async def get(self, job_id: str) -> Job | None:
        """Read a job; None: there is no such job. Raises UnreadableJob."""
        return await self._db.read(lambda tx: job_tx(tx, job_id))

    async def by_origin(self, origin: str) -> Job | None:
        """Read the job that this message made; None: it made none. Raises UnreadableJob."""
        query = sa.select(jobs).where(jobs.c.origin == origin)

        def work(tx: Connection) -> Job | None:
            row = tx.execute(query).first()
            return job_from(row) if row is not None else None

        return await self._db.read(work)

    async def find(
        self,
        *,
        ids: Iterable[str] | None = None,
        user: str | None = None,
        states: Iterable[State] | None = None,
        newest: int | None = None,
        chat: str | None = None,
        ordered: bool = False,
    ) -> list[Job]:
        """Find the jobs that fit everything given: oldest first, or the `newest` few, newest first.

        `chat`: asked for in that chat (`telegram:-100123`). `ordered`: without offers that nobody took up.
        Left out are those whose rows cannot be read (see store/unreadable.py), and a user's that were forgotten.
        """
        query = sa.select(jobs)
        if ids is not None:
            query = query.where(jobs.c.id.in_(list(ids)))
        if user is not None:
            query = query.where(jobs.c.user == user, jobs.c.forgotten.is_(None))
        if states is not None:
            query = query.where(jobs.c.state.in_([str(state) for state in states]))
        if chat is not None:
            query = query.where(jobs.c.chat == chat)
        if ordered:
            query = query.where(jobs.c.id.in_(sa.select(ledger.c.job_id)))
        query = query.order_by(jobs.c.created.desc()).limit(newest) if newest else query.order_by(jobs.c.created)

        def work(tx: Connection) -> list[Job]:
            return readable(tx.execute(query))

        return await self._db.read(work)

    async def each(self, states: Iterable[State]) -> AsyncIterator[Job]:
        """Yield the jobs in these states, page by page: thousands would be heavy at once."""
        query = sa.select(jobs).where(jobs.c.state.in_([str(state) for state in states])).order_by(jobs.c.id)
        last: str | None = ""
        while last is not None:
            last, page = await self._db.read(partial(_page, query.where(jobs.c.id > last).limit(_PAGE)))
            for job in page:
                yield job

    async def sources(self, states: Iterable[State], *, settled_s: float) -> AsyncIterator[str]:
        """Yield the names of the published photos and videos of jobs in these states for `settled_s` seconds.

        Without those of orders that fal may have taken although it seemed to refuse them: they are looked for.
        """
        searched = sa.select(submits.c.job_id).where(submits.c.search_until.is_not(None))
        long_ago = now_ms() - int(settled_s * 1000)
        wanted = (jobs.c.state.in_([str(state) for state in states]), jobs.c.changed <= long_ago)
        query = sa.select(jobs.c.id, jobs.c.request).where(*wanted, jobs.c.id.not_in(searched)).order_by(jobs.c.id)
        last: str | None = ""
        while last is not None:
            last, names = await self._db.read(partial(_source_page, query.where(jobs.c.id > last).limit(_PAGE)))
            for name in names:
                yield name

    async def changed_since(self, since: int) -> list[str]:
        """Return the ids of the jobs that changed since then (milliseconds UTC), oldest change first.

        And of the offers that still have an older message to put away: to repeat an offer changes nothing of it.
        """
        stands_twice = sa.and_(jobs.c.state == State.AWAITING_CONFIRMATION, jobs.c.replaced_ref.is_not(None))
        wanted = sa.or_(jobs.c.changed >= since, stands_twice)
        query = sa.select(jobs.c.id).where(wanted).order_by(jobs.c.changed)
        return await self._db.read(lambda tx: list(tx.execute(query).scalars()))

    async def ids(self, states: Iterable[State]) -> list[str]:
        """Return the ids of the jobs in these states, oldest first: light, for many."""
        query = sa.select(jobs.c.id).where(jobs.c.state.in_([str(state) for state in states])).order_by(jobs.c.created)
        return await self._db.read(lambda tx: list(tx.execute(query).scalars()))

    async def count_by_user(self, states: Iterable[State], *, since: int = 0) -> dict[str, int]:
        """Count each person's jobs in these states that changed since then (milliseconds UTC): light, for many."""
        wanted = (jobs.c.state.in_([str(state) for state in states]), jobs.c.changed >= since)
        query = sa.select(jobs.c.user, sa.func.count().label("number")).where(*wanted).group_by(jobs.c.user)
        return await self._db.read(lambda tx: {row.user: row.number for row in tx.execute(query)})

    async def at_fal(self) -> set[str]:
        """Return the ids of the jobs that render and that no command of the shell watches: light, for many."""
        of_bot = sa.or_(jobs.c.owner.is_(None), jobs.c.owner.not_like(f"{SHELL}%"))
        query = sa.select(jobs.c.id).where(jobs.c.state == State.RENDERING, of_bot)
        return await self._db.read(lambda tx: set(tx.execute(query).scalars()))

    async def place(self, job: Job) -> int:
        """Return the place in our own queue, 1 is next.

        People take turns: everybody's first comes before anybody's second.
        """
        turn = sa.func.row_number().over(partition_by=jobs.c.user, order_by=(jobs.c.created, jobs.c.id))
        waiting = (
            sa.select(jobs.c.id, turn.label("turn"), jobs.c.created).where(jobs.c.state == State.QUEUED).subquery()
        )
        order = sa.func.row_number().over(order_by=(waiting.c.turn, waiting.c.created, waiting.c.id))
        line = sa.select(waiting.c.id, order.label("place")).subquery()
        query = sa.select(line.c.place).where(line.c.id == job.id)
        return await self._db.read(lambda tx: tx.execute(query).scalar() or 1)

    async def story(self, job_id: str) -> list[tuple[int, str, str | None]]:
        """Return the history: (milliseconds UTC, state, why), oldest first."""
        query = sa.select(history).where(history.c.job_id == job_id).order_by(history.c.id)

        def work(tx: Connection) -> list[tuple[int, str, str | None]]:
            return [(row.at, row.state, row.why) for row in tx.execute(query)]

        return await self._db.read(work)


def _source_page(query: sa.Select[Any], tx: Connection) -> tuple[str | None, list[str]]:
    rows = tx.execute(query).all()
    requests = [row.request for row in rows if isinstance(row.request, dict)]
    names = [url.rpartition("/")[2] for request in requests for url in addresses_in(request)]
    return (rows[-1].id if len(rows) == _PAGE else None), names


def _page(query: sa.Select[Any], tx: Connection) -> tuple[str | None, list[Job]]:
    """Return the page, and the id of its last row; None: there is nothing after it."""
    rows = tx.execute(query).all()
    return (rows[-1].id if len(rows) == _PAGE else None), readable(rows)
