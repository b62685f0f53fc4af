"""Whom admins have let in from the chat, and the caps that they gave to groups. The settings count beside them."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.people_tables import admissions, strangers


@dataclass(frozen=True, slots=True)
class Admission:
    """A row: who is let in since when (milliseconds UTC), or not, by whom; and a group's own cap in micro-dollars.

    `admin`: since when this person is an admin by a code of `reelbot setup`, or None.
    """

    id: str
    allowed: int | None
    allowed_by: str | None
    cap_micro: int | None
    admin: int | None = None


class Admissions:
    """The repository of admissions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def allowed(self, ids: Iterable[str]) -> frozenset[str]:
        """Return which of these ids an admin has let in."""
        query = sa.select(admissions.c.id).where(admissions.c.id.in_(list(ids)), admissions.c.allowed.is_not(None))
        return await self._db.read(lambda tx: frozenset(tx.execute(query).scalars()))

    async def admins(self) -> frozenset[str]:
        """Return those who became admins by a code; whom REELBOT_ADMINS names counts beside them."""
        query = sa.select(admissions.c.id).where(admissions.c.admin.is_not(None))
        return await self._db.read(lambda tx: frozenset(tx.execute(query).scalars()))

    async def all(self) -> list[Admission]:
        """Return all rows, by their ids."""
        query = sa.select(admissions).order_by(admissions.c.id)
        return await self._db.read(lambda tx: [Admission(**row._asdict()) for row in tx.execute(query)])

    async def allow(self, ident: str, *, by: str) -> bool:
        """Let this person or group in. False: it was already."""
        return await self._db.write(lambda tx: allow_tx(tx, ident, by=by))

    async def remove(self, ident: str) -> bool:
        """Take back that this person or group was let in; a group's cap stays. False: it was not let in here."""
        return await self._db.write(lambda tx: remove_tx(tx, ident))

    async def set_cap(self, group: str, cap_micro: int | None) -> None:
        """Give a group a daily cap of its own, in micro-dollars; None: that of the setting counts again."""
        await self._db.write(lambda tx: set_cap_tx(tx, group, cap_micro))


def allow_tx(tx: Connection, ident: str, *, by: str) -> bool:
    """Let this person or group in. False: it was already."""
    tx.execute(insert_new(tx, admissions, by="id").values(id=ident))
    tx.execute(strangers.delete().where(strangers.c.id == ident))
    row = admissions.update().where(admissions.c.id == ident, admissions.c.allowed.is_(None))
    return tx.execute(row.values(allowed=now_ms(), allowed_by=by).returning(admissions.c.id)).first() is not None


def remove_tx(tx: Connection, ident: str, *, let_in_by: str | None = None) -> bool:
    """Take back that this person or group was let in, or is an admin by a code. False: it was not let in here.

    `let_in_by`: only if that person has done it, and nobody has become an admin since.
    """
    row = admissions.update().where(admissions.c.id == ident, admissions.c.allowed.is_not(None))
    if let_in_by is not None:
        row = row.where(admissions.c.allowed_by == let_in_by, admissions.c.admin.is_(None))
    return (
        tx.execute(row.values(allowed=None, allowed_by=None, admin=None).returning(admissions.c.id)).first() is not None
    )


def set_cap_tx(tx: Connection, group: str, cap_micro: int | None) -> None:
    """Give a group a daily cap of its own, in micro-dollars, or take it back."""
    tx.execute(insert_new(tx, admissions, by="id").values(id=group))
    tx.execute(admissions.update().where(admissions.c.id == group).values(cap_micro=cap_micro))


def group_cap_tx(tx: Connection, group: str) -> int | None:
    """Return the group's own cap in micro-dollars, or None."""
    cap = tx.execute(sa.select(admissions.c.cap_micro).where(admissions.c.id == group)).scalar()
    return int(cap) if cap is not None else None
