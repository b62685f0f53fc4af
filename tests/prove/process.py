"""One process of the bot in the world: the real program (bot/app.py puts it together), on a model's loop and engine."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import PrivateAttr
from sqlalchemy.exc import SQLAlchemyError

from bot.app import App
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Database
from core import media
from tests.prove.chat import ChatBooks, ModelChat
from tests.prove.engine import ModelEngine, Records
from tests.prove.fal import Fal
from tests.prove.film import looked_at
from tests.prove.net import Way
from tests.prove.virtual import Agenda, ProcessLoop

T = TypeVar("T")

SECRET = bytes(range(32))


_LOOPS = ("watcher", "sweeper", "billing")
"""The others only bring messages in, edit texts and remove old files."""


class ModelSettings(Settings):
    """The real settings, with the model's way to fal."""

    _way: httpx.AsyncBaseTransport | None = PrivateAttr(default=None)

    @property
    def transport(self) -> httpx.AsyncBaseTransport | None:
        return self._way


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


class Process:
    """`life`: its number, counted from 1. `work`: makes each call to the database or the disk, see virtual.py."""

    def __init__(
        self,
        life: int,
        *,
        agenda: Agenda,
        rng: random.Random,
        work: Callable[[ProcessLoop, Executor | None, Callable[[], Any]], Any],
        settings: Mapping[str, Any],
        database: Database,
        fal: Fal,
        chat: ChatBooks,
        records: Records,
        writable: Callable[[], bool],
        room: Callable[[Path], int],
    ) -> None:
        self.life = life
        self._agenda = agenda
        self.loop = ProcessLoop(agenda, rng=rng, around=work)
        made = ModelSettings.offline(**settings)
        made._way = Way(fal)
        self.store = Store.over(database)
        limits = (made.jobs, made.user_jobs)
        self.engine = ModelEngine(records, agenda, owner=life, limits=limits, writable=writable)
        self.app = App(made, self.store, SECRET, demo=False, room=room, engine=self.engine)
        self.app.channels["telegram"] = ModelChat(chat, life=life)
        self._loops: list[asyncio.Task[None]] = []

    @property
    def runs(self) -> bool:
        return not (self.loop.dead or self.loop.frozen)

    def start(self) -> None:
        self.app.parts.render.register()
        self.app.parts.delivery.register()
        self.app.parts.roles.on_kick("watcher", self.app.parts.watcher.kick)
        with media.with_runner(looked_at):
            self.task(self.adopt())
            runs = {loop.name: run for loop, run in self.app.loops()}
            for name in _LOOPS:
                self._loops.append(self.task(_run(runs[name])))

    async def adopt(self) -> None:
        self.engine.adopt()

    def task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        with media.with_runner(looked_at):
            return self.loop.create_task(work)

    def do(self, work: Coroutine[Any, Any, T], *, most_s: float = 60.0) -> T | None:
        """Let time pass until that is done. None: it was not, or the database did not allow it."""
        try:
            return self._agenda.run(self.loop, self.task(work), most_s=most_s)
        except SQLAlchemyError:
            return None

    async def stop(self) -> None:
        """As App.stop does: the loops end, paid requests are waited for, workflows are cancelled."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.app.parts.submitter.close()
        self.engine.end()
        await asyncio.sleep(0)
        await self.app.parts.alerts.close()
        await self.app.close()
