"""Who asked to be forgotten: the question, the yes, and what is left to be done for it.

The yes writes in one transaction that everything of until then is to go, and takes away what is only rows. Files, and
what fal still makes, come after (bot/workers/forgotten_people.py), and are begun again until nothing is left.
"""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.blank_rows import blank_job_tx, blank_person_tx, forget_settings_tx
from bot.store.database import Connection, Database, db_now_ms, now_ms
from bot.store.film_rows import ASKED_MS
from bot.store.job_orders import ask_cancel_tx, drop_offers_tx
from bot.store.job_rows import job_tx, move_tx
from bot.store.outbox import drop_tx
from bot.store.passive_tables import allowances
from bot.store.people_tables import forgotten
from bot.store.records import ACTIVE, FILM, FREE, OVER, State
from bot.store.stored import UnreadableJob
from bot.store.tables import inbox, jobs, submits
from bot.store.work import Lease, check_tx

_DOUBT = frozenset({State.SUBMIT_UNCONFIRMED, State.PARKED})


@dataclass(frozen=True, slots=True)
class Holding:
    """What is kept of a person: finished films, orders of every kind, and those of them that are still being made."""

    films: int
    orders: int
    running: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A person's wish that everything of until `at` (milliseconds UTC) is forgotten. `chat`: of it alone; "": all."""

    user: str
    chat: str
    at: int


class Forgotten:
    """The repository of those who asked to be forgotten."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def holding(self, user: str, chat: str) -> Holding:
        """Count what would be forgotten."""
        query = sa.select(jobs.c.state, jobs.c.video).where(*_mine(user, chat), jobs.c.forgotten.is_(None))
        rows = await self._db.read(lambda tx: tx.execute(query).all())
        return Holding(
            films=sum(1 for row in rows if row.video is not None and row.state in FILM),
            orders=len(rows),
            running=sum(1 for row in rows if row.state in (ACTIVE - FREE - FILM) | _DOUBT),
        )

    async def ask(self, user: str, chat: str, *, asked: bool = True) -> None:
        """Record that the person is asked whether to forget all this, or has said no (`asked` False)."""

        def work(tx: Connection) -> None:
            row = tx.execute(sa.select(forgotten).where(*_row(user, chat))).first()
            at, done = (row.at, row.done) if row is not None else (None, None)
            put = {"user": user, "chat": chat, "asked": now_ms() if asked else None, "at": at, "done": done}
            _put_tx(tx, put)

        await self._db.write(work)

    async def open_wishes(self) -> list[Wish]:
        """Return the wishes for which something is left to be done."""
        query = sa.select(forgotten).where(forgotten.c.at.is_not(None), forgotten.c.done.is_(None))
        rows = await self._db.read(lambda tx: tx.execute(query).all())
        return [Wish(row.user, row.chat, row.at) for row in rows]

    async def covers(self, job_id: str) -> bool:
        """Return whether this job's owner asked that it is forgotten."""
        return await self._db.read(lambda tx: _covers_tx(tx, job_id))

    async def take(self, job_id: str) -> bool:
        """Let a job of such a person be removed and forgotten. False: it is nobody's such, or has not ended."""
        return await self._db.write(lambda tx: _covers_tx(tx, job_id) and _end_tx(tx, job_id))

    async def blank(self, job_id: str, *, lease: Lease) -> None:
        """Take the words out of a job whose files are removed. Raises LeaseLost."""

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            blank_job_tx(tx, job_id)

        await self._db.write(work)

    async def again(self, wish: Wish, *, but_not: Collection[str]) -> None:
        """Do in a copy that was put back what was wished after it was made. `but_not`: jobs that may be bought."""

        def work(tx: Connection) -> None:
            put = {"user": wish.user, "chat": wish.chat, "asked": None, "at": wish.at, "done": None}
            _put_tx(tx, put)
            if not wish.chat:
                forget_settings_tx(tx, wish.user)
            _forget_rows_tx(tx, wish, but_not=but_not)

        await self._db.write(work)

    async def go_on(self, wish: Wish) -> bool:
        """Go on with what is only rows; True: nothing is left."""

        def work(tx: Connection) -> bool:
            waiting = _forget_rows_tx(tx, wish)
            open_jobs = sa.select(sa.func.count()).select_from(jobs)
            open_jobs = open_jobs.where(*_until(wish), jobs.c.forgotten.is_(None))
            return not waiting and not tx.execute(open_jobs).scalar_one()

        return await self._db.write(work)

    async def done(self, wish: Wish) -> None:
        """Record that nothing is left to be done for this wish; a newer one of the same person stays open."""
        same = (*_row(wish.user, wish.chat), forgotten.c.at == wish.at)

        def work(tx: Connection) -> None:
            tx.execute(forgotten.update().where(*same).values(done=now_ms()))
            if not wish.chat:  # whoever writes again allows anew what the chat lets us say
                tx.execute(allowances.delete().where(allowances.c.user == wish.user))

        await self._db.write(work)


def forget_tx(tx: Connection, user: str, chat: str, *, origin: str) -> bool:
    """Forget the person, by the yes of the message `origin`; False: they were not asked lately."""
    row = tx.execute(sa.select(forgotten).where(*_row(user, chat)).with_for_update()).first()
    if row is None or row.asked is None or now_ms() - row.asked > ASKED_MS:
        return False
    wish = Wish(user, chat, now_ms())
    put = {"user": user, "chat": chat, "asked": None, "at": wish.at, "done": None}
    _put_tx(tx, put)
    if not chat:
        forget_settings_tx(tx, user)
    this = tx.execute(sa.select(inbox.c.id).where(inbox.c.origin == origin)).scalar()
    _forget_rows_tx(tx, wish, this=this)
    return True


def _forget_rows_tx(tx: Connection, wish: Wish, *, this: int | None = None, but_not: Collection[str] = ()) -> int:
    """End what is free, let what has ended be removed; return how many messages still wait to be answered."""
    query = sa.select(jobs.c.id, jobs.c.state).where(*_until(wish), jobs.c.forgotten.is_(None)).order_by(jobs.c.id)
    for job in tx.execute(query).all():
        if job.state == State.AWAITING_CONFIRMATION:
            drop_offers_tx(tx, [job.id])
        elif job.state in FREE and job.id not in but_not:
            ask_cancel_tx(tx, job.id)
        if _end_tx(tx, job.id) and not _is_readable_tx(tx, job.id):  # nobody could remove it by what it says
            blank_job_tx(tx, job.id)
    return blank_person_tx(tx, wish.user, wish.chat, wish.at, but_not=this)


def _end_tx(tx: Connection, job_id: str) -> bool:
    """Let the job be removed if it has ended: it is due at once. False: it is left until it has."""
    query = sa.select(jobs.c.state, jobs.c.charge, jobs.c.due, jobs.c.owner).where(jobs.c.id == job_id)
    job = tx.execute(query.with_for_update()).first()
    if job is None or not _has_ended_tx(tx, job_id, job.state, job.charge):
        return False
    if job.state == State.DELETED:
        if job.due is None and job.owner is None:
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(due=db_now_ms(tx), attempt=0))
        return True
    move_tx(tx, job_id, State.DELETED, why="its owner is forgotten", attempt=0)
    over = {"outcome_ref": sa.func.coalesce(jobs.c.outcome_ref, ""), "file_to": None, "delete_asked": None}
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(**over))
    drop_tx(tx, job_id)
    return True


def _is_readable_tx(tx: Connection, job_id: str) -> bool:
    try:
        job_tx(tx, job_id)
    except UnreadableJob:
        return False
    return True


def _has_ended_tx(tx: Connection, job_id: str, state: str, charge: str | None) -> bool:
    """Return whether nothing more can come of it: a search in fal's list needs its words while it goes on."""
    if state in _DOUBT:
        return charge is not None
    if state not in FILM | OVER:
        return False
    searched = sa.select(submits.c.search_until).where(submits.c.job_id == job_id, submits.c.state == "refused")
    until = tx.execute(searched).scalar()
    return until is None or until < now_ms()


def _covers_tx(tx: Connection, job_id: str) -> bool:
    job = tx.execute(sa.select(jobs.c.user, jobs.c.chat, jobs.c.created).where(jobs.c.id == job_id)).first()
    if job is None:
        return False
    wish = sa.select(forgotten.c.user).where(
        forgotten.c.user == job.user,
        forgotten.c.chat.in_(["", job.chat or ""]),
        forgotten.c.at >= job.created,
    )
    return tx.execute(wish.limit(1)).first() is not None


def _put_tx(tx: Connection, row: dict[str, str | int | None]) -> None:
    tx.execute(forgotten.delete().where(*_row(str(row["user"]), str(row["chat"]))))
    tx.execute(forgotten.insert().values(**row))


def _row(user: str, chat: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (forgotten.c.user == user, forgotten.c.chat == chat)


def _mine(user: str, chat: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (jobs.c.user == user, *((jobs.c.chat == chat,) if chat else ()))


def _until(wish: Wish) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_mine(wish.user, wish.chat), jobs.c.created <= wish.at)
