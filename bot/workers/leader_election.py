"""Elects the process that runs each loop of which there may be only one: updates, inbox, poller, status messages.

On SQLite there is one process, and it has every role. On PostgreSQL a role is a lock, and whoever holds it runs its
loop; when that process ends, another has the role within a second. A role is never given back by a living process: one
that loses the connection which holds its roles ends (see store/session.py).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.store.database import Database
from bot.store.session import Session, SessionLost, call_out

log = logging.getLogger(__name__)

Loop = Callable[[], Awaitable[None]]


class Roles:
    """The roles of this process. `run` a loop while its role is ours; `kick` notifies the holder, wherever that is."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self.owner = owner
        self._database = database
        self._session = None if database.is_sqlite else Session(database.engine.url, owner)
        self._waiting: set[str] = set()
        self._kicks: dict[str, Callable[[], None]] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Take this worker's lock before anything else starts: from here on the others know that it lives.

        Raises SessionLost.
        """
        if self._session is not None:
            await self._session.open()

    async def watch(self) -> None:
        """Watch until cancelled. Raises SessionLost when this process must end."""
        if self._session is None:
            await asyncio.Event().wait()
        else:
            await self._session.watch(self._notified)

    async def give_back(self) -> None:
        """Release the roles. Their loops here, and `watch`, must have ended."""
        if self._session is not None:
            await self._session.give_back()

    async def close(self) -> None:
        """Release everything: the others may also have whatever this process has not finished."""
        await asyncio.gather(*self._calls, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def run(self, name: str, loop: Loop) -> None:
        """Wait for the role, then run its loop, until cancelled."""
        if self._session is not None:
            self._waiting.add(name)
            await self._session.hold(f"role {name}")
            log.info("this process has a role now", extra={"role": name})
            self._waiting.discard(name)
        await loop()

    def waiting(self, name: str) -> bool:
        """Return whether another process has this role: that its loop does not turn here is as it should be."""
        return name in self._waiting

    def on_kick(self, name: str, kicked: Callable[[], None]) -> None:
        """Call `kicked` when the holder of this role is notified."""
        self._kicks[name] = kicked

    def kick(self, name: str) -> None:
        """Notify the holder of this role. A lost call costs a moment: every loop scans by itself."""
        if not self.waiting(name):
            self._notified(name)
            return
        task = asyncio.create_task(self._call(name))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, name: str) -> None:
        try:
            await self._database.write(lambda connection: call_out(connection, name))
        except Exception:  # noqa: BLE001 - whatever the database does; the holder looks by itself
            log.info("another worker was not called", extra={"role": name})

    def _notified(self, name: str) -> None:
        if name in self._kicks and not self.waiting(name):
            self._kicks[name]()


__all__ = ["Roles", "SessionLost"]
