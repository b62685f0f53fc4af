"""The database of our tables: one SQLAlchemy engine, short transactions in a few threads, migrations on start.

On SQLite every writing transaction begins IMMEDIATE, so two of them never deadlock on the lock's upgrade.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from bot.store import schema
from bot.store.stored import loads

T = TypeVar("T")
Connection = sa.Connection
READ = "reelbot_read"
KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 10,
}
"""Settings of a PostgreSQL connection that notice a machine that vanished without a word."""
_IDLE_MS = 10_000  # a worker that freezes in the midst of a transaction must not keep its locks from the others
_SWITCH_S = 30


class DatabaseDown(ConnectionError):
    """A database that cannot be reached or opened."""


def now_ms() -> int:
    """Return the time in milliseconds UTC."""
    return int(time.time() * 1000)


def db_now_ms(tx: Connection) -> int:
    """Return the database's own time, milliseconds UTC: workers whose clocks differ agree on it.

    SQLite has this machine's.
    """
    if tx.dialect.name == "sqlite":
        return now_ms()
    seconds = sa.func.extract("epoch", sa.func.clock_timestamp())
    return int(tx.execute(sa.select(sa.cast(seconds * 1000, sa.BigInteger))).scalar_one())


def insert_new(tx: Connection, table: sa.Table, *, by: str) -> sqlite.Insert | postgresql.Insert:
    """Build an INSERT that does nothing, and returns no row, where one with the same unique `by` exists."""
    if tx.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=[by])
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=[by])


def insert_over(tx: Connection, table: sa.Table, **values: Any) -> Any:
    """Build an INSERT that overwrites the row with the same primary key."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    return dialect.insert(table).values(**values).on_conflict_do_update(index_elements=keys, set_=rest)


def take_turns(tx: Connection, what: str) -> None:
    """Wait until no other transaction holds `what`, and hold it until this one ends. SQLite has one writer anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(what))))


def lock_number(what: str) -> int:
    """Return a 64-bit number of ours for PostgreSQL's advisory locks, which the engine and others may use, too."""
    return int.from_bytes(hashlib.sha256(f"reelbot {what}".encode()).digest()[:8], "big", signed=True)


class Database:
    """The database: transactions and migrations."""

    def __init__(self, url: str, *, threads: int = 4) -> None:
        self.engine = _engine(url)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store")

    @property
    def is_sqlite(self) -> bool:
        """Return whether this is SQLite, not PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that is committed when this returns. Once begun it is never half done."""
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that only reads."""
        return await self._in_thread(lambda: self._transaction(work, read=True))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _transaction(self, work: Callable[[Connection], T], *, read: bool = False) -> T:
        with self.engine.connect() as tx:
            tx.execution_options(**{READ: read})
            with tx.begin():
                return work(tx)

    async def settle_file(self) -> None:
        """Let SQLite's file hold what the tables say, and no log beside it what they said before."""

        def work() -> None:
            with self.engine.connect() as tx:
                tx.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

        if self.is_sqlite:
            await self._in_thread(work)

    async def migrate(self, *, revision: str = schema.HEAD) -> None:
        """Migrate our tables to this version, before anything else uses them.

        Raises DatabaseDown, and ValueError for a database that a newer version has written.
        """
        try:
            await self._in_thread(lambda: self._migrate(revision))
        except sa.exc.OperationalError as error:
            raise DatabaseDown(_no_access(error)) from error

    async def is_current(self) -> bool:
        """Return whether our tables are of this very version. Raises DatabaseDown."""
        try:
            return await self.read(schema.current) == schema.HEAD
        except sa.exc.OperationalError as error:
            raise DatabaseDown(_no_access(error)) from error

    async def has_tables(self) -> bool:
        """Return whether there are tables of ours, of whatever version. Raises DatabaseDown."""
        try:
            return await self.read(schema.current) is not None
        except sa.exc.OperationalError as error:
            raise DatabaseDown(_no_access(error)) from error

    @property
    def place(self) -> str:
        """Return where the database is, in words that hold no name of a user and no password."""
        url = self.engine.url
        if self.is_sqlite:
            return str(url.database)
        port = f":{url.port}" if url.port else ""
        return f"PostgreSQL, {url.database or 'the default one'} at {url.host or 'this machine'}{port}"

    def _migrate(self, revision: str) -> None:
        found = self._transaction(schema.current, read=True)
        if found == revision:
            return  # most starts: Alembic is not even loaded
        if found is not None and found > schema.HEAD:
            raise ValueError(
                f"a newer reelbot has written this database (schema {found}, this one knows {schema.HEAD}): run that "
                "version, or restore a backup of before"
            )
        with self.engine.begin() as tx:
            take_turns(tx, "migration")
            schema.upgrade(tx, revision)

    def close(self) -> None:
        """Close all connections."""
        self._pool.shutdown(wait=True)
        self.engine.dispose()


def _no_access(error: sa.exc.OperationalError) -> str:
    setting = "" if isinstance(error.orig, sqlite3.Error) else " (REELBOT_DATABASE_URL)"
    return f"no access to the database{setting}: {' '.join(str(error.orig).split())}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _postgres(url: str) -> sa.Engine:
    engine = sa.create_engine(
        url, pool_size=5, pool_pre_ping=True, connect_args=KEEPALIVE, json_deserializer=loads, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
        connection.commit()

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch to the write-ahead log; SQLite does not wait for others that write to a file that is not switched yet."""
    deadline = time.monotonic() + _SWITCH_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _engine(url: str) -> sa.Engine:
    if url.startswith("postgresql://"):
        return _postgres(url.replace("postgresql://", "postgresql+psycopg://", 1))
    if not url.startswith("sqlite:///"):
        raise ValueError(
            "REELBOT_DATABASE_URL must be a PostgreSQL address such as postgresql://user:password@host/name"
        )
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    arguments = {"timeout": 30, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=arguments, json_deserializer=loads, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        connection.text_factory = _text  # what is no text in one row must not end the query for all others
        connection.execute("PRAGMA busy_timeout=30000")
        _write_ahead(connection)
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten in the file, too
        connection.execute("PRAGMA cache_size=-512")  # kilobytes for each connection: the system caches the file anyway

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read = connection.get_execution_options().get(READ)
        connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")

    return engine
