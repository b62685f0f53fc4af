"""Writes what a person says of a job: the order, the yes or no to an offer, the cancel.

Caps and ledger are asked here.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, db_now_ms, insert_new, now_ms
from bot.store.job_rows import JobChanges, JobTable, move_tx, write_history_tx
from bot.store.ledger import Caps, OverCap, reserve_tx
from bot.store.pause import refuse_while_paused_tx
from bot.store.records import FREE, JobDraft, JobError, State, micro, record
from bot.store.reorders import OFFER_MS, check_repeat_tx
from bot.store.tables import inbox, jobs, submits
from bot.store.work import LEASE_MS, WORK
from core.pricing import find

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: people type these


def new_job_id() -> str:
    """Make a new job's id: seven letters and digits that are not confused."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(7))


class JobOrders(JobTable):
    """The part of the jobs' repository for orders."""

    async def accept(
        self,
        new: JobDraft,
        *,
        inbox_id: int | None,
        caps: Caps,
        within: Callable[[Connection, str], None] | None = None,
    ) -> str | OverCap | None:
        """Accept an order in one transaction: the inbox row is done, the price reserved, the job queued.

        With a question it only stands there: nothing is reserved before that is answered. `within` is called in the
        transaction, last, with the job's id.

        Returns the job's id; None when this very message already made a job; OverCap when nothing was done at all.
        Raises AlreadyOrdered when the job that this one repeats has been reordered before, and OrdersPaused; nothing is
        done then.
        """
        job_id, at = new_job_id(), now_ms()

        def work(tx: Connection) -> str | OverCap | None:
            _close_message(tx, inbox_id)
            values = _row(tx, job_id, new, at)
            row = insert_new(tx, jobs, by="origin").values(**values)
            if tx.execute(row.returning(jobs.c.id)).first() is None:
                return None
            if new.question is not None:
                refuse_while_paused_tx(tx)
            check_repeat_tx(tx, of=new.again_of, fallback=new.fallback, but=job_id, offers=True)
            if new.question is None:
                over = reserve_tx(tx, job_id, values["price_micro"], caps)
                if over is not None:
                    raise _TooDear(over)
            write_history_tx(tx, job_id, values["state"], new.question.why if new.question else None, at)
            if within is not None:
                within(tx, job_id)
            return job_id

        try:
            return await self._db.write(work)
        except _TooDear as error:
            return error.over

    async def confirm(
        self, job_id: str, *, price: Decimal, caps: Caps
    ) -> Literal["started", "late", "lapsed", "price"] | OverCap:
        """Accept an offer: reserve and enqueue it, exactly as offered, once. `price`: what it costs now.

        Raises AlreadyOrdered when the job that this one repeats has been reordered in another way, and OrdersPaused.
        """

        def work(tx: Connection) -> Literal["started", "late", "lapsed", "price"]:
            job = tx.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).one()
            if job.state != State.AWAITING_CONFIRMATION:
                return "late"
            if now_ms() - job.changed > OFFER_MS:
                return "lapsed"
            if micro(price) != job.price_micro:
                return "price"
            check_repeat_tx(tx, of=job.again_of, fallback=job.fallback, but=job_id, offers=False)
            over = reserve_tx(tx, job_id, job.price_micro, caps)
            if over is not None:
                raise _TooDear(over)
            move_tx(tx, job_id, State.QUEUED, why="agreed")
            return "started"

        try:
            return await self._db.write(work)
        except _TooDear as error:
            return error.over

    async def lapse(self) -> None:
        """Cancel offers that nobody answered in time."""
        query = sa.select(jobs.c.id).where(
            jobs.c.state == State.AWAITING_CONFIRMATION, jobs.c.changed < now_ms() - OFFER_MS
        )

        def work(tx: Connection) -> None:
            for job_id in tx.execute(query).scalars().all():
                _end_offer(tx, job_id, "offer_lapsed")

        await self._db.write(work)

    async def decline(self, job_id: str) -> None:
        """Cancel an offer that was declined."""
        await self._db.write(lambda tx: _end_offer(tx, job_id, "offer_declined"))

    async def ask_cancel(self, job_id: str) -> Literal["free", "running", "late"]:
        """Set the cancel flag; whichever commits first, this or the claim, decides whether anything is bought."""

        def work(tx: Connection) -> Literal["free", "running", "late"]:
            flag = sa.select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()  # meets the claim here
            state = tx.execute(flag).scalar_one()
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(cancel_asked=True, changed=now_ms()))
            if State(state) in FREE | {State.AWAITING_CONFIRMATION}:
                unpaid = sa.select(submits.c.state).where(submits.c.job_id == job_id)
                if tx.execute(unpaid).scalar() in {None, "not_sent"}:
                    why = "asked before anything was bought"
                    move_tx(tx, job_id, State.CANCELLED, why=why, charge="none", outcome_ref="", due=None)
                    return "free"
            if WORK.get(State(state)) == "collect":  # a search and a delivery have a pace of their own
                tx.execute(jobs.update().where(jobs.c.id == job_id).values(due=db_now_ms(tx)))
            return "running" if State(state) in {State.SUBMITTING, State.RENDERING, State.PARKED} else "late"

        return await self._db.write(work)

    async def drop(self, job_id: str, why: str) -> bool:
        """Cancel a job for which nothing has been claimed and nobody waits. False when there is a claim."""

        def work(tx: Connection) -> bool:
            claimed = sa.select(submits.c.job_id).where(submits.c.job_id == job_id, submits.c.state != "not_sent")
            if tx.execute(claimed).first() is not None:
                return False
            return move_tx(
                tx, job_id, State.CANCELLED, only_from=FREE, why=why, charge="none", outcome_ref="", due=None
            )

        return await self._db.write(work)


def _end_offer(tx: Connection, job_id: str, code: str) -> None:
    error = record(JobError(code, {}))
    ended: JobChanges = {"error": error, "outcome_ref": "", "due": None}
    move_tx(tx, job_id, State.CANCELLED, only_from={State.AWAITING_CONFIRMATION}, why=code, charge="none", **ended)


class _TooDear(Exception):
    """An exception that rolls the transaction back."""

    def __init__(self, over: OverCap) -> None:
        super().__init__(over)
        self.over = over


def _close_message(tx: Connection, inbox_id: int | None) -> None:
    if inbox_id is not None:
        tx.execute(inbox.update().where(inbox.c.id == inbox_id).values(state="done"))


def _begun(tx: Connection, new: JobDraft) -> dict[str, Any]:
    """Return who works on it: a command of the shell on its own job at once; any other waits for its turn."""
    if new.owner is not None:
        return {"owner": new.owner, "epoch": 1, "lease_until": db_now_ms(tx) + LEASE_MS, "attempt": 1, "lapses": 0}
    due = db_now_ms(tx) if new.question is None else None
    return {"owner": None, "epoch": 0, "lease_until": None, "attempt": 0, "lapses": 0, "due": due}


def _row(tx: Connection, job_id: str, new: JobDraft, at: int) -> dict[str, Any]:
    model = find(new.plan.request.model)
    return {
        "id": job_id,
        "origin": new.incoming.origin,
        "user": new.incoming.user,
        "incoming": record(new.incoming),
        "language": new.language,
        "request": record(replace(new.plan.request, source_url=None)),
        "adjustments": [record(each) for each in new.plan.adjustments],
        "price_micro": micro(new.plan.quote.usd),
        "price_up_to": new.plan.quote.up_to,
        "state": State.QUEUED if new.question is None else State.AWAITING_CONFIRMATION,
        "question": record(new.question) if new.question else None,
        "again_of": new.again_of,
        "group_chat": new.group,
        "fallback": new.fallback,
        **_begun(tx, new),
        "model_name": model.name,
        "usual_render_s": model.usual_render_s,
        "reserved_micro": 0,
        "cancel_asked": False,
        "created": at,
        "changed": at,
    }
