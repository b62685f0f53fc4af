"""Several workers and one connection to WeCom; a worker that is killed while it uploads; hours without WeCom."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bot.parts import Timing
from bot.store.records import State
from core.sandbox import create_app
from tests.bench import KEY, bench
from tests.fakes.wecom import FaultKind, WeComFake
from tests.films import STUDIO
from tests.flows.test_wecom_flow import FOX
from tests.postgres import Cluster
from tests.serving import free_port, served

TOP = Path(__file__).parents[2]
TIMING = Timing(gather_s=0.3, term_s=3.0, renew_s=0.3, margin_s=1.0)


@dataclass
class Worker:
    process: asyncio.subprocess.Process
    log: Path

    @property
    def has_connected(self) -> bool:
        return "connected to WeCom" in self.log.read_text()


@asynccontextmanager
async def worker(
    folder: Path, environment: dict[str, str], *, module: str = "bot", name: str = "worker"
) -> AsyncIterator[Worker]:
    """A real `reelbot run`, killed at the end."""
    log = folder / f"{name}.log"
    with log.open("ab") as into:
        command = [sys.executable, "-m", module, "run"]
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stderr=into)
    try:
        yield Worker(process, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def environment_of(folder: Path, fake: WeComFake, url: str, fal_url: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(TOP),
        "FAL_KEY": KEY,
        "FAL_QUEUE_URL": fal_url,
        "REELBOT_OUTPUT_DIR": str(folder / "out"),
        "REELBOT_PORT": str(free_port()),
        "REELBOT_ACCESS": f"wecom:{FOX}",
        **fake.environment(url),
        **more,
    }


@asynccontextmanager
async def two_workers(
    folder: Path, fake: WeComFake, url: str, fal_url: str, database_url: str
) -> AsyncIterator[list[Worker]]:
    more = {
        "REELBOT_DATABASE_URL": database_url,
        "REELBOT_ACCESS": "open",
        "REELBOT_DAILY_USD": "90",
    }
    async with AsyncExitStack() as stack:
        workers = []
        for name in ("first", "second"):
            environment = environment_of(folder, fake, url, fal_url, **more)
            started = worker(folder, environment, module="tests.quick_worker", name=name)
            workers.append(await stack.enter_async_context(started))
        yield workers


async def delivered_by_the_other(fake: WeComFake, workers: list[Worker]) -> tuple[Worker, list[str]]:
    """Have films ordered until the worker without the connection has delivered one, through the one that has it.

    By many people, since each chat has a pace. WeCom is busy at first: so each delivery is due again a moment later,
    for whichever worker looks first. Returns the worker with the connection, and whose films have come.
    """
    people: list[str] = []
    for _ in range(6):
        more = [f"{FOX}.{len(people) + number}" for number in range(6)]
        people += more
        fake.fail("aibot_upload_media_init", "errcode", times=len(more), code=-1)
        await asyncio.gather(*(fake.says(each, "视频 一只狐狸") for each in more))
        await fake.until(partial(have_films, fake, people), s=60)
        holder, other = sorted(workers, key=lambda each: not each.has_connected)
        if '"delivered"' in other.log.read_text():
            assert not other.has_connected
            return holder, people
    raise AssertionError("the other worker has delivered nothing")


def have_films(fake: WeComFake, people: list[str]) -> bool:
    return all(len(fake.videos(each)) == 1 for each in people)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_without_the_connection_sends_through_the_one_that_has_it_until_that_is_gone(
    postgres: Cluster, tmp_path: Path, how: signal.Signals
) -> None:
    """Killed, or frozen in the midst of an upload and woken later: each film comes once, and nobody fights."""

    wolf, lynx = "lang", "she.li"

    async def story() -> None:
        fake, sandbox = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
        async with (
            served(fake) as url,
            served(sandbox) as fal_url,
            two_workers(tmp_path, fake, url, fal_url, postgres.database()) as workers,
        ):
            await fake.until(lambda: fake.line, s=40)
            holder, people = await delivered_by_the_other(fake, workers)
            assert fake.lines.subscriptions == 1
            people += [wolf, lynx]
            fault = fake.fail("aibot_upload_media_chunk", "no_ack", times=99)
            for each in (wolf, lynx):
                await fake.says(each, f"视频 一只动物 {each}")
            await fake.until(lambda: fault.times < 98, s=40)
            holder.process.send_signal(how)
            await fake.until(lambda: fake.lines.subscriptions == 2, s=40)
            fault.times = 0
            await fake.until(lambda: have_films(fake, people), s=60)
            if how == signal.SIGSTOP:
                holder.process.send_signal(signal.SIGCONT)
                await fake.until(lambda: "thrown this one out" in holder.log.read_text(), s=40)
            await fake.says(FOX, "视频 一只鹿")
            await fake.until(lambda: fake.videos(FOX), s=40)
            assert fake.lines.subscriptions == 2
        assert have_films(fake, [*people, FOX])
        assert fake.violations == []

    asyncio.run(story())


def test_of_two_workers_one_connects_and_the_other_when_that_is_killed(postgres: Cluster, tmp_path: Path) -> None:
    """How one sends through the other: tests/channels/test_wecom_line.py."""

    async def story() -> None:
        fake, sandbox = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
        async with (
            served(fake) as url,
            served(sandbox) as fal_url,
            two_workers(tmp_path, fake, url, fal_url, postgres.database()) as workers,
        ):
            await fake.until(lambda: fake.line, s=40)
            await fake.says(FOX, "视频 一只狐狸")
            await fake.until(lambda: fake.videos(FOX), s=40)
            assert fake.lines.subscriptions == 1
            holder = next(each for each in workers if each.has_connected)
            holder.process.kill()
            await fake.until(lambda: fake.lines.subscriptions == 2, s=40)
            await fake.says(FOX, "视频 一只狼")
            await fake.until(lambda: len(fake.videos(FOX)) == 2, s=40)
            assert fake.lines.subscriptions == 2
        assert fake.violations == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("moment", "kind", "films"),
    [
        ("aibot_upload_media_chunk", "no_ack", 1),
        ("aibot_upload_media_finish", "no_ack", 1),
        ("aibot_send_msg:video", "swallow", 1),  # just before WeCom has carried it out
        ("aibot_send_msg:video", "no_ack", 2),  # just after: nobody can know, so it comes once more rather than never
    ],
)
def test_a_worker_that_is_killed_while_it_uploads(tmp_path: Path, moment: str, kind: FaultKind, films: int) -> None:
    """The next one goes on with the same upload; the film is bought once and comes."""

    async def story() -> None:
        fake, sandbox = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
        async with served(fake) as url, served(sandbox) as fal_url:
            environment = environment_of(tmp_path, fake, url, fal_url)
            fault = fake.fail(moment, kind, times=99)
            async with worker(tmp_path, environment):
                await fake.until(lambda: fake.line, s=30)
                await fake.says(FOX, "视频 一只狐狸")
                await fake.until(lambda: fault.times < 99, s=60)
            fault.times = 0
            async with worker(tmp_path, environment):
                await fake.until(lambda: states_in(tmp_path) == ["delivered"], s=60)
                await fake.until(lambda: fake.buttons(FOX), s=60)
            assert len(fake.videos(FOX)) == films
            assert len(fake.world.uploads) == 1
            assert len(sandbox.state.sandbox.memory.requests) == 1
        assert fake.violations == []

    asyncio.run(story())


def states_in(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "out" / "reelbot.db") as database:
        return [state for (state,) in database.execute("select state from reelbot_jobs")]


def test_hours_without_wecom_delay_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        fake = WeComFake()
        async with bench(tmp_path, monkeypatch, wecom=fake, access=f"wecom:{FOX}", timing=TIMING) as made:
            await fake.until(lambda: fake.line)
            await fake.says(FOX, "视频 sandbox:slow-1 一只狐狸")
            await made.settled(State.RENDERING, State.DOWNLOADING, State.READY)
            fake.lines.away = True
            assert fake.line is not None
            fake.line.abort()
            await made.settled(State.UNDELIVERED, State.READY, State.UPLOADING)
            fake.world.ahead_s += 5 * 3600
            fake.lines.away = False
            await made.settled(State.DELIVERED)
            assert len(fake.videos(FOX)) == 1
        assert fake.violations == []

    asyncio.run(story())
