"""The jobs table: every change of a job goes through here, and leaves a line of history."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, Unpack

import sqlalchemy as sa

from bot.channels.types import Incoming
from bot.store.database import Connection, Database, insert_new, now_ms
from bot.store.job_rows import JobChanges, job_tx, move_tx, resume_tx, told_by_sweeper, write_history
from bot.store.ledger import Caps, OverCap, adjust_tx, close_tx, hold_tx, reserve_tx
from bot.store.records import (
    AT_FAL,
    FREE,
    KNOWN_AT_FAL,
    Charge,
    Job,
    JobDraft,
    JobError,
    State,
    VideoFile,
    micro,
    readable,
    record,
)
from bot.store.reorders import OFFER_MS, check_repeat
from bot.store.stored import rewritten
from bot.store.tables import history, inbox, jobs, submits
from core.pricing import find
from core.types import Adjustment, VideoRequest

Enqueue = Callable[[Connection, str, str], None]
"""(tx, job id, user): put the job into the engine's queue, as part of the caller's transaction."""

DOUBT_MS = 24 * 3600 * 1000
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: people type these


def new_job_id() -> str:
    """Make a new job's id: seven letters and digits that are not confused."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(7))


class Jobs:
    """The repository of jobs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def accept(
        self,
        new: JobDraft,
        *,
        inbox_id: int | None,
        caps: Caps,
        enqueue: Enqueue,
        within: Callable[[Connection, str], None] | None = None,
    ) -> str | OverCap | None:
        """Accept a draft: in one transaction its message is closed, its price reserved, the job stored and enqueued.

        A job with a question is only a row: nothing is reserved or enqueued before it is answered. `within` is called
        in the transaction, last, with the job's id.

        Returns the job's id; None when this very message already made a job; OverCap when nothing was done at all.
        Raises AlreadyOrdered, and does nothing, when the job that this one repeats has been reordered before.
        """
        job_id, at = new_job_id(), now_ms()

        def work(tx: Connection) -> str | OverCap | None:
            _close_message(tx, inbox_id)
            values = _row(job_id, new, at)
            row = insert_new(tx, jobs, by="origin").values(**values)
            if tx.execute(row.returning(jobs.c.id)).first() is None:
                return None
            check_repeat(tx, of=new.again_of, fallback=new.fallback, but=job_id, offers=True)
            if new.question is None:
                over = reserve_tx(tx, job_id, values["price_micro"], caps)
                if over is not None:
                    raise _TooDear(over)
                enqueue(tx, job_id, new.incoming.user)
            write_history(tx, job_id, values["state"], new.question.why if new.question else None, at)
            if within is not None:
                within(tx, job_id)
            return job_id

        try:
            return await self._db.write(work)
        except _TooDear as error:
            return error.over

    async def confirm(
        self, job_id: str, *, price: Decimal, caps: Caps, enqueue: Enqueue
    ) -> Literal["started", "late", "lapsed", "price"] | OverCap:
        """Accept an offer: reserve and enqueue it, exactly as offered, once. `price`: what it costs now.

        Raises AlreadyOrdered when the job that this one repeats has been reordered in another way.
        """

        def work(tx: Connection) -> Literal["started", "late", "lapsed", "price"]:
            job = tx.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).one()
            if job.state != State.ASKING:
                return "late"
            if now_ms() - job.created > OFFER_MS:
                return "lapsed"
            if micro(price) != job.price_micro:
                return "price"
            check_repeat(tx, of=job.again_of, fallback=job.fallback, but=job_id, offers=False)
            over = reserve_tx(tx, job_id, job.price_micro, caps)
            if over is not None:
                raise _TooDear(over)
            move_tx(tx, job_id, State.QUEUED, why="agreed")
            enqueue(tx, job_id, job.user)
            return "started"

        try:
            return await self._db.write(work)
        except _TooDear as error:
            return error.over

    async def lapse(self) -> None:
        """Cancel offers that nobody answered in time."""
        query = sa.select(jobs.c.id).where(jobs.c.state == State.ASKING, jobs.c.created < now_ms() - OFFER_MS)

        def work(tx: Connection) -> None:
            for job_id in tx.execute(query).scalars().all():
                _end_offer(tx, job_id, "offer_lapsed")

        await self._db.write(work)

    async def decline(self, job_id: str) -> None:
        """Cancel an offer that was declined."""
        await self._db.write(lambda tx: _end_offer(tx, job_id, "offer_declined"))

    async def get(self, job_id: str) -> Job | None:
        """Read a job; None: there is no such job. Raises UnreadableJob."""
        return await self._db.read(lambda tx: job_tx(tx, job_id))

    async def find(
        self,
        *,
        ids: Iterable[str] | None = None,
        user: str | None = None,
        states: Iterable[State] | None = None,
        changed_since: int | None = None,
        newest: int | None = None,
    ) -> list[Job]:
        """Find the jobs that fit everything given: oldest first, or the `newest` few, newest first.

        Those whose rows cannot be read are left out (see store/unreadable.py).
        """
        query = sa.select(jobs)
        if ids is not None:
            query = query.where(jobs.c.id.in_(list(ids)))
        if user is not None:
            query = query.where(jobs.c.user == user)
        if states is not None:
            query = query.where(jobs.c.state.in_([str(state) for state in states]))
        if changed_since is not None:
            query = query.where(jobs.c.changed >= changed_since)
        query = query.order_by(jobs.c.created.desc()).limit(newest) if newest else query.order_by(jobs.c.created)

        def work(tx: Connection) -> list[Job]:
            return readable(tx.execute(query))

        return await self._db.read(work)

    async def ids(self, states: Iterable[State]) -> list[str]:
        """Return the ids of the jobs in these states, oldest first: light, for many."""
        query = sa.select(jobs.c.id).where(jobs.c.state.in_([str(state) for state in states])).order_by(jobs.c.created)
        return await self._db.read(lambda tx: list(tx.execute(query).scalars()))

    async def at_fal(self) -> dict[str, int | None]:
        """Return the ids of the jobs that render, and until when a shell command holds each: light, for many."""
        query = sa.select(jobs.c.id, jobs.c.held_until).where(jobs.c.state == State.RENDERING)

        def work(tx: Connection) -> dict[str, int | None]:
            return {row.id: row.held_until for row in tx.execute(query)}

        return await self._db.read(work)

    async def waiting_to_be_told(self, now: int) -> list[Job]:
        """Return the jobs whose outcome waits for its next series of attempts, and whose time has come."""
        query = sa.select(jobs).where(jobs.c.told.is_(None), jobs.c.send_after <= now)

        def work(tx: Connection) -> list[Job]:
            return readable(tx.execute(query))

        return await self._db.read(work)

    async def place(self, job: Job) -> int:
        """Return the place in our own queue, 1 is next.

        People take turns: everybody's first comes before anybody's second.
        """
        turn = sa.func.row_number().over(partition_by=jobs.c.user, order_by=(jobs.c.created, jobs.c.id))
        query = sa.select(jobs.c.id, turn.label("turn"), jobs.c.created).where(jobs.c.state == State.QUEUED)

        def work(tx: Connection) -> int:
            waiting = sorted(tx.execute(query), key=lambda row: (row.turn, row.created, row.id))
            return next((place for place, row in enumerate(waiting, 1) if row.id == job.id), 1)

        return await self._db.read(work)

    async def move(
        self,
        job_id: str,
        to: State,
        *,
        only_from: Iterable[State] | None = None,
        why: str | None = None,
        charge: Charge | None = None,
        **changes: Unpack[JobChanges],
    ) -> bool:
        """Change the state, and with `charge` close its account in the ledger.

        False (and nothing changes) when the job is in none of `only_from`.
        """

        def work(tx: Connection) -> bool:
            return move_tx(tx, job_id, to, only_from=only_from, why=why, charge=charge, **changes)

        return await self._db.write(work)

    async def fail(
        self, job_id: str, error: JobError, *, charge: Charge, only_from: Iterable[State] | None = None
    ) -> bool:
        """Fail the job with this error, and close its account."""
        return await self.move(
            job_id,
            State.FAILED,
            only_from=only_from,
            why=error.code,
            charge=charge,
            error=record(error),
            told=None,
            send_after=told_by_sweeper(),
        )

    async def cancelled(self, job_id: str, error: JobError, *, charge: Charge, only_from: Iterable[State]) -> bool:
        """Cancel the job: fal has confirmed that it stopped."""
        return await self.move(
            job_id,
            State.CANCELLED,
            only_from=only_from,
            why="fal confirmed",
            charge=charge,
            error=record(error),
            told=None,
            send_after=told_by_sweeper(),
        )

    async def finish(self, job_id: str, video: VideoFile) -> bool:
        """Finish the job: its video is on this disk, and was paid for. False when the job is further already."""
        return await self.move(
            job_id,
            State.READY,
            only_from=AT_FAL | {State.PARKED},
            why=video.name,
            charge="yes",
            video=record(video),
            told=None,
            send_after=told_by_sweeper(),
            odd=None,
            odd_since=None,
            ask_after=None,
        )

    async def odd(self, job_id: str, why: str) -> int:
        """Record an answer of fal that said nothing. Returns since when that is so, in milliseconds UTC."""

        def work(tx: Connection) -> int:
            change = jobs.update().where(jobs.c.id == job_id)
            change = change.values(odd=why, odd_since=sa.func.coalesce(jobs.c.odd_since, now_ms()))
            return int(tx.execute(change.returning(jobs.c.odd_since)).scalar_one())

        return await self._db.write(work)

    async def clear_odd(self, job_id: str) -> None:
        """Record that fal has answered as documented."""
        change = jobs.update().where(jobs.c.id == job_id, jobs.c.odd_since.is_not(None))
        await self._change(change.values(odd=None, odd_since=None))

    async def park(self, job_id: str, why: str, *, ask_after: int) -> bool:
        """Park the job after too long with nothing but odd answers: it holds no slot, and is asked about rarely."""

        def work(tx: Connection) -> bool:
            parked = move_tx(tx, job_id, State.PARKED, only_from=KNOWN_AT_FAL, why=why, told=None, ask_after=ask_after)
            if parked:
                hold_tx(tx, job_id, why)
            return parked

        return await self._db.write(work)

    async def due_parked(self) -> list[str]:
        """Return the parked jobs that are due to be asked about."""
        query = sa.select(jobs.c.id).where(jobs.c.state == State.PARKED, jobs.c.ask_after <= now_ms())
        return await self._db.read(lambda tx: list(tx.execute(query).scalars()))

    async def ask_again(self, job_id: str, *, at: int | None) -> None:
        """Schedule when a parked job is asked about (milliseconds UTC); None: not by itself any more."""
        await self._change(jobs.update().where(jobs.c.id == job_id, jobs.c.state == State.PARKED).values(ask_after=at))

    async def unpark(self, job_id: str, why: str) -> int | None:
        """Resume a parked job that fal works on.

        Returns the number of the workflow to collect it; None: it is not parked.
        """

        def work(tx: Connection) -> int | None:
            number = sa.select(jobs.c.collects).where(jobs.c.id == job_id)
            resumed = resume_tx(tx, job_id, only_from={State.PARKED}, why=why)
            return int(tx.execute(number).scalar_one()) if resumed else None

        return await self._db.write(work)

    async def resume(self, job_id: str, why: str) -> bool:
        """Resume a job in doubt whose request is known: it renders."""
        return await self._db.write(lambda tx: resume_tx(tx, job_id, only_from={State.DOUBT}, why=why))

    async def collects(self, job_id: str) -> int:
        """Return how many workflows were begun to collect it after it had stood still."""
        query = sa.select(jobs.c.collects).where(jobs.c.id == job_id)
        return await self._db.read(lambda tx: int(tx.execute(query).scalar() or 0))

    async def lose(self, job_id: str, error: JobError, *, only_from: Iterable[State]) -> bool:
        """Fail a job whose finished video is nowhere any more. What was charged stays so."""
        return await self.move(
            job_id,
            State.FAILED,
            only_from=only_from,
            why=error.code,
            error=record(error),
            video=sa.null(),
            told=None,
            send_after=None,
        )

    async def doubt(self, job_id: str, why: str) -> bool:
        """Put the job into doubt: fal may have been paid. The reservation stays.

        False, and nothing changes, when fal's request is known: then there is nothing to doubt.
        """

        def work(tx: Connection) -> bool:
            known = sa.select(submits.c.request_id).where(submits.c.job_id == job_id)
            if tx.execute(known).scalar() is not None:
                return False
            moved = move_tx(tx, job_id, State.DOUBT, only_from=AT_FAL, why=why)
            if moved:
                hold_tx(tx, job_id, why)
            return moved

        return await self._db.write(work)

    async def settle_old_doubts(self) -> None:
        """Settle doubts of more than a day as possibly charged, so that they no longer block the caps."""
        waits = [State.DOUBT, State.PARKED]
        old = sa.select(jobs.c.id).where(jobs.c.state.in_(waits), jobs.c.charge.is_(None))
        old = old.where(jobs.c.changed < now_ms() - DOUBT_MS)

        def work(tx: Connection) -> None:
            for job_id in tx.execute(old).scalars().all():
                close_tx(tx, job_id, "possibly")

        await self._db.write(work)

    async def drop(self, job_id: str, why: str) -> bool:
        """Cancel a job for which nothing has been claimed and nobody waits. False when there is a claim."""

        def work(tx: Connection) -> bool:
            claimed = sa.select(submits.c.job_id).where(submits.c.job_id == job_id, submits.c.state != "not_sent")
            if tx.execute(claimed).first() is not None:
                return False
            return move_tx(
                tx, job_id, State.CANCELLED, only_from=FREE, why=why, charge="none", told="", held_until=None
            )

        return await self._db.write(work)

    async def tell(self, job_id: str, state: State, ref: str) -> None:
        """Record that its outcome was told, as `ref`; not when the job is in another state: that is not told yet."""
        same = (jobs.c.id == job_id, jobs.c.state == state, jobs.c.told.is_(None))
        await self._change(jobs.update().where(*same).values(told=ref))

    async def new_series(self, job: Job, *, else_at: int) -> bool:
        """Begin a new series of attempts to send the outcome.

        False, and nothing changes: another series has begun meanwhile, or what is to be told was told. The caller
        starts it and then calls `series_begun` with the same `else_at`. One that dies in between is made up for at that
        time (milliseconds UTC).
        """

        def work(tx: Connection) -> bool:
            as_read = (jobs.c.sendings == job.sendings, jobs.c.told.is_not_distinct_from(job.told))
            change = jobs.update().where(jobs.c.id == job.id, *as_read)
            change = change.values(sendings=job.sendings + 1, send_after=else_at).returning(jobs.c.id)
            if tx.execute(change).first() is None:
                return False
            if job.video is not None:
                move_tx(tx, job.id, State.READY, why="sent again", told=None)
            return True

        return await self._db.write(work)

    async def series_begun(self, job: Job, *, else_at: int) -> None:
        """Record that the series was started."""
        mine = (jobs.c.id == job.id, jobs.c.send_after == else_at)
        await self._change(jobs.update().where(*mine).values(send_after=None))

    async def lease(self, job_id: str, *, until: int | None) -> None:
        """Lease the job to a command of the shell until then (milliseconds UTC); None: to nobody any more."""
        await self._set(job_id, held_until=until)

    async def adjusted(self, job_id: str, adjustments: Iterable[Adjustment]) -> None:
        """Record all that could not be had as requested or given."""
        await self._set(job_id, adjustments=[record(each) for each in adjustments])

    async def shown(self, job_id: str, *, ref: str, as_text: str) -> None:
        """Record that its status message is `ref`, and says `as_text` now."""
        await self._set(job_id, status_ref=ref, status_shown=as_text)

    async def nobody_to_tell(self, job_id: str) -> None:
        """Record that its outcome is told to nobody: the command that asked has ended."""
        await self._set(job_id, told="")

    async def tell_later(self, job_id: str, *, at: int) -> None:
        """Schedule another try to tell its outcome (milliseconds UTC)."""
        await self._set(job_id, send_after=at)

    async def moved_to(self, job_id: str, incoming: Incoming) -> None:
        """Record the new id of its chat."""

        def work(tx: Connection) -> None:
            before = tx.execute(sa.select(jobs.c.incoming).where(jobs.c.id == job_id)).scalar()
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(incoming=rewritten(before, incoming)))

        await self._db.write(work)

    async def _set(self, job_id: str, **values: object) -> None:
        """Set columns without changing its state, and without making it look busy."""
        await self._change(jobs.update().where(jobs.c.id == job_id).values(**values))

    async def note_position(self, job_id: str, position: int | None) -> None:
        """Record the place in fal's queue; None when fal works on it."""
        moved = jobs.c.fal_position.is_distinct_from(position)
        change = jobs.update().where(jobs.c.id == job_id, moved)
        await self._change(change.values(fal_position=position, changed=now_ms()))

    async def _change(self, statement: sa.Update) -> None:
        def work(tx: Connection) -> None:
            tx.execute(statement)

        await self._db.write(work)

    async def published(self, job_id: str, request: VideoRequest, usd: Decimal) -> None:
        """Record the published source, and the price, which is exact now: the source has been measured."""

        def work(tx: Connection) -> None:
            before = tx.execute(sa.select(jobs.c.request).where(jobs.c.id == job_id)).scalar_one()
            change = jobs.update().where(jobs.c.id == job_id)
            tx.execute(change.values(request=rewritten(before, request)))
            adjust_tx(tx, job_id, micro(usd), "the source was measured")

        await self._db.write(work)

    async def ask_cancel(self, job_id: str) -> Literal["free", "running", "late"]:
        """Set the cancel flag; whichever commits first, this or the claim, decides whether anything is bought."""

        def work(tx: Connection) -> Literal["free", "running", "late"]:
            flag = sa.select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()  # meets the claim here
            state = tx.execute(flag).scalar_one()
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(cancel_asked=True, changed=now_ms()))
            if State(state) in FREE | {State.ASKING}:
                unpaid = sa.select(submits.c.state).where(submits.c.job_id == job_id)
                if tx.execute(unpaid).scalar() in {None, "not_sent"}:
                    why = "asked before anything was bought"
                    move_tx(tx, job_id, State.CANCELLED, why=why, charge="none", told="")
                    return "free"
            return "running" if State(state) in {State.SUBMITTING, State.RENDERING, State.PARKED} else "late"

        return await self._db.write(work)

    async def story(self, job_id: str) -> list[tuple[int, str, str | None]]:
        """Return the history: (milliseconds UTC, state, why), oldest first."""
        query = sa.select(history).where(history.c.job_id == job_id).order_by(history.c.id)

        def work(tx: Connection) -> list[tuple[int, str, str | None]]:
            return [(row.at, row.state, row.why) for row in tx.execute(query)]

        return await self._db.read(work)


def _end_offer(tx: Connection, job_id: str, code: str) -> None:
    error = record(JobError(code, {}))
    move_tx(tx, job_id, State.CANCELLED, only_from={State.ASKING}, why=code, charge="none", error=error, told="")


class _TooDear(Exception):
    """An exception that rolls the transaction back."""

    def __init__(self, over: OverCap) -> None:
        super().__init__(over)
        self.over = over


def _close_message(tx: Connection, inbox_id: int | None) -> None:
    if inbox_id is not None:
        tx.execute(inbox.update().where(inbox.c.id == inbox_id).values(state="done"))


def _row(job_id: str, new: JobDraft, at: int) -> dict[str, Any]:
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
        "state": State.QUEUED if new.question is None else State.ASKING,
        "question": record(new.question) if new.question else None,
        "again_of": new.again_of,
        "fallback": new.fallback,
        "held_until": new.held_until,
        "model_name": model.name,
        "usual_render_s": model.usual_render_s,
        "collects": 0,
        "reserved_micro": 0,
        "cancel_asked": False,
        "sendings": 0,
        "created": at,
        "changed": at,
    }
