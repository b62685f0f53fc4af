"""Collects what fal has finished: asks, stores every result raw, downloads the checked mp4 to this disk.

Only fal's own words end a paid job (law 6 of CONTRIBUTING). Whatever else answers is asked again; after ten minutes of
nothing else the job is parked: it holds no slot, its owner and the admins are told, and fal is asked at growing gaps
for as long as it was asked to keep the file.
"""

import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from bot.jobs.steps import GO, STOP, WAIT, Next, retry
from bot.jobs.submit import receipt_name
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import AT_FAL, Charge, Job, JobError, State, Submit, VideoFile
from core import media, pricing
from core.errors import Cancelled, VideoError
from core.fal.client import KEEP_S, FalQueue
from core.fal.download import video_filename
from core.fal.fetch_result import CheckFilm, check_film, fetch_result, is_readable
from core.fal.receipts import FolderReceipts
from core.types import Completed, Queued, RawReply, RequestHandle

log = logging.getLogger(__name__)

ODD_MS = 10 * 60 * 1000
_LEAST_GAP_S, _MOST_GAP_S = 60, 3600
_OPEN = AT_FAL | {State.PARKED}

Asked = Literal["over", "renders", "odd", "gone"]
"""A parked job was asked after: its video is here or fal ended it, fal still works on it, nothing new, not parked."""


class FetchResult(Protocol):
    """The call of core.fal.fetch_result, as far as it is needed here."""

    def __call__(
        self,
        queue: FalQueue,
        handle: RequestHandle,
        into: Path,
        *,
        settings: Settings,
        stored: list[RawReply],
        source_url: str | None,
        on_result: Callable[[RawReply], Coroutine[Any, Any, None]],
        check: CheckFilm,
    ) -> Coroutine[Any, Any, media.Probe]:
        """Fetch the result of a completed request as a checked mp4 at `into`."""
        ...


class Collector:
    """The collector of finished videos, for the workflow of a job (`look`, `download`) and for a parked one (`ask`)."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        receipts: FolderReceipts,
        settings: Settings,
        alerts: Alerts,
        fetch: FetchResult = fetch_result,
        check: Callable[[Job], CheckFilm] = lambda _job: check_film,
    ) -> None:
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._alerts = alerts
        self._fetch_result = fetch
        self._check = check

    async def look(self, job: Job) -> Next:
        """Ask fal itself; whatever woke us is only a hint. A stored result that can be read needs no call."""
        submit = await self._store.submits.read(job.id)
        if submit.handle is None or job.state not in AT_FAL:
            return STOP
        if self._readable(job, await self.stored_results(job, submit)):
            return GO
        try:
            status = await self._queue.status(submit.handle)
            await self._store.jobs.note_position(job.id, status.position if isinstance(status, Queued) else None)
            if job.cancel_asked and not isinstance(status, Completed):
                await self._queue.cancel(submit.handle)
                status = await self._queue.status(submit.handle)
        except VideoError as error:
            return await self._odd(job, error, WAIT)
        await self._store.jobs.clear_odd(job.id)
        return GO if isinstance(status, Completed) else WAIT

    async def download(self, job: Job) -> Next:
        """Fetch the result and the file, and check it whole. Free, so it is repeated until it works."""
        submit = await self._store.submits.read(job.id)
        if job.video is not None or submit.handle is None or job.state not in AT_FAL:
            return STOP
        await self._store.jobs.move(job.id, State.DOWNLOADING, only_from={State.RENDERING})
        try:
            await self._fetch_film(job, submit, submit.handle)
        except VideoError as error:
            if error.ends_request:
                await self._end(job, error)
                return STOP
            if self._is_disk_full(error):  # ours, not fal's: it waits for room
                return retry(0.0)
            return await self._odd(job, error, retry(0.0))
        return STOP

    async def ask(self, job_id: str) -> Asked:
        """Ask fal about a parked job once more.

        Its state changes only when there is something new; its owner is told by the next turn of the sweeper.
        """
        job = await self._store.jobs.get(job_id)
        submit = await self._store.submits.read(job_id) if job is not None else None
        if job is None or submit is None or submit.handle is None or job.state is not State.PARKED:
            return "gone"
        await self._store.jobs.ask_again(job_id, at=_next_question(job, submit))  # whatever becomes of this one
        if job.video is not None:  # it was finished, and parked since its row could not be read
            return "over" if await self._store.jobs.finish(job_id, job.video) else "gone"
        try:
            if not self._readable(job, await self.stored_results(job, submit)):
                status = await self._queue.status(submit.handle)
                if job.cancel_asked and not isinstance(status, Completed):
                    await self._queue.cancel(submit.handle)
                if not isinstance(status, Completed):
                    return "renders"
            return "over" if await self._fetch_film(job, submit, submit.handle) else "gone"
        except VideoError as error:
            if error.ends_request:
                return "over" if await self._end(job, error) else "gone"
            self._is_disk_full(error)
            log.info("still nothing that can be understood", extra={"job_id": job_id, "odd": odd_words(error)})
            await self._store.jobs.odd(job_id, odd_words(error))
            return "odd"

    async def fetch_again(self, job: Job) -> None:
        """Download a video again that is on another machine's disk, lost or damaged. Raises VideoError.

        fal keeps it a while.
        """
        submit = await self._store.submits.read(job.id)
        if job.video is not None and submit.handle is not None:
            await self._fetch(job, submit, submit.handle, job.video.name)

    def _is_disk_full(self, error: VideoError) -> bool:
        if error.code == "disk_full":
            self._alerts.tell("disk", "alert-disk", free=0)
        return error.code == "disk_full"

    async def _fetch_film(self, job: Job, submit: Submit, handle: RequestHandle) -> bool:
        """Download the film, and return whether this finished the job: another process may have been quicker.

        Raises VideoError.
        """
        name = video_filename(
            model=job.request.model,
            duration_s=job.request.duration_s,
            resolution=job.request.resolution,
            short_id=job.id,
            now=datetime.fromtimestamp(job.created / 1000, tz=UTC),
        )
        probe = await self._fetch(job, submit, handle, name)
        video = VideoFile(name, probe.size, probe.width, probe.height, probe.duration_s or 0.0)
        return await self._store.jobs.finish(job.id, video)

    async def _fetch(self, job: Job, submit: Submit, handle: RequestHandle, name: str) -> media.Probe:
        receipt = receipt_name(job.id, submit.attempt)

        async def keep(reply: RawReply) -> None:
            await self._keep(job.id, receipt, reply, of=handle.request_id)

        return await self._fetch_result(
            self._queue,
            handle,
            self._settings.videos_dir / name,
            settings=self._settings,
            stored=await self.stored_results(job, submit),
            source_url=job.request.source_url,
            on_result=keep,
            check=self._check(job),
        )

    async def _keep(self, job_id: str, receipt: str, reply: RawReply, *, of: str) -> None:
        """Store the result in the receipt and in the row; one is enough. Raises when neither could be written."""
        in_receipt = False
        try:
            await self._receipts.keep_result(receipt, reply)
            in_receipt = True
        except OSError as error:
            log.warning("a result is in no receipt", extra={"job_id": job_id, "reason": error.strerror})
        try:
            await self._store.submits.keep_result(job_id, reply, of=of)
        except Exception:
            if not in_receipt:
                raise
            log.exception("a result is in no row", extra={"job_id": job_id})

    async def stored_results(self, job: Job, submit: Submit) -> list[RawReply]:
        """Return the stored results, oldest first: what no row could take is in the receipts alone."""
        in_rows = await self._store.submits.results(job.id)
        known = {reply.body for reply in in_rows}
        in_receipts = await self._receipts.results(receipt_name(job.id, submit.attempt))
        return [*in_rows, *(reply for reply in in_receipts if reply.body not in known)]

    def _readable(self, job: Job, replies: list[RawReply]) -> bool:
        source_url = job.request.source_url
        return any(is_readable(reply, settings=self._settings, source_url=source_url) for reply in replies)

    async def _odd(self, job: Job, error: VideoError, then: Next) -> Next:
        """Handle an answer that says nothing of a job: it is asked again, and parked after ten minutes of it."""
        why = odd_words(error)
        log.warning("fal did not say", extra={"job_id": job.id, "odd": why})
        since = await self._store.jobs.odd(job.id, why)
        if now_ms() - since < ODD_MS:
            return then
        return await self.park(job, why)

    async def park(self, job: Job, why: str) -> Next:
        """Park a paid job: its slot is free, its owner and the admins are told, asking goes on."""
        if await self._store.jobs.park(job.id, why, ask_after=now_ms() + _LEAST_GAP_S * 1000):
            price = pricing.usd_text(job.usd)
            self._alerts.tell(f"odd: {why}", "alert-parked", job=job.id, user=job.user, reason=why, price=price)
        return STOP

    async def _end(self, job: Job, error: VideoError) -> bool:
        """End the job by fal's own word, and return whether this changed anything."""
        charge, failure = self._charge(job, error), JobError(error.code, dict(error.facts))
        log.info("job ended by fal", extra={"job_id": job.id, "code": error.code, "charge": charge})
        if isinstance(error, Cancelled):
            return await self._store.jobs.cancelled(job.id, failure, charge=charge, only_from=_OPEN)
        return await self._store.jobs.fail(job.id, failure, charge=charge, only_from=_OPEN)

    def _charge(self, job: Job, error: VideoError) -> Charge:
        """Return what a failure cost: nothing for fal's own failures (5xx) and unstarted jobs, else what fal says.

        A pre-charging proxy has charged, whatever fal says.
        """
        billed = error.facts.get("billed")
        if billed is True:
            return "yes"
        never_ran = isinstance(error, Cancelled) and job.fal_position is not None
        free = billed is False or never_ran
        return "none" if free and self._settings.fal_proxy_url is None else "possibly"


def odd_words(error: VideoError) -> str:
    """Say in a few words for admins what was odd: no address, nothing a person wrote."""
    facts = [error.facts.get(name) for name in ("reason", "status", "host")]
    return " ".join([error.code, *(str(fact) for fact in facts if fact is not None)])[:200]


def _next_question(job: Job, submit: Submit) -> int | None:
    """Return when fal is asked next: at growing gaps, up to an hour, for as long as fal was asked to keep the file."""
    now, keeps_until = now_ms(), submit.claimed + KEEP_S * 1000
    if now >= keeps_until:
        return None
    parked_s = (now - (job.odd_since or now)) // 1000
    return min(now + max(_LEAST_GAP_S, min(_MOST_GAP_S, parked_s // 2)) * 1000, keeps_until)
