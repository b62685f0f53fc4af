"""Workers of 0.1 know nothing of leases: they and this version would do the same jobs, so they must have ended."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from bot.store.database import Connection
from bot.store.session import is_free, owner_lock


class OldWorkers(ValueError):
    """Workers of 0.1 that run on this database."""

    def __init__(self, owners: Iterable[str]) -> None:
        super().__init__(
            f"an earlier version of reelbot still runs on this database ({', '.join(sorted(owners))}): stop every "
            "worker of it, then start this one; unfinished jobs go on by themselves"
        )


def refuse_old_workers(tx: Connection) -> None:
    """Raise OldWorkers while one runs on this database, whose tables are still of 0.1: they are changed under it."""
    if tx.dialect.name == "sqlite":
        _refuse_holder(Path(f"{tx.engine.url.database}.lock"))
        return
    known = sa.text("SELECT owner FROM reelbot_workers WHERE stopped IS NULL")
    refuse_living(tx, tx.execute(known).scalars().all())


def refuse_living(tx: Connection, owners: Iterable[str]) -> None:
    """Raise OldWorkers for those that live: each holds a lock of PostgreSQL that is named after it."""
    living = [each for each in owners if not is_free(tx, owner_lock(each))]
    if living:
        raise OldWorkers(living)


def _refuse_holder(path: Path) -> None:
    """Raise OldWorkers while a process holds the database file, with its number in the locked file."""
    if not path.exists():
        return
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise OldWorkers([f"process {path.read_text(encoding='ascii', errors='replace').strip()}"]) from None
    lock.release()
