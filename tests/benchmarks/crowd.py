"""The second part of `make bench`: what jobs that only wait cost one bot, with webhooks on, in memory and processor."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bot.store.records import State
from bot.store.tables import jobs
from tests.benchmarks.stage import Stage, cpu_s, memory_kb

_AT_ONCE = 50  # messages that are asked for before the ones before them render
_SLOW = "--model seedance-2.0-standard"  # three minutes as a rule: none of them is overdue while it is measured
_SETTLE_S = 20.0
_MEASURE_S = 30.0


@dataclass(frozen=True, slots=True)
class Crowd:
    waiting: int
    memory_kb: int
    cpu_share: float


def crowd(sizes: tuple[int, ...], *, database_url: str) -> list[Crowd]:
    """One bot, and more and more jobs that fal never finishes; each from a person of its own."""
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        stage = Stage(Path(name), sandbox=("--fast",), database_url=database_url)
        try:
            many = str(sizes[-1] + 10)
            pid = stage.start_bot(
                REELBOT_JOBS=many, REELBOT_USER_JOBS=many, REELBOT_PUBLIC_URL=f"http://127.0.0.1:{stage.port}"
            )
            _hear_webhooks(stage)
            return [_measured(stage, pid, size) for size in sizes]
        finally:
            stage.close()


def _hear_webhooks(stage: Stage) -> None:
    """Films that end: the bot learns that webhooks reach it."""
    stage.telegram("says", chat=9_000, text="/video a film that ends")
    query = sa.select(sa.func.count()).where(jobs.c.state == State.DELIVERED)
    stage.until(lambda: _count(stage, query) == 1, 120)


def _measured(stage: Stage, pid: int, size: int) -> Crowd:
    query = sa.select(sa.func.count()).where(jobs.c.state == State.RENDERING, jobs.c.status_shown.is_not(None))
    asked = _count(stage, query)
    while asked < size:
        for _ in range(min(_AT_ONCE, size - asked)):
            stage.telegram("says", chat=10_000 + asked, text=f"/video {_SLOW} sandbox:stuck film {asked}")
            asked += 1
        stage.until(lambda: _count(stage, query) >= asked, 300)  # noqa: B023 - waited for before it changes
    time.sleep(_SETTLE_S)
    before = sum(cpu_s(pid))
    time.sleep(_MEASURE_S)
    return Crowd(size, memory_kb(pid), (sum(cpu_s(pid)) - before) / _MEASURE_S)


def _count(stage: Stage, query: sa.Select[int]) -> int:
    return int(stage.read(query)[0][0])
