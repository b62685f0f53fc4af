"""Reads and moves one job's row within a transaction, with a line of history for each state."""

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms
from bot.store.ledger import close_tx
from bot.store.records import Charge, Job, State, job_from
from bot.store.tables import history, jobs

Json = dict[str, Any]
Time = int | sa.ColumnElement[int] | None
"""Milliseconds UTC."""


class JobChanges(TypedDict, total=False):
    """The columns that may change together with a job's state.

    `told`: the outcome's reference; None: it is to be told.
    """

    told: str | None
    send_after: Time
    error: Json | sa.Null
    video: Json | sa.Null
    held_until: Time
    rendering_since: Time
    collects: sa.ColumnElement[int]
    odd: str | None
    odd_since: Time
    ask_after: Time


class JobTable:
    """The base that the parts of `Jobs` share."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def _set(self, job_id: str, **values: object) -> None:
        """Set columns without changing its state, and without making it look busy."""
        await self._change(jobs.update().where(jobs.c.id == job_id).values(**values))

    async def _change(self, statement: sa.Update) -> None:
        def work(tx: Connection) -> None:
            tx.execute(statement)

        await self._db.write(work)


def job_tx(tx: Connection, job_id: str) -> Job | None:
    """Read the job; None: there is no such job. Raises UnreadableJob."""
    row = tx.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
    return job_from(row) if row is not None else None


def move_tx(
    tx: Connection,
    job_id: str,
    to: State,
    *,
    only_from: Iterable[State] | None = None,
    why: str | None = None,
    charge: Charge | None = None,
    **changes: Unpack[JobChanges],
) -> bool:
    """Change the state, and with `charge` close its account.

    False, and nothing changes, when it is in none of `only_from`.
    """
    at = now_ms()
    change = jobs.update().where(jobs.c.id == job_id).values(state=to, changed=at, **changes).returning(jobs.c.id)
    if only_from is not None:
        change = change.where(jobs.c.state.in_([str(state) for state in only_from]))
    if tx.execute(change).first() is None:
        return False
    write_history_tx(tx, job_id, to, why, at)
    if charge is not None:
        close_tx(tx, job_id, charge)
    return True


def resume_tx(tx: Connection, job_id: str, *, only_from: Iterable[State], why: str) -> bool:
    """Resume a job that fal works on or has done. One that stood still has no workflow: the next one collects it."""
    stood_still = jobs.c.state.in_([State.DOUBT, State.PARKED, State.FAILED])
    return move_tx(
        tx,
        job_id,
        State.RENDERING,
        only_from=only_from,
        why=why,
        rendering_since=sa.func.coalesce(jobs.c.rendering_since, now_ms()),
        collects=sa.case((stood_still, jobs.c.collects + 1), else_=jobs.c.collects),
        held_until=sa.case((stood_still, None), else_=jobs.c.held_until),
        odd=None,
        odd_since=None,
        ask_after=None,
    )


def told_by_sweeper() -> sa.ColumnElement[int]:
    """Return the time to tell an outcome: now, by the sweeper, for a job that stood still and so has no workflow."""
    stood_still = jobs.c.state.in_([State.DOUBT, State.PARKED])
    return sa.case((stood_still, now_ms()), else_=jobs.c.send_after)


def write_history_tx(tx: Connection, job_id: str, state: State, why: str | None, at: int) -> None:
    """Write a line of the job's history."""
    tx.execute(history.insert().values(job_id=job_id, at=at, state=state, why=why))
