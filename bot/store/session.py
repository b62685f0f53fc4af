"""The session of this process among the workers: one direct connection to PostgreSQL that holds its locks.

PostgreSQL frees the locks in the moment the process dies, and within seconds after its machine vanished. So a lock that
is held proves a living owner. The other way round: a process that has lost this connection may have been given up by
the others, and has to end.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import sqlalchemy as sa

from bot.store.database import lock_number

log = logging.getLogger(__name__)

_CHANNEL = "reelbot"
_TURN_S = 1.0
_PATIENCE_S = 10.0
_TRY = """
SELECT pg_backend_pid(), array_agg(pg_try_advisory_lock(number) ORDER BY place)
FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (number, place)
"""
# What notices a machine that vanished without a word: first for our side, then for PostgreSQL's.
_KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 10,
}
_SERVER_SIDE = b"""
SELECT set_config(name, value, false) FROM pg_settings JOIN (
    VALUES ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'),
    ('tcp_user_timeout', '10000'), ('idle_session_timeout', '0')
) AS ours (name, value) USING (name)
"""  # whatever of it this PostgreSQL knows


class SessionLost(ConnectionError):
    """A process that no longer holds its locks: it must end, and be started again."""


class Session:
    """The session. `open`, then `watch` until it raises. `hold` waits for a lock, which is held until `close`."""

    def __init__(self, url: sa.URL, owner: str) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._owner = owner
        self._wanted: dict[str, asyncio.Event] = {}
        self._locks: set[str] = set()
        self._connection: psycopg.AsyncConnection | None = None
        self._backend = 0

    async def open(self) -> None:
        """Connect and take the lock named after this process. Raises SessionLost."""
        try:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, application_name=f"reelbot {self._owner}", **_KEEPALIVE
            )
            await self._connection.execute(_SERVER_SIDE)
            await self._connection.execute(f"LISTEN {_CHANNEL}".encode())
            self._backend, acquired = await self._try([owner_lock(self._owner)])
            if not acquired:
                raise SessionLost(f"another process is called {self._owner}, too")
        except psycopg.Error as error:
            raise SessionLost(f"no connection to the database: {_words(error)}") from error

    async def give_back(self) -> None:
        """Release everything but the lock named after us. `watch` must have ended."""
        with suppress(psycopg.Error):
            for name in self._locks:
                await self._open_connection.execute("SELECT pg_advisory_unlock(%s)", [lock_number(name)])

    async def close(self) -> None:
        """Release all locks."""
        if self._connection is not None:
            await self._connection.close()

    async def hold(self, name: str) -> None:
        """Wait until this lock is ours."""
        await self._wanted.setdefault(name, asyncio.Event()).wait()

    async def watch(self, on_note: Callable[[str], None]) -> None:
        """Try the locks we wait for, pass on what other workers notify. Raises SessionLost."""
        try:
            while True:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._turn()
                async for note in self._open_connection.notifies(timeout=_TURN_S):
                    on_note(note.payload)
        except TimeoutError as error:
            raise SessionLost("the database does not answer") from error
        except psycopg.Error as error:
            raise SessionLost(f"the connection to the database broke: {_words(error)}") from error

    async def _turn(self) -> None:
        names = [each for each in self._wanted if each not in self._locks]
        backend, acquired = await self._try(names)
        if backend != self._backend:
            raise SessionLost(
                "the database connection is shared by a pooler: let REELBOT_DATABASE_URL name PostgreSQL itself"
            )
        for name in acquired:
            self._locks.add(name)
            self._wanted[name].set()

    async def _try(self, names: list[str]) -> tuple[int, list[str]]:
        """Try these locks in one query: the server process that answers, and which of them are ours now."""
        numbers = [lock_number(name) for name in names]
        cursor = await self._open_connection.execute(_TRY, [numbers])
        backend, got = (await cursor.fetchall())[0]
        return backend, [name for name, ours in zip(names, got or [], strict=True) if ours]

    @property
    def _open_connection(self) -> psycopg.AsyncConnection:
        if self._connection is None:
            raise SessionLost("not connected")
        return self._connection


def owner_lock(owner: str) -> str:
    """Return the name of the lock that this worker holds while it lives."""
    return f"worker {owner}"


def is_free(connection: sa.Connection, name: str) -> bool:
    """Return whether nobody holds this lock; then we do, until the end of this transaction."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(lock_number(name)))).scalar())


def call_out(connection: sa.Connection, what: str) -> None:
    """Notify every worker's `watch`, once this transaction has committed."""
    connection.execute(sa.select(sa.func.pg_notify(_CHANNEL, what)))


def _words(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
