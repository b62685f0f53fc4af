"""The part `films` of `make bench`: one finished film of 5 s in 720p from "on disk" to "ready to send", media as it was
before the fork server and as it is, side by side in one run.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import av

from core import media
from core.media.renditions import RenditionCache
from core.sandbox import renderer
from tests.benchmarks.old_media import OldCache
from tests.benchmarks.stage import cpu_s

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
        asyncio.run(media.run_child(renderer.FILM, json.dumps({**_FILM, "into": str(rendered)})))
        _without_sound(rendered, silent)
        tight = int(rendered.stat().st_size * 0.5)
        cases = [("as it is", rendered, TELEGRAM, 1), ("remuxed", silent, TELEGRAM, 1), ("encoded", rendered, tight, 2)]
        return [_film(folder, *case) for case in cases]


def _film(folder: Path, name: str, path: Path, max_bytes: int, most_runs: int) -> Film:
    """By turns, so that whatever else the machine does falls on both; the server's start falls on the new way."""
    old, new = _Laps(media.run_child), _Laps(media.fork_child)

    async def story() -> None:
        for number in range(_ROUNDS):
            await old.lap(OldCache(folder / f"{name} old {number}"), path, max_bytes)
            await new.lap(RenditionCache(folder / f"{name} new {number}"), path, max_bytes)

    asyncio.run(story())
    return Film(name, most_runs, old.medians(), new.medians())


class _Laps:
    def __init__(self, runner: Callable[..., Any]) -> None:
        self._runner = runner
        self._laps: list[Way] = []
        self._runs = 0

    async def lap(self, cache: RenditionCache, path: Path, max_bytes: int) -> None:
        self._runs, cpu_before, began = 0, cpu_s(os.getpid())[1], time.perf_counter()
        with media.with_runner(self._counted):
            await cache.check(path, max_bytes=max_bytes)
            await cache.rendition(path, max_bytes=max_bytes)
        self._laps.append(Way(self._runs, time.perf_counter() - began, cpu_s(os.getpid())[1] - cpu_before))

    async def _counted(self, script: Path, job: str, **limits: Any) -> Any:
        self._runs += 1
        return await self._runner(script, job, **limits)

    def medians(self) -> Way:
        return Way(*(statistics.median(each) for each in zip(*map(astuple, self._laps), strict=True)))


def _without_sound(source: Path, into: Path) -> None:
    with av.open(str(source)) as opened, av.open(str(into), "w", options={"movflags": "+faststart"}) as target:
        out = target.add_stream_from_template(opened.streams.video[0])
        for packet in opened.demux(video=0):
            if packet.size:
                packet.stream = out
                target.mux(packet)
