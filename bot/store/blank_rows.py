"""Takes the words out of rows, within a transaction: of one job, and of what a person said beside jobs.

The rows stay where sums, a repeated delivery or a receipt depends on them; nothing that anybody wrote does.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.dialogue_tables import dialogues, message_map
from bot.store.passive_tables import answers, codes, memory, outbox
from bot.store.people_tables import preferences, strangers
from bot.store.tables import history, inbox, jobs, journal, people, results, submits
from bot.store.transcript import next_change

_OF_MESSAGE = ("address", "account", "event_id", "sender_id", "direct", "private", "at", "reply_to", "anonymous")
_OF_REQUEST = ("model", "mode", "endpoint", "duration_s", "resolution", "aspect_ratio", "sound")
_GONE = {"kind": "gone", "from": "bot", "text": ""}
_ENDS = ("deleted",)


def blank_job_tx(tx: Connection, job_id: str) -> None:
    """Take the words out of everything that is kept of this job. What it cost, when, and by which model stays."""
    here = jobs.c.id == job_id
    row = tx.execute(sa.select(jobs.c.origin, jobs.c.chat, jobs.c.incoming, jobs.c.request).where(here)).first()
    if row is None:
        return
    request = {**_only(row.request, _OF_REQUEST), "prompt": ""}
    values: dict[str, Any] = {
        "incoming": _only(row.incoming, _OF_MESSAGE),
        "request": request,
        "adjustments": [],
        "error": sa.null(),
        "question": sa.null(),
        "ways": None,
        "status_shown": "",
        "odd": None,
        "forgotten": now_ms(),
    }
    tx.execute(jobs.update().where(here).values(**values))
    tx.execute(history.update().where(history.c.job_id == job_id, history.c.state.not_in(_ENDS)).values(why=None))
    tx.execute(submits.update().where(submits.c.job_id == job_id).values(body=None))
    for ref in tx.execute(sa.select(message_map.c.ref).where(message_map.c.job_id == job_id)).scalars().all():
        card = memory.c.key.endswith(f":{ref}", autoescape=True)
        tx.execute(memory.delete().where(memory.c.key.like("wecom:card:%"), card))
    for table in (results, message_map, codes, outbox):
        tx.execute(table.delete().where(table.c.job_id == job_id))
    _blank_messages_tx(tx, inbox.c.origin == row.origin)
    _forget_file_tx(tx, row.incoming)
    channel, _, chat_id = (row.chat or "").partition(":")
    if channel == "web":
        blank_journal_tx(tx, chat_id, job_id=job_id)


def blank_person_tx(tx: Connection, user: str, chat: str, until: int, *, but_not: int | None = None) -> int:
    """Take away what this person said until then, in that chat ("": anywhere), beside what their jobs hold.

    `but_not`: the message that is being decided. Returns how many of their messages still wait to be answered.
    """
    channel, _, sender = user.partition(":")
    mine = [row.id for row in _messages_tx(tx, channel, sender, chat, until)]
    waiting = tx.execute(
        sa.select(inbox.c.id).where(inbox.c.id.in_(mine), inbox.c.state == "new", inbox.c.answer.is_not(None))
    )
    left = set(waiting.scalars()) | ({but_not} if but_not is not None else set())
    _blank_messages_tx(tx, inbox.c.id.in_([each for each in mine if each not in left]))
    spoken = [dialogues.c.user == user, dialogues.c.changed <= until]
    if chat:
        spoken.append(dialogues.c.key.startswith(f"{chat}:", autoescape=True))
    tx.execute(dialogues.delete().where(*spoken))
    if not chat:
        _blank_whole_tx(tx, user, channel, sender, until)
    return len(left)


def forget_settings_tx(tx: Connection, user: str) -> None:
    """Forget what this person has set, and their name where they once asked to be let in."""
    tx.execute(preferences.delete().where(preferences.c.owner == user))
    tx.execute(people.delete().where(people.c.user == user))
    tx.execute(strangers.delete().where(strangers.c.id == user))


def blank_journal_tx(tx: Connection, chat_id: str, *, until: int | None = None, job_id: str | None = None) -> None:
    """Leave a mark in the place of these entries of a web chat, by which open pages take them away."""
    query = sa.select(journal.c.id, journal.c.body).where(journal.c.chat_id == chat_id)
    if until is not None:
        query = query.where(journal.c.at <= until)
    for row in tx.execute(query.order_by(journal.c.id)).all():
        body = row.body if isinstance(row.body, Mapping) else {}
        if body == _GONE or (job_id is not None and body.get("job") != job_id):
            continue
        change = next_change(tx, chat_id)
        tx.execute(journal.update().where(journal.c.id == row.id).values(change=change, body=_GONE))


def _blank_whole_tx(tx: Connection, user: str, channel: str, sender: str, until: int) -> None:
    tx.execute(outbox.delete().where(outbox.c.user == user, outbox.c.at <= until))
    if channel == "web":
        blank_journal_tx(tx, sender, until=until)
    if channel == "ilink":  # an id of another chat may be a part of these keys
        messages = memory.c.key.like("ilink:said:%")
        of_person = memory.c.key.contains(f":{sender}:", autoescape=True)
        tx.execute(memory.delete().where(messages, of_person))


def _messages_tx(tx: Connection, channel: str, sender: str, chat: str, until: int) -> list[Any]:
    """Return the rows of what this person sent. Read one by one: a broken row must not end the search."""
    query = sa.select(inbox.c.id, inbox.c.incoming).where(
        inbox.c.chat == chat if chat else inbox.c.chat.startswith(f"{channel}:", autoescape=True),
        inbox.c.created <= until,
        sa.cast(inbox.c.incoming, sa.Text).contains(sender, autoescape=True),
    )
    return [row for row in tx.execute(query) if _is_from(row.incoming, sender)]


def _is_from(incoming: object, sender: str) -> bool:
    if not isinstance(incoming, Mapping):  # broken: it names the person, and nobody can say for what
        return True
    return incoming.get("sender_id") == sender


def _blank_messages_tx(tx: Connection, which: sa.ColumnElement[bool]) -> None:
    for row in tx.execute(sa.select(inbox.c.id, inbox.c.origin, inbox.c.incoming, inbox.c.state).where(which)).all():
        _forget_file_tx(tx, row.incoming)
        values = {"incoming": _only(row.incoming, _OF_MESSAGE), "answer": None, "state": "done"}
        tx.execute(inbox.update().where(inbox.c.id == row.id).values(**values))
        tx.execute(answers.delete().where(answers.c.origin == row.origin))


def _forget_file_tx(tx: Connection, incoming: object) -> None:
    """Forget how the files of a message are opened: WeChat's keys lie under the digest of a name, WeCom's under it."""
    for message in (incoming, incoming.get("quoted") if isinstance(incoming, Mapping) else None):
        also = message.get("also") if isinstance(message, Mapping) else None
        files = [message.get("attachment") if isinstance(message, Mapping) else None]
        for attachment in files + (list(also) if isinstance(also, list | tuple) else []):
            file_id = attachment.get("file_id") if isinstance(attachment, Mapping) else None
            if isinstance(file_id, str) and file_id:
                digest = hashlib.sha256(file_id.encode()).hexdigest()
                tx.execute(memory.delete().where(memory.c.key == f"ilink:file:{digest}"))
                link = memory.c.key.endswith(f":{file_id}", autoescape=True)
                tx.execute(memory.delete().where(memory.c.key.like("wecom:link:%"), link))


def _only(stored: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: stored[name] for name in names if name in stored} if isinstance(stored, Mapping) else {}
