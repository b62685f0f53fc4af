"""Calls from one worker to another: PostgreSQL's LISTEN on a connection of its own, which is made anew when it breaks.

A call is never needed: every loop looks by itself, only later.
"""

import asyncio
import logging
from collections.abc import Callable

import psycopg
import sqlalchemy as sa

from bot.store.database import KEEPALIVE, lock_number

log = logging.getLogger(__name__)

_CHANNEL = "reelbot"
_WAIT_S = 60.0
_AGAIN_S = 5.0


class Calls:
    """What other workers call out, until cancelled."""

    def __init__(self, url: sa.URL, owner: str) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._name = f"reelbot {owner}"

    async def listen(self, on_call: Callable[[str], None]) -> None:
        """Pass them on; whoever was away for a moment hears an empty one, and looks."""
        while True:
            try:
                await self._connected(on_call)
            except (psycopg.Error, OSError) as error:
                log.warning("other workers are not heard", extra={"reason": _words(error)})
                await asyncio.sleep(_AGAIN_S)

    async def _connected(self, on_call: Callable[[str], None]) -> None:
        connect = psycopg.AsyncConnection.connect
        async with await connect(self._conninfo, autocommit=True, application_name=self._name, **KEEPALIVE) as line:
            await line.execute(f"LISTEN {_CHANNEL}".encode())
            while True:
                async for note in line.notifies(timeout=_WAIT_S):
                    on_call(note.payload)
                await line.execute(b"SELECT 1")  # a pooler, or a broken line, is noticed


def owner_lock(owner: str) -> str:
    """Return the name of the lock that a worker of 0.1 holds while it lives."""
    return f"worker {owner}"


def is_free(tx: sa.Connection, name: str) -> bool:
    """Whether nobody holds this lock; then we do, until the end of this transaction."""
    return bool(tx.execute(sa.select(sa.func.pg_try_advisory_xact_lock(lock_number(name)))).scalar())


def call_out(tx: sa.Connection, what: str) -> None:
    """Every worker hears it once this transaction has committed."""
    tx.execute(sa.select(sa.func.pg_notify(_CHANNEL, what)))


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
