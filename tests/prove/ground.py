"""Databases for runs, in memory where there is room. One is used again and again, so that statements stay compiled."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import metadata
from tests.postgres import cluster
from tests.prove import engine, law
from tests.prove.machine import Ground
from tests.prove.reach import Reached


@contextmanager
def sqlite_ground(reached: Reached) -> Iterator[Ground]:
    with _folder() as folder, ground(f"sqlite:///{folder / 'prove.db'}", folder=folder, reached=reached) as made:
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
    database = Database(url)
    asyncio.run(database.migrate())
    database.engine.dispose()
    made = Ground(database, lambda: _emptied(database), folder, reached)
    engine.listen(database.engine)
    _never_wait(database)
    database.engine.pool._pre_ping = False  # nobody cuts its connections
    sa.event.listen(database.engine, "after_cursor_execute", made.between)
    law.watch(database.engine, lambda: made.world.law if made.world is not None else None)
    try:
        yield made
    finally:
        made.world = None
        database.close()


def _never_wait(database: Database) -> None:
    """For a lock: who holds it goes on only when we have given up, and then we try again."""
    ask = "PRAGMA busy_timeout=0" if database.is_sqlite else "SET lock_timeout = '5ms'"

    @sa.event.listens_for(database.engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(ask)
        connection.commit()


def _emptied(database: Database) -> None:
    with database.engine.begin() as connection:
        if database.is_sqlite:
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
