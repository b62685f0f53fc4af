"""The inbox table: messages, committed before they are confirmed to their chat, handled in order per chat."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.channels.types import Incoming, Message
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.records import incoming_from, record
from bot.store.stored import Unreadable, restored
from bot.store.tables import inbox

MOST_WAITING = 50
"""Messages of one chat that may wait at once. A person types no fifty before the first is answered, which takes less
than a second; a program does, and each that waits costs the same work as anybody else's.
"""
PRESSES_TOO = 20
"""So many presses and commands that cost nothing may wait beside them: a flood of orders must not keep its owner from
saying "cancel".
"""

_NEW = inbox.c.state == sa.literal_column("'new'")  # written out, or SQLite does not see that the index fits


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that waits to be handled, or was decided already: then its `answer` waits to be taken by the chat."""

    id: int
    chat: str
    incoming: Incoming
    attempts: int
    not_before: int
    created: int = 0
    answer: Message | None = None


@dataclass(frozen=True, slots=True)
class UnreadableMessage:
    """A row that this version cannot read."""

    id: int
    chat: str


@dataclass(frozen=True, slots=True)
class Found:
    """The messages that are due, at most one of each chat."""

    messages: list[QueuedMessage]
    unreadable: list[UnreadableMessage]


def inbox_row(incoming: Incoming) -> dict[str, Any]:
    """Build the row of a new message."""
    return {
        "origin": incoming.origin,
        "chat": f"{incoming.address.channel}:{incoming.address.chat_id}",
        "incoming": record(incoming),
        "state": "new",
        "attempts": 0,
        "not_before": 0,
        "created": now_ms(),
    }


def admit_tx(tx: Connection, incoming: Sequence[Incoming], *, most: Callable[[Incoming], int]) -> list[Incoming]:
    """Store messages in their order and return those that were too many; known ones are left as they are.

    `most`: how many messages of its chat may wait before each. A few queries, however many there are.
    """
    rows = [inbox_row(each) for each in incoming]
    known = _known(tx, [row["origin"] for row in rows])
    waiting = _waiting(tx, {row["chat"] for row in rows})
    new, refused = [], []
    for each, row in zip(incoming, rows, strict=True):
        if row["origin"] in known:
            continue
        if waiting[row["chat"]] >= most(each):
            refused.append(each)
            continue
        known.add(row["origin"])
        waiting[row["chat"]] += 1
        new.append(row)
    if new:
        tx.execute(insert_new(tx, inbox, by="origin").values(new))
    return refused


def _known(tx: Connection, origins: list[str]) -> set[str]:
    query = sa.select(inbox.c.origin).where(inbox.c.origin.in_(origins))
    return set(tx.execute(query).scalars())


def _waiting(tx: Connection, chats: set[str]) -> Counter[str]:
    query = (
        sa.select(inbox.c.chat, sa.func.count().label("waiting"))
        .where(_NEW, inbox.c.chat.in_(chats))
        .group_by(inbox.c.chat)
    )
    return Counter({row.chat: row.waiting for row in tx.execute(query)})


def answer_tx(tx: Connection, inbox_id: int, answer: Message) -> None:
    """Store the answer to a message that was decided in this transaction: it is still to be sent."""
    tx.execute(inbox.update().where(inbox.c.id == inbox_id).values(state="new", answer=record(answer)))


class InboxRepository:
    """The repository of the inbox."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def put(
        self, incoming: Sequence[Incoming], *, most: Callable[[Incoming], int] = lambda _incoming: MOST_WAITING
    ) -> list[Incoming]:
        """Commit the messages and return those that were too many; known ones are left as they are.

        `most`: how many of its chat may wait before each.
        """
        return await self._db.write(lambda tx: admit_tx(tx, incoming, most=most))

    async def waiting(self, *, but_not: Collection[str] = (), most: int = 500) -> Found:
        """Return the first message of each chat, where it is due, oldest first.

        While the first is not due, the later ones of that chat wait, too. `but_not`: chats that are served already.
        """
        first = sa.select(sa.func.min(inbox.c.id).label("id")).where(_NEW, inbox.c.chat.not_in(but_not))
        ids = first.group_by(inbox.c.chat).subquery()
        query = sa.select(inbox).join(ids, ids.c.id == inbox.c.id).where(inbox.c.not_before <= now_ms())
        return await self._read(query.order_by(inbox.c.id).limit(most))

    async def next_of(self, chat: str) -> Found:
        """Return the first message of this chat, if it is due."""
        query = sa.select(inbox).where(_NEW, inbox.c.chat == chat).order_by(inbox.c.id).limit(1).subquery()
        return await self._read(sa.select(query).where(query.c.not_before <= now_ms()))

    async def after(self, queued: QueuedMessage) -> Incoming | None:
        """Return what waits behind this message in its chat; None: nothing, or what cannot be read."""
        query = sa.select(inbox.c.incoming).where(_NEW, inbox.c.chat == queued.chat, inbox.c.id > queued.id)
        query = query.order_by(inbox.c.id).limit(1)
        found = await self._db.read(lambda tx: tx.execute(query).scalar())
        try:
            return incoming_from(found) if found else None
        except Unreadable:
            return None

    async def came(self, origin: str) -> int | None:
        """Return when this message was stored, milliseconds UTC; None: it is not here."""
        return await self._db.read(
            lambda tx: tx.execute(sa.select(inbox.c.created).where(inbox.c.origin == origin)).scalar()
        )

    async def _read(self, query: sa.Select[Any]) -> Found:
        def work(tx: Connection) -> Found:
            rows = [_queued(row) for row in tx.execute(query)]
            messages = [each for each in rows if isinstance(each, QueuedMessage)]
            return Found(messages, [each for each in rows if isinstance(each, UnreadableMessage)])

        return await self._db.read(work)

    async def done(self, queued: QueuedMessage) -> None:
        """Mark the message as handled."""
        await self._change(queued, state="done")

    async def decide(self, queued: QueuedMessage, within: Callable[[Connection], Message | None]) -> bool:
        """Write a decision, once: `within` writes what it changes and returns the answer, which is still to be sent.

        False, and nothing changes: another process has decided this message.
        """
        row = inbox.c.id == queued.id
        closed = inbox.update().where(row, _NEW, inbox.c.answer.is_(None)).values(state="done").returning(inbox.c.id)

        def work(tx: Connection) -> bool:
            if tx.execute(closed).first() is None:
                return False
            answer = within(tx)
            if answer is not None:
                answer_tx(tx, queued.id, answer)
            return True

        return await self._db.write(work)

    async def undone(self, queued: QueuedMessage) -> QueuedMessage | None:
        """Return the message as it stands now; None: it is done with."""
        query = sa.select(inbox).where(inbox.c.id == queued.id, _NEW)
        found = (await self._read(query)).messages
        return found[0] if found else None

    async def later(self, queued: QueuedMessage, *, after_s: float) -> None:
        """Retry the message after `after_s` seconds."""
        await self._change(queued, attempts=queued.attempts + 1, not_before=now_ms() + int(after_s * 1000))

    async def dead_letter(self, queued: QueuedMessage | UnreadableMessage) -> None:
        """Set a message aside that failed again and again, or cannot be read: it is kept for the operator."""
        await self._change(queued, state="set_aside")

    async def forget(self, *, before_s: float) -> None:
        """Delete messages handled longer ago than that: nobody repeats them any more."""
        old = inbox.delete().where(inbox.c.state == "done", inbox.c.created < now_ms() - int(before_s * 1000))

        def work(tx: Connection) -> None:
            tx.execute(old)

        await self._db.write(work)

    async def message_of(self, origin: str) -> Incoming | None:
        """Return the message with this origin, as it was stored; None where it was not, or not lately."""
        query = sa.select(inbox.c.incoming).where(inbox.c.origin == origin)
        found = await self._db.read(lambda tx: tx.execute(query).scalar())
        try:
            return incoming_from(found) if found else None
        except Unreadable:
            return None

    async def _change(self, queued: QueuedMessage | UnreadableMessage, **values: object) -> None:
        change = inbox.update().where(inbox.c.id == queued.id).values(**values)

        def work(tx: Connection) -> None:
            tx.execute(change)

        await self._db.write(work)


def _queued(row: sa.Row[Any]) -> QueuedMessage | UnreadableMessage:
    try:
        incoming = incoming_from(row.incoming)
        answer = restored(Message, row.answer, where="answer") if row.answer else None
    except Unreadable:
        return UnreadableMessage(row.id, row.chat)
    return QueuedMessage(row.id, row.chat, incoming, row.attempts, row.not_before, row.created, answer)
