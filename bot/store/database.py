"""The database of our tables: one SQLAlchemy engine, short transactions in a few threads, migrations on start.

On SQLite every writing transaction begins IMMEDIATE, so two of them never deadlock on the lock's upgrade.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Connection = sa.Connection
READ = "reelbot_read"
_MIGRATION_LOCK = 0x7265656C  # "reel"


def now_ms() -> int:
    return int(time.time() * 1000)


class Database:
    def __init__(self, url: str, *, threads: int = 4) -> None:
        self.engine = _engine(url)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store")

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def insert_or_leave(self, table: sa.Table, **values: Any) -> Any:
        """An INSERT that leaves a row with the same primary or unique key as it is, and then returns nothing."""
        dialect = sqlite if self.is_sqlite else postgresql
        return dialect.insert(table).values(**values).on_conflict_do_nothing()

    def insert_or_replace(self, table: sa.Table, **values: Any) -> Any:
        """An INSERT that overwrites the row with the same primary key."""
        dialect = sqlite if self.is_sqlite else postgresql
        keys = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in keys}
        return dialect.insert(table).values(**values).on_conflict_do_update(index_elements=keys, set_=rest)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that is committed when this returns. Once begun it is never half done."""
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(lambda: self._transaction(work, read=True))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _transaction(self, work: Callable[[Connection], T], *, read: bool = False) -> T:
        with self.engine.connect() as connection:
            connection.execution_options(**{READ: read})
            with connection.begin():
                return work(connection)

    async def migrate(self) -> None:
        """Bring our tables forward to this version. Runs before anything else uses them."""
        await self._in_thread(self._migrate)

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.engine.begin() as connection:
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self.engine.dispose()


def _engine(url: str) -> sa.Engine:
    if url.startswith("postgresql://"):
        return sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=5, pool_pre_ping=True
        )
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA busy_timeout=30000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read = connection.get_execution_options().get(READ)
        connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")

    return engine
