"""Collects what fal has finished: asks, stores every result raw, downloads the checked mp4 to this disk.

The new part of a film that goes on is joined with that film before the job is finished (film_chains.py).

Only fal's own words end a paid job (law 6 of CONTRIBUTING). Whatever else answers is asked again; after ten minutes of
nothing else the job is parked: it holds no slot, its owner and the admins are told, and fal is asked at growing gaps
for as long as it was asked to keep the file.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from bot.jobs.erasure import is_marked
from bot.jobs.film_chains import CannotJoin, FilmChains, is_chain, part_of, parts_on_disk, video_file
from bot.jobs.submit import receipt_name
from bot.jobs.verdicts import NEXT, Verdict, retry, wait
from bot.jobs.video_files import GoneAtFal, VideoFiles, film_of
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.leases import Assignment
from bot.store.records import AT_FAL, Charge, Job, JobError, State, Submit, VideoFile
from bot.store.work import LOOK_AFTER_MS, Lease
from core import media, pricing
from core.errors import Cancelled, MediaError, ResultExpired, Unavailable, VideoError
from core.fal.client import KEEP_S, FalQueue
from core.fal.download import video_filename
from core.fal.fetch_result import CheckFilm, check_film, fetch_result, is_readable
from core.fal.poll_schedule import odd_gaps
from core.fal.receipts import FolderReceipts
from core.media.ai_label import label_of
from core.types import Completed, Queued, RawReply, RequestHandle

log = logging.getLogger(__name__)

ODD_MS = 10 * 60 * 1000
_LEAST_GAP_S, _MOST_GAP_S = 60, 3600
_OPEN = AT_FAL | {State.PARKED}

_NO_ROOM_S = 15.0


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
        sent: tuple[str, ...],
        on_result: Callable[[RawReply], Coroutine[Any, Any, None]],
        check: CheckFilm,
    ) -> Coroutine[Any, Any, media.Probe]:
        """Fetch the result of a completed request as a checked mp4 at `into`."""
        ...


class Collector:
    """Brings home what fal has."""

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
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """`watch` is told when a job that was parked renders again."""
        self._store = store
        self._queue = queue
        self._receipts = receipts
        self._settings = settings
        self._alerts = alerts
        self._fetch_result = fetch
        self._check = check
        label = label_of(settings)
        self._signs = label is not None and label.credentials is not None
        self._watch = watch
        self.files = VideoFiles(settings=settings, fetch_again=self.fetch_again)
        self._chains = FilmChains(store=store, settings=settings, film_of=self.files.original)

    def _checking(self, job: Job) -> CheckFilm:
        """Return the check of a job's film. One that was to be signed and is not comes all the same; admins hear it."""
        check = self._check(job)

        async def checked(path: Path, *, lenient: bool) -> media.Probe:
            probe = await check(path, lenient=lenient)
            if self._signs and not probe.signed:
                self._alerts.tell("unsigned", "alert-unsigned")
            return probe

        return checked

    async def collect(self, assignment: Assignment) -> Verdict:
        """Ask fal itself, whatever made the job due, and bring the film home if it is done.

        Free, so it is repeated until it works. Raises LeaseLost.
        """
        job = await self._store.jobs.get(assignment.lease.job_id)
        submit = await self._store.submits.read(assignment.lease.job_id)
        if job is None or submit.handle is None or job.state not in _OPEN:
            return NEXT
        if job.video is not None:  # it was finished, and parked since its row could not be read
            await self._store.jobs.finish(job.id, job.video, lease=assignment.lease)
            return NEXT
        if await self._finished_before(job, assignment.lease):
            return NEXT
        try:
            if not await self._is_done(job, submit, submit.handle, assignment.lease):
                return await self._still_renders(job, assignment)
            await self._store.jobs.move(job.id, State.DOWNLOADING, only_from={State.RENDERING}, lease=assignment.lease)
            await self._fetch_film(job, submit, submit.handle, assignment.lease)
        except VideoError as error:
            return await self._not_collected(job, submit, error, assignment)
        return NEXT

    async def _finished_before(self, job: Job, lease: Lease) -> bool:
        """Return whether its whole film is on the disk: a process died over it, or the database is a copy of before.

        fal may have dropped its own by now.
        """
        path = await asyncio.to_thread(film_of, job.id, self._settings.videos_dir)
        if path is None:
            return False
        try:
            probe = await self._checking(job)(path, lenient=False)
        except MediaError:
            return False
        parts = await asyncio.to_thread(parts_on_disk, job, path)
        await self._store.jobs.finish(job.id, video_file(path, probe, parts=parts), lease=lease)
        return True

    async def _is_done(self, job: Job, submit: Submit, handle: RequestHandle, lease: Lease) -> bool:
        """Whether fal is done. A result that is kept and can be read needs no question. Raises VideoError."""
        if self._readable(job, await self.stored_results(job, submit)):
            return True
        status = await self._queue.status(handle)
        await self._store.jobs.note_position(job.id, status.position if isinstance(status, Queued) else None)
        if job.cancel_asked and not isinstance(status, Completed):
            await self._queue.cancel(handle)
            status = await self._queue.status(handle)
        if job.state is State.RENDERING or not isinstance(status, Completed):
            await self._store.jobs.clear_odd(job.id, lease=lease)  # not where the result behind it is what is odd
        return isinstance(status, Completed)

    async def _still_renders(self, job: Job, assignment: Assignment) -> Verdict:
        """Wait for the poller or fal's webhook to say when to look again; where both fail the row does."""
        if job.state is State.PARKED:
            await self._store.jobs.unpark(job.id, "fal still works on it")
        if job.state is State.DOWNLOADING:  # not done after all
            await self._store.jobs.move(job.id, State.RENDERING, only_from={State.DOWNLOADING}, lease=assignment.lease)
        if (
            job.state is not State.RENDERING or assignment.lapses
        ):  # the poller does not know it, or watched it elsewhere
            self._watch()
        return wait(LOOK_AFTER_MS / 1000)

    async def _not_collected(self, job: Job, submit: Submit, error: VideoError, assignment: Assignment) -> Verdict:
        if error.ends_request:
            await self._end(job, error, assignment.lease)
            return NEXT
        if self._is_disk_full(error):  # ours, not fal's: it waits for room
            return retry(_NO_ROOM_S)
        return await self._odd(job, submit, error, assignment)

    async def _odd(self, job: Job, submit: Submit, error: VideoError, assignment: Assignment) -> Verdict:
        """Nothing that fal says of a job. Asked again; parked after ten minutes of it, and asked more rarely."""
        why = odd_words(error)
        log.warning("fal did not say", extra={"job_id": job.id, "odd": why})
        since = await self._store.jobs.odd(job.id, why, lease=assignment.lease)
        if job.state is State.PARKED:
            return Verdict(_next_question_s(job, submit))
        if now_ms() - since < ODD_MS:
            return retry(next(islice(odd_gaps(), assignment.attempt - 1, None)))
        await self.park(job, why, lease=assignment.lease)
        return NEXT

    async def fetch_again(self, job: Job) -> VideoFile:
        """Download a video again that is on another machine's disk, lost or damaged. Raises VideoError.

        fal keeps it a while. Of a film that cannot be joined any more the new part is left, and its row says so.
        """
        submit = await self._store.submits.read(job.id)
        now = await self._store.jobs.get(job.id)
        if now is None or now.state is State.DELETED or is_marked(self._settings.receipts_dir, job.id):
            raise ResultExpired
        if job.video is None or submit.handle is None:
            raise ResultExpired
        if await self._store.payloads.is_gone(submit.handle.request_id):
            raise GoneAtFal
        if job.video.parts == 1 or not is_chain(job):
            await self._fetch(job, submit, submit.handle, job.video.name)
            return job.video
        film = self._settings.videos_dir / job.video.name
        await self._fetch_part(job, submit, submit.handle, film)
        video = await self._joined(job, film)
        if video.parts != job.video.parts:
            await self._store.jobs.became(job.id, video)
        return video

    def _is_disk_full(self, error: VideoError) -> bool:
        if error.code == "disk_full":
            self._alerts.tell("disk", "alert-disk", free=0)
        return error.code == "disk_full"

    async def _fetch_film(self, job: Job, submit: Submit, handle: RequestHandle, lease: Lease) -> None:
        """Download the film and record it. Raises VideoError, LeaseLost."""
        name = video_filename(
            model=job.request.model,
            duration_s=job.request.duration_s,
            resolution=job.request.resolution,
            short_id=job.id,
            now=datetime.fromtimestamp(job.created / 1000, tz=UTC),
        )
        if is_marked(self._settings.receipts_dir, job.id):  # deleted after this copy of the database was made
            await self._store.jobs.finish(job.id, VideoFile(name), lease=lease)
            return
        film = self._settings.videos_dir / name
        if is_chain(job):
            if await self._fetch_part(job, submit, handle, film):  # what was odd until now was fal, not the film before
                await self._store.jobs.clear_odd(job.id, lease=lease)
                job = replace(job, odd_since=None)
            video = await self._joined(job, film)
        else:
            video = video_file(film, await self._fetch(job, submit, handle, name))
        await self._store.jobs.finish(job.id, video, lease=lease)

    async def _fetch_part(self, job: Job, submit: Submit, handle: RequestHandle, film: Path) -> bool:
        """Download the new part of a film that goes on, and return True, unless it lies here whole."""
        if await self._chains.has_part(film):
            return False
        await self._fetch(job, submit, handle, part_of(film).name, check=check_film)
        return True

    async def _joined(self, job: Job, film: Path) -> VideoFile:
        """Join the part with its film; where that is never to be, or not for ten minutes, it comes alone."""
        try:
            return await self._chains.join(job, film, self._checking(job))
        except CannotJoin:
            pass
        except Unavailable:
            if job.odd_since is None or now_ms() - job.odd_since < ODD_MS:
                raise
        return await self._chains.alone(job, film, self._checking(job))

    async def _fetch(
        self, job: Job, submit: Submit, handle: RequestHandle, name: str, *, check: CheckFilm | None = None
    ) -> media.Probe:
        receipt = receipt_name(job.id, submit.attempt)

        async def keep(reply: RawReply) -> None:
            await self._keep(job.id, receipt, reply, of=handle.request_id)

        return await self._fetch_result(
            self._queue,
            handle,
            self._settings.videos_dir / name,
            settings=self._settings,
            stored=await self.stored_results(job, submit),
            sent=job.request.source_urls,
            on_result=keep,
            check=check or self._checking(job),
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
        sent = job.request.source_urls
        return any(is_readable(reply, settings=self._settings, sent=sent) for reply in replies)

    async def park(self, job: Job, why: str, *, lease: Lease | None = None) -> None:
        """Set a paid job visibly aside: its slot is free, its owner and the admins are told, asking goes on."""
        if await self._store.jobs.park(job.id, why, lease=lease):
            price = pricing.usd_text(job.usd)
            self._alerts.tell(f"odd: {why}", "alert-parked", job=job.id, user=job.user, reason=why, price=price)

    async def _end(self, job: Job, error: VideoError, lease: Lease) -> None:
        """Fal's own word has ended it."""
        charge, failure = self._charge(job, error), JobError(error.code, dict(error.facts))
        log.info("job ended by fal", extra={"job_id": job.id, "code": error.code, "charge": charge})
        ended = self._store.jobs.cancelled if isinstance(error, Cancelled) else self._store.jobs.fail
        await ended(job.id, failure, charge=charge, only_from=_OPEN, lease=lease)

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


def _next_question_s(job: Job, submit: Submit) -> float | None:
    """At growing gaps, up to an hour, until the time is over for which fal was asked to keep the file."""
    now, keeps_until = now_ms(), submit.claimed + KEEP_S * 1000
    if now >= keeps_until:
        return None
    parked_s = (now - (job.odd_since or now)) / 1000
    return min(max(_LEAST_GAP_S, min(_MOST_GAP_S, parked_s / 2)), (keeps_until - now) / 1000)
