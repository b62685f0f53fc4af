"""The start-up part of `make bench`: how long a command takes that does little, and what an idle bot holds in memory.

With `before`, a revision of this project, the same is measured of that revision, by turns in the same run.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.stage import TOP, Stage, tree_kb

COMMANDS = ("--help", "--version", "models")
BASELINE = "import httpx, pydantic_settings"
_BEST_OF = 10
_SETTLE_S = 20.0


@dataclass(frozen=True, slots=True)
class StartUp:
    """Of one revision. `by_baseline`: the wall time of each command by that of the baseline's imports; `idle_kb`: the
    private memory of all processes of `reelbot run` with Telegram on SQLite, while nothing happens.
    """

    name: str
    by_baseline: dict[str, float]
    idle_kb: int


def start_up(before: str | None) -> list[StartUp]:
    with _checkouts(before) as places:
        best = {name: dict.fromkeys(COMMANDS, 99.0) for name in places}
        baseline = 99.0
        for _ in range(_BEST_OF):
            baseline = min(baseline, _seconds("-c", BASELINE, top=TOP))
            for name, top in places.items():
                for command in COMMANDS:
                    best[name][command] = min(best[name][command], _seconds("-m", "bot", command, top=top))
        return [
            StartUp(name, {command: best[name][command] / baseline for command in COMMANDS}, _idle_kb(top))
            for name, top in places.items()
        ]


@contextmanager
def _checkouts(before: str | None) -> Iterator[dict[str, Path]]:
    if before is None:
        yield {"now": TOP}
        return
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        place = Path(name) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", place, before], cwd=TOP, check=True)
        try:
            yield {f"before ({before})": place, "now": TOP}
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=TOP, check=True)


def _seconds(*arguments: str, top: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as folder:
        clean = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": str(top)}
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, env=clean, check=False, capture_output=True)
        return time.perf_counter() - started


def _idle_kb(top: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as folder:
        stage = Stage(Path(folder), sandbox=("--fast",))
        try:
            pid = stage.start_bot(PYTHONPATH=str(top))
            time.sleep(_SETTLE_S)
            return tree_kb(pid)
        finally:
            stage.close()
