"""Several workers and one connection to WeCom; a worker that is killed while it uploads; hours without WeCom."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.channels.types import Address, Message, SendError, SendOutcome, VideoMessage
from bot.channels.wecom.channel import WeCom
from bot.channels.wecom.settings import WeComSettings
from bot.parts import Timing
from bot.store import Store
from bot.store.records import State
from core.sandbox import create_app
from tests.bench import KEY, bench
from tests.channels.connecting import Box, film_bytes, services
from tests.channels.test_wecom_line import never_ours
from tests.fakes.memory import Keys
from tests.fakes.wecom import SECRET, FaultKind, WeComFake
from tests.films import STUDIO
from tests.flows.test_wecom_flow import FOX
from tests.postgres import Cluster
from tests.serving import free_port, served
from tests.store.test_relay import relay

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


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_another_process_sends_through_the_one_with_the_connection_until_that_is_gone(
    postgres: Cluster, tmp_path: Path, how: signal.Signals
) -> None:
    """Killed or frozen while it sends a film for another: nobody knows then, and nothing is carried out twice."""
    to = Address("wecom", FOX)
    film = VideoMessage(tmp_path / "film.mp4", "A fox", 320, 180, 5.2, None, job_id="K3X9Q2A")
    film.path.write_bytes(film_bytes())

    async def story() -> None:
        fake, sandbox, database_url = WeComFake(), create_app(folder=tmp_path / "sandbox", key=KEY), postgres.database()
        fake.world.spoken.add(FOX)
        async with served(fake) as url, served(sandbox) as fal_url, AsyncExitStack() as stack:

            async def live(name: str) -> Worker:
                environment = environment_of(tmp_path, fake, url, fal_url, REELBOT_DATABASE_URL=database_url)
                process = worker(tmp_path, environment, module="tests.quick_worker", name=name)
                return await stack.enter_async_context(process)

            first = await live("first")
            await fake.until(lambda: fake.line, s=60)
            store = await Store.open(database_url)
            stack.callback(store.close)
            ours = services(tmp_path, box=Box(), key_values=Keys())
            ours = replace(ours, key_values=store.key_values, relay=relay(store), run_alone=never_ours)
            given = fake.environment(url)
            settings = WeComSettings.offline(bot_id=given["WECOM_BOT_ID"], secret=SECRET, url=given["WECOM_BOT_URL"])
            channel = WeCom(ours, settings)
            await channel.start()
            stack.push_async_callback(channel.stop)
            await channel.show(to, Message("On it"))
            await channel.send_video(to, film)
            assert (fake.texts(FOX), fake.videos(FOX)) == (["On it"], [film_bytes()])

            fault = fake.fail("aibot_send_msg:video", "swallow", times=9)
            sending = asyncio.create_task(channel.send_video(to, film))
            await fake.until(lambda: fault.times < 9, s=40)
            first.process.send_signal(how)
            with pytest.raises(SendError) as unknown:
                await sending
            assert unknown.value.outcome is SendOutcome.UNCONFIRMED
            with pytest.raises(SendError) as nobody:
                await channel.show(to, Message("to nobody"))
            assert nobody.value.outcome is SendOutcome.NOT_SENT
            fault.times = 0

            await live("second")
            await fake.until(lambda: fake.lines.subscriptions == 2, s=60)
            if how == signal.SIGSTOP:
                first.process.send_signal(signal.SIGCONT)
                await fake.until(lambda: 'lost a role", "role": "wecom"' in first.log.read_text(), s=60)
            await channel.show(to, Message("again"))
            assert fake.texts(FOX) == ["On it", "again"]
            assert len(fake.videos(FOX)) == 1
            assert fake.lines.subscriptions == 2
        assert fake.violations == []

    asyncio.run(story())


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
