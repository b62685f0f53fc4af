"""Submits whose answer was lost: what the receipt, fal's webhook or fal's request list know of them. Buys nothing.

The receipt lies in the folder of the worker that posted; where workers have separate folders, the webhook and the list
do this.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.store import Store
from bot.store.records import Job, JobError, State, Submit
from bot.store.submits import RequestTaken, answered_at, claimed_at
from bot.submit import receipt_name
from core import wire
from core.errors import NotDelivered, SubmitUnknown, VideoError
from core.fal import FalQueue
from core.receipts import FolderReceipts
from core.types import LostOrder, RequestHandle

log = logging.getLogger(__name__)

_LOOK_S = 3.0
_IN_DOUBT = frozenset({State.SUBMITTING, State.DOUBT})


class Doubts:
    def __init__(self, *, store: Store, queue: FalQueue, receipts: FolderReceipts, watch: Callable[[], None]) -> None:
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._watch = watch

    async def resolve(self, jobs: Sequence[Job], *, within_s: float = _LOOK_S) -> set[str]:
        """Find the requests of these jobs; one walk through fal's list for all that nothing else knows.

        Gives the ids of those that are known now (and render). Ends within about `within_s`, whatever fal does.
        """
        found, lost = set(), []
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for job in jobs:
                    submit = await self._store.submits.read(job.id)
                    if await self._known(job, submit):
                        found.add(job.id)
                    elif submit.state == "sending" and job.state in _IN_DOUBT:
                        lost += _order(job, submit)
                found |= await self._listed(lost)
        return found

    async def _known(self, job: Job, submit: Submit) -> bool:
        """By what we have here: the row, the receipt, the webhook's hint."""
        if submit.state == "accepted":
            return await self._store.jobs.move(
                job.id, State.RENDERING, only_from={State.DOUBT}, why="taken up again"
            ) or (job.state in {State.SUBMITTING, State.RENDERING, State.DOWNLOADING})
        if submit.state != "sending" or job.state not in _IN_DOUBT:
            return False
        handle = await self._receipted(job, submit) or await self._hinted(job, submit.hint)
        return handle is not None and await self._adopt(job.id, handle)

    async def _receipted(self, job: Job, submit: Submit) -> RequestHandle | None:
        """An answer that was kept and never written down. One that says no ends the job: nothing was bought."""
        reply = await self._receipts.read(receipt_name(job.id, submit.attempt))
        if reply is None:
            return None
        try:
            return self._queue.read_submit(reply, endpoint=job.request.endpoint).handle
        except SubmitUnknown:
            return None
        except VideoError as error:
            code = "fal_busy" if isinstance(error, NotDelivered) else error.code
            await self._store.submits.refused(job.id, JobError(code, dict(error.facts)))
            return None

    async def _hinted(self, job: Job, request_id: str | None) -> RequestHandle | None:
        """A request that a signed webhook named, if fal knows it under this job's endpoint."""
        if request_id is None:
            return None
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        with suppress(VideoError):
            return handle if await self._queue.knows(handle) else None
        return None

    async def _listed(self, orders: Sequence[LostOrder]) -> set[str]:
        if not orders:
            return set()
        found = await self._queue.find_submitted(orders, owned=self._store.submits.owned)
        return {job_id for job_id, handle in found.items() if await self._adopt(job_id, handle)}

    async def _adopt(self, job_id: str, handle: RequestHandle) -> bool:
        try:
            await self._store.submits.accepted(job_id, handle)
        except RequestTaken:
            log.warning("a request that another job has bought", extra={"job_id": job_id})
            return False
        log.info("a lost request was found", extra={"job_id": job_id, "request_id": handle.request_id})
        self._watch()
        return True


def _order(job: Job, submit: Submit) -> list[LostOrder]:
    """What the search compares: exactly what was posted; for a claim of 0.1.0 what would be posted today."""
    try:
        body = json.loads(submit.body) if submit.body else wire.request_body(job.request)
    except (VideoError, ValueError):
        return []  # a model that has left the catalogue
    return [LostOrder(job.id, job.request.endpoint, body, claimed_at(submit), answered_at(submit))]
