"""Who asked to be let in, without a word of what they said; and of which of them the admins were told."""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, now_ms, take_turns
from bot.store.people_tables import strangers

_DAY_MS = 24 * 3600 * 1000
MOST_A_DAY = 5
"""Strangers of whom the admins are told one by one within 24 hours."""

Word = Literal["each", "summary", "none"]
"""What the admins are to be told: of this one, that more have come, or nothing."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A row. `group`: where they asked, unless alone with the bot. `at`: milliseconds UTC."""

    id: str
    name: str
    group: str | None
    at: int


class Strangers:
    """The repository of strangers."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def note(self, ident: str, *, name: str, group: str | None) -> Word:
        """Store a stranger, once, and return what the admins are to be told of it."""

        def work(tx: Connection) -> Word:
            at = now_ms()
            row = insert_new(tx, strangers, by="id").values(id=ident, name=name, group_chat=group, at=at)
            if tx.execute(row.returning(strangers.c.id)).first() is None:
                return "none"
            take_turns(tx, "strangers")
            return _word(tx, ident, at)

        return await self._db.write(work)

    async def waiting(self, *, newest: int) -> tuple[list[Stranger], int]:
        """Return the `newest` few, newest first, and how many there are in all."""
        query = sa.select(strangers).order_by(strangers.c.at.desc(), strangers.c.id).limit(newest)

        def work(tx: Connection) -> tuple[list[Stranger], int]:
            found = [Stranger(row.id, row.name, row.group_chat, row.at) for row in tx.execute(query)]
            return found, tx.execute(sa.select(sa.func.count()).select_from(strangers)).scalar_one()

        return await self._db.read(work)

    async def forget(self, *, before_s: float) -> None:
        """Delete those who asked longer ago than that."""
        old = strangers.delete().where(strangers.c.at < now_ms() - int(before_s * 1000))

        def work(tx: Connection) -> None:
            tx.execute(old)

        await self._db.write(work)


def _word(tx: Connection, ident: str, at: int) -> Word:
    lately = strangers.c.announced > at - _DAY_MS
    announced = tx.execute(sa.select(sa.func.count()).select_from(strangers).where(lately)).scalar_one()
    if announced < MOST_A_DAY:
        tx.execute(strangers.update().where(strangers.c.id == ident).values(announced=at))
        return "each"
    others = (strangers.c.announced.is_(None), strangers.c.at > at - _DAY_MS, strangers.c.id != ident)
    more = tx.execute(sa.select(strangers.c.id).where(*others).limit(1)).first()
    return "summary" if more is None else "none"
