"""The workers of one PostgreSQL database: who is dead, and what was taken over from them how often."""

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, now_ms, take_turns
from bot.store.session import is_free, owner_lock
from bot.store.tables import facts, takeovers, workers

_REMEMBERED_MS = 3600 * 1000
_FOLDER = "output_folder"
_CALM_MS = 10 * 60 * 1000

Count = Callable[[str], int]
"""One more take-over of this workflow: how many that makes in quick succession."""


class Workers:
    """The repository of workers."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def enter(self, owner: str) -> None:
        """Enter this worker before it runs anything, so that whatever it leaves behind is found.

        Forgets those long dead.
        """
        old = now_ms() - _REMEMBERED_MS

        def work(tx: Connection) -> None:
            tx.execute(workers.delete().where(workers.c.buried < old))
            tx.execute(takeovers.delete().where(takeovers.c.at < old))
            tx.execute(workers.insert().values(owner=owner, started=now_ms()))

        await self._db.write(work)

    async def know(self, owners: Iterable[str]) -> None:
        """Enter the owners of jobs here, also one that an earlier version started and did not enter."""
        rows = [{"owner": owner, "started": 0} for owner in owners]

        def work(tx: Connection) -> None:
            for row in rows:
                tx.execute(insert_new(tx, workers, by="owner").values(**row))

        await self._db.write(work)

    async def living(self, owner: str) -> int:
        """Return how many run beside this one."""
        return len(await self._db.read(lambda tx: _others(tx, owner, alive=True)))

    async def same_folder(self, owner: str, marker: Path) -> bool:
        """Return whether we see the others' folder: by a file in it, whose content the database knows.

        With nobody else alive a new folder is as good as the old one: a lone worker may lose its own.
        """

        def work(tx: Connection) -> bool:
            take_turns(tx, "output folder")
            known = tx.execute(sa.select(facts.c.value).where(facts.c.name == _FOLDER)).scalar()
            ours = marker.read_text(encoding="ascii").strip() if marker.exists() else None
            if ours is not None and ours == known:
                return True
            if known is not None and _others(tx, owner, alive=True):
                return False
            _mark(tx, marker, ours or secrets.token_hex(16))
            return True

        return await self._db.write(work)

    async def leave(self, owner: str) -> None:
        """Record that it ends as told: nothing that it leaves over counts as taken from a dead one."""
        await self._db.write(lambda tx: _close(tx, "stopped", [owner]))

    async def bury(self, owner: str, inherit: Callable[[list[str], Count], None]) -> None:
        """Hand the dead to `inherit`, with what counts the take-overs of a workflow. Nobody else can meanwhile.

        Dead are all others whose lock is free. They stay on the list for an hour: one that was only cut off may have
        begun another job before it noticed.
        """

        def work(tx: Connection) -> None:
            dead = _others(tx, owner, alive=False)
            crashed = [row.owner for row in dead if row.stopped is None and row.buried is None]
            others = [row.owner for row in dead if row.owner not in crashed]
            if others:
                inherit(others, lambda _workflow: 0)
            if crashed:
                inherit(crashed, lambda workflow_id: _count(tx, workflow_id))
            if any(row.buried is None for row in dead):
                _close(tx, "buried", [row.owner for row in dead])

        await self._db.write(work)


def _others(tx: Connection, owner: str, *, alive: bool) -> list[sa.Row[Any]]:
    """Return the other workers; the dead are ours until the end of this transaction."""
    known = sa.or_(workers.c.buried.is_(None), workers.c.buried > now_ms() - _REMEMBERED_MS)
    rows = tx.execute(sa.select(workers).where(workers.c.owner != owner, known))
    return [row for row in rows if is_free(tx, owner_lock(row.owner)) is not alive]


def _mark(tx: Connection, marker: Path, content: str) -> None:
    tx.execute(insert_new(tx, facts, by="name").values(name=_FOLDER, value=content))
    tx.execute(facts.update().where(facts.c.name == _FOLDER).values(value=content))
    if not marker.exists():
        marker.write_text(content + "\n", encoding="ascii")


def _close(tx: Connection, event: str, owners: list[str]) -> None:
    change = workers.update().where(workers.c.owner.in_(owners), workers.c[event].is_(None))
    tx.execute(change.values({event: now_ms()}))


def _count(tx: Connection, workflow_id: str) -> int:
    """Count one more take-over. After a calm while the count begins again."""
    at = now_ms()
    tx.execute(insert_new(tx, takeovers, by="workflow_id").values(workflow_id=workflow_id, times=0, at=at))
    times = sa.case((takeovers.c.at < at - _CALM_MS, 1), else_=takeovers.c.times + 1)
    change = takeovers.update().where(takeovers.c.workflow_id == workflow_id).values(times=times, at=at)
    return int(tx.execute(change.returning(takeovers.c.times)).scalar_one())
