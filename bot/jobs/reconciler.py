"""The one loop that begins what must happen next with every job.

Is the work that its state asks for under a living lease, or due later? If not, it is begun, here or in another worker.

It is level-triggered: nothing that was missed, forgotten or interrupted has to be made up for, since each turn looks at
the rows alone (bot/store/leases.py). A call that there is something new only makes the next turn come sooner.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from bot.jobs.lease_holder import UNTIL_WRITTEN, LeaseHolder
from bot.jobs.verdicts import Verdict, retry, wait
from bot.loops import Loop
from bot.store import Store
from bot.store.leases import MOST_LAPSES, Assignment, SlotLimits
from bot.store.stored import UnreadableJob
from bot.store.work import Lease, LeaseLost, Work
from core.io.retrying import retried

log = logging.getLogger(__name__)

SCAN_S = 2.0
_AT_ONCE = 50
_IN_A_TURN = 5  # other workers may have some, too
_BEGIN_S = 30.0  # the engine waits for a locked database without end
_UNREADABLE_S = 600.0
_LONGEST_S = 3600.0  # all that a work awaits has limits of its own; what hangs for all that must not keep its place
_TROUBLE_S = (1.0, 2.0, 5.0, 15.0, 60.0)


Body = Callable[[Assignment], Awaitable[Verdict]]


class Reconciler:
    """`bodies`: what does each kind of work. `begin`: has the engine call `work` with it."""

    def __init__(
        self,
        *,
        store: Store,
        owner: str,
        limits: SlotLimits,
        leases: LeaseHolder,
        bodies: Mapping[Work, Body],
        begin: Callable[[Assignment], Awaitable[None]],
        may_begin: Callable[[], Awaitable[bool]],
        set_aside: Callable[[Assignment], Awaitable[Verdict]],
        unreadable: Callable[[UnreadableJob], Awaitable[None]],
    ) -> None:
        """Build the loop.

        `may_begin`: whether there is room for new jobs. `set_aside`: takes a job out of the way whose workers have
        ended again and again; `unreadable`: one whose row cannot be read.
        """
        self._store = store
        self._owner = owner
        self._limits = limits
        self._leases = leases
        self._bodies = bodies
        self._begin = begin
        self._may_begin = may_begin
        self._set_aside = set_aside
        self._unreadable = unreadable
        self._taken_at: dict[Lease, float] = {}
        self._open = True
        self.loop = Loop("jobs", self.turn, pause_s=lambda: SCAN_S)

    def notify(self) -> None:
        """Begin the next turn now: a row may ask for something."""
        self.loop.notify()

    def close(self) -> None:
        """Begin nothing more."""
        self._open = False

    async def turn(self) -> None:
        """Take what is due and free, as much as fits."""
        active = self._leases.active
        places = min(_IN_A_TURN, _AT_ONCE - len(active))
        if not self._open or places <= 0:
            return  # the next that ends looks again
        may_begin, began = await self._may_begin(), time.monotonic()
        assignments = await self._store.leases.take(
            self._owner, most=places, limits=self._limits, may_begin=may_begin, but=[each.job_id for each in active]
        )
        for each in assignments:
            await self._started(each, began)
        if len(assignments) == places:
            self.notify()

    async def _started(self, assignment: Assignment, taken_at: float) -> None:
        self._taken_at[assignment.lease] = taken_at
        try:
            async with asyncio.timeout(_BEGIN_S):
                await self._begin(assignment)
        except Exception:
            log.exception("a work was not begun", extra={"job_id": assignment.lease.job_id, "work": assignment.work})
            del self._taken_at[assignment.lease]
            await self._store.leases.conclude(assignment.lease, due_in_s=_TROUBLE_S[0])  # else: when the lease lapses

    async def work(self, assignment: Assignment) -> None:
        """Do one work under its lease, and write into the row how it ended.

        A work of an earlier process, which the engine begins again, finds its lease gone.
        """
        taken_at = self._taken_at.pop(assignment.lease, None)
        if taken_at is None or not self._open:
            return
        try:
            await self._leases.work(assignment.lease, self._done(assignment), taken_at=taken_at)
        except LeaseLost:
            log.warning(
                "the lease of a job was lost", extra={"job_id": assignment.lease.job_id, "work": assignment.work}
            )
        self.notify()  # a slot or a place may be free

    async def _done(self, assignment: Assignment) -> None:
        await self._conclude(assignment.lease, await self._judged(assignment))

    async def _conclude(self, lease: Lease, verdict: Verdict) -> None:
        """Write how the work ended, however long that takes: the lease is held, so nobody else need begin it again."""

        def tell(error: Exception) -> None:
            log.error("how a work ended is not written down yet", extra={"job_id": lease.job_id}, exc_info=error)

        conclude = partial(self._store.leases.conclude, lease, due_in_s=verdict.after_s, progress=verdict.progress)
        if not await retried(conclude, UNTIL_WRITTEN, on_retry=tell):
            log.warning("another has taken this job meanwhile", extra={"job_id": lease.job_id})
        if verdict.after_s:
            asyncio.get_running_loop().call_later(verdict.after_s, self.notify)

    async def _judged(self, assignment: Assignment) -> Verdict:
        """Do the work; a bug or a broken disk must not strand a job: it is tried again, and logged."""
        try:
            if assignment.lapses > MOST_LAPSES:
                return await self._set_aside(assignment)
            async with asyncio.timeout(_LONGEST_S):
                return await self._bodies[assignment.work](assignment)
        except LeaseLost:
            raise
        except UnreadableJob as error:
            await self._unreadable(error)
            return wait(_UNREADABLE_S)
        except Exception:
            log.exception("a work failed", extra={"job_id": assignment.lease.job_id, "work": assignment.work})
            return retry(_TROUBLE_S[min(assignment.attempt, len(_TROUBLE_S)) - 1])
