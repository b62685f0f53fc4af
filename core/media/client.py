"""Probes, checks and re-encodes photos and videos in child processes: a hostile file can cost one child, never the bot.

At most one child per core (two at most), niced, confined (core/media/worker/confinement.py), with limits on memory,
time and files, an empty environment and a folder of its own; killed with its task. A server that has the decoders
loaded forks them (core/media/fork_client.py). Children take turns among people (`on_behalf_of`). This module reads no
more than the first few bytes of a foreign file.
"""

import asyncio
import json
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from core.errors import MediaError, arguments
from core.io.file_types import HEAD_BYTES, mime_of, other_type
from core.media import cold_child
from core.media.fair_semaphore import FairSemaphore
from core.media.fork_client import POSSIBLE, ForkClient, ServerLost, Spare
from core.media.preparation_budget import PreparationBudget
from core.types import Adjustment, Kind, SourceLimits

log = logging.getLogger(__name__)

_WORKER = Path(__file__).parent / "worker" / "__main__.py"
_AT_ONCE = min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
_WALL_S = 180.0
_CPU_S = 120
_PROBE_CPU_S = 20  # an index, however long, and one picture
_SOURCE_CPU_S = 300  # a phone's minute in 4K, brought down
PAID_CPU_S = 900  # what was paid for is made to fit, however long it takes
_WALL_PER_CPU = 2.0
_ANSWER_BYTES = 1_000_000
_MOST_FILES, _MOST_FILE_BYTES = 100, 1_000_000_000  # of a child, in its own folder
_LOOK_S = 0.25
_WRITTEN = ("into", "thumbnail")
"""Arguments of a job that name the files that its child writes (core/media/worker/child.py)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of a video. `width` x `height` in displayed pixels, `duration_s` in seconds, `size` in bytes.

    `problems` name what keeps it from playing natively everywhere. `labelled`: the file says that AI has made it;
    `signed`: by C2PA, whoever signed it.
    """

    width: int
    height: int
    duration_s: float
    size: int
    problems: tuple[str, ...]
    labelled: bool = False
    signed: bool = False

    @property
    def playable(self) -> bool:
        """Return whether the video plays natively everywhere."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Check:
    """The result of checking a finished video. `copy`: the facts of its remuxed copy, if one was made."""

    probe: Probe
    copy: Probe | None


@dataclass(frozen=True, slots=True)
class PlayableCopy:
    """A copy that plays natively everywhere, and how it was made: "copied", "remuxed" or "transcoded"."""

    how: Literal["copied", "remuxed", "transcoded"]
    probe: Probe


@dataclass(frozen=True, slots=True)
class Photo:
    """The facts of a photo that was re-encoded. `adjustments`: what the model's limits changed about it."""

    width: int
    height: int
    size: int
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """The facts of a sound: measured seconds, bytes. `adjustments`: what the model's limits changed about it."""

    duration_s: float
    size: int
    adjustments: tuple[Adjustment, ...] = ()


def sniff_mime(path: Path) -> str:
    """Detect the type by the first bytes; the name is not used. Raises MediaError ("unsupported_media")."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    mime = mime_of(head)
    if mime is None:
        raise MediaError("unsupported_media", what=other_type(head))
    return mime


def sniff_kind(path: Path) -> Kind:
    """Detect whether it is a photo, a video or a sound, by content. Raises MediaError ("unsupported_media")."""
    return Kind(sniff_mime(path).partition("/")[0])


async def probe(path: Path) -> Probe:
    """Read the facts of a video file without decoding it whole. Raises MediaError, and BadReference for no file."""
    arguments.path("path", path)
    arguments.file(path)
    return probe_of(await in_child("probe", "probe", cpu_s=_PROBE_CPU_S, path=path))


async def verify(path: Path) -> Probe:
    """Decode the video whole. Raises MediaError ("video_broken") for a hole, a cut or a flipped bit that shows."""
    return probe_of(await in_child("probe", "verify", path=path))


async def still(path: Path, into: Path) -> None:
    """Write the film's thumbnail, 320 pixels at most, as a PNG. Raises MediaError."""
    await in_child("probe", "still", path=path, into=into)


async def check(
    path: Path,
    *,
    thumbnail: Path,
    into: Path,
    max_bytes: int,
    lenient: bool = False,
    record: str | None = None,
    mark: bool = False,
) -> Check:
    """Decode a finished video whole, once, and make its thumbnail and, where it helps, a remuxed copy.

    The copy is written to `into` where nothing but its container or sound keeps the video from playing natively in at
    most `max_bytes`. A damaged one is refused with MediaError ("video_broken"); with `lenient` it is not decoded whole,
    and need only open. `record`, `mark`: as `make_playable` has them.
    """
    answer = await in_child(
        "playable",
        "check",
        path=path,
        thumbnail=thumbnail,
        into=into,
        max_bytes=max_bytes,
        lenient=lenient,
        record=record,
        mark=mark,
    )
    copy = answer["copy"]
    return Check(probe_of(answer["probe"]), probe_of(copy) if copy else None)


async def make_playable(
    path: Path, into: Path, *, max_bytes: int, record: str | None = None, mark: bool = False
) -> PlayableCopy:
    """Write a file that every chat plays natively, with a sound track, in at most `max_bytes`. Raises MediaError.

    `record`: what the file says of who made it (core/media/ai_label.py). `mark`: that is seen in its first seconds,
    too. What was changed is decoded whole afterwards.
    """
    answer = await in_child(
        "playable",
        "make_playable",
        cpu_s=PAID_CPU_S,
        path=path,
        into=into,
        max_bytes=max_bytes,
        record=record,
        mark=mark,
    )
    return PlayableCopy(answer["how"], probe_of(answer["probe"]))


async def prepare_video(
    path: Path, into: Path, *, limits: SourceLimits, max_bytes: int
) -> tuple[Probe, tuple[Adjustment, ...]]:
    """Write the video as an upright mp4 without metadata, within what a model takes. Raises MediaError.

    It is cut, scaled or converted where it must be; the adjustments name that.
    """
    most = min(limits.max_bytes or max_bytes, max_bytes)
    arguments = {**asdict(limits), "max_bytes": most}
    answer = await in_child("sources", "prepare", cpu_s=_SOURCE_CPU_S, path=path, into=into, limits=arguments)
    return probe_of(answer["probe"]), _adjustments(answer)


async def prepare_sound(path: Path, into: Path, *, limits: SourceLimits) -> Sound:
    """Write the sound as a WAV file of plain samples, cut to what a model takes. Raises MediaError."""
    bounds = {"min_s": limits.min_s, "max_s": limits.max_s}
    answer = await in_child("sounds", "prepare", path=path, into=into, limits=bounds)
    return _sound_of(answer, _adjustments(answer))


async def measure_sound(path: Path) -> Sound:
    """Measure a sound, up to five minutes of it, by decoding it. Raises MediaError."""
    return _sound_of(await in_child("sounds", "measure", cpu_s=_PROBE_CPU_S, path=path))


def _sound_of(answer: dict[str, Any], adjustments: tuple[Adjustment, ...] = ()) -> Sound:
    try:
        return Sound(float(answer["duration_s"]), int(answer["size"]), adjustments)
    except (TypeError, KeyError, ValueError):
        raise MediaError("unreadable_media", reason="crashed") from None


async def attempt_doors(outside: Path) -> dict[str, str]:
    """Let a child try what a hostile file would, and return what it could do, by door; nothing: shut.

    Raises MediaError.
    """
    return await in_child("doors", "attempt", outside=outside)


async def normalise_photo(
    path: Path, into: Path, *, limits: SourceLimits | None = None, max_bytes: int = 10_000_000
) -> Photo:
    """Write an upright baseline JPEG without metadata, within what the model takes. Raises MediaError."""
    return await _photo("normalise", path, into, limits, max_bytes)


async def to_widescreen(
    path: Path, into: Path, *, limits: SourceLimits | None = None, max_bytes: int = 10_000_000
) -> Photo:
    """Write the photo as 16:9, the fallback when a model fails on an odd reference. Raises MediaError."""
    return await _photo("widen", path, into, limits, max_bytes)


async def _photo(call: str, path: Path, into: Path, limits: SourceLimits | None, max_bytes: int) -> Photo:
    limits = limits or SourceLimits()
    answer = await in_child(
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


def probe_of(answer: dict[str, Any]) -> Probe:
    """Read a probe out of a child's answer."""
    try:
        return Probe(**{**answer, "problems": tuple(answer["problems"])})
    except (TypeError, KeyError):
        raise MediaError("unreadable_media", reason="crashed") from None


async def in_child(module: str, call: str, *, cpu_s: int = _CPU_S, **arguments: Any) -> dict[str, Any]:
    """Run one call in a child of its own. Raises MediaError; cancelling kills the child."""
    by_name = {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in arguments.items()}
    job = json.dumps({"module": module, "call": call, "cpu_s": cpu_s, "with": by_name})
    whole = False
    try:
        answer = await _runner.get()(_WORKER, job, wall_s=max(_WALL_S, cpu_s * _WALL_PER_CPU), long=cpu_s > _CPU_S)
        if "refused" in answer:
            raise MediaError(answer["refused"], **answer["facts"])
        if not isinstance(answer.get("ok"), dict):
            raise MediaError("unreadable_media", reason="crashed")
        result: dict[str, Any] = answer["ok"]
        whole = True
    finally:
        _tidy([arguments[name] for name in _WRITTEN if name in arguments], whole=whole)
    return result


def _tidy(written: list[Path], *, whole: bool) -> None:
    """Remove what a child made and left empty, and half a file, which is no file: it may not remove one itself."""
    for path in written:
        with suppress(OSError):
            if not whole or not path.stat().st_size:
                path.unlink()


async def run_child(script: Path, job: str, *, wall_s: float = _WALL_S, long: bool = False) -> dict[str, Any]:
    """Run a script of ours in a Python of its own, with no environment, in a folder of its own. Raises MediaError.

    It is killed when late or cancelled; the clock starts when it has its turn.
    """
    async with _turn(long=long):
        return await _cold(script, job, wall_s)


async def _cold(script: Path, job: str, wall_s: float) -> dict[str, Any]:
    with _folder() as folder:
        return await _bounded(cold_child.run(script, job, folder, most_bytes=_ANSWER_BYTES), wall_s, folder)


async def fork_child(script: Path, job: str, *, wall_s: float = _WALL_S, long: bool = False) -> dict[str, Any]:
    """Run a job of core/media/worker in a child forked by the server that has it loaded. Raises MediaError.

    When the server is lost meanwhile, the file gets one more try in a child with a Python of its own: it need not be at
    fault, and if it is, it can do nothing there to another's job.
    """
    async with _turn(long=long):
        with suppress(ServerLost), _folder() as folder:
            return await _bounded(_server(script).run(job, folder, most_bytes=_ANSWER_BYTES), wall_s, folder)
        log.warning("a fork server was lost: its file is looked at once more")
        return await _cold(script, job, wall_s)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="reelbot-media-")


async def _bounded(run: Awaitable[bytes | None], wall_s: float, folder: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(wall_s) as limit:
            watching = asyncio.create_task(_end_when_full(folder, limit))
            try:
                output = await run
            finally:
                watching.cancel()
    except TimeoutError:
        raise MediaError("unreadable_media", reason="disk" if _is_full(folder) else "timeout") from None
    answer = _answer(output or b"")
    if answer is None:
        raise MediaError("unreadable_media", reason="crashed")
    return answer


def _answer(output: bytes) -> dict[str, Any] | None:
    """Read a child's answer; None for what none of ours says: a file may speak for the child that it took over."""
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    if "refused" in answer:
        is_ours = isinstance(answer["refused"], str) and isinstance(answer.get("facts"), dict)
        return answer if is_ours and "code" not in answer["facts"] else None
    return answer


async def _end_when_full(folder: str, limit: asyncio.Timeout) -> None:
    """End a child that writes without end: the limit of its files is one for each, and it may make many."""
    while not await asyncio.to_thread(_is_full, folder):  # noqa: ASYNC110 - nobody tells of files
        await asyncio.sleep(_LOOK_S)
    with suppress(RuntimeError):  # its time is over anyway
        limit.reschedule(asyncio.get_running_loop().time())


def _is_full(folder: str) -> bool:
    size = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            size += entry.stat(follow_symlinks=False).st_size
            if number >= _MOST_FILES or size > _MOST_FILE_BYTES:
                return True
    return False


Runner = Callable[..., Awaitable[dict[str, Any]]]
_runner: ContextVar[Runner] = ContextVar("reelbot_media_runner", default=fork_child if POSSIBLE else run_child)


@contextmanager
def with_runner(runner: Runner) -> Iterator[None]:
    """Replace the runner of forked children in this context and in tasks that begin in it.

    `runner` is `run_child`, or one that is called like it.
    """
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)


_owner: ContextVar[str] = ContextVar("reelbot_media_owner", default="")


_unpaid: ContextVar[bool] = ContextVar("reelbot_media_unpaid", default=False)


@contextmanager
def on_behalf_of(owner: str, *, unpaid: bool = False) -> Iterator[None]:
    """Set whose file is worked on in this context: children take turns among owners.

    `unpaid`: nothing has been bought, so the work counts for the owner's budget, and is refused when that is spent.
    """
    tokens = _owner.set(owner), _unpaid.set(unpaid)
    try:
        yield
    finally:
        _owner.reset(tokens[0])
        _unpaid.reset(tokens[1])


@asynccontextmanager
async def _turn(*, long: bool) -> AsyncIterator[None]:
    """Hold a place for a child. The budget is looked at when the turn comes: until then others of its owner may run.

    Raises MediaError ("preparation_budget").
    """
    owner = _owner.get()
    async with _places().turn(owner, long=long):
        if not _unpaid.get():
            yield
            return
        budget = _budgets.setdefault(asyncio.get_running_loop(), PreparationBudget())
        budget.check(owner)
        begun = time.monotonic()
        try:
            yield
        finally:
            budget.spend(owner, time.monotonic() - begun)


@contextmanager
def with_budget(budget: PreparationBudget) -> Iterator[None]:
    """Replace the budgets of unpaid work in this event loop."""
    loop = asyncio.get_running_loop()
    before = _budgets.get(loop, PreparationBudget())
    _budgets[loop] = budget
    try:
        yield
    finally:
        _budgets[loop] = before


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, FairSemaphore] = WeakKeyDictionary()


_budgets: WeakKeyDictionary[asyncio.AbstractEventLoop, PreparationBudget] = WeakKeyDictionary()


def _places() -> FairSemaphore:
    """Return the event loop's semaphore: its futures belong to the loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), FairSemaphore(_AT_ONCE))


_servers: WeakKeyDictionary[asyncio.AbstractEventLoop, ForkClient] = WeakKeyDictionary()


between_loops: ContextVar[Spare | None] = ContextVar("between_loops", default=None)
"""Where a server at rest waits for the next loop, in a process that runs many short ones; None: each has its own."""


def _server(script: Path) -> ForkClient:
    """Return the event loop's fork server."""
    spare = between_loops.get() if script == _WORKER else None  # one that waits runs that script alone
    return _servers.setdefault(asyncio.get_running_loop(), ForkClient(script, spare=spare))
