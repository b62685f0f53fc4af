"""Photos and videos, looked at and remade in child processes: a hostile file can cost one child, never the bot.

At most one child per core (two at most), niced, with limits on memory, time and files, an empty environment and a
folder of its own; killed with its task. This module never touches a foreign byte beyond the first few.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import MediaError
from core.types import Kind

_WORKER = Path(__file__).parent / "mediawork" / "__main__.py"
_AT_ONCE = min(2, os.cpu_count() or 1)
_WALL_S = 180.0
_ANSWER_BYTES = 1_000_000

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF8", 0, "image/gif"),
    (b"BM", 0, "image/bmp"),
    (b"WEBP", 8, "image/webp"),
    (b"\x1a\x45\xdf\xa3", 0, "video/x-matroska"),
    *((atom, 4, "video/mp4") for atom in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
)
_STILLS = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"msf1": "heic", b"hevc": "heic", b"avif": "avif"}


@dataclass(frozen=True, slots=True)
class Probe:
    """Facts of a video. `width` x `height` in displayed pixels, `duration_s` in seconds, `size` in bytes; `problems`
    name what keeps it from playing natively everywhere.
    """

    width: int
    height: int
    duration_s: float
    has_audio: bool
    size: int
    problems: tuple[str, ...]

    @property
    def playable(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Photo:
    """Facts of a photo that was written anew. `padded`: it was smaller or longer than the model takes."""

    width: int
    height: int
    size: int
    padded: bool


def sniff_mime(path: Path) -> str:
    """What the first bytes say it is; the name is not asked. Raises MediaError ("unsupported_media")."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] == b"ftyp" and head[8:12] in _STILLS:
        raise MediaError("unsupported_media", what=_STILLS[head[8:12]])
    for magic, at, mime in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return mime
    text = head.lstrip().lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        raise MediaError("unsupported_media", what="svg")
    raise MediaError("unsupported_media", what="html" if text.startswith(b"<") else "unknown")


def sniff_kind(path: Path) -> Kind:
    """Photo or video, by content."""
    return Kind(sniff_mime(path).partition("/")[0])


async def probe(path: Path) -> Probe:
    """Facts of a video file. Raises MediaError."""
    return _probe(await _child("clips", "probe", path=path))


async def verify(path: Path) -> Probe:
    """Decode it whole. Raises MediaError ("video_broken") for a file with a hole, a cut or a flipped bit that shows."""
    return _probe(await _child("clips", "verify", path=path))


async def thumbnail(path: Path, into: Path, *, side: int = 320, max_bytes: int = 64_000) -> tuple[int, int]:
    """A JPEG still that fits Telegram (200 kB, 320 px) and WeChat (64 KB) alike. Returns its width and height."""
    answer = await _child("clips", "thumbnail", path=path, into=into, side=side, max_bytes=max_bytes)
    return answer["width"], answer["height"]


async def make_playable(path: Path, into: Path, *, max_bytes: int) -> Literal["copied", "remuxed", "transcoded"]:
    """A file that every chat plays natively, with a sound track, in at most `max_bytes`. Raises MediaError."""
    answer = await _child("clips", "make_playable", path=path, into=into, max_bytes=max_bytes)
    how: Literal["copied", "remuxed", "transcoded"] = answer["how"]
    return how


async def clean_video(path: Path, into: Path) -> Probe:
    """The video without its metadata, as mp4. Raises MediaError."""
    return _probe(await _child("clips", "clean", path=path, into=into))


async def normalise_photo(
    path: Path, into: Path, *, min_side: int = 300, max_ratio: float = 2.5, max_bytes: int = 10_000_000
) -> Photo:
    """An upright baseline JPEG without metadata, within what the model takes. Raises MediaError."""
    answer = await _child(
        "photos", "normalise", path=path, into=into, min_side=min_side, max_ratio=max_ratio, max_bytes=max_bytes
    )
    return Photo(answer["width"], answer["height"], into.stat().st_size, answer["padded"])


async def widen_to_16_9(path: Path, into: Path, *, max_bytes: int = 10_000_000) -> Photo:
    """The photo as 16:9: the remedy when a model fails on an odd reference. Raises MediaError."""
    answer = await _child("photos", "widen", path=path, into=into, max_bytes=max_bytes)
    return Photo(answer["width"], answer["height"], into.stat().st_size, padded=False)


def _probe(answer: dict[str, Any]) -> Probe:
    return Probe(**{**answer, "problems": tuple(answer["problems"])})


async def _child(module: str, call: str, **arguments: Any) -> dict[str, Any]:
    """Run one call in a child of its own. Raises MediaError; cancelling kills the child."""
    given = {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in arguments.items()}
    job = json.dumps({"module": module, "call": call, "with": given})
    async with _place():
        with tempfile.TemporaryDirectory(prefix="reelbot-media-") as folder:
            answer = await _run(job, folder)
    if "refused" in answer:
        raise MediaError(answer["refused"], **answer["facts"])
    result: dict[str, Any] = answer["ok"]
    return result


async def run_child(script: Path, job: str, *, wall_s: float = _WALL_S) -> dict[str, Any]:
    """Run a script of ours the same way: no environment, a folder of its own, killed when late or cancelled."""
    async with _place():
        with tempfile.TemporaryDirectory(prefix="reelbot-media-") as folder:
            return await _run(job, folder, script=script, wall_s=wall_s)


async def _run(job: str, folder: str, *, script: Path = _WORKER, wall_s: float = _WALL_S) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(script),
        job,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={},
        start_new_session=True,
        limit=_ANSWER_BYTES,
    )
    try:
        async with asyncio.timeout(wall_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise MediaError("unreadable_media", reason="timeout") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError:
        raise MediaError("unreadable_media", reason="crashed") from None
    return answer


_places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


@contextlib.asynccontextmanager
async def _place() -> AsyncIterator[None]:
    """One semaphore per event loop: it belongs to the loop it was made in."""
    loop = asyncio.get_running_loop()
    for old in [each for each in _places if each.is_closed()]:
        del _places[old]
    async with _places.setdefault(loop, asyncio.Semaphore(_AT_ONCE)):
        yield
