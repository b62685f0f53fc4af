"""A submit whose answer was lost: what fal itself knows of it, by its webhook's word or in its list. Buys nothing."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.store import Store
from bot.store.records import Job, State
from bot.store.submits import claimed_at
from core.errors import VideoError
from core.fal import FalQueue
from core.types import RequestHandle

log = logging.getLogger(__name__)

_LOOK_S = 3.0


class Doubts:
    def __init__(self, *, store: Store, queue: FalQueue, watch: Callable[[], None]) -> None:
        self._store = store
        self._queue = queue
        self._watch = watch

    async def resolve(self, job: Job) -> bool:
        """Whether the request is known now (and the job renders). Within a few seconds, whatever fal does."""
        submit = await self._store.submits.read(job.id)
        if submit.state == "accepted":
            await self._store.jobs.move(job.id, State.RENDERING, only_from={State.DOUBT}, why="taken up again")
            return True
        handle = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                handle = await self._hinted(job, submit.hint) or await self._queue.find_submitted(
                    job.request.endpoint,
                    source_url=job.request.source_url,
                    prompt=job.request.prompt,
                    since=claimed_at(submit),
                )
        return handle is not None and await self._adopt(job.id, handle)

    async def _hinted(self, job: Job, request_id: str | None) -> RequestHandle | None:
        """A request that a signed webhook named, if fal knows it under this job's endpoint."""
        if request_id is None:
            return None
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        with suppress(VideoError):
            await self._queue.status(handle)
            return handle
        return None

    async def _adopt(self, job_id: str, handle: RequestHandle) -> bool:
        try:
            await self._store.submits.accepted(job_id, handle)
        except ValueError:
            log.warning("a request that another job has bought", extra={"job_id": job_id})
            return False
        log.info("a lost request was found", extra={"job_id": job_id, "request_id": handle.request_id})
        self._watch()
        return True
