"""Photos and videos, looked at and remade in child processes: a hostile file can cost one child, never the bot.

At most one child per core (two at most), niced, with limits on memory, time and files, an empty environment and a
folder of its own; killed with its task. A server that has the decoders loaded forks them (core/media/fork_server.py).
The turn goes round among people (`on_behalf_of`). This module never touches a foreign byte beyond the first few.
"""

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from core.errors import MediaError
from core.file_types import HEAD_BYTES, mime_of, other_type
from core.media import cold_child
from core.media.fair_semaphore import FairSemaphore
from core.media.fork_server import POSSIBLE, ForkServer, ServerLost
from core.types import Adjustment, Kind, SourceLimits

log = logging.getLogger(__name__)

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
    size: int
    problems: tuple[str, ...]

    @property
    def playable(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of a finished video told. `copy`: of the remuxed copy, if one was made."""

    probe: Probe
    copy: Probe | None


@dataclass(frozen=True, slots=True)
class PlayableCopy:
    """A copy that plays natively everywhere, and how it was made."""

    how: Literal["copied", "remuxed", "transcoded"]
    probe: Probe


@dataclass(frozen=True, slots=True)
class Photo:
    """Facts of a photo that was written anew. `adjustments`: what the model's limits changed about it."""

    width: int
    height: int
    size: int
    adjustments: tuple[Adjustment, ...] = ()


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
    return _probe(await _child("probe", "probe", path=path))


async def verify(path: Path) -> Probe:
    """Decode it whole. Raises MediaError ("video_broken") for a file with a hole, a cut or a flipped bit that shows."""
    return _probe(await _child("probe", "verify", path=path))


async def check(path: Path, *, thumbnail: Path, into: Path, max_bytes: int, lenient: bool = False) -> Check:
    """Decode a finished video whole, once, and make what its delivery needs: the thumbnail, and at `into` a remuxed
    copy where nothing but its container or sound keeps it from playing natively in at most `max_bytes`. A damaged one
    is refused with MediaError ("video_broken"); with `lenient` it is not decoded whole, and need only open.
    """
    answer = await _child(
        "playable", "check", path=path, thumbnail=thumbnail, into=into, max_bytes=max_bytes, lenient=lenient
    )
    copy = answer["copy"]
    return Check(_probe(answer["probe"]), _probe(copy) if copy else None)


async def make_playable(path: Path, into: Path, *, max_bytes: int) -> PlayableCopy:
    """A file that every chat plays natively, with a sound track, in at most `max_bytes`; what was changed is decoded
    whole afterwards. Raises MediaError.
    """
    answer = await _child("playable", "make_playable", cpu_s=_PAID_CPU_S, path=path, into=into, max_bytes=max_bytes)
    return PlayableCopy(answer["how"], _probe(answer["probe"]))


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
    """Run a script of ours in a Python of its own, with no environment, in a folder of its own, killed when late or
    cancelled. The clock starts when it has its place. Raises MediaError.
    """
    async with _places().turn(_owner.get(), long=long):
        return await _cold(script, job, wall_s)


async def _cold(script: Path, job: str, wall_s: float) -> dict[str, Any]:
    with _folder() as folder:
        return await _bounded(cold_child.run(script, job, folder, most_bytes=_ANSWER_BYTES), wall_s)


async def fork_child(script: Path, job: str, *, wall_s: float = _WALL_S, long: bool = False) -> dict[str, Any]:
    """The same for a job of core/media/worker, in a child forked by the server that has it loaded.

    When the server is lost meanwhile, the file gets one more look in a child with a Python of its own: it need not be
    at fault, and if it is, it can do nothing there to another's job.
    """
    async with _places().turn(_owner.get(), long=long):
        with suppress(ServerLost), _folder() as folder:
            return await _bounded(_server(script).run(job, folder, most_bytes=_ANSWER_BYTES), wall_s)
        log.warning("a fork server was lost: its file is looked at once more")
        return await _cold(script, job, wall_s)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="reelbot-media-")


async def _bounded(run: Awaitable[bytes | None], wall_s: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout(wall_s):
            output = await run
    except TimeoutError:
        raise MediaError("unreadable_media", reason="timeout") from None
    try:
        answer: dict[str, Any] = json.loads(output or b"")
    except ValueError:
        raise MediaError("unreadable_media", reason="crashed") from None
    return answer


Runner = Callable[..., Awaitable[dict[str, Any]]]
_runner: ContextVar[Runner] = ContextVar("reelbot_media_runner", default=fork_child if POSSIBLE else run_child)


@contextmanager
def looked_at_by(runner: Runner) -> Iterator[None]:
    """Who answers in here, and in tasks that begin in here, in the place of forked children: `run_child`, or one that
    is called like it.
    """
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)


_owner: ContextVar[str] = ContextVar("reelbot_media_owner", default="")


@contextmanager
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


_servers: WeakKeyDictionary[asyncio.AbstractEventLoop, ForkServer] = WeakKeyDictionary()


def _server(script: Path) -> ForkServer:
    """One server per event loop."""
    return _servers.setdefault(asyncio.get_running_loop(), ForkServer(script))
