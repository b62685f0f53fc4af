"""The whole bot on a bench: a real App with the sandbox and the Telegram fake, all over real HTTP on free ports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app import App
from bot.http.server import bind
from bot.jobs.prepare import free_bytes
from bot.parts import Timing
from bot.settings import Settings
from bot.store.database import Connection, now_ms
from bot.store.records import Job, State
from bot.store.tables import jobs
from core.sandbox import Sandbox, create_app
from tests.fakes.botapi import TOKEN, TelegramFake
from tests.fakes.ilink import ILinkFake
from tests.fakes.wechat import WeChatFake
from tests.fakes.wecom import WeComFake
from tests.films import STUDIO
from tests.fresh import fresh_sqlite
from tests.serving import served

KEY = "fal-key-of-the-bench-0123456789"
ADMIN_KEY = "fal-admin-key-of-the-bench-0123456789"


class ImpatientSettings(Settings):
    @property
    def asset_look_gap_s(self) -> float:
        return 0.0


@dataclass
class Bench:
    app: App
    fal: Sandbox
    telegram: TelegramFake
    settings: Settings
    fal_url: str

    def submits(self) -> int:
        known = (call["path"] for call in self.fal.log if call["method"] == "POST")
        return sum("/requests/" not in path and "storage" not in path for path in known)

    def lists(self) -> int:
        """How often fal's list of requests was asked for."""
        return sum(call["path"].endswith("/by-endpoint") for call in self.fal.log)

    def films(self, chat: int = 42) -> list[dict[str, Any]]:
        """Native videos that stand in the chat."""
        return self.telegram.videos(chat)

    def newest(self, chat: int = 42) -> int:
        """The number of the bot's latest message there, also while older ones are taken away; 0: there is none."""
        said = self.telegram.said(chat) if chat in self.telegram.world.chats else []
        return max((message["message_id"] for message in said), default=0)

    async def until(self, true: Callable[[], Any], seconds: float = 60.0) -> None:
        """Wait for something to become true; says what stands in the chat when it does not."""
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.02)

    async def at_rest(self) -> None:
        """Wait until all that was said has been taken and dealt with, and no work on a job is under way or due.

        What has not happened by then does not happen by itself. Offers stand in their chats, if it takes them: who
        answers after this answers what they see.
        """
        async with asyncio.timeout(30):
            while (
                self.telegram.pending
                or (await self.app.store.inbox.waiting()).messages
                or await self.app.store.database.read(_work_is_under_way)
            ):
                await asyncio.sleep(0.02)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while await self.app.store.database.read(_an_offer_is_unseen):
                    await asyncio.sleep(0.02)

    async def jobs(self) -> list[Job]:
        return await self.app.store.jobs.find()

    async def settled(self, *states: State) -> Job:
        """The only job, once it is in one of these states."""
        return (await self.all_settled(1, *states))[0]

    async def all_settled(self, count: int, *states: State) -> list[Job]:
        """So many jobs, once each is in one of these states."""
        async with asyncio.timeout(90):
            while True:
                jobs = await self.jobs()
                if len(jobs) == count and all(job.state in states for job in jobs):
                    return jobs
                await asyncio.sleep(0.03)


def _work_is_under_way(tx: Connection) -> bool:
    return (
        tx.execute(sa.select(jobs.c.id).where(sa.or_(jobs.c.owner.is_not(None), jobs.c.due <= now_ms()))).first()
        is not None
    )


_WITHOUT_CARDS = ("wechat", "ilink")


def _an_offer_is_unseen(tx: Connection) -> bool:
    offered = sa.select(jobs.c.id, jobs.c.chat, jobs.c.status_shown).where(jobs.c.state == State.AWAITING_CONFIRMATION)
    return any(
        row.status_shown != "" and row.id not in (row.status_shown or "")
        for row in tx.execute(offered)
        if row.chat.partition(":")[0] not in _WITHOUT_CARDS
    )


@asynccontextmanager
async def bench(
    folder: Path,
    monkeypatch: Any,
    *,
    public: bool = False,
    wechat: WeChatFake | None = None,
    ilink: ILinkFake | None = None,
    wecom: WeComFake | None = None,
    before: Callable[[Settings, TelegramFake], Awaitable[None]] | None = None,
    room: Callable[[Path], int] = free_bytes,
    timing: Timing = Timing(gather_s=0.3),  # noqa: B008 - frozen
    **more: Any,
) -> AsyncIterator[Bench]:
    """`more`: settings by field name, over those of the bench. `before`: runs with fal and the chat up, the bot not.

    `public`: fal can call us back, so it does. `room`: what is free on the disk. `timing`: pauses.
    `wechat`, `wecom`: a WeChat, a WeCom to be connected, too. `ilink`: a personal WeChat, in which nobody is logged in
    yet.
    """
    telegram = TelegramFake(state=folder / "telegram")
    sandbox = create_app(folder=folder / "sandbox", key=KEY, studio=STUDIO, admin_key=ADMIN_KEY)
    async with AsyncExitStack() as stack:
        fal_url = await stack.enter_async_context(served(sandbox))
        telegram_url = await stack.enter_async_context(served(telegram))
        for name in ("TELEGRAM_BOT_TOKEN", "REELBOT_WEB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("TELEGRAM_API_URL", telegram_url)
        monkeypatch.chdir(folder)
        listener = bind("127.0.0.1", 0)
        if wechat is not None:
            wechat.url = await stack.enter_async_context(served(wechat))
            wechat.caller.url = f"http://127.0.0.1:{listener.getsockname()[1]}/wechat"
            for name, value in wechat.environment.items():
                monkeypatch.setenv(name, value)
        if ilink is not None:
            ilink.url = ilink.url or await stack.enter_async_context(served(ilink))
            for name, value in ilink.environment.items():
                monkeypatch.setenv(name, value)
        if wecom is not None:
            for name, value in wecom.environment(await stack.enter_async_context(served(wecom))).items():
                monkeypatch.setenv(name, value)
        given = {"fal_key": KEY, "fal_queue_url": fal_url, "output_dir": folder / "out", "access": "telegram:42"}
        port = listener.getsockname()[1]
        address = {"public_url": f"http://127.0.0.1:{port}"} if public else {}
        settings = ImpatientSettings.offline(**(given | {"port": port} | address | more))
        if before is not None:
            await before(settings, telegram)
        elif settings.database_url is None and not settings.database_file.exists():
            fresh_sqlite(settings.database_file)
        app = await App.build(settings, room=room, timing=timing)
        await app.start(listener)
        try:
            yield Bench(app, sandbox.state.sandbox, telegram, settings, fal_url)
        finally:
            await app.stop()
