"""Databases for runs, in memory where there is room. One is used again and again, so that statements stay compiled."""

import asyncio
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import metadata
from tests.postgres import cluster
from tests.prove import law
from tests.prove.machine import Ground
from tests.prove.moments import NamedDatabase
from tests.prove.reach import Reached
from tests.prove.virtual import ask_for_clocks_anew


@contextmanager
def sqlite_ground(reached: Reached) -> Iterator[Ground]:
    with _folder() as folder, ground(f"sqlite:///{folder / 'prove.db'}", folder=folder, reached=reached) as made:
        yield made


class SharedDatabase(NamedDatabase):
    """SQLite that several workers use, as they use PostgreSQL: leases, epochs and roles are real, and ten times as many
    runs fit into the same time. Only the locks differ.
    """

    @property
    def is_sqlite(self) -> bool:
        return False


@contextmanager
def shared_ground(reached: Reached) -> Iterator[Ground]:
    """Two workers on SQLite."""
    with _folder() as folder:
        database = SharedDatabase(f"sqlite:///{folder / 'prove.db'}")
        with _prepared(database, folder=folder, reached=reached) as made:
            yield made


@contextmanager
def postgres_ground(reached: Reached) -> Iterator[Ground]:
    """Raises NoPostgresError where none can run."""
    with (
        _folder() as folder,
        contextmanager(cluster)() as running,
        ground(running.database(), folder=folder, reached=reached) as made,
    ):
        yield made


@contextmanager
def ground(url: str, *, folder: Path, reached: Reached) -> Iterator[Ground]:
    with _prepared(NamedDatabase(url), folder=folder, reached=reached) as made:
        yield made


@contextmanager
def _prepared(database: Database, *, folder: Path, reached: Reached) -> Iterator[Ground]:
    ask_for_clocks_anew()
    asyncio.run(database.migrate())
    idle_s = _idle_s(database)
    database.engine.dispose()
    made = Ground(database, lambda: _emptied(database), folder, reached, idle_s)
    _never_wait(database)
    if not _is_sqlite(database):
        _in_the_models_time(database, made)
    database.engine.pool._pre_ping = False  # nobody cuts its connections
    sa.event.listen(database.engine, "after_cursor_execute", made.between)
    law.watch(database.engine, lambda: made.world.law if made.world is not None else None)
    try:
        yield made
    finally:
        made.world = None
        database.close()


def _is_sqlite(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"


def _never_wait(database: Database) -> None:
    """For a lock: who holds it goes on only when we have given up, and then we try again."""
    ask = "PRAGMA busy_timeout=0" if _is_sqlite(database) else "SET lock_timeout = '5ms'"

    @sa.event.listens_for(database.engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(ask)
        connection.commit()


def _in_the_models_time(database: Database, ground: Ground) -> None:
    """The database's own clock: right, whatever the workers' clocks say."""

    @sa.event.listens_for(database.engine, "before_cursor_execute", retval=True)
    def tell(
        _connection: sa.Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        if ground.world is not None:
            statement = statement.replace("clock_timestamp()", f"to_timestamp({ground.world.agenda.true():.3f})")
        return statement, parameters


def _idle_s(database: Database) -> float:
    """After how many seconds it gives up a transaction whose worker says nothing; by what the program asked for."""
    if _is_sqlite(database):
        return math.inf
    with database.engine.connect() as connection:
        query = "SELECT setting::int / 1000.0 FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
        return float(connection.execute(sa.text(query)).scalar_one()) or math.inf


def _emptied(database: Database) -> None:
    with database.engine.begin() as connection:
        if _is_sqlite(database):
            for table in metadata.tables.values():
                connection.execute(table.delete())
        else:
            names = ", ".join(f'"{name}"' for name in metadata.tables)
            connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))


@contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    inside = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="reelbot-prove-", dir=inside, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
