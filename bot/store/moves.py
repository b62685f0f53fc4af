"""Groups that have another id now, as a Telegram group has once it is a supergroup: everything of theirs follows.

Rows of the ledger never change, so sums of a group or of whoever speaks for it are taken over its former ids as well.
The chat numbers its messages anew then: those of before are known as `-5/12`, of the group -5 the message 12, and
nothing is edited or replied to by its old number.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from bot.channels.types import Address, Incoming
from bot.store.database import Connection, Database, insert_new, now_ms, take_turns
from bot.store.dialogue_tables import dialogues, message_map
from bot.store.people_tables import admissions, moves, preferences, strangers
from bot.store.records import Destination, State, incoming_from, record
from bot.store.stored import Unreadable, restored, rewritten
from bot.store.tables import inbox, jobs, people

_OVER = (State.DELIVERED, State.SENT_AS_REPLY, State.FAILED, State.CANCELLED)
_PRESS = "press-"


class Moves:
    """The repository of moves."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def move(self, channel: str, old: str, new: str) -> bool:
        """Bring what belongs to the chat `old` to its new id, in one transaction. False: it was known to have moved.

        Whatever has come under the old id since then follows, too.
        """
        before, now = f"{channel}:{old}", f"{channel}:{new}"

        def work(tx: Connection) -> bool:
            if before == now:
                return False
            take_turns(tx, "moves")
            row = insert_new(tx, moves, by="old").values(old=before, new=now, at=now_ms())
            first = tx.execute(row.returning(moves.c.old)).first() is not None
            tx.execute(moves.update().where(moves.c.new == before).values(new=now))
            _move_settings(tx, before, now)
            _move_dialogues(tx, before, now)
            _move_jobs(tx, before, now)
            _move_inbox(tx, before, now)
            return first

        return await self._db.write(work)

    async def former(self, ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Return the former ids of those of these that have any."""
        query = sa.select(moves.c.old, moves.c.new).where(moves.c.new.in_(list(ids)))

        def work(tx: Connection) -> dict[str, frozenset[str]]:
            found: dict[str, frozenset[str]] = {}
            for row in tx.execute(query):
                found[row.new] = found.get(row.new, frozenset()) | {row.old}
            return found

        return await self._db.read(work)

    async def all(self) -> list[tuple[str, str]]:
        """Return all moves, as (old, new), by the old ids."""
        query = sa.select(moves.c.old, moves.c.new).order_by(moves.c.old)
        return await self._db.read(lambda tx: [(row.old, row.new) for row in tx.execute(query)])

    async def present(self, incoming: Incoming) -> Incoming:
        """Return the message as of its chat's present id: buttons of before are still pressed under the old one."""
        address = incoming.address
        query = sa.select(moves.c.new).where(moves.c.old == f"{address.channel}:{address.chat_id}")
        new = await self._db.read(lambda tx: tx.execute(query).scalar())
        return incoming if new is None else _moved(incoming, new.partition(":")[2])


def ids_tx(tx: Connection, ident: str) -> list[str]:
    """Return the id and the former ones."""
    return [ident, *tx.execute(sa.select(moves.c.old).where(moves.c.new == ident)).scalars()]


def _moved(incoming: Incoming, new: str) -> Incoming:
    """Return the message as of the chat `new`."""
    old = incoming.address.chat_id
    is_press = incoming.event_id.startswith(_PRESS)  # numbered beyond any chat
    quoted = incoming.quoted
    if quoted is not None and quoted.ref is not None:
        quoted = replace(quoted, ref=_ref(old, quoted.ref))
    return replace(
        incoming,
        address=replace(incoming.address, chat_id=new),
        sender_id=new if incoming.sender_id == old else incoming.sender_id,
        event_id=incoming.event_id if is_press else _ref(old, incoming.event_id),
        edits=_ref(old, incoming.edits) if incoming.edits is not None else None,
        reply_to=None,
        quoted=quoted,
    )


def _ref(chat_id: str, number: str) -> str:
    """Return a message's number as it is known after a move, once."""
    return number if "/" in number else f"{chat_id}/{number}"


def _move_settings(tx: Connection, before: str, now: str) -> None:
    """Move what was set for the group and decided about it; what is set for the new id already stays."""
    _move_preferences(tx, before, now)
    for table, column in ((people, people.c.user), (strangers, strangers.c.id)):
        if tx.execute(sa.select(column).where(column == now)).first() is None:
            tx.execute(table.update().where(column == before).values({column.name: now}))
        tx.execute(table.delete().where(column == before))
    tx.execute(strangers.update().where(strangers.c.group_chat == before).values(group_chat=now))
    row = tx.execute(sa.select(admissions).where(admissions.c.id == before)).first()
    if row is None:
        return
    tx.execute(insert_new(tx, admissions, by="id").values(id=now))
    for values in ({"allowed": row.allowed, "allowed_by": row.allowed_by}, {"cap_micro": row.cap_micro}):
        unset = admissions.c[next(iter(values))].is_(None)
        tx.execute(admissions.update().where(admissions.c.id == now, unset).values(**values))
    tx.execute(admissions.delete().where(admissions.c.id == before))


def _move_preferences(tx: Connection, before: str, now: str) -> None:
    known = sa.select(preferences.c.name).where(preferences.c.owner == now)
    known_names = list(tx.execute(known).scalars())
    mine = preferences.c.owner == before
    tx.execute(preferences.update().where(mine, preferences.c.name.not_in(known_names)).values(owner=now))
    tx.execute(preferences.delete().where(mine))


def _move_dialogues(tx: Connection, before: str, now: str) -> None:
    """Move what lies on the table there, and which message is about which job."""
    rows = tx.execute(sa.select(dialogues.c.key, dialogues.c.user).where(dialogues.c.key.startswith(f"{before}:")))
    old_id, new_id = before.partition(":")[2], now.partition(":")[2]
    for row in rows.all():
        thread, _, sender = row.key[len(before) + 1 :].rpartition(":")
        key = f"{now}:{thread}:{new_id if sender == old_id else sender}"
        if tx.execute(sa.select(dialogues.c.key).where(dialogues.c.key == key)).first() is None:
            user = now if row.user == before else row.user
            tx.execute(dialogues.update().where(dialogues.c.key == row.key).values(key=key, user=user))
        tx.execute(dialogues.delete().where(dialogues.c.key == row.key))
    numbered = sa.literal(f"{old_id}/", sa.String).concat(message_map.c.ref)
    tx.execute(message_map.update().where(message_map.c.chat == before).values(chat=now, ref=numbered))


def _move_jobs(tx: Connection, before: str, now: str) -> None:
    """Move the group's jobs; those that go on get a card there, since the old one is out of reach."""
    new_id = now.partition(":")[2]
    for row in tx.execute(sa.select(jobs.c.id, jobs.c.incoming, jobs.c.state).where(jobs.c.chat == before)).all():
        values: dict[str, Any] = {"chat": now}
        with suppress(Unreadable):  # store/unreadable.py sees to it
            values["incoming"] = rewritten(row.incoming, _moved(incoming_from(row.incoming), new_id))
        if row.state not in _OVER:
            values |= {"status_ref": None, "status_shown": None, "replaced_ref": None}
        tx.execute(jobs.update().where(jobs.c.id == row.id).values(**values))
    for column in (jobs.c.user, jobs.c.group_chat, jobs.c.purse):
        tx.execute(jobs.update().where(column == before).values({column.name: now}))
    for sent in tx.execute(sa.select(jobs.c.id, jobs.c.send_to).where(jobs.c.send_to.is_not(None))).all():
        with suppress(Unreadable):
            to = restored(Destination, sent.send_to, where="send_to")
            if f"{to.address.channel}:{to.address.chat_id}" == before:
                moved = Destination(Address(to.address.channel, new_id, to.address.thread_id))
                tx.execute(jobs.update().where(jobs.c.id == sent.id).values(send_to=record(moved)))


def _move_inbox(tx: Connection, before: str, now: str) -> None:
    """Move the messages that wait there to be handled."""
    waiting = sa.select(inbox.c.id, inbox.c.incoming).where(inbox.c.chat == before, inbox.c.state == "new")
    for row in tx.execute(waiting).all():
        with suppress(Unreadable):
            moved = _moved(incoming_from(row.incoming), now.partition(":")[2])
            values = {"chat": now, "origin": moved.origin, "incoming": rewritten(row.incoming, moved)}
            tx.execute(inbox.update().where(inbox.c.id == row.id).values(**values))
