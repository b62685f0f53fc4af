"""The outbox: what waits for a person's next message, where the bot may not speak first: videos, and texts on jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms, take_turns
from bot.store.job_rows import job_tx, move_tx
from bot.store.passive_tables import outbox
from bot.store.records import Job, State, readable
from bot.store.stored import UnreadableJob
from bot.store.tables import jobs
from bot.store.work import WORK

_ALERT = "alert"  # in `ref`, which a text has no other use for
_OLDER = "alerts:"  # and the number of those that this line stands for
_MADE = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED})
_MAY_WAIT = _MADE | {State.DELIVERY_UNCONFIRMED}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item for a person's next message: the text on a job or its video, or a `text` that came too late.

    `ref` is set while the chat holds the video.
    """

    id: int
    text: str | None
    ref: str | None
    job: Job | None

    @property
    def is_video(self) -> bool:
        """Return whether a video waits. One that may have arrived does not: the text on that doubt does."""
        job = self.job
        return job is not None and job.has_film and job.state is not State.DELIVERY_UNCONFIRMED and not self.is_in_doubt

    @property
    def is_in_doubt(self) -> bool:
        """Return whether a video was sent, never confirmed, and its owner not asked yet, also once it was closed."""
        job = self.job
        if job is None or job.outcome_ref is not None:
            return False
        return job.state in {State.DELIVERY_UNCONFIRMED, State.DELIVERED}


class Outbox:
    """The repository of the outbox. `now` is an argument for tests."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def hold(self, job: Job, *, ref: str | None, for_s: float) -> None:
        """Hold the outcome of this job for its owner's next message. It keeps its place when it waits already."""
        values = {"ref": ref, "until": self._now() + int(for_s * 1000), "handed": None}

        def work(tx: Connection) -> None:
            change = outbox.update().where(outbox.c.job_id == job.id).values(**values)
            if tx.execute(change.returning(outbox.c.id)).first() is None:
                tx.execute(outbox.insert().values(user=job.user, job_id=job.id, at=self._now(), **values))

        await self._db.write(work)

    async def hold_text(self, user: str, text: str) -> None:
        """Hold a text for this person's next message."""
        row = outbox.insert().values(user=user, text=text, at=self._now())

        def work(tx: Connection) -> None:
            tx.execute(row)

        await self._db.write(work)

    async def hold_alert(self, user: str, text: str, *, most: int, most_bytes: int, more: Callable[[int], str]) -> None:
        """Hold an alert for this admin's next message, once where the same one waits already.

        The newest `most`, in so many bytes altogether, are kept whole; for the older ones stands `more(how_many)`.
        """

        def work(tx: Connection) -> None:
            take_turns(tx, "alerts")
            mine = (outbox.c.user == user, outbox.c.handed.is_(None), outbox.c.job_id.is_(None))
            rows = list(tx.execute(sa.select(outbox).where(*mine).order_by(outbox.c.id)).all())
            if any(row.ref == _ALERT and row.text == text for row in rows):
                return
            tx.execute(outbox.insert().values(user=user, text=text, ref=_ALERT, at=self._now()))
            _summarise_tx(tx, rows, _room(text, most, most_bytes), more)

        await self._db.write(work)

    async def waiting(self, user: str) -> list[Waiting]:
        """Return what was not handed over nor told otherwise, oldest first."""
        return await self._find(outbox.c.user == user, outbox.c.handed.is_(None), new=True)

    async def undelivered(self, user: str) -> list[Job]:
        """Return this person's jobs whose video is made and not handed over yet, oldest first.

        Also those that do not wait here: one that is about to be sent, is being sent, or whose sending is tried again.
        """
        query = sa.select(jobs).where(jobs.c.user == user, jobs.c.state.in_([str(state) for state in _MADE]))
        query = query.where(jobs.c.video.is_not(None), jobs.c.outcome_ref.is_(None)).order_by(jobs.c.created, jobs.c.id)
        found = await self._db.read(lambda tx: readable(tx.execute(query).all()))
        return [job for job in found if job.video is not None]

    async def video_of(self, job_id: str) -> Waiting | None:
        """Return the video of this job, handed over or not."""
        found = await self._find(outbox.c.job_id == job_id, new=False)
        return found[0] if found else None

    async def _find(self, *which: sa.ColumnElement[bool], new: bool) -> list[Waiting]:
        query = sa.select(outbox).where(*which).order_by(outbox.c.id)

        def work(tx: Connection) -> list[Waiting]:
            found = []
            for row in tx.execute(query).all():
                try:
                    job = job_tx(tx, row.job_id) if row.job_id else None
                except UnreadableJob:
                    continue  # it waits until it can be read
                if not (new and job is not None and job.outcome_ref is not None):
                    good = row.ref is not None and row.until is not None and row.until > self._now()
                    found.append(Waiting(row.id, row.text, row.ref if good else None, job))
            return found

        return await self._db.read(work)

    async def drop(self, job_id: str) -> None:
        """Forget what waits of this job, and by what name the chat holds its video."""
        await self._db.write(lambda tx: drop_tx(tx, job_id))

    async def forget(self, *, before_s: float) -> None:
        """Delete what was handed over."""
        before = self._now() - int(before_s * 1000)

        def work(tx: Connection) -> None:
            tx.execute(outbox.delete().where(outbox.c.at < before, outbox.c.handed.is_not(None)))

        await self._db.write(work)


@dataclass(frozen=True, slots=True)
class _Room:
    """The room for alerts that are kept whole, beside the newest."""

    count: int
    size: int


def _room(newest: str, most: int, most_bytes: int) -> _Room:
    return _Room(most - 1, most_bytes - len(newest.encode()))


def _summarise_tx(tx: Connection, rows: list[sa.Row[Any]], room: _Room, more: Callable[[int], str]) -> None:
    """Keep of these alerts the newest for which there is room; one line stands for the others, also of before."""
    whole = [row for row in rows if row.ref == _ALERT]
    newest: set[int] = set()
    size = 0
    for row in reversed(whole):
        size += len((row.text or "").encode())
        if len(newest) >= room.count or size > room.size:
            break
        newest.add(row.id)
    over = [row for row in whole if row.id not in newest]
    if not over:
        return
    before = [row for row in rows if (row.ref or "").startswith(_OLDER)]
    count = len(over) + sum(int(row.ref.removeprefix(_OLDER)) for row in before)
    place, *others = [row.id for row in (*before, *over)]
    tx.execute(outbox.update().where(outbox.c.id == place).values(text=more(count), ref=f"{_OLDER}{count}"))
    tx.execute(outbox.delete().where(outbox.c.id.in_(others)))


def drop_tx(tx: Connection, job_id: str) -> None:
    """Forget what waits of this job."""
    tx.execute(outbox.delete().where(outbox.c.job_id == job_id))


def hand_over_tx(tx: Connection, item: Waiting, origin: str) -> None:
    """Hand the item over as the answer to the message `origin`: its video counts as sent, its text as told."""
    tx.execute(outbox.update().where(outbox.c.id == item.id).values(handed=origin))
    if item.job is None:
        return
    if item.is_video:
        job_id, why = item.job.id, "as an answer"
        move_tx(tx, job_id, State.SENT_AS_REPLY, only_from=_MAY_WAIT, why=why, outcome_ref=origin, due=None)
    else:
        same = (jobs.c.id == item.job.id, jobs.c.state == item.job.state)  # else that is not told yet
        over = {"due": None} if WORK.get(item.job.state) == "deliver" else {}  # fal is still asked after a parked one
        tx.execute(jobs.update().where(*same).values(outcome_ref=origin, **over))
