"""Copies of the database that are made at some moment, and put back at a later one, as the README says: everybody is
stopped, the folder stays as it is or is lost, and whoever starts then finds out by itself.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from bot.store.backup import copy_sqlite
from tests.prove.engine import Begun, Records
from tests.prove.reach import Reached

_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Copy:
    """`stamped`: by the real code of `reelbot backup`; else a copy of the file and its log while nobody writes.

    `works`: the engine's tables, which are in the same database. `jobs`: those in it.
    """

    path: Path
    stamped: bool
    works: dict[str, Begun]
    jobs: frozenset[str]
    free: frozenset[str]


class Backups:
    """The copies of one run. None can be made where the database is no file."""

    def __init__(self, engine: sa.Engine, *, output: Path, folder: Path, records: Records, reached: Reached) -> None:
        """`output`: the program's folder. `folder`: for the copies."""
        self._engine = engine
        self._output = output
        self._folder = folder
        self._records = records
        self._reached = reached
        self._made = 0
        self.copies: list[Copy] = []

    @property
    def possible(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def _database(self) -> Path:
        return Path(str(self._engine.url.database))

    def make(self, *, stamped: bool) -> None:
        """Now, whoever is in the midst of what."""
        if not self.possible:
            return
        self._made += 1
        into = self._folder / f"copy{self._made}"
        into.mkdir(parents=True)
        if stamped:
            copy_sqlite(self._database, into / "db")
            if (self._output / "receipts").is_dir():
                shutil.copytree(self._output / "receipts", into / "receipts")
        else:
            for beside in _BESIDE[:2]:
                shutil.copy2(f"{self._database}{beside}", into / f"db{beside}")
        works = {name: replace(begun) for name, begun in self._records.works.items()}
        jobs, free = _jobs(into)
        self.copies.append(Copy(into / "db", stamped, works, jobs, free))
        self._reached.note("backup: " + ("made" if stamped else "a plain copy"))

    def put_back(self, copy: Copy, *, lost: bool, stamp: Callable[[], None]) -> None:
        """In the place of the database; nobody runs. `lost`: the folder, too, and the copy's receipts are put there.

        `stamp`: gives the files their times.
        """
        self._engine.dispose()
        for beside in _BESIDE:
            Path(f"{self._database}{beside}").unlink(missing_ok=True)
            if (made := Path(f"{copy.path}{beside}")).exists():
                shutil.copy(made, f"{self._database}{beside}")
        if lost:
            shutil.rmtree(self._output, ignore_errors=True)
            if (receipts := copy.path.with_name("receipts")).is_dir():
                shutil.copytree(receipts, self._output / "receipts")
        stamp()
        self._records.works = {name: replace(begun) for name, begun in copy.works.items()}
        self._reached.note("backup: put back" + (", the folder lost" if lost else ""))

    def drop(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _jobs(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Those in a copy, and the free ones of them. Looked at in a second copy: this one stays as it was made."""
    look = folder / "look"
    look.mkdir()
    for beside in _BESIDE:
        if (made := folder / f"db{beside}").exists():
            shutil.copy(made, look / f"db{beside}")
    with closing(sqlite3.connect(look / "db")) as connection:
        states = dict(connection.execute("SELECT id, state FROM reelbot_jobs").fetchall())
    return frozenset(states), frozenset(job for job, state in states.items() if state in {"queued", "preparing"})
