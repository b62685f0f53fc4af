"""The second part of `make bench`: what jobs that only wait cost one bot, with webhooks on, in memory and processor."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.job_orders import new_job_id
from bot.store.records import State
from bot.store.tables import jobs, submits
from bot.store.work import LOOK_AFTER_MS
from tests.benchmarks.stage import KEY, Stage, cpu_s, memory_kb

_AT_ONCE = 50  # messages that are asked for before the ones before them render
_SLOW = "--model seedance-2.0-standard"  # three minutes as a rule: none of them is overdue while it is measured
_SETTLE_S = 20.0
_MEASURE_S = 30.0
_POSTS_AT_ONCE = 8
_LONG_AGO_MS = 2 * 3600 * 1000  # their status messages are not all edited once more after the start


@dataclass(frozen=True, slots=True)
class Crowd:
    """`waiting` jobs in one bot. `ready_s`: from its start to `/readyz`, where they were in flight at its start."""

    waiting: int
    memory_kb: int
    cpu_share: float
    ready_s: float | None = None


def crowd(sizes: tuple[int, ...], *, restarted: tuple[int, ...], database_url: str) -> list[Crowd]:
    """One bot, idle and with more and more jobs that fal never finishes, each from a person of its own.

    `restarted`: sizes that are measured after a restart; those jobs are written into the tables.
    """
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        stage = Stage(Path(name), sandbox=("--fast",), database_url=database_url)
        try:
            pid, _ = _started(stage)
            _hear_webhooks(stage)
            found = [_measured(stage, pid, 0), *(_asked_and_measured(stage, pid, size) for size in sizes)]
            for size in restarted:
                stage.end_bot()
                _write_jobs(stage, size)
                pid, ready_s = _started(stage)
                found.append(_measured(stage, pid, size, ready_s=ready_s))
            return found
        finally:
            stage.close()


def _started(stage: Stage) -> tuple[int, float]:
    began, many = time.monotonic(), "100000"
    pid = stage.start_bot(
        REELBOT_JOBS=many, REELBOT_USER_JOBS=many, REELBOT_PUBLIC_URL=f"http://127.0.0.1:{stage.port}"
    )
    return pid, time.monotonic() - began


def _hear_webhooks(stage: Stage) -> None:
    """Films that end: the bot learns that webhooks reach it."""
    stage.telegram("says", chat=9_000, text="/video a film that ends")
    query = sa.select(sa.func.count()).where(jobs.c.state == State.DELIVERED)
    stage.until(lambda: _count(stage, query) == 1, 120)


def _asked_and_measured(stage: Stage, pid: int, size: int) -> Crowd:
    query = sa.select(sa.func.count()).where(jobs.c.state == State.RENDERING, jobs.c.status_shown.is_not(None))
    asked = _count(stage, query)
    while asked < size:
        for _ in range(min(_AT_ONCE, size - asked)):
            stage.telegram("says", chat=10_000 + asked, text=f"/video {_SLOW} sandbox:stuck film {asked}")
            asked += 1
        stage.until(lambda: _count(stage, query) >= asked, 300)  # noqa: B023 - waited for before it changes
    return _measured(stage, pid, size)


def _measured(stage: Stage, pid: int, size: int, *, ready_s: float | None = None) -> Crowd:
    time.sleep(_SETTLE_S)
    before = sum(cpu_s(pid))
    time.sleep(_MEASURE_S)
    return Crowd(size, memory_kb(pid), (sum(cpu_s(pid)) - before) / _MEASURE_S, ready_s)


def _write_jobs(stage: Stage, size: int) -> None:
    """More rows like the one that renders, each with a request of its own at fal."""
    rendering = jobs.c.state == State.RENDERING
    job = stage.read(sa.select(jobs).where(rendering).limit(1))[0]._asdict()
    claim = stage.read(sa.select(submits).where(submits.c.job_id == job["id"]))[0]._asdict()
    missing = size - _count(stage, sa.select(sa.func.count()).where(rendering))
    if missing <= 0:
        return
    handles = asyncio.run(_ordered(stage, claim["handle"]["endpoint"], claim["body"], missing))
    rows = list(_copies(job, claim, handles))
    stage.write(sa.insert(jobs), [row for row, _ in rows])
    stage.write(sa.insert(submits), [row for _, row in rows])


async def _ordered(stage: Stage, endpoint: str, body: str, count: int) -> list[dict[str, Any]]:
    """Post it as often as that. Returns fal's answers."""
    url = f"{stage.fal_url}/{endpoint}"
    headers = {"Authorization": f"Key {KEY}", "Content-Type": "application/json"}
    numbers, answers = iter(range(count)), list[dict[str, Any]]()
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as http:

        async def post_some() -> None:
            for _ in numbers:
                answers.append((await http.post(url, content=body)).raise_for_status().json())

        await asyncio.gather(*(post_some() for _ in range(_POSTS_AT_ONCE)))
    return answers


def _copies(
    job: dict[str, Any], claim: dict[str, Any], answers: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    at = now_ms()
    for number, answer in enumerate(answers):
        chat, job_id = str(500_000 + number), new_job_id()
        address = job["incoming"]["address"] | {"chat_id": chat}
        shown = job["status_shown"].replace(job["id"], job_id)
        person = {"user": f"telegram:{chat}", "incoming": job["incoming"] | {"address": address, "user_id": chat}}
        handle = claim["handle"] | {name: answer[name] for name in claim["handle"] if name in answer}
        times = {"created": at, "changed": at - _LONG_AGO_MS, "rendering_since": at, "due": at + LOOK_AFTER_MS}
        yield (
            job | person | times | {"id": job_id, "origin": f"bench:{job_id}", "owner": None, "status_shown": shown},
            claim | {"job_id": job_id, "handle": handle, "request_id": answer["request_id"]},
        )


def _count(stage: Stage, query: sa.Select[int]) -> int:
    return int(stage.read(query)[0][0])
