"""Databases for runs: each its own, made from one that has all tables, in memory where there is room."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bot.store import Store
from tests.postgres import cluster
from tests.prove.machine import Ground
from tests.prove.reach import Reached


@contextmanager
def sqlite_ground(reached: Reached) -> Iterator[Ground]:
    with _folder() as folder:
        template = folder / "template.db"
        asyncio.run(_made(f"sqlite:///{template}"))
        numbers = count()

        def fresh() -> str:
            path = folder / f"{next(numbers)}.db"
            shutil.copy(template, path)
            return f"sqlite:///{path}"

        yield Ground(fresh, folder, reached)


@contextmanager
def postgres_ground(reached: Reached) -> Iterator[Ground]:
    """Raises NoPostgresError where none can run."""
    with _folder() as folder, contextmanager(cluster)() as running:
        yield Ground(running.database, folder, reached)


async def _made(url: str) -> None:
    store = await Store.open(url)
    store.close()


@contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    inside = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="reelbot-prove-", dir=inside, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
