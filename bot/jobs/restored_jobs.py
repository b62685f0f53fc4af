"""Looks for what a restored copy of the database would buy a second time, before it is bought.

A job that is free in the copy may have been bought after the copy was made. Its receipts and its film on the disk tell
so, and fal's list of requests. What is found is adopted; where nobody can say, its owner is asked, at the price.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.jobs.film_chains import parts_on_disk, video_file
from bot.jobs.submit import charged_by_proxy, receipt_name, tell_taken_back
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.jobs.verdicts import NEXT, REST, Verdict, retry
from bot.jobs.video_files import film_of
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.copies import FromCopy
from bot.store.evidence import Evidence, RequestTaken
from bot.store.leases import Assignment
from bot.store.records import SHELL, Job, State
from bot.store.work import Lease
from core.errors import BadRequest, MediaError, VideoError
from core.fal import protocol
from core.fal.client import FalQueue
from core.fal.fetch_result import check_film
from core.fal.receipts import FolderReceipts
from core.types import LostOrder, RequestHandle, Submission

log = logging.getLogger(__name__)

_LIST_S = 20.0
_AGAIN_S = 0.5
ASKED = "restored"
"""The question of a job that may have been bought already."""


class RestoredJobs:
    """Searches for one job at a time, whenever its work is about to buy it."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        receipts: FolderReceipts,
        settings: Settings,
        lost_orders: SubmitReconciler,
        alerts: Alerts,
        watch: Callable[[], None],
        tell: Callable[[Job], Awaitable[None]],
        looks_s: tuple[float, ...],
    ) -> None:
        """`watch` is told when a request was found, `tell` sends an offer to its owner. `looks_s`: before each look."""
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._lost_orders = lost_orders
        self._alerts = alerts
        self._watch = watch
        self._tell = tell
        self._looks_s = looks_s

    async def search(self, job: Job, begun: Assignment) -> Verdict | None:
        """Search for a job that nothing is known to be bought for. None: go on with it. Raises LeaseLost."""
        origin = await self._store.copies.origin_of(job.id)
        if origin is None:
            return None
        if await self._receipted(job, origin, begun.lease) or await self._filmed(job, origin, begun.lease):
            return NEXT
        if job.state is State.SUBMITTING:
            return None  # it is looked for in fal's list as every order without an answer is
        return await self._listed(job, origin, begun)

    async def _receipted(self, job: Job, origin: FromCopy, lease: Lease) -> bool:
        """Adopt the request that a receipt of this job names, of whichever attempt."""
        for attempt in await self._receipts.attempts(job.id):
            reply = await self._receipts.read(receipt_name(job.id, attempt))
            if reply is None:
                continue
            with suppress(VideoError, RequestTaken):
                submission = self._queue.read_submit(reply, endpoint=job.request.endpoint)
                await self._adopt(job, submission, by="receipt", attempt=attempt, at=origin.restored, lease=lease)
                return True
        return False

    async def _filmed(self, job: Job, origin: FromCopy, lease: Lease) -> bool:
        """Adopt the film of this job, by its name on the disk. A request in doubt stays with fal's list."""
        path = await asyncio.to_thread(film_of, job.id, self._settings.videos_dir)
        if path is None or job.state is State.SUBMITTING:
            return False
        try:
            probe = await check_film(path, lenient=True)
        except MediaError:
            log.warning("a film on the disk cannot be read", extra={"job_id": job.id, "file": path.name})
            return False
        parts = await asyncio.to_thread(parts_on_disk, job, path)
        video = video_file(path, probe, parts=parts)
        await self._store.copies.adopt_film(job.id, video, at=origin.since, lease=lease)
        log.warning("a film of after the copy was found", extra={"job_id": job.id, "file": path.name})
        return True

    async def _listed(self, job: Job, origin: FromCopy, begun: Assignment) -> Verdict | None:
        """Look into fal's list, a few times where it cannot be read; its owner's yes stands."""
        agreed = job.question is not None and job.question.why == ASKED
        try:
            exact, alike = await self._search_list(job, origin)
        except (VideoError, TimeoutError) as error:
            log.warning("the request list was not read", extra={"job_id": job.id, "reason": str(error)})
            if agreed:
                return None
            if begun.attempt < len(self._looks_s):
                return retry(self._looks_s[begun.attempt])
            return await self._ask(job, begun.lease)
        if exact is not None:
            return await self._adopt_listed(job, exact, origin, begun.lease)
        return await self._ask(job, begun.lease) if alike and not agreed else None

    async def _search_list(self, job: Job, origin: FromCopy) -> tuple[RequestHandle | None, bool]:
        """Return the request that says the same, and whether one does but for the address of its photo or video.

        Each publishing gives the source another address. Raises VideoError, TimeoutError.
        """
        with suppress(BadRequest):  # the model has left the catalogue: it is not bought, either
            if not job.has_source or job.request.source_urls:
                found = await self._find(job, _body(job), origin)
                if found is not None:
                    return found, True
            if job.has_source:
                other = replace(job, request=job.request.unpublished())
                return None, await self._find(job, _body(other), origin) is not None
        return None, False

    async def _find(self, job: Job, body: Mapping[str, Any], origin: FromCopy) -> RequestHandle | None:
        order = LostOrder(job.id, job.request.endpoint, body, _time(origin.since), _time(origin.restored))

        async def claims() -> list[LostOrder]:
            return [order, *await self._lost_orders.claims([job])]

        async with asyncio.timeout(_LIST_S):
            found = await self._queue.find_submitted([order], claims=claims, owned=self._store.submits.owned)
        return found.get(job.id)

    async def _adopt_listed(self, job: Job, handle: RequestHandle, origin: FromCopy, lease: Lease) -> Verdict:
        try:
            await self._adopt(job, Submission(handle), by="list", attempt=1, at=origin.since, lease=lease)
        except RequestTaken:
            return retry(_AGAIN_S)  # it is another's by now: is there one more
        return NEXT

    async def _adopt(
        self, job: Job, submission: Submission, *, by: Evidence, attempt: int, at: int, lease: Lease
    ) -> None:
        """Record the purchase. Raises RequestTaken, LeaseLost."""
        body = None
        with suppress(BadRequest):
            body = protocol.request_text(job.request)
        back = await self._store.copies.adopt(
            job.id,
            submission.handle,
            by=by,
            body=body,
            attempt=attempt,
            at=at,
            charged_usd=charged_by_proxy(job, submission.charged, self._settings, self._alerts),
            lease=lease,
        )
        request_id = submission.handle.request_id
        log.warning("a purchase of after the copy was found", extra={"job_id": job.id, "request_id": request_id})
        if back is not None:
            tell_taken_back(back, job.id, alerts=self._alerts)
        self._watch()

    async def _ask(self, job: Job, lease: Lease) -> Verdict | None:
        """Ask the owner. A command of the shell has ended: nobody waits for that job, so it is dropped, not bought."""
        if job.address.channel == SHELL:
            return None
        if not await self._store.copies.ask(job.id, lease=lease):
            return NEXT
        log.warning("its owner is asked whether to buy it", extra={"job_id": job.id})
        offer = await self._store.jobs.get(job.id)
        if offer is not None:
            await self._tell(offer)
        return REST


def _body(job: Job) -> Mapping[str, Any]:
    """Return what was posted for it, by today's catalogue. Raises BadRequest."""
    body: Mapping[str, Any] = json.loads(protocol.request_text(job.request))
    return body


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
