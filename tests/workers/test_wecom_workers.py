"""Several workers and one connection to WeCom; a worker that is killed while it uploads; hours without WeCom."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.parts import Timing
from bot.store.records import State
from core.sandbox import create_app
from tests.bench import KEY, bench
from tests.fakes.wecom import WeComFake
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


def test_of_two_workers_one_connects_and_the_other_when_that_is_killed(postgres: Cluster, tmp_path: Path) -> None:
    """How one sends through the other: tests/channels/test_wecom_line.py."""

    async def story() -> None:
        fake, sandbox = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
        async with served(fake) as url, served(sandbox) as fal_url, AsyncExitStack() as stack:
            where = {"REELBOT_DATABASE_URL": postgres.database()}
            workers = []
            for name in ("first", "second"):
                environment = environment_of(tmp_path, fake, url, fal_url, **where)
                started = worker(tmp_path, environment, module="tests.quick_worker", name=name)
                workers.append(await stack.enter_async_context(started))
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


@pytest.mark.parametrize("moment", ["aibot_upload_media_chunk", "aibot_upload_media_finish", "aibot_send_msg:video"])
def test_a_worker_that_is_killed_while_it_uploads(tmp_path: Path, moment: str) -> None:
    """The next one goes on with the same upload. Killed at the sending itself, it may have arrived: not sent again."""

    async def story() -> None:
        fake, sandbox = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
        async with served(fake) as url, served(sandbox) as fal_url:
            environment = environment_of(tmp_path, fake, url, fal_url)
            fault = fake.fail(moment, "no_ack", times=99)
            async with worker(tmp_path, environment):
                await fake.until(lambda: fake.line, s=30)
                await fake.says(FOX, "视频 一只狐狸")
                await fake.until(lambda: fault.times < 99, s=60)
            fault.times = 0
            async with worker(tmp_path, environment):
                await fake.until(lambda: fake.videos(FOX), s=60)
                await fake.until(lambda: any("狐狸" in each for each in fake.texts(FOX)) or fake.buttons(FOX), s=60)
            assert len(fake.videos(FOX)) == 1
            assert len(fake.world.uploads) == 1
        assert fake.violations == []

    asyncio.run(story())


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
