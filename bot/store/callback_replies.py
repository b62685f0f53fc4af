"""The answers to a chat's callbacks: stored with the message, decided once, the same for each repeat."""

from collections.abc import Callable

import sqlalchemy as sa

from bot.channels.types import Incoming, Reply
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.inbox import MOST_WAITING, admit_tx
from bot.store.passive_tables import answers
from bot.store.stored import record, restored
from bot.store.tables import inbox


class CallbackReplies:
    """The repository of callback replies. `now` is an argument for tests."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def expect(self, incoming: Incoming, *, most: int = MOST_WAITING) -> bool:
        """Commit the message together with the question for its answer; repeats change nothing.

        False, and nothing is stored: `most` messages of its chat wait already.
        """
        question = {"origin": incoming.origin, "reply": None, "at": self._now()}

        def work(tx: Connection) -> bool:
            if admit_tx(tx, [incoming], most=lambda _incoming: most):
                return False
            tx.execute(insert_new(tx, answers, by="origin").values(**question))
            return True

        return await self._db.write(work)

    async def answer(self, origin: str) -> Reply | None:
        """Return the answer to this message, None while there is none."""
        query = sa.select(answers.c.reply).where(answers.c.origin == origin)
        reply = await self._db.read(lambda tx: tx.execute(query).scalar())
        return restored(Reply, reply, where="reply") if reply else None

    async def asked_ms(self, origin: str) -> int | None:
        """Return how many milliseconds ago the answer was first asked for; None: it was not."""
        query = sa.select(answers.c.at).where(answers.c.origin == origin)
        at = await self._db.read(lambda tx: tx.execute(query).scalar())
        return None if at is None else self._now() - at

    async def give(self, origin: str, reply: Reply) -> None:
        """Store the answer to this message."""
        await self._db.write(lambda tx: give_tx(tx, origin, reply))

    async def settle(self, inbox_id: int, within: Callable[[Connection], None]) -> None:
        """Close the message, and do whatever belongs to it, in one transaction."""

        def work(tx: Connection) -> None:
            tx.execute(inbox.update().where(inbox.c.id == inbox_id).values(state="done"))
            within(tx)

        await self._db.write(work)

    async def forget(self, *, before_s: float) -> None:
        """Delete replies that nobody asks for any more."""
        before = self._now() - int(before_s * 1000)

        def work(tx: Connection) -> None:
            tx.execute(answers.delete().where(answers.c.at < before, answers.c.reply.is_not(None)))

        await self._db.write(work)


def give_tx(tx: Connection, origin: str, reply: Reply) -> None:
    """Store the answer to this message."""
    tx.execute(answers.update().where(answers.c.origin == origin).values(reply=record(reply)))
