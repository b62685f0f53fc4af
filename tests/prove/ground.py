"""Databases for runs, in memory where there is room. One is used again and again, so that statements stay compiled."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import metadata
from tests.postgres import cluster
from tests.prove import engine, law
from tests.prove.machine import Ground
from tests.prove.reach import Reached


@contextmanager
def sqlite_ground(reached: Reached) -> Iterator[Ground]:
    with _folder() as folder:
        with ground(f"sqlite:///{folder / 'prove.db'}", folder=folder, reached=reached) as made:
            yield made


@contextmanager
def postgres_ground(reached: Reached) -> Iterator[Ground]:
    """Raises NoPostgresError where none can run."""
    with _folder() as folder, contextmanager(cluster)() as running:
        with ground(running.database(), folder=folder, reached=reached) as made:
            yield made


@contextmanager
def ground(url: str, *, folder: Path, reached: Reached) -> Iterator[Ground]:
    database = Database(url)
    asyncio.run(database.migrate())
    made = Ground(database, lambda: _emptied(database), folder, reached)
    engine.listen(database.engine)
    law.watch(database.engine, lambda: made.world.law if made.world is not None else None)
    try:
        yield made
    finally:
        made.world = None
        database.close()


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
