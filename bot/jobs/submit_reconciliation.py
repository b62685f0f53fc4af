"""Submits whose answer was lost: what the receipt, fal's webhook or fal's request list know of them. Buys nothing.

The receipt lies in the folder of the worker that posted; where workers have separate folders, the webhook and the list
do this.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.jobs.submit import charged_by_proxy, receipt_name
from bot.store import Store
from bot.store.records import KNOWN_AT_FAL, Job, JobError, State, Submit
from bot.store.submits import RequestTaken, answered_at, claimed_at
from core.config import FalSettings
from core.errors import SubmitNotSent, SubmitUnconfirmed, VideoError
from core.fal import protocol
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.types import LostOrder, Submission

log = logging.getLogger(__name__)

_LOOK_S = 3.0
_IN_DOUBT = frozenset({State.SUBMITTING, State.DOUBT})


class Doubts:
    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        receipts: FolderReceipts,
        settings: FalSettings,
        watch: Callable[[], None],
    ) -> None:
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._watch = watch

    async def resolve(self, jobs: Sequence[Job], *, within_s: float = _LOOK_S) -> set[str]:
        """Find the requests of these jobs; one walk through fal's list for all that nothing else knows.

        Gives the ids of those that are known now (and render). Ends within about `within_s`, whatever fal does.
        """
        found: set[str] = set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                lost = [job for job in jobs if not await self._found(job, found)]
                found |= await self._listed(lost)
        return found

    async def reopen(self, job: Job, request_id: str) -> bool:
        """Whether fal has the request of a job whose order was refused, as it seemed: it renders then. Raises
        VideoError.
        """
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        if not await self._queue.knows(handle) or not await self._store.submits.reopen(job.id, handle):
            return False
        log.error("a refused order was taken after all", extra={"job_id": job.id, "request_id": request_id})
        self._watch()
        return True

    async def _found(self, job: Job, found: set[str]) -> bool:
        """Whether what we have here knows it. One job that cannot be looked at does not keep the others back."""
        try:
            if await self._known(job):
                found.add(job.id)
        except Exception:
            log.exception("a lost request was not looked for", extra={"job_id": job.id})
        return job.id in found

    async def _known(self, job: Job) -> bool:
        """By the row, the receipt, the webhook's hint."""
        submit = await self._store.submits.read(job.id)
        if submit.state == "accepted":
            resumed = await self._store.jobs.resume(job.id, "taken up again")
            return resumed or job.state in KNOWN_AT_FAL | {State.SUBMITTING}
        if submit.state != "sending" or job.state not in _IN_DOUBT:
            return False
        for submission in (await self._receipted(job, submit), await self._hinted(job, submit.hint)):
            if submission is not None and await self._adopt(job.id, submission):
                return True
        return False

    async def _receipted(self, job: Job, submit: Submit) -> Submission | None:
        """An answer that was kept and never written down. One that says no ends the job: nothing was bought."""
        reply = await self._receipts.read(receipt_name(job.id, submit.attempt))
        if reply is None:
            return None
        try:
            return self._queue.read_submit(reply, endpoint=job.request.endpoint)
        except SubmitUnconfirmed:
            return None
        except VideoError as error:
            code = "fal_busy" if isinstance(error, SubmitNotSent) else error.code
            await self._store.submits.refused(job.id, JobError(code, dict(error.facts)))
            return None

    async def _hinted(self, job: Job, request_id: str | None) -> Submission | None:
        """A request that a signed webhook named, if fal knows it under this job's endpoint."""
        if request_id is None:
            return None
        handle = self._queue.handle_for(job.request.endpoint, request_id)
        with suppress(VideoError):
            return Submission(handle) if await self._queue.knows(handle) else None
        return None

    async def _listed(self, jobs: Sequence[Job]) -> set[str]:
        """By fal's list. Other orders whose answer is still on its way stand in it, too, and may say the same: they
        compete for its rows, and nothing is written down for them.
        """
        wanted = {job.id for job in jobs}
        sending = {submit.job_id: submit for submit in await self._store.submits.sending()}
        rivals = await self._store.jobs.find(ids=sending.keys() - wanted)
        orders = [order for job in (*jobs, *rivals) if job.id in sending for order in _order(job, sending[job.id])]
        unread = sending.keys() - wanted - {job.id for job in rivals}  # what they may have bought is not ours to take
        orders += [order for job_id in unread for order in _unread_orders(sending[job_id], jobs)]
        if not wanted & {order.name for order in orders}:
            return set()
        found = await self._queue.find_submitted(orders, owned=self._store.submits.owned)
        ours = {job_id: handle for job_id, handle in found.items() if job_id in wanted}
        return {job_id for job_id, handle in ours.items() if await self._adopt(job_id, Submission(handle))}

    async def _adopt(self, job_id: str, submission: Submission) -> bool:
        charged_usd, request_id = charged_by_proxy(submission, self._settings), submission.handle.request_id
        try:
            await self._store.submits.accepted(job_id, submission.handle, charged_usd=charged_usd)
        except RequestTaken:
            log.warning("a request that another job has bought", extra={"job_id": job_id})
            return False
        log.info("a lost request was found", extra={"job_id": job_id, "request_id": request_id})
        self._watch()
        return True


def _order(job: Job, submit: Submit) -> list[LostOrder]:
    """What the search compares: exactly what was posted; for a claim of 0.1.0 what would be posted today."""
    try:
        body = json.loads(submit.body) if submit.body else protocol.request_body(job.request)
    except (VideoError, ValueError):
        return []  # a model that has left the catalogue
    return [LostOrder(job.id, job.request.endpoint, body, claimed_at(submit), answered_at(submit))]


def _unread_orders(submit: Submit, jobs: Sequence[Job]) -> list[LostOrder]:
    """Of a job whose row cannot be read only the claim is known: its order may be at any of these jobs' endpoints."""
    try:
        body = json.loads(submit.body or "{}")
    except ValueError:
        return []
    endpoints = {job.request.endpoint for job in jobs} if isinstance(body, dict) else set()
    return [LostOrder(submit.job_id, each, body, claimed_at(submit), answered_at(submit)) for each in endpoints]
