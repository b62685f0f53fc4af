"""Photos and videos, looked at and remade in child processes: a hostile file can cost one child, never the bot.

At most one child per core (two at most), niced, with limits on memory, time and files, an empty environment and a
folder of its own; killed with its task. The turn goes round among people (`on_behalf_of`). This module never touches a
foreign byte beyond the first few.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from core.errors import MediaError
from core.file_types import HEAD_BYTES, mime_of, other_type
from core.media.fair_semaphore import FairSemaphore
from core.types import Adjustment, Kind, SourceLimits

_WORKER = Path(__file__).parent / "worker" / "__main__.py"
_AT_ONCE = min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
_WALL_S = 180.0
_CPU_S = 120
_SOURCE_CPU_S = 300  # a phone's minute in 4K, brought down
_PAID_CPU_S = 900  # what was paid for is made to fit, however long it takes
_WALL_PER_CPU = 2.0
_ANSWER_BYTES = 1_000_000


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
    """Facts of a photo that was written anew. `adjustments`: what the model's limits changed about it."""

    width: int
    height: int
    size: int
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def padded(self) -> bool:
        return any(each.field == "source_padded" for each in self.adjustments)


def sniff_mime(path: Path) -> str:
    """What the first bytes say it is; the name is not asked. Raises MediaError ("unsupported_media")."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    mime = mime_of(head)
    if mime is None:
        raise MediaError("unsupported_media", what=other_type(head))
    return mime


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
    """A file that every chat plays natively, with a sound track, in at most `max_bytes`; what was changed is decoded
    whole afterwards. Raises MediaError.
    """
    answer = await _child("playable", "make_playable", cpu_s=_PAID_CPU_S, path=path, into=into, max_bytes=max_bytes)
    how: Literal["copied", "remuxed", "transcoded"] = answer["how"]
    return how


async def prepare_video(
    path: Path, into: Path, *, limits: SourceLimits, max_bytes: int
) -> tuple[Probe, tuple[Adjustment, ...]]:
    """The video as an upright mp4 without metadata that a model takes: cut, scaled or converted where it must be, and
    that is told. Raises MediaError.
    """
    most = min(limits.max_bytes or max_bytes, max_bytes)
    given = {**asdict(limits), "max_bytes": most}
    answer = await _child("sources", "prepare", cpu_s=_SOURCE_CPU_S, path=path, into=into, limits=given)
    return _probe(answer["probe"]), _adjustments(answer)


async def normalise_photo(
    path: Path, into: Path, *, limits: SourceLimits | None = None, max_bytes: int = 10_000_000
) -> Photo:
    """An upright baseline JPEG without metadata, within what the model takes. Raises MediaError."""
    return await _photo("normalise", path, into, limits, max_bytes)


async def to_widescreen(
    path: Path, into: Path, *, limits: SourceLimits | None = None, max_bytes: int = 10_000_000
) -> Photo:
    """The photo as 16:9: the remedy when a model fails on an odd reference. Raises MediaError."""
    return await _photo("widen", path, into, limits, max_bytes)


async def _photo(call: str, path: Path, into: Path, limits: SourceLimits | None, max_bytes: int) -> Photo:
    limits = limits or SourceLimits()
    answer = await _child(
        "photos",
        call,
        path=path,
        into=into,
        min_side=limits.min_side,
        max_ratio=limits.max_ratio,
        max_bytes=max_bytes,
    )
    return Photo(answer["width"], answer["height"], into.stat().st_size, _adjustments(answer))


def _adjustments(answer: dict[str, Any]) -> tuple[Adjustment, ...]:
    return tuple(Adjustment(*each) for each in answer["adjustments"])


def _probe(answer: dict[str, Any]) -> Probe:
    return Probe(**{**answer, "problems": tuple(answer["problems"])})


async def _child(module: str, call: str, *, cpu_s: int = _CPU_S, **arguments: Any) -> dict[str, Any]:
    """Run one call in a child of its own. Raises MediaError; cancelling kills the child."""
    given = {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in arguments.items()}
    job = json.dumps({"module": module, "call": call, "cpu_s": cpu_s, "with": given})
    answer = await _runner.get()(_WORKER, job, wall_s=max(_WALL_S, cpu_s * _WALL_PER_CPU), long=cpu_s > _CPU_S)
    if "refused" in answer:
        raise MediaError(answer["refused"], **answer["facts"])
    result: dict[str, Any] = answer["ok"]
    return result


async def run_child(script: Path, job: str, *, wall_s: float = _WALL_S, long: bool = False) -> dict[str, Any]:
    """Run a script of ours with no environment, in a folder of its own, killed when late or cancelled. The clock
    starts when it has its place. Raises MediaError.
    """
    async with _places().turn(_owner.get(), long=long):
        with tempfile.TemporaryDirectory(prefix="reelbot-media-") as folder:
            return await _run(script, job, folder, wall_s)


async def _run(script: Path, job: str, folder: str, wall_s: float) -> dict[str, Any]:
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
    )
    output = None
    try:
        async with asyncio.timeout(wall_s):
            output = await _answer(process)
    except TimeoutError:
        raise MediaError("unreadable_media", reason="timeout") from None
    finally:
        if output is None:
            await _kill(process)
    try:
        answer: dict[str, Any] = json.loads(output or b"")
    except ValueError:
        raise MediaError("unreadable_media", reason="crashed") from None
    return answer


async def _answer(process: asyncio.subprocess.Process) -> bytes | None:
    """What the child prints; None when that is too much: one that a file has taken over could go on for ever."""
    if process.stdout is None:
        return None
    output = b""
    while len(output) <= _ANSWER_BYTES and (chunk := await process.stdout.read(_ANSWER_BYTES)):
        output += chunk
    if len(output) > _ANSWER_BYTES:
        return None
    await process.wait()
    return output


async def _kill(process: asyncio.subprocess.Process) -> None:
    """The child with all it may have started, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


_runner: ContextVar[Callable[..., Awaitable[dict[str, Any]]]] = ContextVar("reelbot_media_runner", default=run_child)


@contextlib.contextmanager
def looked_at_by(runner: Callable[..., Awaitable[dict[str, Any]]]) -> Iterator[None]:
    """Who answers in here in the place of child processes, and of tasks that begin in here. Called as `run_child`."""
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)


_owner: ContextVar[str] = ContextVar("reelbot_media_owner", default="")


@contextlib.contextmanager
def on_behalf_of(owner: str) -> Iterator[None]:
    """Whose file is worked on in here: children take turns among owners."""
    token = _owner.set(owner)
    try:
        yield
    finally:
        _owner.reset(token)


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, FairSemaphore] = WeakKeyDictionary()


def _places() -> FairSemaphore:
    """One set of places per event loop: its futures belong to the loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), FairSemaphore(_AT_ONCE))
