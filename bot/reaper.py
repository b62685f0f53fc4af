"""What a dead worker was at is taken over by the living, within seconds. Only on PostgreSQL: SQLite has one process.

Bounded: a workflow whose workers die again and again is most likely what kills them. It is set aside, visibly.
"""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from bot.engine import Engine
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ACTIVE, FREE, Job, JobError, State, record
from bot.store.workers import Count, Workers

log = logging.getLogger(__name__)

_TURN_S = 1.0
_MOST = 10  # take-overs of one workflow in quick succession


class Reaper:
    def __init__(self, *, engine: Engine, store: Store, owner: str) -> None:
        self._engine = engine
        self._store = store
        self._owner = owner
        self._workers = Workers(store.database)
        self.turned = time.monotonic()

    async def enter(self) -> None:
        """Before the engine starts: whatever we leave behind will be found."""
        await self._workers.enter(self._owner)

    async def same_folder(self, marker: Path) -> bool:
        return await self._workers.same_folder(self._owner, marker)

    async def leave(self) -> None:
        await self._workers.leave(self._owner)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.turned = time.monotonic()
            try:
                await self._turn()
            except Exception:
                log.exception("reaper")
            await asyncio.sleep(_TURN_S)

    async def _turn(self) -> None:
        given_up: list[str] = []

        def inherit(owners: list[str], times: Count) -> None:
            if owners:
                given_up.extend(self._inherit(owners, times))

        await self._workers.bury(self._owner, inherit)
        for workflow_id in given_up:
            await self._set_aside(workflow_id.partition(":")[0])

    def _inherit(self, owners: list[str], times: Count) -> list[str]:
        taken, given_up = self._engine.take_over(owners, lambda workflow_id: times(workflow_id) <= _MOST)
        if taken:
            log.warning("taken over from a dead worker", extra={"workflows": taken, "workers": owners})
        if given_up:
            log.error("given up: every worker that had it died", extra={"workflows": given_up})
        return given_up

    async def _set_aside(self, job_id: str) -> None:
        """It stands still from here on; the sweeper soon tells its owner."""
        job = await self._store.jobs.get(job_id)
        if job is None or (job.state not in ACTIVE and job.told is not None):
            return
        state, error = _outcome(job)
        if job.state in ACTIVE:
            facts: dict[str, Any] = {"error": record(error)} if error else {}
            await self._store.jobs.move(job_id, state, why="its workers died again and again", **facts)
        await self._store.jobs.note(job_id, send_after=now_ms())


def _outcome(job: Job) -> tuple[State, JobError | None]:
    if job.video is not None:
        return State.UNDELIVERED, None
    if job.state in FREE:
        return State.FAILED, JobError("worker_crashed", {})
    return State.DOUBT, None  # fal has or may have it; the watcher adopts it when it can
