"""Moments of a worker: each call to the database, to fal and to the chat, by its name, just before it is made.

A fault comes at one of them on purpose. By chance it would nearly always come while nothing is at stake.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.store.database import Connection, Database
from tests.prove.engine import AT_WORK
from tests.prove.process import Process
from tests.prove.reach import Reached
from tests.prove.virtual import CALLED

T = TypeVar("T")

ORDER = ("Submits.claim", "POST", "POST taken", "Submits.accepted", "Submits.not_sent", "Submits.refused")
MOVES = ("JobStates.move", "JobTable._change", "JobStates.odd", "JobStates.mark_unconfirmed", "JobStates.park")
ENDS = ("Leases.conclude",)
OTHERS = (
    *("Leases.take", "Leases.renew", "Submits.keep_result", "Submits._execute", "JobQueries.get"),
    *("GET queue.fal.run", "GET api.fal.ai", "GET v3b.fal.media", "chat"),
)
MOMENTS = (*ORDER, *MOVES, *ENDS, *OTHERS)
"""All that the machine aims at."""


class NamedDatabase(Database):
    """Says of each transaction whose it is."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        called = CALLED.set(work.__qualname__.partition(".<locals>")[0])
        try:
            return await super().write(work)
        finally:
            CALLED.reset(called)

    async def read(self, work: Callable[[Connection], T]) -> T:
        called = CALLED.set(work.__qualname__.partition(".<locals>")[0])
        try:
            return await super().read(work)
        finally:
            CALLED.reset(called)


@dataclass
class Trap:
    """`then` comes at the `nth` call of this name, of whichever process."""

    name: str
    nth: int
    then: Callable[[Process], None]


@dataclass
class Taken:
    """A process that stands still in the midst of a job: it goes on after so many calls of others for that job."""

    process: Process
    job_id: str
    calls: int


class Moments:
    """Hears of every call of every process. `thaw`: has one go on that stands still."""

    def __init__(self, reached: Reached, *, thaw: Callable[[Process], None]) -> None:
        self._reached = reached
        self._thaw = thaw
        self._traps: list[Trap] = []
        self._taken: list[Taken] = []

    def at(self, name: str, nth: int, then: Callable[[Process], None]) -> None:
        self._traps.append(Trap(name, nth, then))

    def thaw_when_taken(self, process: Process, *, after_calls: int) -> None:
        """To be asked for in a trap: the job is the one that the call is for. None, where it is for none."""
        lease = AT_WORK.get()
        if lease is not None:
            self._taken.append(Taken(process, lease.job_id, after_calls))

    def forget(self) -> None:
        """What was to come does not come any more."""
        self._traps.clear()
        self._taken.clear()

    def called(self, process: Process, name: str) -> None:
        lease = AT_WORK.get()
        if lease is not None:
            self._count(process, lease.job_id)
        for trap in [each for each in self._traps if each.name == name]:
            trap.nth -= 1
            if trap.nth <= 0:
                self._traps.remove(trap)
                self._reached.note(f"moment: {name}")
                trap.then(process)

    def _count(self, process: Process, job_id: str) -> None:
        for each in [each for each in self._taken if each.job_id == job_id and each.process is not process]:
            each.calls -= 1
            if each.calls <= 0:
                self._taken.remove(each)
                self._thaw(each.process)
