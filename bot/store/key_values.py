"""The channels' KeyValue and SendQuota on our tables: shared by all processes, so that each asks and counts for all."""

from collections.abc import Callable

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, insert_over, now_ms
from bot.store.passive_tables import allowances, memory


class KeyValueStore:
    """The repository of the channels' values."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def get(self, key: str) -> str | None:
        """Return the value, or None when it is absent or has lapsed."""
        query = sa.select(memory.c.value).where(memory.c.key == key, self._alive())
        return await self._db.read(lambda tx: tx.execute(query).scalar())

    async def put(self, key: str, value: str | None, *, for_s: float | None = None) -> None:
        """Set the value; None removes it."""

        def work(tx: Connection) -> None:
            if value is None:
                tx.execute(memory.delete().where(memory.c.key == key))
            else:
                tx.execute(insert_over(tx, memory, key=key, value=value, until=self._until(for_s)))

        await self._db.write(work)

    async def swap(self, key: str, *, old: str | None, new: str, for_s: float | None = None) -> bool:
        """Set the value only if it is `old` now.

        Of two processes that swap at once, one changes the row, and the other finds it changed. Absent rows: one
        inserts, and for the other the insert conflicts.
        """

        def work(tx: Connection) -> bool:
            if old is not None:
                change = memory.update().where(memory.c.key == key, memory.c.value == old, self._alive())
                change = change.values(value=new, until=self._until(for_s))
                return tx.execute(change.returning(memory.c.key)).first() is not None
            tx.execute(memory.delete().where(memory.c.key == key, sa.not_(self._alive())))
            row = insert_new(tx, memory, by="key").values(key=key, value=new, until=self._until(for_s))
            return tx.execute(row.returning(memory.c.key)).first() is not None

        return await self._db.write(work)

    async def sweep(self) -> None:
        """Delete what has lapsed."""
        await self._db.write(lambda tx: tx.execute(memory.delete().where(sa.not_(self._alive()))))

    def _alive(self) -> sa.ColumnElement[bool]:
        return sa.or_(memory.c.until.is_(None), memory.c.until > self._now())

    def _until(self, for_s: float | None) -> int | None:
        return None if for_s is None else self._now() + int(for_s * 1000)


class SendQuota:
    """The repository of what a bot may still send unasked."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def opened(self, user: str, kind: str, *, messages: int, for_s: float) -> None:
        """Allow `messages` within `for_s` seconds; it replaces the last of its kind."""
        until = self._now() + int(for_s * 1000)
        row = {"user": user, "kind": kind, "remaining": messages, "until": until}

        def work(tx: Connection) -> None:
            tx.execute(insert_over(tx, allowances, **row))

        await self._db.write(work)

    async def closed(self, user: str) -> None:
        """Allow nothing any more: the person has left."""
        row = allowances.delete().where(allowances.c.user == user)
        await self._db.write(lambda tx: tx.execute(row))

    async def spend(self, user: str) -> None:
        """Count one message, from the window that lapses first: how a chat combines its windows is undocumented."""

        def work(tx: Connection) -> None:
            query = sa.select(allowances.c.kind).where(*self._open(user)).order_by(allowances.c.until).limit(1)
            kind = tx.execute(query).scalar()
            change = allowances.update().where(allowances.c.user == user, allowances.c.kind == kind)
            tx.execute(change.values(remaining=allowances.c.remaining - 1))

        await self._db.write(work)

    async def left(self, user: str) -> int:
        """Return how many may still be sent now."""
        query = sa.select(sa.func.coalesce(sa.func.sum(allowances.c.remaining), 0)).where(*self._open(user))
        return await self._db.read(lambda tx: int(tx.execute(query).scalar_one()))

    def _open(self, user: str) -> tuple[sa.ColumnElement[bool], ...]:
        return allowances.c.user == user, allowances.c.remaining > 0, allowances.c.until > self._now()
