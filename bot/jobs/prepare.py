"""Prepares a job for free: its source is fetched from the chat, cleaned and published; the price is confirmed."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from bot.channels.types import AttachmentRef, SendError, SendOutcome
from bot.jobs.steps import GO, STOP, Next, retry
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.records import AT_FAL, FREE, Job, JobError, State
from core import media, pricing
from core.assets.publish import host_from_settings, publish_asset
from core.errors import Repeat, VideoError
from core.pricing import SourceFacts
from core.types import Asset

log = logging.getLogger(__name__)

_SOURCE_NAMES = {"image": "source.jpg", "video": "source.mp4"}  # the content decides what it really is
_NO_ASSETS = frozenset({"asset_unreachable", "storage_not_allowed", "no_asset_host"})
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
    ) -> None:
        self._store = store
        self._channels = channels
        self._settings = settings
        self._alerts = alerts
        self._room = room

    async def prepare(self, job: Job) -> Next:
        """Fetch, clean and publish the source, and confirm the price. Costs nothing; may be repeated."""
        if not await self._store.jobs.move(job.id, State.PREPARING, only_from=FREE):
            return GO if job.state in AT_FAL else STOP
        try:
            await self._check_room()
            if job.incoming.attachment is not None and not job.request.source_url:
                await self._publish(job)
        except SendError as error:
            if error.outcome in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}:
                return retry(error.after_s)
            return await self._fail(job, JobError("source_unavailable", {}))
        except VideoError as error:
            if error.repeat is Repeat.FREE_STEP:
                return retry(0.0)
            if error.code in _NO_ASSETS:
                facts: dict[str, Any] = dict(error.facts)
                self._alerts.tell("asset host", f"admin-{error.code.replace('_', '-')}", **facts)
            return await self._fail(job, JobError(error.code, dict(error.facts)))
        return GO

    async def _check_room(self) -> None:
        """Check that there is room for the video, before anything is bought. Raises VideoError("disk_full")."""
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
        row = pricing.find(job.request.model).modes[job.request.mode]
        with media.on_behalf_of(job.user):
            asset = await publish_asset(
                source,
                settings=self._settings,
                host=host_from_settings(self._settings, key_values=self._store.installation),
                limits=row.source_limits,
                widen=job.fallback == "wide-photo",
            )
        request = replace(job.request, source_url=asset.url)
        usd = _price(job, asset)
        if usd > job.usd:
            raise VideoError("price_changed", price=pricing.usd_text(usd))
        await self._store.jobs.published(job.id, request, usd)
        # once each: a cut was told before, by the length it named
        adjustments = dict.fromkeys((*job.adjustments, *asset.adjustments))
        if len(adjustments) > len(job.adjustments):
            await self._store.jobs.adjusted(job.id, adjustments)
        await asyncio.to_thread(source.unlink, missing_ok=True)

    async def _fail(self, job: Job, error: JobError) -> Next:
        log.info("job failed", extra={"job_id": job.id, "code": error.code, "charge": "none"})
        await self._store.jobs.fail(job.id, error, charge="none", only_from=FREE)
        return STOP


def _price(job: Job, asset: Asset) -> Decimal:
    """Compute the price for the source as it really is: an edit is priced by its probed seconds."""
    if job.request.duration_s is not None:
        return job.usd
    source = SourceFacts(asset.kind, asset.width, asset.height, asset.duration_s, asset.size)
    request = job.request
    again = pricing.plan(
        request.prompt, model=request.model, mode=request.mode, resolution=request.resolution, source=source
    )
    return again.quote.usd
