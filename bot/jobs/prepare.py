"""Prepares a job for free: its source is fetched from the chat, cleaned and published; the price is confirmed.

A job that goes on from a film, or enlarges one, has that film of ours as its source, or the last frame of it.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from bot.channels.types import AttachmentRef, SendError, SendOutcome
from bot.jobs.verdicts import NEXT, Verdict, retry
from bot.loops import Problem
from bot.messages import job_messages
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.records import FREE, OF_FILM, Job, JobError, State
from bot.store.work import NO_ROOM, Lease
from core import media, pricing
from core.assets.publish import host_from_settings, publish_asset
from core.catalogue.finding import row_of
from core.errors import Repeat, ResultExpired, VideoError
from core.fal import protocol
from core.fal.results import draft_cache
from core.pricing import SourceFacts
from core.types import Adjustment, Asset, Mode, Quote

log = logging.getLogger(__name__)

_SOURCE_NAMES = {"image": "source.jpg", "video": "source.mp4", "audio": "source"}
"""The content decides what it really is; of a sound there are too many kinds for a name."""
_NO_ASSETS = frozenset({"asset_unreachable", "storage_not_allowed", "no_asset_host"})
_NO_ROOM_S = 15.0
_LOOK_S = 5.0
_LEAST_FREE = 500_000_000  # bytes on the disk of the videos, before anything is bought


class Fetches(Protocol):
    """The part of a channel that a job needs before it is bought."""

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download the attachment to `into`. Raises SendError."""
        ...


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the folder's disk."""
    return shutil.disk_usage(folder).free


class Preparer:
    """The preparation of jobs. `room`: returns the free bytes on the disk of a folder."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, Fetches],
        settings: Settings,
        alerts: Alerts,
        room: Callable[[Path], int] = free_bytes,
        waits_for_room: bool = True,
        film_of: Callable[[Job], Awaitable[Path]] | None = None,
    ) -> None:
        """`waits_for_room`: a job that finds the disk full goes back into the queue; else it fails.

        `film_of`: returns the film of another job, fetched again where it is not here; None: no film is gone on from.
        """
        self._store = store
        self._channels = channels
        self._settings = settings
        self._alerts = alerts
        self._room = room
        self._waits_for_room = waits_for_room
        self._film_of = film_of
        self._free = _LEAST_FREE
        self._unseen: str | None = None
        self._looking: asyncio.Task[int] | None = None

    async def has_room(self) -> bool:
        """Whether there is room for another video; the admins hear of it when there is none.

        A folder that somebody has deleted is made again; where it cannot be looked at, nothing is begun, no more.
        """
        try:
            if self._looking is None or self._looking.done():  # one that hangs, on a share, takes one thread, no more
                self._looking = asyncio.create_task(asyncio.to_thread(self._free_bytes))
            async with asyncio.timeout(_LOOK_S):
                self._free = await asyncio.shield(self._looking)
        except OSError as error:
            self._free, self._unseen = 0, error.strerror or type(error).__name__
            log.warning("no look at the folder of the videos", extra={"reason": self._unseen})
            return False  # the admins hear of it as of any problem that lasts
        self._unseen = None
        if self._is_full():
            self._alerts.tell("disk", "alert-disk", free=self._free // 1_000_000)
        return not self._is_full()

    def _free_bytes(self) -> int:
        self._settings.videos_dir.mkdir(parents=True, exist_ok=True)
        return self._room(self._settings.videos_dir)

    def problem(self) -> Problem | None:
        """Return that there was no room for videos at the last look, or no look; None: there was room."""
        if self._unseen is not None:
            return Problem(f"the folder of the videos cannot be used ({self._unseen}), so nothing is ordered", "folder")
        text = f"the disk is full: {self._free // 1_000_000} MB are left for videos, so nothing is ordered"
        return Problem(text, "disk") if self._is_full() else None

    def _is_full(self) -> bool:
        return self._free < _LEAST_FREE

    async def prepare(self, job: Job, lease: Lease | None) -> Verdict | None:
        """Fetch, clean and publish the source, and confirm the price. Free; may be repeated.

        None: the job is ready to be bought.
        """
        begins = job.state is State.QUEUED  # a command's own job: any other has left the queue for its slot
        if begins and not await self._store.jobs.move(job.id, State.PREPARING, only_from={State.QUEUED}, lease=lease):
            return NEXT
        try:
            if not await self.has_room():
                return await self._without_room(job, lease)
            if job.has_source and not job.request.source_urls:
                await self._publish(job, lease)
        except SendError as error:
            if error.outcome in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}:
                return retry(error.after_s)
            return await self._fail(job, JobError("source_unavailable", {}), lease)
        except VideoError as error:
            if error.repeat is Repeat.FREE_STEP:
                return retry(0.0)
            if error.code in _NO_ASSETS:
                facts: dict[str, Any] = dict(error.facts)
                self._alerts.tell("asset host", f"admin-{error.code.replace('_', '-')}", **facts)
            return await self._fail(job, JobError(error.code, dict(error.facts)), lease)
        return None

    async def _without_room(self, job: Job, lease: Lease | None) -> Verdict:
        if not self._waits_for_room:
            return await self._fail(job, JobError("disk_full", {}), lease)
        why = "no room on the disk"
        await self._store.jobs.move(job.id, State.QUEUED, only_from=FREE, why=why, odd=NO_ROOM, lease=lease)
        return retry(_NO_ROOM_S)

    async def _publish(self, job: Job, lease: Lease | None) -> None:
        folder = self._settings.work_dir / job.id
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        if job.step is not None and job.step.kind in OF_FILM:
            if job.request.mode is Mode.ENHANCE_DRAFT:
                url = await self._draft(job)
                await self._store.jobs.published(job.id, job.request.published(url), job.usd, lease=lease)
                return
            asset = await self._film_published(job, folder)
            await self._store.jobs.published(job.id, job.request.published(asset.url), job.usd, lease=lease)
            await self._tell(job, asset.adjustments, lease)
            return
        assets = [await self._published(job, reference, folder) for reference in job.incoming.sources]
        quote = _quote(job, assets[0])
        if quote.usd > job.usd:
            measured = replace(job.incoming.sources[0], duration_s=assets[0].duration_s)
            longer = replace(job.incoming, attachment=measured)
            await self._store.jobs.measured(job.id, longer, lease=lease)  # another try is offered at its true price
            raise VideoError("price_changed", price=job_messages.quote_text(job.language, quote))
        request = job.request.published(*(asset.url for asset in assets))
        await self._store.jobs.published(job.id, request, quote.usd, lease=lease)
        await self._tell(job, (each for asset in assets for each in asset.adjustments), lease)

    async def _tell(self, job: Job, adjustments: Iterable[Adjustment], lease: Lease | None) -> None:
        """Note what publishing changed, once each: a cut was told before, by the length it named."""
        together = dict.fromkeys((*job.adjustments, *adjustments))
        if len(together) > len(job.adjustments):
            await self._store.jobs.adjusted(job.id, together, lease=lease)

    async def _published(self, job: Job, reference: AttachmentRef, folder: Path) -> Asset:
        """Fetch one source from its chat and publish it."""
        source = folder / _SOURCE_NAMES[reference.kind]
        await self._channels[job.address.channel].fetch(reference, source)
        asset = await self._publish_file(job, source, sound=reference.kind == "audio")
        await asyncio.to_thread(source.unlink, missing_ok=True)
        return asset

    async def _draft(self, job: Job) -> str:
        """Return the address of what fal has kept of a draft. Raises VideoError."""
        draft = await self._store.submits.read(job.follows or "")
        if draft.handle is None or await self._store.payloads.is_gone(draft.handle.request_id):
            raise VideoError("draft_gone")
        replies = await self._store.submits.results(job.follows or "")
        found = (draft_cache(protocol.parsed(reply.body)) for reply in reversed(replies))
        url = next(filter(None, found), None)
        if url is None:
            raise VideoError("draft_gone")
        return url

    async def _film_published(self, job: Job, folder: Path) -> Asset:
        """Publish what a job goes on from: a film, or its last frame. Raises VideoError, SendError."""
        followed = await self._store.jobs.get(job.follows or "")
        if followed is None or not followed.has_film or self._film_of is None:
            raise VideoError("film_gone")
        try:
            film = await self._film_of(followed)
        except ResultExpired:
            raise VideoError("film_gone") from None
        if job.request.mode is not Mode.IMAGE_TO_VIDEO:
            return await self._publish_file(job, film)
        last = folder / "last.png"
        with media.on_behalf_of(job.user, unpaid=True):
            await media.last_frame(film, last)
        asset = await self._publish_file(job, last)
        await asyncio.to_thread(last.unlink, missing_ok=True)
        return asset

    async def _publish_file(self, job: Job, source: Path, *, sound: bool = False) -> Asset:
        with media.on_behalf_of(job.user, unpaid=True):
            return await publish_asset(
                source,
                settings=self._settings,
                host=host_from_settings(self._settings, key_values=self._store.installation),
                limits=row_of(job.request.model, job.request.mode).source_limits,
                widen=job.fallback == "wide-photo",
                sound=sound,
            )

    async def _fail(self, job: Job, error: JobError, lease: Lease | None) -> Verdict:
        log.info("job failed", extra={"job_id": job.id, "code": error.code, "charge": "none"})
        await self._store.jobs.fail(job.id, error, charge="none", only_from=FREE, lease=lease)
        return NEXT


def _quote(job: Job, asset: Asset) -> Quote:
    """Compute the price for the source as it really is: an edit and a sound by their probed seconds."""
    if job.request.duration_s is not None:
        return Quote(job.usd, job.request.endpoint, job.up_to)
    source = SourceFacts(asset.kind, asset.width, asset.height, asset.duration_s, asset.size)
    return pricing.measured_quote(job.request, source=source)
