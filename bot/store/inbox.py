"""The inbox table: what people said, committed before it is confirmed to their chat, handled in order per chat."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.channels.port import Incoming
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.records import incoming_from, record
from bot.store.tables import inbox


@dataclass(frozen=True, slots=True)
class Letter:
    id: int
    chat: str
    incoming: Incoming
    attempts: int
    not_before: int


class InboxRows:
    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(self, incoming: Sequence[Incoming]) -> None:
        """Commit them all; one that is already there is left as it is."""
        at = now_ms()
        rows = [
            {
                "origin": each.origin,
                "chat": f"{each.address.channel}:{each.address.chat_id}",
                "incoming": record(each),
                "state": "new",
                "attempts": 0,
                "not_before": 0,
                "created": at,
            }
            for each in incoming
        ]

        def work(connection: Connection) -> None:
            for row in rows:
                connection.execute(insert_new(connection, inbox, by="origin").values(**row))

        await self._db.write(work)

    async def waiting(self) -> list[Letter]:
        """Not yet handled, oldest first."""
        query = sa.select(inbox).where(inbox.c.state == "new").order_by(inbox.c.id).limit(500)

        def work(connection: Connection) -> list[Letter]:
            return [
                Letter(row.id, row.chat, incoming_from(row.incoming), row.attempts, row.not_before)
                for row in connection.execute(query)
            ]

        return await self._db.read(work)

    async def done(self, letter: Letter) -> None:
        await self._change(letter, state="done")

    async def later(self, letter: Letter, *, after_s: float) -> None:
        await self._change(letter, attempts=letter.attempts + 1, not_before=now_ms() + int(after_s * 1000))

    async def set_aside(self, letter: Letter) -> None:
        """It failed again and again: kept for the operator, out of everybody's way."""
        await self._change(letter, state="set_aside")

    async def forget(self, *, before_s: float) -> None:
        """Messages handled longer ago than that: nobody repeats them any more."""
        old = inbox.delete().where(inbox.c.state == "done", inbox.c.created < now_ms() - int(before_s * 1000))

        def work(connection: Connection) -> None:
            connection.execute(old)

        await self._db.write(work)

    async def _change(self, letter: Letter, **values: object) -> None:
        change = inbox.update().where(inbox.c.id == letter.id).values(**values)

        def work(connection: Connection) -> None:
            connection.execute(change)

        await self._db.write(work)
