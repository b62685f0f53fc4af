"""Writes what a person says of a job: the order, the yes or no to an offer, the cancel.

Caps and ledger are asked here.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, db_now_ms, insert_new, now_ms
from bot.store.dialogue_tables import message_map
from bot.store.job_rows import JobChanges, JobTable, move_tx, write_history_tx
from bot.store.ledger import Caps, OverCap, over_cap_tx, reserve_tx
from bot.store.message_map import chat_of, map_tx
from bot.store.passive_tables import codes
from bot.store.pause import refuse_while_paused_tx
from bot.store.records import FREE, Job, JobDraft, JobError, State, Way, job_from, micro, record
from bot.store.reorders import OFFER_MS, check_repeat_tx
from bot.store.short_codes import code_tx
from bot.store.tables import history, inbox, jobs, ledger, submits
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

        With a question it is an offer and only stands there: nothing is reserved before that is answered, but what a
        cap forbids is not offered. `within` is called in the transaction, last, with the job's id.

        Returns the job's id; None when this very message already made a job; OverCap when nothing was done at all.
        Raises AlreadyOrdered when the job that this one repeats has been reordered before, and OrdersPaused; nothing is
        done then.
        """
        job_id, at = new_job_id(), now_ms()

        def work(tx: Connection) -> str | OverCap | None:
            if not _close_message(tx, inbox_id):
                return None
            values = _row(tx, job_id, new, at)
            row = insert_new(tx, jobs, by="origin").values(**values)
            if tx.execute(row.returning(jobs.c.id)).first() is None:
                return None
            offer = new.question is not None
            if offer:
                refuse_while_paused_tx(tx)
            check_repeat_tx(tx, new, but=job_id)
            over = (over_cap_tx if offer else reserve_tx)(tx, job_id, values["price_micro"], caps)
            if over is not None:
                raise _TooDear(over)
            if offer and new.ways:
                _leave_out_dear_ways(tx, job_id, new, caps)
            if new.replaces is not None:
                _replace_offer(tx, new.replaces, by=job_id, takes_card=new.takes_card)
            map_tx(tx, new.incoming.address, new.incoming.reply_to, job_id)
            write_history_tx(tx, job_id, values["state"], new.question.why if new.question else None, at)
            if within is not None:
                within(tx, job_id)
            return job_id

        try:
            return await self._db.write(work)
        except _TooDear as error:
            return error.over

    async def confirm(self, job_id: str, *, price: Decimal, caps: Caps, way: int = 0) -> "ConfirmVerdict | OverCap":
        """Accept an offer in a transaction of its own: see confirm_tx."""
        return await self._db.write(lambda tx: confirm_tx(tx, job_id, price=price, caps=caps, way=way))

    async def lapse(self) -> None:
        """Cancel offers that nobody answered in time."""
        query = sa.select(jobs.c.id).where(
            jobs.c.state == State.AWAITING_CONFIRMATION, jobs.c.changed < now_ms() - OFFER_MS
        )

        def work(tx: Connection) -> None:
            for job_id in tx.execute(query).scalars().all():
                _end_offer(tx, job_id, "offer_lapsed")

        await self._db.write(work)

    async def decline(self, job_id: str) -> bool:
        """Cancel an offer that was declined. False: it was answered before."""
        return bool(await self._db.write(lambda tx: drop_offers_tx(tx, [job_id])))

    async def forget_offers(self, *, before_s: float) -> None:
        """Delete offers that nobody took up and that ended longer ago than that: they were never ordered."""
        code = jobs.c.error["code"].as_string()
        old = jobs.c.changed < now_ms() - int(before_s * 1000)
        never = jobs.c.id.not_in(sa.select(ledger.c.job_id))
        found = sa.select(jobs.c.id).where(jobs.c.state == State.CANCELLED, code.startswith("offer_"), old, never)

        def work(tx: Connection) -> None:
            ids = list(tx.execute(found).scalars())
            for table, column in ((history, history.c.job_id), (codes, codes.c.job_id), (jobs, jobs.c.id)):
                tx.execute(table.delete().where(column.in_(ids)))

        await self._db.write(work)

    async def ask_cancel(self, job_id: str) -> "CancelVerdict":
        """Set the cancel flag in a transaction of its own: see ask_cancel_tx."""
        return await self._db.write(lambda tx: ask_cancel_tx(tx, job_id))

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


ConfirmVerdict = Literal["started", "late", "lapsed", "price", "bought"]
CancelVerdict = Literal["free", "running", "late"]


def confirm_tx(tx: Connection, job_id: str, *, price: Decimal, caps: Caps, way: int = 0) -> ConfirmVerdict | OverCap:
    """Accept an offer: reserve and enqueue it, exactly as offered, once. `price`: what one job of it costs now.

    `way`: 0 as it stands, else the number of one of its ways; its jobs are all within the caps, or none is made. Where
    it is not "started", nothing changes, but for an offer whose time is over. "bought": it was to take the place of a
    job that is not free any more. Raises IndexError for a way that it does not have, and OrdersPaused.
    """
    row = tx.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).one()
    if row.state != State.AWAITING_CONFIRMATION:
        return "late"
    if now_ms() - row.changed > OFFER_MS:
        _end_offer(tx, job_id, "offer_lapsed")
        return "lapsed"
    job = job_from(row)
    price_micro = row.price_micro if way == 0 else job.ways[way - 1].price_micro
    try:
        with tx.begin_nested() as begun:
            if not _out_of_the_way(tx, job):
                return "bought"
            ids = [job_id] if way == 0 else _take_way(tx, job, job.ways[way - 1])
            if micro(price) != price_micro:
                begun.rollback()
                return "price"
            _start(tx, ids, price_micro, caps)
    except _TooDear as error:
        return error.over
    return "started"


def ask_cancel_tx(tx: Connection, job_id: str) -> CancelVerdict:
    """Set the cancel flag; whichever commits first, this or the claim, decides whether anything is bought."""
    flag = sa.select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()  # meets the claim here
    state = State(tx.execute(flag).scalar_one())
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(cancel_asked=True, changed=now_ms()))
    if state in FREE | {State.AWAITING_CONFIRMATION} and _cancel_free(tx, job_id):
        return "free"
    if WORK.get(state) == "collect":  # a search and a delivery have a pace of their own
        tx.execute(jobs.update().where(jobs.c.id == job_id).values(due=db_now_ms(tx)))
    return "running" if state in {State.SUBMITTING, State.RENDERING, State.PARKED} else "late"


def _start(tx: Connection, job_ids: list[str], price_micro: int, caps: Caps) -> None:
    """Reserve and enqueue these jobs, all or none."""
    for job_id in job_ids:
        over = reserve_tx(tx, job_id, price_micro, caps)
        if over is not None:
            raise _TooDear(replace(over, price_micro=price_micro * len(job_ids)))
        move_tx(tx, job_id, State.QUEUED, why="agreed")


def _leave_out_dear_ways(tx: Connection, job_id: str, new: JobDraft, caps: Caps) -> None:
    """Take the ways that a cap forbids out of an offer; of several photos then the first alone is asked about."""
    ways = [way for way in new.ways if over_cap_tx(tx, job_id, way.price_micro * way.jobs, caps) is None]
    if len(ways) == len(new.ways):
        return
    question = new.question
    keys = {way.key for way in ways if len(way.sources) > 1}
    if question is not None and question.why in {"many", "unable", "each"} and "each" not in keys:
        question = replace(question, why="unable" if keys and question.why == "unable" else "first")
    values = {"ways": [record(way) for way in ways] or None, "question": record(question) if question else None}
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(**values))


def _out_of_the_way(tx: Connection, offer: Job) -> bool:
    """Cancel the free job whose place an offer takes, if it is one of those; False where that one is bought."""
    question = offer.question
    return question is None or question.why != "instead" or _cancel_free(tx, question.job or "")


def _cancel_free(tx: Connection, job_id: str) -> bool:
    """Cancel a job for which nothing is bought; False where something is, or may be."""
    state = tx.execute(sa.select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()).scalar()
    claimed = tx.execute(sa.select(submits.c.state).where(submits.c.job_id == job_id)).scalar()
    if state is None or State(state) not in FREE | {State.AWAITING_CONFIRMATION} or claimed not in {None, "not_sent"}:
        return False
    why = "asked before anything was bought"
    return move_tx(tx, job_id, State.CANCELLED, why=why, charge="none", outcome_ref="", due=None)


def drop_offers_tx(tx: Connection, job_ids: Iterable[str]) -> list[str]:
    """Decline these offers and return which; those that were answered meanwhile stay as they are."""
    return [job_id for job_id in job_ids if _end_offer(tx, job_id, "offer_declined")]


def _replace_offer(tx: Connection, job_id: str, *, by: str, takes_card: bool) -> None:
    """End an offer in favour of a newer one, which takes over its message or sees to it that it goes."""
    columns = (jobs.c.status_ref, jobs.c.status_shown, jobs.c.replaced_ref)
    ref, shown, older = tx.execute(sa.select(*columns).where(jobs.c.id == job_id)).one()
    if not _end_offer(tx, job_id, "offer_replaced"):
        return
    if ref is None and older is None:
        return  # no card yet, or one that is being sent just now: the newer offer gets its own
    takes_card = takes_card and ref is not None
    gone = [each for each in (older, None if takes_card else ref) if each is not None]
    card = {"status_ref": ref, "status_shown": shown} if takes_card else {}
    tx.execute(jobs.update().where(jobs.c.id == by).values(**card, replaced_ref=" ".join(gone) or None))
    left = {"status_ref": None, "status_shown": ""} if ref is not None else {}
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(**left, replaced_ref=None))
    if takes_card:
        chat = sa.select(jobs.c.chat).where(jobs.c.id == by).scalar_subquery()
        tx.execute(message_map.update().where(message_map.c.chat == chat, message_map.c.ref == ref).values(job_id=by))


def _take_way(tx: Connection, job: Job, way: Way) -> list[str]:
    """Make the offer what this way says, and a row for each further source of it; return the ids of all."""
    first = {
        "request": record(way.request.unpublished()),
        "adjustments": [record(each) for each in way.adjustments],
        "price_micro": way.price_micro,
        "price_up_to": way.up_to,
        "model_name": find(way.request.model).name,
        "usual_render_s": find(way.request.model).usual_render_s,
        "ways": None,
    }
    also = tuple(source for source in way.sources[1:] if source is not None) if way.joint else ()
    one = replace(job.incoming, attachment=way.sources[0], also=also)
    tx.execute(jobs.update().where(jobs.c.id == job.id).values(**first, incoming=record(one)))
    row = tx.execute(sa.select(jobs).where(jobs.c.id == job.id)).one()._asdict()
    ids = [job.id]
    has_code = tx.execute(sa.select(codes.c.code).where(codes.c.job_id == job.id)).first() is not None
    for number, source in enumerate(() if way.joint else way.sources[1:], 2):
        ids.append(new_job_id())
        more = {"id": ids[-1], "origin": f"{job.origin}+{number}", "incoming": record(replace(one, attachment=source))}
        tx.execute(
            jobs.insert().values(**{**row, **more, "status_ref": None, "status_shown": None, "replaced_ref": None})
        )
        if has_code:
            code_tx(tx, job.user, ids[-1])
    return ids


def _end_offer(tx: Connection, job_id: str, code: str) -> bool:
    error = record(JobError(code, {}))
    ended: JobChanges = {"error": error, "outcome_ref": "", "due": None}
    awaiting = {State.AWAITING_CONFIRMATION}
    return move_tx(tx, job_id, State.CANCELLED, only_from=awaiting, why=code, charge="none", **ended)


class _TooDear(Exception):
    """An exception that rolls the transaction back."""

    def __init__(self, over: OverCap) -> None:
        super().__init__(over)
        self.over = over


def _close_message(tx: Connection, inbox_id: int | None) -> bool:
    """Close the message; False where another process has decided it."""
    if inbox_id is None:
        return True
    undecided = (inbox.c.id == inbox_id, inbox.c.state == "new", inbox.c.answer.is_(None))
    close = inbox.update().where(*undecided).values(state="done").returning(inbox.c.id)
    return tx.execute(close).first() is not None


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
        "request": record(new.plan.request.unpublished()),
        "adjustments": [record(each) for each in new.plan.adjustments],
        "price_micro": micro(new.plan.quote.usd),
        "price_up_to": new.plan.quote.up_to,
        "state": State.QUEUED if new.question is None else State.AWAITING_CONFIRMATION,
        "question": record(new.question) if new.question else None,
        "chat": chat_of(new.incoming.address),
        "ways": [record(way) for way in new.ways] or None,
        "replaced_ref": None,
        "again_of": new.again_of,
        "group_chat": new.group,
        "purse": new.purse,
        "fallback": new.fallback,
        "follows": new.follows,
        "step": record(new.step) if new.step else None,
        **_begun(tx, new),
        "model_name": model.name,
        "usual_render_s": model.usual_render_s,
        "reserved_micro": 0,
        "cancel_asked": False,
        "created": at,
        "changed": at,
    }
