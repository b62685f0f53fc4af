"""A finished video as a chat takes it: made once for each limit, shared by all who ask for it. The original stays."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from core import media
from core.errors import MediaError

_DRAFT = ".draft-"
_OF_THIS_MACHINE = frozenset({"timeout", "crashed"})


@dataclass(frozen=True, slots=True)
class Rendition:
    """A file that plays natively everywhere and is small enough; the original itself where that already holds.
    `width` x `height` as displayed.
    """

    path: Path
    thumbnail: Path
    width: int
    height: int
    duration_s: float
    size: int


class RenditionCache:
    """What was made lies in `folder` until it is old; one who asks while it is being made waits for that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def rendition(self, original: Path, *, max_bytes: int) -> Rendition:
        """Raises MediaError: the original cannot be read, or nothing watchable fits into `max_bytes`."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        path, probe = await self._film(original, max_bytes)
        thumbnail = self._folder / f"{original.stem}.jpg"
        async with self._made(thumbnail) as draft:
            if draft is not None:
                await media.thumbnail(path, draft)
        return Rendition(path, thumbnail, probe.width, probe.height, probe.duration_s, probe.size)

    async def _film(self, original: Path, max_bytes: int) -> tuple[Path, media.Probe]:
        probe = await media.probe(original)
        if probe.playable and probe.size <= max_bytes:
            return original, probe
        path = self._folder / f"{original.stem}-{max_bytes}.mp4"
        for last in (False, True):
            async with self._made(path) as draft:
                if draft is not None:
                    await media.make_playable(original, draft, max_bytes=max_bytes)
            try:
                return path, await media.probe(path)
            except MediaError:
                path.unlink(missing_ok=True)  # of a disk that failed: made anew
                if last:
                    raise
        raise MediaError

    @asynccontextmanager
    async def _made(self, path: Path) -> AsyncIterator[Path | None]:
        """A draft to write to, which gets its name when it is whole; None when it is there already."""
        lock = self._locks.setdefault(path.name, asyncio.Lock())
        async with lock:
            if path.exists():
                yield None
                return
            draft = path.with_name(f"{_DRAFT}{secrets.token_hex(6)}{path.suffix}")
            try:
                yield draft
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def remove_old(self, *, older_than_s: float) -> None:
        """Made again when somebody asks again."""
        oldest = time.time() - older_than_s
        for path in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def is_cut_short(path: Path, size: int) -> bool:
    """Whether less of the file is there than the `size` bytes that were checked when it came."""
    return path.stat().st_size < size


async def is_damaged(path: Path) -> bool:
    """Whether the file itself does not play to its end; a check that ran out of time or memory says nothing of it."""
    try:
        await media.verify(path)
    except MediaError as error:
        return error.facts.get("reason") not in _OF_THIS_MACHINE
    return False
