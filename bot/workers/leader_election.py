"""Elects the process that runs each loop of which there may be only one: updates, inbox, poller, status messages.

On SQLite there is one process, and it has every role. On PostgreSQL a role is a row that its holder renews; one that
dies or freezes has lost it within half a minute, and lets go of it before that when it cannot renew it. Both go on by
themselves: a process that has lost its roles waits for them again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.loops import MARGIN_S, Loop, Problem, Terms
from bot.store.database import Database
from bot.store.session import Calls, call_out
from bot.store.workers import TERM_MS, Workers

log = logging.getLogger(__name__)

BEAT_S = 3.0

Run = Callable[[], Awaitable[None]]


class LeaderElection:
    """`run` a loop while it is ours to run; `notify` the one who runs it, wherever that is."""

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        beat_s: float = BEAT_S,
        term_s: float = TERM_MS / 1000,
        margin_s: float = MARGIN_S,
    ) -> None:
        self.owner = owner
        self._database = database
        self._workers = Workers(database, term_ms=int(term_s * 1000))
        self._alone = database.is_sqlite
        self._calls_of_others = None if self._alone else Calls(database.engine.url, owner)
        self._term_s = term_s
        self._beat_at: float | None = None
        self._wanted: set[str] = set()
        self._granted: dict[str, asyncio.Event] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._terms = Terms(self._lose, term_s=term_s, margin_s=margin_s)
        self._processes = 1
        self._listeners: dict[str, Callable[[], None]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self.loop = Loop("roles", self._beat, pause_s=lambda: beat_s)

    async def listen(self) -> None:
        """Hear the calls of other workers, until cancelled."""
        if self._calls_of_others is None:
            await asyncio.Event().wait()
        else:
            await self._calls_of_others.listen(self._notified)

    async def run(self, name: str, loop: Run) -> None:
        """Until cancelled: run the loop whenever the role is ours."""
        if self._alone:
            await loop()
            return
        granted = self._granted.setdefault(name, asyncio.Event())
        self._wanted.add(name)
        self.loop.notify()
        while True:
            await granted.wait()
            log.info("this process has a role now", extra={"role": name})
            await self._lead(name, loop)
            log.warning("this process has lost a role", extra={"role": name})

    async def _lead(self, name: str, loop: Run) -> None:
        """Run it until it raises, or the role is lost."""
        task = self._running[name] = asyncio.ensure_future(loop())
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del self._running[name]
        if not task.cancelled():
            task.result()

    async def _beat(self) -> None:
        if self._alone:
            return
        began = time.monotonic()
        if self._beat_at is None:
            self._beat_at = began
        ours = await self._workers.beat(self.owner, self._wanted)
        self._processes = 1 + await self._workers.living(self.owner)
        self._beat_at = began
        for name in self._wanted:
            if name in ours:
                self._terms.extend(name, since=began)
                self._granted[name].set()
            elif name in self._terms:
                self._terms.lose(name)

    def _lose(self, name: str) -> None:
        self._granted[name].clear()
        if name in self._running:
            self._running[name].cancel()

    async def release(self) -> None:
        """Let the others have the roles. Their loops here, and `loop`, must have ended."""
        if not self._alone:
            await self._workers.release(self.owner)

    async def close(self) -> None:
        """Let the last calls be sent."""
        await asyncio.gather(*self._calls, return_exceptions=True)

    def processes(self) -> int:
        """Return how many processes serve this database, as the last heartbeat found."""
        return self._processes

    def waiting(self, name: str) -> bool:
        """Another process has this role: that its loop does not turn here is as it should be."""
        return name in self._granted and not self._granted[name].is_set()

    def problem(self) -> Problem | None:
        """Return that the database does not answer, as no heartbeat was written for a term. None: it does."""
        if self._beat_at is None or time.monotonic() - self._beat_at < self._term_s:
            return None
        return Problem("the database does not answer", "database silent")

    def on_notify(self, name: str, notified: Callable[[], None]) -> None:
        """Call `notified` when the holder of this role is notified."""
        self._listeners[name] = notified

    def notify(self, name: str) -> None:
        """Notify the holder of this role. A lost call costs a moment: every loop scans by itself."""
        if not self.waiting(name):
            self._notified(name)
            return
        task = asyncio.create_task(self._call(name))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, name: str) -> None:
        try:
            await self._database.write(lambda tx: call_out(tx, name))
        except Exception:  # noqa: BLE001 - whatever the database does; the holder looks by itself
            log.info("another worker was not called", extra={"role": name})

    def _notified(self, name: str) -> None:
        if name in self._listeners and not self.waiting(name):
            self._listeners[name]()
