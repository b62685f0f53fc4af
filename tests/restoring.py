"""A bot that is served, backed up by the real command, put back, and served again: with one fal and one Telegram."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.http.server import bind
from bot.parts import Timing
from bot.settings import Settings
from bot.store import Store
from bot.store.records import Job, State
from core.sandbox import Sandbox, create_app
from tests.bench import KEY, ImpatientSettings
from tests.desk import Said, reelbot
from tests.fakes.botapi import TOKEN, TelegramFake
from tests.films import STUDIO
from tests.postgres import Cluster, client_programs
from tests.quick_worker import TIMING
from tests.serving import served

PROGRAM = Path(__file__).parents[1]
_ROOMY = 2**40


@dataclass
class Stage:
    """What outlives a bot. `room`: the free bytes of its disk; with none nothing is begun.

    A database that is put back names workers that are gone: short terms, so that theirs end in seconds.
    """

    folder: Path
    fal: Sandbox
    fal_url: str
    telegram: TelegramFake
    telegram_url: str
    url: str
    cluster: Cluster | None
    room: int = _ROOMY
    timing: Timing = replace(TIMING, resolve_looks_s=(0.1, 0.1, 0.1))  # noqa: RUF009 - frozen

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def copied(self) -> str:
        """The database's file in a backup."""
        return "reelbot.db" if self.cluster is None else "reelbot.sql"

    def settings(self, **more: Any) -> Settings:
        database = {} if self.cluster is None else {"database_url": self.url}
        given = {"fal_key": KEY, "fal_queue_url": self.fal_url, "output_dir": self.out, "access": "telegram:42"}
        return ImpatientSettings.offline(**(given | {"admins": "telegram:99", "user_jobs": 20} | database | more))

    @asynccontextmanager
    async def bot(self, **more: Any) -> AsyncIterator[App]:
        """One life of the bot."""
        listener = bind("127.0.0.1", 0)
        settings = self.settings(port=listener.getsockname()[1], **more)
        app = await App.build(settings, room=lambda _folder: self.room, timing=self.timing)
        try:
            await app.start(listener)
            yield app
        finally:
            await app.stop()
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())  # the engine's has ended with it

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The tables, without a bot."""
        store = await Store.open(self.settings().store_url)
        try:
            yield store
        finally:
            store.close()

    async def command(self, *arguments: str, **env: str) -> Said:
        """Run `reelbot` in a process of its own, beside whatever runs."""
        given = {
            "PATH": f"{client_programs()}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROGRAM),
            "HOME": str(self.folder),
            "FAL_KEY": KEY,
            "FAL_QUEUE_URL": self.fal_url,
            "REELBOT_OUTPUT_DIR": str(self.out),
        }
        if self.cluster is not None:
            given["REELBOT_DATABASE_URL"] = self.url
        return await asyncio.to_thread(reelbot, *arguments, folder=self.folder, env=given | env)

    async def backup(self, name: str = "copy") -> Path:
        done = await self.command("backup", str(self.folder / name))
        assert done.code == 0, done.err
        return self.folder / name

    def put_back(self, copy: Path) -> None:
        """As the README says: the database of the copy in the place of the old one; the folder stays."""
        if self.cluster is not None:
            self.url = self.cluster.restore(copy / self.copied)
            return
        for path in self.out.glob("reelbot.db*"):
            path.unlink()
        shutil.copy(copy / self.copied, self.out / "reelbot.db")

    def buys(self) -> int:
        known = (call["path"] for call in self.fal.log if call["method"] == "POST")
        return sum("/requests/" not in path and "storage" not in path for path in known)

    def has_said(self, words: str, *, chat: int = 42) -> int:
        return sum(words in text for text in self.telegram.texts(chat))

    async def until(self, true: Callable[[], Any], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.02)


async def job_in(store: Store, prompt: str, *states: State) -> Job:
    """The job with this prompt, once it is in one of these states."""
    found: list[Job] = []
    try:
        async with asyncio.timeout(30):
            while True:
                found = [job for job in await store.jobs.find() if job.request.prompt == prompt]
                if found and found[0].state in states:
                    return found[0]
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError([(job.state, job.error, job.odd) for job in found]) from None


Story = Callable[[Stage], Awaitable[None]]
OnStage = Callable[[Story], None]


@pytest.fixture
def on_stage(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> OnStage:
    """Run a story on a stage; on each database."""
    cluster = None if database_url.startswith("sqlite") else request.getfixturevalue("postgres")

    def run(story: Story) -> None:
        async def whole() -> None:
            telegram = TelegramFake(state=tmp_path / "telegram")
            sandbox = create_app(folder=tmp_path / "sandbox", key=KEY, studio=STUDIO)
            async with AsyncExitStack() as stack:
                fal_url = await stack.enter_async_context(served(sandbox))
                telegram_url = await stack.enter_async_context(served(telegram))
                monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
                monkeypatch.setenv("TELEGRAM_API_URL", telegram_url)
                fal = sandbox.state.sandbox
                await story(Stage(tmp_path, fal, fal_url, telegram, telegram_url, database_url, cluster))

        asyncio.run(whole())

    return run
