"""Goes on from a film: finds its file, chooses how a model goes on from it, and joins both to one film."""

import asyncio
import hashlib
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import media, pricing
from core.assets.sources import RequestSources
from core.catalogue import Endpoint
from core.catalogue.finding import row_of
from core.config import FalSettings
from core.errors import VideoError, arguments
from core.fal import protocol
from core.io import disk
from core.media.ai_label import AiLabel, add_label
from core.types import Mode, Video, VideoRequest

log = logging.getLogger(__name__)

FilmSource = Video | Path | str | bytes
"""A film: one of ours, a local file, its bytes, or the id of a request."""


@contextmanager
def work_folder(settings: FalSettings) -> Iterator[Path]:
    """Yield a folder of its own, beside those that the bot's clean-up looks after."""
    workshop = settings.output_dir / "work"
    workshop.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="film-", dir=workshop) as folder:
        yield Path(folder)


async def local_film(film: FilmSource, folder: Path) -> Path | str:
    """Return the film's file, or the id of the request whose film is yet to be fetched. Bytes are kept in `folder`.

    Raises BadReference.
    """
    if isinstance(film, Video):
        return film.local_path
    if isinstance(film, bytes):
        path = folder / f"film_{hashlib.sha256(film).hexdigest()[:16]}.mp4"
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, film)
        return path
    if isinstance(film, str) and protocol.is_request_id(film) and not Path(film).exists():
        return film
    arguments.source("extend", film, optional=False)
    return Path(film)


async def going_on(film: Path, *, model: str, folder: Path) -> RequestSources:
    """Choose how the model goes on from this film: by itself where it takes it, else from its last frame.

    Raises BadRequest, MediaError.
    """
    native = pricing.offered(pricing.find(model), Mode.EXTEND_VIDEO)
    if native is not None and _takes(native, await media.probe(film)):
        return RequestSources(Mode.EXTEND_VIDEO, (film,))
    last = folder / "last.png"
    await media.last_frame(film, last)
    return RequestSources(Mode.IMAGE_TO_VIDEO, (last,))


def _takes(native: Endpoint, film: media.Probe) -> bool:
    """Return whether the model takes the film."""
    least, most = native.source_seconds
    return (
        not (native.source_sound and "silent" in film.problems)
        and least <= film.duration_s <= (most or film.duration_s)
        and film.size <= (native.source_bytes or film.size)
        and min(film.width, film.height) >= native.min_side
    )


async def joined(before: Path, part: Video, request: VideoRequest, label: AiLabel | None) -> Video:
    """Join the new part with the film that it goes on from; where that fails, return the part as it is."""
    native = request.mode is Mode.EXTEND_VIDEO
    returns = (row_of(request.model, request.mode).extension or None) if native else None
    into = part.local_path.with_name(f"{part.local_path.stem}-whole.mp4")
    pieces = [media.Part(before), media.Part(part.local_path, None if native else True, returns)]
    try:
        with disk.whole(into) as draft:
            probe = (await media.join(pieces, draft)).probe
            await add_label(draft, label, becomes=into)
    except (VideoError, OSError) as error:  # the part is paid: whatever became of the other film, it is returned
        log.warning("parts are not joined", extra={"reason": getattr(error, "code", type(error).__name__)})
        return part
    facts = (into.stat().st_size, probe.width, probe.height, probe.duration_s)
    return Video(into, *facts, part.request_id, part.cost_usd, part.model, (before, part.local_path))
