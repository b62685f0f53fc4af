"""Reads and moves one job's row within a transaction, with a line of history for each state."""

from collections.abc import Iterable
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, now_ms
from bot.store.dialogues import spoke_tx
from bot.store.ledger import close_tx
from bot.store.message_map import map_message_tx
from bot.store.records import Charge, Job, State, job_from
from bot.store.tables import history, jobs
from bot.store.work import AT_REST, LOOK_AFTER_MS, WORK, Lease, check_tx

Json = dict[str, Any]
Time = int | sa.ColumnElement[int] | None
"""Milliseconds UTC."""


class JobChanges(TypedDict, total=False):
    """The columns that may change together with a job's state.

    `outcome_ref`: the outcome's reference; None: it is to be told.
    """

    outcome_ref: str | None
    due: Time
    error: Json | sa.Null
    video: Json | sa.Null
    rendering_since: Time
    odd: str | None
    fal_position: int | None
    odd_since: Time
    attempt: int


class JobTable:
    """The base that the parts of `Jobs` share."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def _set(self, job_id: str, *, lease: Lease | None = None, **values: object) -> None:
        """Without changing its state, and without making it look busy."""
        await self._change(jobs.update().where(jobs.c.id == job_id).values(**values), lease=lease)

    async def _change(self, statement: sa.Update, *, lease: Lease | None = None) -> None:
        def work(tx: Connection) -> None:
            check_tx(tx, lease)
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
    lease: Lease | None = None,
    told_in: str | None = None,
    **changes: Unpack[JobChanges],
) -> bool:
    """Change the state, and with `charge` close the job's account. Raises LeaseLost.

    False, and nothing changes, when it is in none of `only_from`. Without a lease the job is due at once, unless `due`
    is given; whoever works on it says when it ends. `told_in`: the chat where its outcome was told (`telegram:42`), if
    not in the one that asked for it.
    """
    check_tx(tx, lease)
    at = now_ms()
    if lease is None:
        changes = {"due": db_now_ms(tx) if to in WORK and to not in AT_REST else None, **changes}
    change = jobs.update().where(jobs.c.id == job_id).values(state=to, changed=at, **changes)
    change = change.returning(jobs.c.chat, jobs.c.user)
    if only_from is not None:
        change = change.where(jobs.c.state.in_([str(state) for state in only_from]))
    moved = tx.execute(change).first()
    if moved is None:
        return False
    write_history_tx(tx, job_id, to, why, at)
    if changes.get("outcome_ref"):
        shows_film = to is State.DELIVERED
        told_tx(tx, job_id, changes["outcome_ref"], chat=told_in or moved.chat, user=moved.user, film=shows_film)
    if charge is not None:
        close_tx(tx, job_id, charge)
    return True


def told_tx(tx: Connection, job_id: str, ref: str | None, *, chat: str | None, user: str, film: bool = False) -> None:
    """Record that the message `ref` told its outcome: a reply to it is about this job, and it is our latest word."""
    map_message_tx(tx, chat, ref, job_id, film=film)
    elsewhere = tx.execute(sa.select(jobs.c.send_to).where(jobs.c.id == job_id)).scalar()
    spoke_tx(tx, user, job_id=job_id, chat=None if elsewhere else chat)


def resume_tx(tx: Connection, job_id: str, *, only_from: Iterable[State], why: str) -> bool:
    """Fal has the job, and works on it or is done: it is looked at soon, or by whoever hears that fal is done."""
    stood_still = jobs.c.state.in_([State.SUBMIT_UNCONFIRMED, State.PARKED, State.FAILED])
    at_once = sa.or_(stood_still, jobs.c.cancel_asked)  # fal does not know yet that it is to stop
    now = db_now_ms(tx)
    return move_tx(
        tx,
        job_id,
        State.RENDERING,
        only_from=only_from,
        why=why,
        rendering_since=sa.func.coalesce(jobs.c.rendering_since, now_ms()),
        due=sa.case((at_once, now), else_=now + LOOK_AFTER_MS),
        odd=None,
        odd_since=None,
    )


def write_history_tx(tx: Connection, job_id: str, state: State, why: str | None, at: int) -> None:
    """Write a line of the job's history."""
    tx.execute(history.insert().values(job_id=job_id, at=at, state=state, why=why))
