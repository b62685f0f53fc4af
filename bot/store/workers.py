"""The workers of one database: who lives, by heartbeats in the database's own time, and who has which role."""

import secrets
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, insert_new, take_turns
from bot.store.first_version import refuse_living
from bot.store.tables import facts, roles, workers

TERM_MS = 15_000
"""A worker without a heartbeat for so long counts as dead, and its roles are free."""
_CLOCK_MS = 60_000
_REMEMBERED_MS = 3600 * 1000
_FOLDER = "output_folder"


class Workers:
    """The repository of workers."""

    def __init__(self, database: Database, *, term_ms: int = TERM_MS) -> None:
        self._db = database
        self._term_ms = term_ms

    async def enter(self, owner: str) -> None:
        """Be known as living. Forgets those long dead. Raises OldWorkers."""

        def work(tx: Connection) -> None:
            now = db_now_ms(tx)
            of_01 = sa.select(workers.c.owner).where(workers.c.beat.is_(None), workers.c.stopped.is_(None))
            refuse_living(tx, tx.execute(of_01).scalars().all())
            tx.execute(workers.delete().where(sa.func.coalesce(workers.c.beat, 0) < now - _REMEMBERED_MS))
            tx.execute(workers.insert().values(owner=owner, started=now, beat=now))

        await self._db.write(work)

    async def beat(self, owner: str, names: Iterable[str]) -> set[str]:
        """Record that we live, hold on to our roles, and take those of these that are free.

        Returns the roles that are ours for a term from now on.
        """
        wanted = sorted(names)

        def work(tx: Connection) -> set[str]:
            now = db_now_ms(tx)
            tx.execute(workers.update().where(workers.c.owner == owner).values(beat=now))
            if wanted:
                new = [{"name": name, "owner": owner, "until": 0} for name in wanted]
                tx.execute(insert_new(tx, roles, by="name").values(new))
            set_back = roles.c.until > now + self._term_ms + _CLOCK_MS  # the clock was: nobody holds a role for so long
            free = sa.or_(roles.c.owner == owner, roles.c.until <= now, set_back)
            change = roles.update().where(roles.c.name.in_(wanted), free).values(owner=owner, until=now + self._term_ms)
            return set(tx.execute(change.returning(roles.c.name)).scalars())

        return await self._db.write(work)

    async def release(self, owner: str) -> None:
        """Its roles are free at once."""
        change = roles.update().where(roles.c.owner == owner).values(until=0)

        def work(tx: Connection) -> None:
            tx.execute(change)

        await self._db.write(work)

    async def living(self, owner: str) -> int:
        """How many run beside this one."""
        return await self._db.read(lambda tx: _others(tx, owner, self._term_ms))

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
            if known is not None and _others(tx, owner, self._term_ms):
                return False
            _mark(tx, marker, ours or secrets.token_hex(16))
            return True

        return await self._db.write(work)

    async def leave(self, owner: str) -> None:
        """Record that the worker ends as told."""
        change = workers.update().where(workers.c.owner == owner)

        def work(tx: Connection) -> None:
            tx.execute(change.values(stopped=db_now_ms(tx)))

        await self._db.write(work)


def _others(tx: Connection, owner: str, term_ms: int) -> int:
    alive = (workers.c.owner != owner, workers.c.stopped.is_(None), workers.c.beat > db_now_ms(tx) - term_ms)
    return int(tx.execute(sa.select(sa.func.count()).where(*alive)).scalar_one())


def _mark(tx: Connection, marker: Path, content: str) -> None:
    tx.execute(insert_new(tx, facts, by="name").values(name=_FOLDER, value=content))
    tx.execute(facts.update().where(facts.c.name == _FOLDER).values(value=content))
    if not marker.exists():
        marker.write_text(content + "\n", encoding="ascii")
