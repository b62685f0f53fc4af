"""Prepares the file of a finished video for a chat; fetches it again from fal where it is missing or damaged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from bot.channels.protocol import ChannelPort
from bot.channels.types import SendError, SendOutcome, VideoMessage
from bot.messages import film_messages, job_messages
from bot.settings import Settings
from bot.store.database import now_ms
from bot.store.records import Job, VideoFile
from core import media
from core.errors import DownloadFailed, MediaError, Repeat, ResultExpired, Unavailable, VideoError
from core.fal.client import KEEP_S
from core.fal.fetch_result import CheckFilm, check_film
from core.media.ai_label import label_of
from core.media.renditions import Rendition, RenditionCache, is_cut_short, is_damaged

log = logging.getLogger(__name__)

_KEEP_FITTED_S = 24 * 3600
_NO_FILE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class GoneAtFal(ResultExpired):
    """A finished video that was deleted at fal, on our own word (bot/jobs/payload_removal.py)."""


class VideoFiles:
    """The files of finished videos and their renditions."""

    def __init__(self, *, settings: Settings, fetch_again: Callable[[Job], Awaitable[VideoFile]]) -> None:
        """`fetch_again`: puts a film where it was, and returns what it is now."""
        self._settings = settings
        self._fetch_again = fetch_again
        self._renditions = cache_of(settings)

    async def original(self, job: Job) -> Path:
        """Return the film as fal made it, whole, fetched again where it is not here.

        Raises SendError; ResultExpired when it is neither here nor at fal any more.
        """
        if job.video is None:
            raise SendError(SendOutcome.REJECTED, "no video")
        path = self._settings.videos_dir / job.video.name
        try:
            if not await asyncio.to_thread(path.exists):
                await self._bring_back(job)
            elif await asyncio.to_thread(is_cut_short, path, job.video.size):
                await self._replaced(job, path)
        except ResultExpired:
            raise
        except VideoError as error:
            raise _not_made(error) from error
        return path

    async def rendition(self, job: Job, *, max_bytes: int) -> VideoMessage:
        """Return a copy that plays natively and has at most so many bytes; the original stays as fal made it.

        Raises SendError; ResultExpired when the video is neither here nor at fal any more.
        """
        if job.video is None:
            raise SendError(SendOutcome.REJECTED, "no video")
        original, size = self._settings.videos_dir / job.video.name, job.video.size
        try:
            fetched = not await asyncio.to_thread(original.exists)
            if fetched:
                job = await self._bring_back(job)
            elif await asyncio.to_thread(is_cut_short, original, size):
                fetched, job = True, await self._replaced(job, original)
            job, fitted = await self._made_to_fit(job, original, max_bytes, fetched=fetched)
        except ResultExpired:
            raise
        except VideoError as error:
            raise _not_made(error) from error
        return VideoMessage(
            path=fitted.path,
            caption=job_messages.caption(job, code=job.id),
            actions=film_messages.under_video(job),
            width=fitted.width,
            height=fitted.height,
            duration_s=fitted.duration_s or _seconds(job),
            thumbnail=fitted.thumbnail,
            job_id=job.id,
        )

    async def _made_to_fit(self, job: Job, original: Path, max_bytes: int, *, fetched: bool) -> tuple[Job, Rendition]:
        """Make the rendition. A damaged original is fetched again, once in each attempt.

        What is still damaged then came so from fal.
        """
        with media.on_behalf_of(job.user):
            try:
                return job, await self._renditions.rendition(original, max_bytes=max_bytes)
            except MediaError:
                if not await is_damaged(original):
                    raise
            if not fetched:
                job = await self._replaced_if_any(job, original)
            return job, await self._renditions.rendition(original, max_bytes=max_bytes, lenient=True)

    async def _replaced_if_any(self, job: Job, original: Path) -> Job:
        """Replace a damaged file; where fal has it no more, the damaged one is the best there is."""
        try:
            return await self._replaced(job, original)
        except GoneAtFal:
            return job
        except (DownloadFailed, Unavailable) as error:
            if error.facts.get("status") not in _NO_FILE:
                raise
            return job

    async def _replaced(self, job: Job, original: Path) -> Job:
        """Replace a damaged file by a new download, and return its job; when none comes, it is put back.

        Raises VideoError.
        """
        log.warning("a finished video is damaged on this disk", extra={"job_id": job.id})
        aside = self._settings.work_dir / job.id / "damaged.mp4"  # goes with that folder
        await asyncio.to_thread(_move, original, aside)
        try:
            return replace(job, video=await self._fetch_again(job))
        finally:
            await asyncio.to_thread(_put_back, aside, original)

    async def _bring_back(self, job: Job) -> Job:
        """Fetch a file that is on another machine's disk, or lost on ours, and return its job. Raises VideoError."""
        try:
            return replace(job, video=await self._fetch_again(job))
        except (DownloadFailed, Unavailable) as error:
            if not _fal_keeps(job) and error.facts.get("status") in _NO_FILE:
                raise ResultExpired from error
            raise

    def is_gone(self, job: Job) -> bool:
        """Return whether the file is neither here nor, as far as was promised, at fal, or was deleted."""
        if not job.has_film:
            return True
        if job.video is None or _fal_keeps(job):
            return False
        return not (self._settings.videos_dir / job.video.name).exists()

    async def tidy(self) -> None:
        """Delete copies that nobody asked for in a day."""
        await asyncio.to_thread(self._renditions.remove_old, older_than_s=_KEEP_FITTED_S)


def _seconds(job: Job) -> float:
    return job.video.duration_s if job.video is not None else 0.0


def _not_made(error: VideoError) -> SendError:
    again = error.repeat is Repeat.FREE_STEP
    return SendError(SendOutcome.NOT_SENT if again else SendOutcome.REJECTED, error.code)


def film_of(job_id: str, videos_dir: Path) -> Path | None:
    """Return the finished film of a job, by the job's id in its name; None while there is none."""
    return next(videos_dir.glob(f"*_{job_id}.mp4"), None)


def cache_of(settings: Settings) -> RenditionCache:
    """Return the cache of renditions."""
    return RenditionCache(settings.output_dir / "fitted", label=label_of(settings))


def checks(settings: Settings, channels: Mapping[str, ChannelPort]) -> Callable[[Job], CheckFilm]:
    """Return the check of a job's new film: in one run with what its delivery to that chat will need."""
    renditions = cache_of(settings)

    def check_for(job: Job) -> CheckFilm:
        channel = channels.get(job.address.channel)
        if channel is None:  # of the shell: it stays on the disk
            return check_film

        async def check(path: Path, *, lenient: bool) -> media.Probe:
            with media.on_behalf_of(job.user):
                return await renditions.check(path, max_bytes=channel.limits.video_bytes, lenient=lenient)

        return check

    return check_for


def _fal_keeps(job: Job) -> bool:
    return now_ms() - (job.rendering_since or job.created) < KEEP_S * 1000


def _put_back(aside: Path, original: Path) -> None:
    if not original.exists():
        _move(aside, original)


def _move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.replace(to)
