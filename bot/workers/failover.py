"""Takes over what a dead worker left, within seconds. Only on PostgreSQL: SQLite has one process.

Bounded: a workflow whose workers die again and again is most likely what kills them. It is set aside, visibly.
"""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.jobs.engine import Engine
from bot.loops import Loop
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ACTIVE, FREE, Job, JobError, State
from bot.store.workers import Count, Workers

log = logging.getLogger(__name__)

_TURN_S = 2.0
_LONG_MS = 3600 * 1000
_MOST = 10  # take-overs of one workflow in quick succession


class Reaper:
    """The loop that takes over from dead workers."""

    def __init__(self, *, engine: Engine, store: Store, owner: str, tell: Callable[[Job], Awaitable[bool]]) -> None:
        self._engine = engine
        self._store = store
        self._owner = owner
        self._tell = tell
        self._workers = Workers(store.database)
        self._known = False
        self.loop = Loop("reaper", self._turn, pause_s=lambda: _TURN_S)

    async def enter(self) -> None:
        """Enter this worker before the engine starts: whatever it leaves behind will be found."""
        await self._workers.enter(self._owner)

    async def same_folder(self, marker: Path) -> bool:
        """Return whether this worker sees the folder that the others see."""
        return await self._workers.same_folder(self._owner, marker)

    async def leave(self) -> None:
        """Record that this worker ends as told."""
        await self._workers.leave(self._owner)

    async def _turn(self) -> None:
        if not self._known:
            await self._workers.know(await self._engine.owners())
        self._known = True
        given_up: list[str] = []

        def inherit(owners: list[str], times: Count) -> None:
            given_up.extend(self._inherit(owners, times))

        await self._workers.bury(self._owner, inherit)
        for workflow_id in given_up:
            await self._set_aside(workflow_id.partition(":")[0])

    def _inherit(self, owners: list[str], times: Count) -> list[str]:
        taken_over, given_up = self._engine.take_over(owners, lambda workflow_id: times(workflow_id) <= _MOST)
        if taken_over:
            log.info("taken over from workers that have ended", extra={"workflows": taken_over, "workers": owners})
        if given_up:
            log.error("given up: every worker that had it died", extra={"workflows": given_up})
        return given_up

    async def _set_aside(self, job_id: str) -> None:
        """Set the job aside and tell its owner. A video waits long before it is sent by itself."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.state not in ACTIVE:
            return
        why = "its workers died again and again"
        if job.video is not None:
            await self._store.jobs.move(job_id, State.UNDELIVERED, why=why, send_after=now_ms() + _LONG_MS)
            return
        if job.state in FREE:
            await self._store.jobs.fail(job_id, JobError("worker_crashed", {}), charge="none", only_from=FREE)
        elif not await self._store.jobs.doubt(job_id, why):  # fal has it: the watcher asks after it
            await self._store.jobs.park(job_id, why, ask_after=now_ms() + _LONG_MS)
        await self._tell(job)
