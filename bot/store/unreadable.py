"""Finds rows of jobs that this version cannot read, and sets them aside by what their plain columns say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.types import Incoming
from bot.store.database import Connection, Database, db_now_ms
from bot.store.job_rows import move_tx
from bot.store.ledger import hold_tx
from bot.store.records import OVER, JobError, State, job_from, submit_from
from bot.store.stored import Unreadable, UnreadableJob, record, restored
from bot.store.tables import jobs, submits

SetAside = Literal["parked", "doubt", "failed", "over"]
"""A paid job is asked after again; one whose order was never confirmed stays in doubt; one that cost nothing has
failed; one that had ended keeps its end, and only the word on it is dropped.
"""

ASK_LATER_MS = 10 * 60 * 1000
"""One that cannot be read is tried again after so long: a later version may read it."""

_IS_OPEN = sa.or_(jobs.c.state.not_in([str(state) for state in OVER]), jobs.c.outcome_ref.is_(None))
_PAGE = 200
_STORED = ("incoming", "request", "adjustments", "error", "video", "question")


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A job's row that cannot be read.

    `text`: its JSON columns as they are, for whoever must not throw away what they name. `incoming`: where its owner
    can be told, if that can be read.
    """

    id: str
    what: str
    user: str
    language: str
    incoming: Incoming | None
    text: str


class UnreadableJobs:
    """The repository of unreadable jobs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def find(self, *, only: str | None = None) -> list[UnreadableRow]:
        """Return those not at their end, and those whose end was not told; or that one alone. Thousands in pages."""
        if only is not None:
            return await self._db.read(lambda tx: _unreadable(tx, [only]))
        found: list[UnreadableRow] = []
        page = await self._db.read(lambda tx: _page(tx, after=""))
        while page:
            found += await self._db.read(partial(_unreadable, ids=page))
            page = await self._db.read(partial(_page, after=page[-1]))
        return found

    async def set_aside(self, row: UnreadableRow) -> SetAside | None:
        """Set the job aside. None, and nothing changes, where it stands aside already."""
        return await self._db.write(lambda tx: _set_aside(tx, row.id, row.what))


def _page(tx: Connection, *, after: str) -> list[str]:
    query = sa.select(jobs.c.id).where(_IS_OPEN, jobs.c.id > after).order_by(jobs.c.id).limit(_PAGE)
    return list(tx.execute(query).scalars())


def _unreadable(tx: Connection, ids: Sequence[str]) -> list[UnreadableRow]:
    found: dict[str, str] = {}
    for row in tx.execute(sa.select(jobs).where(_IS_OPEN, jobs.c.id.in_(ids))):
        _note(found, job_from, row)
    for row in tx.execute(sa.select(submits).where(submits.c.job_id.in_(ids))):
        _note(found, submit_from, row)
    return [_row(tx, job_id, what) for job_id, what in found.items()]


def _note(found: dict[str, str], read: Callable[[sa.Row[Any]], object], row: sa.Row[Any]) -> None:
    try:
        read(row)
    except UnreadableJob as error:
        found.setdefault(error.job_id, error.what)


def _row(tx: Connection, job_id: str, what: str) -> UnreadableRow:
    texts = [sa.cast(jobs.c[name], sa.Text) for name in _STORED]
    row = tx.execute(sa.select(jobs.c.user, jobs.c.language, jobs.c.incoming).where(jobs.c.id == job_id)).one()
    text = " ".join(each for each in tx.execute(sa.select(*texts).where(jobs.c.id == job_id)).one() if each)
    try:
        incoming = restored(Incoming, row.incoming, where="incoming")
    except Unreadable:
        incoming = None
    return UnreadableRow(job_id, what, row.user, row.language, incoming, text)


def _set_aside(tx: Connection, job_id: str, what: str) -> SetAside | None:
    columns = (jobs.c.state, jobs.c.outcome_ref, jobs.c.charge, jobs.c.video, jobs.c.odd)
    job = tx.execute(sa.select(*columns).where(jobs.c.id == job_id).with_for_update()).one()
    claim = tx.execute(sa.select(submits.c.state, submits.c.request_id).where(submits.c.job_id == job_id)).first()
    if job.state in OVER:
        untold = jobs.update().where(jobs.c.id == job_id, jobs.c.outcome_ref.is_(None)).values(outcome_ref="", due=None)
        return "over" if tx.execute(untold.returning(jobs.c.id)).first() else None
    why = f"its row cannot be read ({what})"
    if job.video is None and (claim is None or claim.state in {"not_sent", "refused"}):
        error = record(JobError("record_unreadable"))
        move_tx(tx, job_id, State.FAILED, why=why, charge="none", error=error, outcome_ref="", due=None)
        return "failed"
    known = job.video is not None or (claim is not None and claim.request_id is not None)
    to = State.PARKED if known else State.SUBMIT_UNCONFIRMED
    due = db_now_ms(tx) + ASK_LATER_MS if known else None
    if job.state == to and job.odd == why:  # it stands aside, and that was said
        tx.execute(jobs.update().where(jobs.c.id == job_id).values(due=sa.func.coalesce(jobs.c.due, due)))
        return None
    move_tx(tx, job_id, to, why=why, outcome_ref="", odd=why, due=due)
    if job.charge is None:
        hold_tx(tx, job_id, why)
    return "parked" if known else "doubt"
