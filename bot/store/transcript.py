"""The transcript of a chat that has no server of its own to remember it (the web chat)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms, take_turns
from bot.store.tables import journal


class Transcript:
    """The web chat's memory. Each write takes the chat's next change number, so that a page can ask "what is new"."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int:
        """Append an entry and return its number."""

        def work(tx: Connection) -> int:
            row = {"chat_id": chat_id, "change": next_change(tx, chat_id), "at": now_ms(), "body": dict(body)}
            return int(tx.execute(journal.insert().values(**row).returning(journal.c.id)).scalar_one())

        return await self._db.write(work)

    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None:
        """Replace the entry with this number."""

        def work(tx: Connection) -> None:
            mine = (journal.c.id == number, journal.c.chat_id == chat_id)
            before = tx.execute(sa.select(journal.c.body).where(*mine)).scalar()
            fields = before if isinstance(before, Mapping) else {}
            change = journal.update().where(*mine)
            tx.execute(change.values(change=next_change(tx, chat_id), body={**fields, **body}))

        await self._db.write(work)

    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        """Return the entries changed after this change number, oldest first."""
        query = (
            sa.select(journal)
            .where(journal.c.chat_id == chat_id, journal.c.change > after_change)
            .order_by(journal.c.id)
        )

        def work(tx: Connection) -> list[Mapping[str, Any]]:
            rows = tx.execute(query)
            return [
                {"id": row.id, "change": row.change, "at": row.at, **row.body}
                for row in rows
                if isinstance(row.body, Mapping)  # one that is broken does not empty the page
            ]

        return await self._db.read(work)


def next_change(tx: Connection, chat_id: str) -> int:
    """Return the chat's next change number.

    One writer of a chat at a time, until it has committed: a page that asks for "what is new" must miss nothing.
    """
    take_turns(tx, f"journal {chat_id}")
    highest = sa.select(sa.func.coalesce(sa.func.max(journal.c.change), 0)).where(journal.c.chat_id == chat_id)
    return int(tx.execute(highest).scalar_one()) + 1
