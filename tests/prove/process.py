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
from bot.store.workers import Workers
from core import media
from tests.prove.chat import ChatBooks, ModelChat
from tests.prove.engine import ModelEngine, Records
from tests.prove.fal import Fal
from tests.prove.film import looked_at
from tests.prove.net import Way
from tests.prove.virtual import Agenda, ProcessLoop

T = TypeVar("T")

SECRET = bytes(range(32))

_LOOPS = ("poller", "lost orders", "sweeper", "billing")
"""The others only bring messages in, edit texts and remove old files."""
_STARTED_AGAIN_S = 5.0


class ModelSettings(Settings):
    """The real settings, with the model's way to fal."""

    _way: httpx.AsyncBaseTransport | None = PrivateAttr(default=None)

    @property
    def transport(self) -> httpx.AsyncBaseTransport | None:
        return self._way


class Process:
    """`life`: its number, counted from 1. `work`: makes each call to the database or the disk, see virtual.py.
    `writable`: whether this process's engine can write; None: its disk is full. It has a store of its own.
    """

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
        writable: Callable[["Process"], bool | None],
        room: Callable[[Path], int],
    ) -> None:
        self.life = life
        self.cut_off_until = 0.0
        self.still_since: float | None = None  # when it froze
        self.well_since = agenda.now
        self._agenda = agenda
        self._alone = database.is_sqlite
        self.loop = ProcessLoop(agenda, rng=rng, around=work)
        made = ModelSettings.offline(**settings)
        made._way = Way(fal)
        self.store = Store.over(database)
        self.engine = ModelEngine(records, alone=self._alone, writable=lambda: writable(self))
        with agenda.in_charge():  # some look at the clock as they are made
            self.app = App(made, self.store, SECRET, demo=False, room=room, engine=self.engine)
        self.app.channels["telegram"] = ModelChat(chat, life=life)
        self.owner = self.app.parts.roles.owner
        self._loops: list[asyncio.Task[None]] = []

    @property
    def runs(self) -> bool:
        return not (self.loop.dead or self.loop.frozen)

    def start(self) -> None:
        self.engine.register(self.app.parts.reconciler.work)
        self.app.parts.roles.on_notify("poller", self.app.parts.poller.notify)
        self._loops.append(self.task(self._served()))

    async def _served(self) -> None:
        """In the order of App.start."""
        await self.engine.start(owner=self.owner)
        while not await self._joined():
            await asyncio.sleep(_STARTED_AGAIN_S)
        while not await self._looked():
            await asyncio.sleep(_STARTED_AGAIN_S)
        roles, (first, *others) = self.app.parts.roles, self._own_loops()
        runs = {loop.name: run for loop, run in self.app.loops()}
        self._loops += [self.task(run) for run in others]
        self._loops += [self.task(roles.run(name, runs[name])) for name in _LOOPS]
        await first

    def _own_loops(self) -> list[Coroutine[Any, Any, None]]:
        parts = self.app.parts
        own = (parts.reconciler.loop, self.app.heartbeat.loop, parts.leases.loop, parts.roles.loop)
        return [loop.run() for loop in own]

    async def _joined(self) -> bool:
        """False: the database did not allow it, so the process ends, and whoever watches it starts it again."""
        try:
            if self._alone:
                await self.store.leases.free(owners_like="run:%")
            else:
                await Workers(self.store.database).enter(self.owner)
        except SQLAlchemyError:
            return False
        return True

    async def _looked(self) -> bool:
        """Whether the database is a copy. False: it did not allow the question, see above."""
        try:
            await self.app.notice_copy()
        except SQLAlchemyError:
            return False
        return True

    def task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        with media.with_runner(looked_at):
            return self.loop.create_task(work)

    def do(self, work: Coroutine[Any, Any, T], *, most_s: float = 60.0) -> T | None:
        """Let time pass until that is done. None: it was not, or the database did not allow it."""
        task = self.task(work)
        task.add_done_callback(_heard)
        try:
            return self._agenda.run(self.loop, task, most_s=most_s)
        except SQLAlchemyError:
            return None

    async def stop(self) -> None:
        """In the order of App.stop."""
        parts = self.app.parts
        parts.reconciler.close()
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._unless_away(parts.roles.release())
        await asyncio.gather(parts.submitter.close(), parts.delivery.close())
        await self.engine.stop()
        await parts.alerts.close()
        await self._unless_away(self.store.leases.give_back(self.owner))
        await self._unless_away(Workers(self.store.database).leave(self.owner))
        await parts.roles.close()
        for client in (parts.queue, parts.keys, parts.books):
            if client is not None:
                await client.close()

    @staticmethod
    async def _unless_away(word: Awaitable[None]) -> None:
        try:
            await word
        except SQLAlchemyError:
            return


def _heard(task: asyncio.Task[Any]) -> None:
    """Whoever asked may be gone by now; then nobody hears of its error."""
    if not task.cancelled():
        task.exception()
