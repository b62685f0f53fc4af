"""Dialogues: the draft that a person has on the table in one chat, and what the bot said there last."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.types import AttachmentRef, Incoming
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.dialogue_tables import dialogues
from bot.store.stored import Unreadable, record, restored, rewritten
from bot.store.tables import jobs

DRAFT_MS = 10 * 60 * 1000
"""A draft is kept so long after its last change, in milliseconds."""

Topic = Literal["offer", "source", "words", "delete", "forget", "else"]
"""What the bot said last: an offer, a question about a photo or video, one for words, whether to delete a film or to
forget everything, or anything else.
"""


@dataclass(frozen=True, slots=True)
class DraftSource:
    """A photo or video on the table. `event`: the message that brought it, `ref` the chat's id of that."""

    attachment: AttachmentRef
    event: str
    ref: str | None = None
    at: int = 0
    album: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What lies on the table and is not ordered: words and sources, in the order of the messages.

    `options`: options that came without words, as they were typed. `events`: the messages that the words came with.
    `explicit`: the words are a command's own, which waits for its photo. `at`: the last change, milliseconds UTC;
    `words_at`: that of the words.
    """

    words: str = ""
    options: str = ""
    sources: tuple[DraftSource, ...] = ()
    events: tuple[str, ...] = ()
    explicit: bool = False
    words_at: int = 0
    at: int = 0

    @property
    def is_empty(self) -> bool:
        """Return whether nothing lies there."""
        return not (self.words or self.options or self.sources)


@dataclass(frozen=True, slots=True)
class Last:
    """What the bot said last in a dialogue, and which job or offer that was about."""

    topic: Topic
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the bot knows of one person in one chat and topic."""

    key: str
    user: str
    draft: Draft = field(default_factory=Draft)
    last: Last | None = None


def dialogue_key(incoming: Incoming) -> str:
    """Return the key of the dialogue that a message belongs to: chat, topic and person."""
    address = incoming.address
    return f"{address.channel}:{address.chat_id}:{address.thread_id or ''}:{incoming.sender_id}"


class Dialogues:
    """The repository of dialogues. `now` is an argument for tests."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def of(self, incoming: Incoming) -> Dialogue:
        """Return the dialogue that a message belongs to; a draft that has lapsed is gone."""
        key = dialogue_key(incoming)
        query = sa.select(dialogues).where(dialogues.c.key == key)
        row = await self._db.read(lambda tx: tx.execute(query).first())
        return self._dialogue(key, incoming.user, row, at=incoming.at)

    def _dialogue(self, key: str, user: str, row: sa.Row[Any] | None, *, at: int | None = None) -> Dialogue:
        """Read the row. `at`: when the message was sent that is decided, if it waited before it was."""
        draft, last = Draft(), None
        if row is not None:
            with suppress(Unreadable):  # another version's: its owner sends the photo again
                draft = restored(Draft, row.draft, where="draft") if row.draft else draft
                last = restored(Last, row.last, where="last") if row.last else None
        if draft.at <= min(at or self._now(), self._now()) - DRAFT_MS:
            draft = Draft()
        asked = last is not None and last.topic in {"words", "source"}
        if row is not None and asked and row.changed <= self._now() - DRAFT_MS:
            last = None  # a question is as old as what lies on the table
        return Dialogue(key, user, draft, last)

    async def measured(self, user: str, attachment: AttachmentRef) -> None:
        """Set what was found out about the waiting file `attachment.file_id`: its kind, its seconds."""

        def work(tx: Connection) -> None:
            for row in tx.execute(sa.select(dialogues).where(dialogues.c.user == user)).all():
                draft = self._dialogue(row.key, user, row).draft
                sources = tuple(
                    replace(each, attachment=attachment) if each.attachment.file_id == attachment.file_id else each
                    for each in draft.sources
                )
                if sources != draft.sources:
                    changed = rewritten(row.draft, replace(draft, sources=sources))
                    tx.execute(dialogues.update().where(dialogues.c.key == row.key).values(draft=changed))

        await self._db.write(work)

    async def spoke(self, user: str, *, chat: str | None = None) -> None:
        """Record that the bot says something to this person: see spoke_tx."""
        await self._db.write(lambda tx: spoke_tx(tx, user, chat=chat))

    async def drafts(self) -> str:
        """Return the text of all drafts, to look for names in it."""
        query = sa.select(sa.cast(dialogues.c.draft, sa.Text)).where(dialogues.c.draft.is_not(None))
        return await self._db.read(lambda tx: " ".join(each or "" for each in tx.execute(query).scalars()))

    async def forget(self, *, before_s: float) -> None:
        """Delete the dialogues in which nothing happened lately."""
        before = self._now() - int(before_s * 1000)

        def work(tx: Connection) -> None:
            tx.execute(dialogues.delete().where(dialogues.c.changed < before))

        await self._db.write(work)


def write_dialogue_tx(tx: Connection, dialogue: Dialogue) -> None:
    """Write the dialogue as it is now."""
    values = {
        "draft": None if dialogue.draft.is_empty else record(dialogue.draft),
        "last": record(dialogue.last) if dialogue.last else None,
        "changed": now_ms(),
    }
    tx.execute(insert_new(tx, dialogues, by="key").values(key=dialogue.key, user=dialogue.user, **values))
    tx.execute(dialogues.update().where(dialogues.c.key == dialogue.key).values(**values))


def write_ordered_dialogue_tx(tx: Connection, dialogue: Dialogue, job_id: str, *, left: Draft | None) -> None:
    """Write the dialogue after this job or offer was made: an offer is our last word.

    `left`: what a job leaves on the table; None: all that lies there.
    """
    state = tx.execute(sa.select(jobs.c.state).where(jobs.c.id == job_id)).scalar()
    if state == "awaiting-confirmation":
        write_dialogue_tx(tx, replace(dialogue, last=Last("offer", job_id)))
    else:
        draft = dialogue.draft if left is None else left
        write_dialogue_tx(tx, replace(dialogue, last=Last("else", job_id), draft=draft))


def spoke_tx(tx: Connection, user: str, *, job_id: str | None = None, chat: str | None = None) -> None:
    """Record that the bot has said something, of a job or else, to a person: an offer is no longer its latest word.

    `chat`: where it was said; None: in any of theirs.
    """
    last = record(Last("else", job_id))
    theirs = dialogues.update().where(dialogues.c.user == user, dialogues.c.last.is_not(None))
    here = theirs if chat is None else theirs.where(dialogues.c.key.startswith(f"{chat}:", autoescape=True))
    tx.execute(here.values(last=last))
