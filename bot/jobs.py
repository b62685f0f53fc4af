"""render_v1: a job from its turn in the queue to the checked mp4 on disk. The story of core.generate, made durable.

Each step returns {"next": ...} as JSON; what a job is stands in our rows, the engine only remembers how far it came.
The paid submit happens at most once: `Submits.claim` is committed before the POST, and a claim that an earlier run left
open is never posted again.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict, TypeVar

from bot.alerts import Alerts
from bot.channels.port import AttachmentRef, DeliveryError
from bot.doubts import Doubts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import AT_FAL, FREE, Charge, Job, JobError, State, VideoFile, record
from core import media, models
from core.assets import host_from_settings, publish_asset
from core.download import video_filename
from core.errors import Cancelled, NotDelivered, Repeat, ResultExpired, StillRunning, SubmitUnknown, VideoError
from core.fal import FalQueue
from core.generate import fetch_result
from core.models import SourceFacts
from core.types import Asset, Completed, Queued, RequestHandle

log = logging.getLogger(__name__)

R = TypeVar("R")

RENDER = "render_v1"
COLLECT = "collect_v1"
DELIVER = "deliver_v1"
TOPIC = "fal"
SHELL = "shell"  # the channel of jobs that `reelbot generate` began

_SOURCE_NAMES = {"image": "source.jpg", "video": "source.mp4"}  # the content decides what it really is
_NO_ASSETS = frozenset({"asset_unreachable", "storage_not_allowed", "no_asset_host"})
_PREPARE_TRIES = 8
_NOT_SENT_WINDOW_S = 15 * 60
_RESOLVE_LOOKS_S = (2.0, 6.0, 10.0)  # with the looks themselves: told within 30 seconds
_WAIT_S = 1800.0  # the watcher wakes it long before; each look of a thousand that wait is not free
_LEAST_FREE = 500_000_000  # bytes on the disk of the videos, before anything is bought
_WRITE_DOWN_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # a stop waits 20 s for it
_DOWNLOAD_TRIES = 300  # with pauses up to 5 minutes: a day


class Next(TypedDict, total=False):
    next: Literal["go", "stop", "retry", "wait", "doubt"]
    after: float


GO: Next = {"next": "go"}
STOP: Next = {"next": "stop"}
WAIT: Next = {"next": "wait"}
DOUBT: Next = {"next": "doubt"}


def retry(after: float) -> Next:
    return {"next": "retry", "after": after}


class Steps(Protocol):
    """What a workflow stands on: the durable engine, or for one command of the shell nothing but this process."""

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None: ...
    async def step(self, name: str, body: Callable[..., Coroutine[Any, Any, R]], *args: Any) -> R: ...
    async def sleep(self, seconds: float) -> None: ...
    async def wait(self, topic: str, *, timeout_s: float) -> object: ...
    async def begin(self, name: str, workflow_id: str, job_id: str) -> None: ...


class Fetches(Protocol):
    """The part of a chat that a render needs."""

    async def fetch(self, ref: AttachmentRef, into: Path) -> None: ...


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Render:
    """The steps, and the workflows that string them together. `room`: free bytes on the disk of a folder."""

    def __init__(
        self,
        *,
        engine: Steps,
        store: Store,
        queue: FalQueue,
        channels: Mapping[str, Fetches],
        settings: Settings,
        doubts: Doubts,
        alerts: Alerts,
        webhook_url: Callable[[str], str | None],
        watch: Callable[[], None],
        room: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._engine = engine
        self._store = store
        self._queue = queue
        self._room = room
        self._channels = channels
        self._settings = settings
        self._doubts = doubts
        self._alerts = alerts
        self._webhook_url = webhook_url
        self._watch = watch
        self._posting: set[str] = set()
        self._closing = False

    def register(self) -> None:
        self._engine.register(RENDER, self.render)
        self._engine.register(COLLECT, self.collect)

    async def close(self, *, timeout_s: float = 20.0) -> None:
        """Start no more claims, and let the paid requests under way be answered and recorded."""
        self._closing = True
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._posting and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - bounded, at shutdown
            await asyncio.sleep(0.05)

    # Workflows: only steps, waits and pauses; what comes next depends on nothing but recorded results.

    async def render(self, job_id: str) -> None:
        if await self._prepared(job_id) and await self._bought(job_id):
            await self._collected(job_id)
        await self._engine.begin(DELIVER, f"{job_id}:tell", job_id)

    async def collect(self, job_id: str) -> None:
        """From "fal has it" on: for a request that was found after a doubt."""
        await self._collected(job_id)
        await self._engine.begin(DELIVER, f"{job_id}:tell-again", job_id)

    async def _prepared(self, job_id: str) -> bool:
        for attempt in range(_PREPARE_TRIES):
            result = await self._step("prepare", self.prepare, job_id)
            if result["next"] != "retry":
                return result["next"] == "go"
            await self._engine.sleep(result["after"] or min(60, 2**attempt))
        await self._surely("give up preparing", self.give_up, job_id)
        return False

    async def _bought(self, job_id: str) -> bool:
        while True:
            result = await self._step("submit", self.submit, job_id)
            if result["next"] != "retry":
                break
            await self._engine.sleep(result["after"])
        if result["next"] == "doubt":  # from here on nothing is posted, only asked
            for pause in _RESOLVE_LOOKS_S:
                await self._engine.sleep(pause)
                if (await self._step("find submitted", self.find_submitted, job_id))["next"] == "go":
                    return True
            await self._surely("park", self.park, job_id)
        return result["next"] == "go"

    async def _collected(self, job_id: str) -> None:
        while True:
            await self._engine.wait(TOPIC, timeout_s=_WAIT_S)
            result = await self._surely("look", self.look, job_id)
            if result["next"] == "go":
                result = await self._downloaded(job_id)
            if result["next"] != "wait":
                return

    async def _downloaded(self, job_id: str) -> Next:
        for attempt in range(_DOWNLOAD_TRIES):
            result = await self._step("download", self.download, job_id)
            if result["next"] != "retry":
                return result
            await self._engine.sleep(result["after"] or min(300, 2**attempt))
        return await self._surely("give up downloading", self.give_up, job_id)

    async def _surely(self, name: str, body: Callable[..., Awaitable[Next]], job_id: str) -> Next:
        """A step that only a broken disk or database keeps from its end: again until it has one, or the job would be
        stranded, perhaps paid.
        """
        for attempt in count():
            result = await self._step(name, body, job_id)
            if result["next"] != "retry":
                return result
            await self._engine.sleep(min(60.0, 2.0 ** min(attempt, 6)))
        raise AssertionError("counting never ends")

    async def _step(self, name: str, body: Callable[..., Awaitable[Next]], *args: Any) -> Next:
        return await self._engine.step(name, self._guarded, name, body, *args)

    async def _guarded(self, name: str, body: Callable[..., Awaitable[Next]], job_id: str, *args: Any) -> Next:
        """A bug or a broken disk must not end a workflow: it would strand what was paid. It is retried, and logged."""
        try:
            return await body(job_id, *args)
        except Exception:
            log.exception("step failed", extra={"job_id": job_id, "step": name})
            return DOUBT if name == "submit" else retry(5.0)

    # Step bodies: each may run twice (a crash between its effect and its record).

    async def prepare(self, job_id: str) -> Next:
        """The source is fetched from the chat, cleaned and published; the price is confirmed. Free."""
        job = await self._job(job_id)
        if not await self._store.jobs.move(job_id, State.PREPARING, only_from=FREE):
            return GO if job.state in AT_FAL else STOP
        try:
            await self._check_room()
            if job.incoming.attachment is not None and not job.request.source_url:
                await self._publish(job)
        except DeliveryError as error:
            if error.verdict in {"retry", "doubt"}:
                return retry(error.after_s)
            return await self._fail(job_id, JobError("source_unavailable", {}), charge="none", only_from=FREE)
        except VideoError as error:
            if error.repeat is Repeat.FREE_STEP:
                return retry(0.0)
            if error.code in _NO_ASSETS:
                facts: dict[str, Any] = dict(error.facts)
                self._alerts.tell("asset host", f"admin-{error.code.replace('_', '-')}", **facts)
            return await self._fail(job_id, JobError(error.code, dict(error.facts)), charge="none", only_from=FREE)
        return GO

    async def _check_room(self) -> None:
        """Before anything is bought: is there room for the video? Raises VideoError("disk_full")."""
        free = await asyncio.to_thread(self._room, self._settings.videos_dir)
        if free < _LEAST_FREE:
            self._alerts.tell("disk", "alert-disk", free=free // 1_000_000)
            raise VideoError("disk_full")

    async def _publish(self, job: Job) -> None:
        reference = job.incoming.attachment
        if reference is None:
            return
        folder = self._settings.work_dir / job.id
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        source = folder / _SOURCE_NAMES[reference.kind]
        await self._channels[job.address.channel].fetch(reference, source)
        row = models.find(job.request.model).modes[job.request.mode]
        with media.on_behalf_of(job.user):
            asset = await publish_asset(
                source,
                settings=self._settings,
                host=host_from_settings(self._settings, memory=self._store.facts),
                limits=row.source_limits,
                widen=job.remedy == "wide-photo",
            )
        request = replace(job.request, source_url=asset.url)
        usd = _price(job, asset)
        if usd > job.usd:
            raise VideoError("price_changed", price=models.usd_text(usd))
        await self._store.jobs.published(job.id, request, usd)
        told = dict.fromkeys((*job.adjustments, *asset.adjustments))  # a cut was told before, by the length it named
        if len(told) > len(job.adjustments):
            await self._store.jobs.note(job.id, adjustments=[record(each) for each in told])
        await asyncio.to_thread(source.unlink, missing_ok=True)

    async def submit(self, job_id: str) -> Next:
        """The one paid request. After the claim, every way out of here is recorded."""
        if self._closing:
            await asyncio.Event().wait()  # until the engine cancels this step; it runs again after the restart
        self._posting.add(job_id)
        try:
            return await self._submit(job_id)
        finally:
            self._posting.discard(job_id)

    async def _submit(self, job_id: str) -> Next:
        try:
            claim = await self._store.submits.claim(job_id)
        except Exception:
            log.exception("not claimed", extra={"job_id": job_id})
            return retry(2.0)  # nothing was sent; and if it was committed all the same, it is "taken" then
        if claim == "cancelled":
            return STOP
        if claim == "taken":
            return await self._claimed_before(job_id)
        job = await self._job(job_id)
        try:
            submission = await self._queue.submit(job.request, webhook_url=self._webhook_url(job_id))
        except SubmitUnknown:
            return DOUBT
        except NotDelivered as error:
            await self._store.submits.not_sent(job_id)
            return await self._again_later(job_id, error)
        except VideoError as error:
            log.info("refused", extra={"job_id": job_id, "code": error.code})
            await self._store.submits.refused(job_id, JobError(error.code, dict(error.facts)))
            self._alerts.refused(error.code)
            return STOP
        await self._write_down(job_id, submission.handle)
        if submission.charged is not None:  # a proxy that charges beforehand says what it took: that is the price
            await self._store.jobs.charged(job_id, submission.charged * self._settings.credit_usd)
        self._alerts.accepted()
        self._watch()
        return GO

    async def _write_down(self, job_id: str, handle: RequestHandle) -> None:
        """The answer to a paid order is known only here: a database that is away just now is waited for a little."""
        for pause_s in _WRITE_DOWN_PAUSES_S:
            try:
                await self._store.submits.accepted(job_id, handle)
            except Exception:
                log.exception("an order is not written down yet", extra={"job_id": job_id})
                await asyncio.sleep(pause_s)
            else:
                return
        await self._store.submits.accepted(job_id, handle)

    async def _claimed_before(self, job_id: str) -> Next:
        """An earlier run of this step was here. What it left open may have been paid: it is never posted again."""
        submit = await self._store.submits.read(job_id)
        if submit.state == "accepted":
            self._watch()
            return GO
        return DOUBT if submit.state == "sending" else STOP

    async def _again_later(self, job_id: str, error: NotDelivered) -> Next:
        submit = await self._store.submits.read(job_id)
        if now_ms() - submit.created > _NOT_SENT_WINDOW_S * 1000:
            return await self._fail(job_id, JobError(error.code, dict(error.facts)), charge="none", only_from=FREE)
        after = error.facts.get("retry_after")
        return retry(float(after) if isinstance(after, int | float) else min(60.0, 2.0**submit.attempt))

    async def find_submitted(self, job_id: str) -> Next:
        """After a lost answer: does fal itself know the request? Buys nothing."""
        return GO if await self._doubts.resolve(await self._job(job_id)) else STOP

    async def park(self, job_id: str) -> Next:
        """Nobody can say whether it was paid: it stands still, visibly, and its owner and the admins are told."""
        job = await self._job(job_id)
        if await self._store.jobs.doubt(job_id, "no answer to the submit"):
            log.warning("a paid request may be lost", extra={"job_id": job_id})
            price = models.usd_text(job.usd)
            self._alerts.tell(f"doubt {job_id}", "alert-doubt", job=job_id, user=job.user, price=price)
        return STOP

    async def look(self, job_id: str) -> Next:
        """Ask fal itself; whatever woke us is only a hint."""
        job, handle = await self._job(job_id), (await self._store.submits.read(job_id)).handle
        if handle is None:
            return STOP
        try:
            status = await self._queue.status(handle)
            await self._store.jobs.note_position(job_id, status.position if isinstance(status, Queued) else None)
            if job.cancel_asked and not isinstance(status, Completed):
                await self._queue.cancel(handle)
                status = await self._queue.status(handle)
        except ResultExpired as error:
            return await self._fail(job_id, JobError(error.code, dict(error.facts)), charge="possibly")
        except VideoError as error:
            log.info("fal did not say", extra={"job_id": job_id, "code": error.code})
            return WAIT
        return GO if isinstance(status, Completed) else WAIT

    async def download(self, job_id: str) -> Next:
        """The result, the file, and a full check of it. Free, so it is repeated until it works."""
        job, handle = await self._job(job_id), (await self._store.submits.read(job_id)).handle
        if job.video is not None or handle is None:
            return STOP
        await self._store.jobs.move(job_id, State.DOWNLOADING, only_from={State.RENDERING})
        name = video_filename(
            model=job.request.model,
            duration_s=job.request.duration_s,
            resolution=job.request.resolution,
            short_id=job_id,
            now=datetime.fromtimestamp(job.created / 1000, tz=UTC),
        )
        into = self._settings.videos_dir / name
        try:
            probe = await fetch_result(self._queue, handle, into, settings=self._settings)
        except StillRunning:
            await self._store.jobs.move(job_id, State.RENDERING, only_from={State.DOWNLOADING})
            return WAIT
        except VideoError as error:
            if error.code == "disk_full":
                self._alerts.tell("disk", "alert-disk", free=0)
            if error.repeat is Repeat.FREE_STEP:
                log.warning("download", extra={"job_id": job_id, "code": error.code})
                return retry(0.0)
            return await self._over(await self._job(job_id), error)
        video = VideoFile(name, probe.size, probe.width, probe.height, probe.duration_s or 0.0)
        await self._store.jobs.finish(job_id, video)
        return STOP

    async def fetch_again(self, job: Job) -> None:
        """The file is on another machine's disk, or was lost from ours: fal keeps it a while. Raises VideoError."""
        handle = (await self._store.submits.read(job.id)).handle
        if job.video is not None and handle is not None:
            await fetch_result(self._queue, handle, self._settings.videos_dir / job.video.name, settings=self._settings)

    async def _over(self, job: Job, error: VideoError) -> Next:
        charge = self._charge(job, error)
        failure = JobError(error.code, dict(error.facts))
        if not isinstance(error, Cancelled):
            return await self._fail(job.id, failure, charge=charge)
        await self._store.jobs.move(
            job.id,
            State.CANCELLED,
            only_from=AT_FAL,
            why="fal confirmed",
            charge=charge,
            error=record(failure),
            told=None,
        )
        return STOP

    def _charge(self, job: Job, error: VideoError) -> Charge:
        """Fal bills nothing for its own failures (5xx), nor for what never left its queue; else its word counts. A
        proxy that charged beforehand has charged, whatever fal says.
        """
        billed = error.facts.get("billed")
        if billed is True:
            return "yes"
        never_ran = isinstance(error, Cancelled) and job.fal_position is not None
        free = billed is False or never_ran
        return "none" if free and self._settings.fal_proxy_url is None else "possibly"

    async def give_up(self, job_id: str) -> Next:
        job = await self._job(job_id)
        if job.state in FREE:
            return await self._fail(job_id, JobError("source_unavailable", {}), charge="none", only_from=FREE)
        return await self._fail(job_id, JobError("download_failed", {}), charge="yes")

    async def _fail(
        self, job_id: str, error: JobError, *, charge: Charge, only_from: frozenset[State] = AT_FAL
    ) -> Next:
        log.info("job failed", extra={"job_id": job_id, "code": error.code, "charge": charge})
        await self._store.jobs.fail(job_id, error, charge=charge, only_from=only_from)
        return STOP

    async def _job(self, job_id: str) -> Job:
        job = await self._store.jobs.get(job_id)
        if job is None:
            raise LookupError(job_id)
        return job


def _price(job: Job, asset: Asset) -> Decimal:
    """The price for the source as it really is: an edit is priced by its probed seconds."""
    if job.request.duration_s is not None:
        return job.usd
    source = SourceFacts(asset.kind, asset.width, asset.height, asset.duration_s, asset.size)
    request = job.request
    again = models.plan(
        request.prompt, model=request.model, mode=request.mode, resolution=request.resolution, source=source
    )
    return again.quote.usd
