"""Joins the new part of a film that goes on with what it goes on from, to one film. Free; may begin again at any time.

Both lie in the folder of the videos: the part as fal made it, under `…_K7QX2AB-part.mp4`, and the joined film under
the job's own name, which it gets in one step, so whoever begins again sees by the names how far it came. What can
never be joined is not lost: the part itself takes the film's name then, and its owner is told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.channels.types import SendError, SendOutcome
from bot.messages.next_films import parts_of
from bot.settings import Settings
from bot.store import Store
from bot.store.records import Job, VideoFile
from core import media
from core.catalogue.finding import row_of
from core.errors import BadRequest, DownloadFailed, MediaError, Repeat, Unavailable, VideoError
from core.fal.fetch_result import CheckFilm, check_film
from core.io import disk
from core.media.ai_label import add_label, label_of
from core.media.renditions import is_of_this_machine
from core.types import Mode

log = logging.getLogger(__name__)


class CannotJoin(VideoError):
    """Parts of which no try makes one film: the earlier one is gone, or they do not fit together."""

    default_code = "film_gone"


def part_of(film: Path) -> Path:
    """Return where the new part of a joined film lies."""
    return film.with_name(f"{film.stem}-part{film.suffix}")


def is_chain(job: Job) -> bool:
    """Return whether the job goes on from a film, so that its own is joined with that."""
    return job.step is not None and job.step.kind == "continue"


class FilmChains:
    """The joining of films. `film_of`: returns another job's film, fetched again where it is not here."""

    def __init__(self, *, store: Store, settings: Settings, film_of: Callable[[Job], Awaitable[Path]]) -> None:
        self._store = store
        self._settings = settings
        self._film_of = film_of

    async def has_part(self, film: Path) -> bool:
        """Return whether the new part lies here whole: a process may have died over the joining."""
        part = part_of(film)
        if not await asyncio.to_thread(part.exists):
            return False
        try:
            await check_film(part, lenient=False)
        except MediaError:
            return False
        return True

    async def join(self, job: Job, film: Path, check: CheckFilm) -> VideoFile:
        """Join the part that lies here with the film that it goes on from, as `film`, checked.

        Raises CannotJoin; Unavailable for what a later try may find otherwise; DownloadFailed where the disk is full.
        """
        try:
            with media.on_behalf_of(job.user):
                return await self._joined(job, film, check)
        except (VideoError, SendError, OSError) as error:
            code = error.code if isinstance(error, VideoError) else str(error)
            log.warning("parts are not joined", extra={"job_id": job.id, "code": code})
            if code == "disk_full":
                raise DownloadFailed("disk_full") from None
            if _passes(error):
                raise Unavailable(reason="the film that it goes on from cannot be read now") from error
            raise CannotJoin from error

    async def alone(self, job: Job, film: Path, check: CheckFilm) -> VideoFile:
        """Let the part that lies here be the film."""
        await asyncio.to_thread(part_of(film).replace, film)
        with media.on_behalf_of(job.user):
            return video_file(film, await check(film, lenient=True))

    async def _joined(self, job: Job, film: Path, check: CheckFilm) -> VideoFile:
        """Raise VideoError, SendError, OSError."""
        first = media.Part(await self._film_of(await self._before(job)))
        before, part = await self._before(job), _part(job, part_of(film))  # its film may have become another one
        with disk.whole(film) as draft:
            await media.join([first, part], draft)
            await add_label(draft, label_of(self._settings), becomes=film)
        try:
            probe = await check(film, lenient=False)
        except MediaError:
            await asyncio.to_thread(film.unlink, missing_ok=True)
            raise
        return video_file(film, probe, parts=parts_of(before) + 1)

    async def _before(self, job: Job) -> Job:
        before = await self._store.jobs.get(job.follows or "")
        if before is None or not before.has_film:
            raise CannotJoin
        return before


def video_file(film: Path, probe: media.Probe, *, parts: int = 1) -> VideoFile:
    """Return what a row says of a film on the disk."""
    return VideoFile(film.name, probe.size, probe.width, probe.height, probe.duration_s or 0.0, parts)


def parts_on_disk(job: Job, film: Path) -> int:
    """Return of how many parts the film on the disk was joined: its last one lies beside it then."""
    return count_of(job) if part_of(film).exists() else 1


def count_of(job: Job) -> int:
    """Return of how many parts the whole film of a job is."""
    return job.step.parts + 1 if job.step is not None and is_chain(job) else 1


def _passes(error: VideoError | SendError | OSError) -> bool:
    """Return whether a later try may end otherwise."""
    if isinstance(error, SendError):
        return error.outcome is SendOutcome.NOT_SENT
    if isinstance(error, MediaError):
        return is_of_this_machine(error)
    return isinstance(error, OSError) or error.repeat is Repeat.FREE_STEP


def _part(job: Job, film: Path) -> media.Part:
    """Return the new part as what it is: made from the last frame before it, or by a model that goes on by itself."""
    if job.request.mode is not Mode.EXTEND_VIDEO:
        return media.Part(film, drops_first=True)
    try:
        says = row_of(job.request.model, job.request.mode).extension
    except BadRequest:  # it has left the catalogue since
        says = ""
    return media.Part(film, returns=says or None)
