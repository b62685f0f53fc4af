"""A small durable engine in the place of DBOS: works are coroutines, and what was begun and has not ended is on record.

What it keeps to, as the real one does: a work's id is begun once; one that was interrupted begins again when a process
of the same name starts (on SQLite every process has the same); its records need the database.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.engine import Engine
from bot.store.leases import Assignment
from bot.store.work import Lease

AT_WORK: ContextVar[Lease | None] = ContextVar("prove_at_work", default=None)
"""The lease of the work that runs here: fal's books name its job at each paid request, the law what it may write."""
_TRIES_S = 1.0
_ALONE = "local"


@dataclass
class Begun:
    """`status`: PENDING, SUCCESS, or ERROR and its name."""

    taken: Assignment
    executor: str
    status: str = "PENDING"


class Records:
    """What is on disk: shared by all processes, and there after each death of one."""

    def __init__(self) -> None:
        self.works: dict[str, Begun] = {}

    def left_by(self, executor: str) -> list[Begun]:
        return [each for each in self.works.values() if each.status == "PENDING" and each.executor == executor]

    def traces(self, job_id: str) -> str:
        """For people: the last works of a job, and who did them."""
        mine = [(name, each) for name, each in self.works.items() if each.taken.lease.job_id == job_id]
        return "; ".join(f"{name} {each.status} of {each.taken.lease.owner[-8:]}" for name, each in mine[-12:])


class ModelEngine(Engine):
    """One process's part of it. `writable`: whether the database takes records now; None: it refuses them."""

    def __init__(self, records: Records, *, alone: bool, writable: Callable[[], bool | None]) -> None:
        self._records = records
        self._alone = alone
        self._writable = writable
        self._executor = _ALONE
        self._body: Callable[[Assignment], Awaitable[None]]
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    def register(self, body: Callable[[Assignment], Awaitable[None]]) -> None:
        self._body = body

    async def start(self, *, owner: str) -> None:
        """What an earlier process of this name had begun is begun again: its lease is over."""
        self._executor = _ALONE if self._alone else owner
        for begun in self._records.left_by(self._executor):
            self._run(begun)

    async def begin(self, taken: Assignment) -> None:
        await self._written()
        name = f"{taken.lease.job_id}:{taken.work}:{taken.lease.epoch}"
        if name not in self._records.works and not self._ended:
            begun = self._records.works[name] = Begun(taken, self._executor)
            self._run(begun)

    def _run(self, begun: Begun) -> None:
        task = asyncio.create_task(self._whole(begun), name=f"work {begun.taken.lease.job_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _whole(self, begun: Begun) -> None:
        AT_WORK.set(begun.taken.lease)
        try:
            await self._body(begun.taken)
        except Exception as error:  # noqa: BLE001 - recorded as its result: nobody awaits it
            begun.status = f"ERROR {type(error).__name__}"
            return
        with suppress(sa.exc.OperationalError):  # the work stays on record as begun
            await self._written()
            begun.status = "SUCCESS"

    async def _written(self) -> None:
        """The engine's own patience with a database that is away; none with a full disk."""
        while (writable := self._writable()) is False:
            await asyncio.sleep(_TRIES_S)
        if writable is None:
            raise sa.exc.OperationalError("database or disk is full", None, Exception())

    async def stop(self) -> None:
        """Works are cancelled, and recorded as nothing."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @staticmethod
    async def forget(*, before_s: float) -> None:
        """The clean-up does not run here."""
