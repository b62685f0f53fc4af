"""Answers to callbacks, photos that wait for words, short job codes, and what waits for a person's next message."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.channels.types import AttachmentRef, Incoming, Reply
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.inbox import MOST_WAITING, admit_tx
from bot.store.jobs import job_tx, move_tx
from bot.store.mailtables import answers, codes, outbox, pending
from bot.store.records import ACTIVE, Job, State
from bot.store.stored import Unreadable, UnreadableJob, record, restored, rewritten
from bot.store.tables import inbox, jobs

CODES = [f"{letter}{digit}" for letter in "ABCDEFGHJKMNPQRSTUVWXYZ" for digit in "23456789"]
"""Short names of jobs, without what looks like another sign; used in an order of their own, then again."""

_FIRST, _STEP = 77, 37  # K7 comes first
_MAY_WAIT = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED, State.DELIVERY_DOUBT})
_WAITS = ACTIVE | {State.UNDELIVERED, State.DELIVERY_DOUBT, State.DOUBT, State.PARKED}


@dataclass(frozen=True, slots=True)
class Pending:
    id: int
    attachment: AttachmentRef


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something for a person's next message: the word on a job or its video, or a `text` that came too late.

    `ref` is set while the chat holds the video.
    """

    id: int
    text: str | None
    ref: str | None
    job: Job | None

    @property
    def is_video(self) -> bool:
        """One that may have arrived is none that waits: the word on that doubt does."""
        return self.job is not None and self.job.video is not None and self.job.state is not State.DELIVERY_DOUBT


class Mail:
    """`now` is an argument for tests."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    # Answers

    async def expect(self, incoming: Incoming, *, most: int = MOST_WAITING) -> bool:
        """The message and the question for its answer, committed together; repeats change nothing.

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
        query = sa.select(answers.c.reply).where(answers.c.origin == origin)
        reply = await self._db.read(lambda tx: tx.execute(query).scalar())
        return restored(Reply, reply, where="reply") if reply else None

    async def asked_ms(self, origin: str) -> int | None:
        """How long ago the answer to this message was first asked for; None: it was not."""
        query = sa.select(answers.c.at).where(answers.c.origin == origin)
        at = await self._db.read(lambda tx: tx.execute(query).scalar())
        return None if at is None else self._now() - at

    async def give(self, origin: str, reply: Reply) -> None:
        await self._db.write(lambda tx: give_tx(tx, origin, reply))

    async def settle(self, letter_id: int, within: Callable[[Connection], None]) -> None:
        """The letter is done, and whatever belongs to it, in one transaction."""

        def work(tx: Connection) -> None:
            tx.execute(inbox.update().where(inbox.c.id == letter_id).values(state="done"))
            within(tx)

        await self._db.write(work)

    # Photos that wait for words

    async def pending(self, user: str, *, for_s: float) -> list[Pending]:
        """Those sent within the last `for_s` seconds, oldest first."""
        since = self._now() - int(for_s * 1000)
        query = sa.select(pending).where(pending.c.user == user, pending.c.at > since).order_by(pending.c.id)

        def work(tx: Connection) -> list[Pending]:
            return [each for row in tx.execute(query) for each in _pending(row)]

        return await self._db.read(work)

    def keep_tx(self, tx: Connection, user: str, attachment: AttachmentRef, *, for_s: float) -> None:
        lapsed = pending.c.at <= self._now() - int(for_s * 1000)
        tx.execute(pending.delete().where(pending.c.user == user, lapsed))
        tx.execute(pending.insert().values(user=user, attachment=record(attachment), at=self._now()))

    async def measured(self, user: str, attachment: AttachmentRef) -> None:
        """How long the waiting video `attachment.file_id` is, which its chat does not tell."""

        def work(tx: Connection) -> None:
            for row in tx.execute(sa.select(pending).where(pending.c.user == user)).all():
                if any(each.attachment.file_id == attachment.file_id for each in _pending(row)):
                    change = pending.update().where(pending.c.id == row.id)
                    tx.execute(change.values(attachment=rewritten(row.attachment, attachment)))

        await self._db.write(work)

    # Job codes

    async def job_of(self, user: str, code: str) -> str | None:
        query = sa.select(codes.c.job_id).where(codes.c.user == user, codes.c.code == code.upper())
        return await self._db.read(lambda tx: tx.execute(query).scalar())

    async def codes(self, user: str) -> dict[str, str]:
        """The person's job ids, each with its short code."""
        query = sa.select(codes.c.job_id, codes.c.code).where(codes.c.user == user)

        def work(tx: Connection) -> dict[str, str]:
            return {row.job_id: row.code for row in tx.execute(query)}

        return await self._db.read(work)

    # The outbox

    async def hold(self, job: Job, *, ref: str | None, for_s: float) -> None:
        """The outcome of this job waits for its owner's next message. Keeps its place when it waits already."""
        values = {"ref": ref, "until": self._now() + int(for_s * 1000), "handed": None}

        def work(tx: Connection) -> None:
            change = outbox.update().where(outbox.c.job_id == job.id).values(**values)
            if tx.execute(change.returning(outbox.c.id)).first() is None:
                tx.execute(outbox.insert().values(user=job.user, job_id=job.id, at=self._now(), **values))

        await self._db.write(work)

    async def hold_text(self, user: str, text: str) -> None:
        row = outbox.insert().values(user=user, text=text, at=self._now())

        def work(tx: Connection) -> None:
            tx.execute(row)

        await self._db.write(work)

    async def waiting(self, user: str) -> list[Waiting]:
        """What has not been handed over nor told otherwise, oldest first."""
        return await self._held(outbox.c.user == user, outbox.c.handed.is_(None), new=True)

    async def held(self, job_id: str) -> Waiting | None:
        """The video of this job, handed over or not."""
        found = await self._held(outbox.c.job_id == job_id, new=False)
        return found[0] if found else None

    async def forget(self, *, before_s: float) -> None:
        """Answers that nobody asks for any more, what was handed over, and what waited for words in vain."""
        before = self._now() - int(before_s * 1000)
        old = (
            answers.delete().where(answers.c.at < before, answers.c.reply.is_not(None)),
            outbox.delete().where(outbox.c.at < before, outbox.c.handed.is_not(None)),
            pending.delete().where(pending.c.at < before),
        )

        def work(tx: Connection) -> None:
            for each in old:
                tx.execute(each)

        await self._db.write(work)

    async def _held(self, *which: sa.ColumnElement[bool], new: bool) -> list[Waiting]:
        query = sa.select(outbox).where(*which).order_by(outbox.c.id)

        def work(tx: Connection) -> list[Waiting]:
            found = []
            for row in tx.execute(query).all():
                try:
                    job = job_tx(tx, row.job_id) if row.job_id else None
                except UnreadableJob:
                    continue  # it waits until it can be read
                if not (new and job is not None and job.told is not None):
                    good = row.ref is not None and row.until > self._now()
                    found.append(Waiting(row.id, row.text, row.ref if good else None, job))
            return found

        return await self._db.read(work)


# Parts of a transaction that closes a letter


def _pending(row: sa.Row[Any]) -> list[Pending]:
    """None of one that cannot be read: its owner sends the photo again."""
    with suppress(Unreadable):
        return [Pending(row.id, restored(AttachmentRef, row.attachment, where="attachment"))]
    return []


def give_tx(tx: Connection, origin: str, reply: Reply) -> None:
    tx.execute(answers.update().where(answers.c.origin == origin).values(reply=record(reply)))


def take_tx(tx: Connection, waiting: Pending) -> None:
    tx.execute(pending.delete().where(pending.c.id == waiting.id))


def drop_tx(tx: Connection, user: str) -> None:
    tx.execute(pending.delete().where(pending.c.user == user))


def hand_over_tx(tx: Connection, item: Waiting, origin: str) -> None:
    """It is the answer to the message `origin`: a video is handed over, a word is told."""
    tx.execute(outbox.update().where(outbox.c.id == item.id).values(handed=origin))
    if item.job is None:
        return
    if item.is_video:
        job_id, why = item.job.id, "as an answer"
        move_tx(tx, job_id, State.HANDED_OVER, only_from=_MAY_WAIT, why=why, told=origin, send_after=None)
    else:
        change = jobs.update().where(jobs.c.id == item.job.id).values(told=origin, send_after=None)
        tx.execute(change)


def code_tx(tx: Connection, user: str, job_id: str) -> str:
    """A short code for a new job: the next in order that no unfinished job of this person has."""
    rows: list[sa.Row[Any]] = list(tx.execute(sa.select(codes).where(codes.c.user == user)))
    busy = _busy(tx, [row.job_id for row in rows])
    taken = {row.code: row for row in rows}
    number = max((row.number for row in rows), default=-1) + 1
    for ahead in range(len(CODES)):
        code = CODES[(_FIRST + _STEP * (number + ahead)) % len(CODES)]
        if code not in taken or taken[code].job_id not in busy:
            tx.execute(codes.delete().where(codes.c.user == user, codes.c.code == code))
            tx.execute(codes.insert().values(user=user, code=code, number=number + ahead, job_id=job_id))
            return code
    return job_id


def _busy(tx: Connection, job_ids: list[str]) -> set[str]:
    query = sa.select(jobs.c.id).where(jobs.c.id.in_(job_ids), jobs.c.state.in_([str(state) for state in _WAITS]))
    return set(tx.execute(query).scalars())
