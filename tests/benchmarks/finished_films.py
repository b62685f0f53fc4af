"""The part `films` of `make bench`: one finished film of 5 s in 720p from "on disk" to "ready to send", media as it was
before the fork server and as it is, side by side in one run.
"""

import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from core import media
from core.media.renditions import RenditionCache
from core.sandbox import renderer
from tests.benchmarks.old_media import OldCache

TELEGRAM = 49_000_000
_FILM = {"prompt": "a red fox", "width": 1280, "height": 720, "seconds": 5, "fps": 24, "photo": None, "video": None}
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Way:
    """Medians of one film: child runs, seconds, CPU seconds of children."""

    runs: float
    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Film:
    name: str
    most_runs: int
    old: Way
    new: Way


def measure() -> list[Film]:
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        folder = Path(name)
        rendered, silent = folder / "film.mp4", folder / "silent.mp4"
        asyncio.run(media.run_child(renderer._FILM, json.dumps({**_FILM, "into": str(rendered)})))
        _without_sound(rendered, silent)
        tight = int(rendered.stat().st_size * 0.5)
        cases = [("as it is", rendered, TELEGRAM, 1), ("remuxed", silent, TELEGRAM, 1), ("encoded", rendered, tight, 2)]
        return [_film(folder, *case) for case in cases]


def _film(folder: Path, name: str, path: Path, max_bytes: int, most_runs: int) -> Film:
    def at(way: str) -> Iterable[Path]:
        return (folder / f"{name} {way} {number}" for number in range(_ROUNDS))

    old = _way(path, max_bytes, map(OldCache, at("old")), runner=media.run_child)
    new = _way(path, max_bytes, map(RenditionCache, at("new")), runner=media.fork_child)
    return Film(name, most_runs, old, new)


def _way(path: Path, max_bytes: int, fittings: Iterable[RenditionCache], *, runner: Callable[..., Any]) -> Way:
    calls, walls = 0, []

    async def counted(script: Path, job: str, **limits: Any) -> Any:
        nonlocal calls
        calls += 1
        return await runner(script, job, **limits)

    async def story() -> None:
        with media.looked_at_by(counted):
            for fitting in fittings:
                began = time.perf_counter()
                await fitting.check(path, max_bytes=max_bytes)
                await fitting.rendition(path, max_bytes=max_bytes)
                walls.append(time.perf_counter() - began)

    before = _children_s()
    asyncio.run(story())
    return Way(calls / _ROUNDS, statistics.median(walls), (_children_s() - before) / _ROUNDS)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _without_sound(source: Path, into: Path) -> None:
    with av.open(str(source)) as opened, av.open(str(into), "w", options={"movflags": "+faststart"}) as target:
        out = target.add_stream_from_template(opened.streams.video[0])
        for packet in opened.demux(video=0):
            if packet.size:
                packet.stream = out
                target.mux(packet)
