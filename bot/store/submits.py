"""Claims: the permission to make the one paid request of a job. Committed before the request leaves."""

import hashlib
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, insert_new, now_ms, take_turns
from bot.store.evidence import (
    GUESSES,
    LENT,
    Evidence,
    TakenBack,
    free_tx,
    reopen_tx,
    replace_guess_tx,
)
from bot.store.job_rows import JobChanges, move_tx, resume_tx
from bot.store.ledger import adjust_tx
from bot.store.records import FREE, Charge, JobError, State, Submit, claim_from, micro, record, submit_from
from bot.store.tables import jobs, results, submits
from bot.store.work import Lease, check_tx
from core.types import RawReply, RequestHandle

log = logging.getLogger(__name__)

Claim = Literal["yours", "cancelled", "taken"]

_MOST_RESULTS = 8
_MOST_PAUSE_S = 60.0
_CLAIMED = frozenset({State.SUBMITTING, State.SUBMIT_UNCONFIRMED})
_SEARCH_MS = 24 * 3600 * 1000


class Submits:
    """The repository of claims."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def claim(self, job_id: str, *, body: str | None = None, lease: Lease | None = None) -> Claim:
        """Answer "yours": POST `body` now, exactly once; "taken": an earlier run was here, read what it left.

        The claim meets the cancel flag in this transaction: whichever commits first decides. Raises LeaseLost.
        """

        def work(tx: Connection) -> Claim:
            check_tx(tx, lease)
            flag = sa.select(jobs.c.state, jobs.c.cancel_asked).where(jobs.c.id == job_id)
            job = tx.execute(flag.with_for_update()).one()  # a second worker waits here for the first
            if job.cancel_asked and State(job.state) in FREE | {State.CANCELLED}:
                why = "asked before the claim"
                move_tx(tx, job_id, State.CANCELLED, only_from=FREE, why=why, charge="none", lease=lease)
                return "cancelled"
            if State(job.state) in FREE and (_insert(tx, job_id, body) or _again(tx, job_id, body)):
                move_tx(tx, job_id, State.SUBMITTING, lease=lease)
                return "yours"
            return "taken" if _exists(tx, job_id) else "cancelled"

        return await self._db.write(work)

    async def read(self, job_id: str) -> Submit:
        """Read the claim of this job."""
        query = sa.select(submits).where(submits.c.job_id == job_id)
        return await self._db.read(lambda tx: submit_from(tx.execute(query).one()))

    async def accepted(
        self, job_id: str, handle: RequestHandle, *, by: Evidence = "answer", charged_usd: Decimal | None = None
    ) -> TakenBack | None:
        """Record that fal has the job, by which handle, and that it renders now; also after a doubt.

        `by`: what named the request. `charged_usd`: what a proxy took beforehand; that is the price then. The first
        answer stands: one that comes later, from a worker that was frozen meanwhile, changes nothing, unless what stood
        was a match from the list. Raises RequestTaken for a request that another job has bought: one video cannot be
        two jobs' purchase. Returns the job that had been matched with it, where it was taken back from one.
        """
        return await self._db.write(lambda tx: accept_tx(tx, job_id, handle, by=by, charged_usd=charged_usd))

    async def reopen(self, job_id: str, handle: RequestHandle, *, by: Evidence) -> bool:
        """Reopen an order that was refused, by a gateway as it turns out, but taken: the job renders.

        Its account stays as it is until the job ends. False, and nothing changes, when it was not refused.
        """

        def work(tx: Connection) -> bool:
            take_turns(tx, f"request {handle.request_id}")
            other = sa.select(submits.c.job_id).where(submits.c.request_id == handle.request_id)
            change = _change(job_id).where(submits.c.state == "refused").values(**_known(handle, by), search_until=None)
            if tx.execute(other).first() is not None:
                return False
            if tx.execute(change.returning(submits.c.job_id)).first() is None:
                return False
            return reopen_tx(tx, job_id, only_from=frozenset({State.FAILED}), why=handle.request_id)

        return await self._db.write(work)

    async def ended(self, job_id: str) -> None:
        """Record that the POST is over, and nobody knows how: what the search for it needs."""
        change = _change(job_id).where(submits.c.state == "sending", submits.c.answered.is_(None))
        await self._execute(change.values(answered=now_ms()))

    async def hint(self, job_id: str, request_id: str) -> None:
        """Record the request that fal's webhook named before the submit's own answer came: fal is asked later."""
        await self._execute(_change(job_id).where(submits.c.state == "sending").values(hint=request_id))

    async def refused(
        self,
        job_id: str,
        error: JobError,
        *,
        charge: Charge = "none",
        charged_usd: Decimal | None = None,
        search_until: int | None = None,
    ) -> bool:
        """Record fal's refusal, which ends the job. False, and nothing changes, when that was settled before.

        `charge`, `charged_usd`: what a pre-charging proxy says it took for it. `search_until`: the words may be a
        gateway's, so the list is still searched for it, until a search that begins after this (milliseconds UTC).
        """

        def work(tx: Connection) -> bool:
            if not _end(tx, job_id, "refused", search_until=search_until):
                return False
            if charged_usd is not None:
                adjust_tx(tx, job_id, micro(charged_usd), "charged by the proxy")
            ended: JobChanges = {"error": record(error), "outcome_ref": None}
            move_tx(tx, job_id, State.FAILED, why=error.code, charge=charge, **ended)
            return True

        return await self._db.write(work)

    async def to_search(self) -> list[Submit]:
        """Return the claims that were refused in words that may be a gateway's, and are searched for in the list.

        A list that cannot be read is asked for a day.
        """
        query = sa.select(submits).where(submits.c.search_until > now_ms() - _SEARCH_MS)

        def work(tx: Connection) -> list[Submit]:
            return [claim_from(row) for row in tx.execute(query)]

        return await self._db.read(work)

    async def searched_in_vain(self, job_ids: Iterable[str], *, began: int) -> None:
        """Record that a search that began then (milliseconds UTC) read the whole list without these."""
        change = submits.update().where(submits.c.job_id.in_(list(job_ids)), submits.c.search_until <= began)
        await self._execute(change.values(search_until=None))

    async def not_sent(self, job_id: str, *, after_s: float | None = None) -> Submit:
        """Record that provably nothing reached fal: until the claim is taken again a cancel is free.

        That is after so many seconds, growing with each attempt where they are not given. One that was in doubt, and
        that its owner has ordered again for that, is over: else both would be bought.
        """
        query = sa.select(submits).where(submits.c.job_id == job_id)

        def work(tx: Connection) -> Submit:
            ended = _end(tx, job_id, "not_sent")
            submit = submit_from(tx.execute(query).one())
            if ended and _was_repeated(tx, job_id):
                why = "nothing reached fal, and it was ordered again meanwhile"
                ended_so: JobChanges = {"outcome_ref": "", "due": None}
                move_tx(tx, job_id, State.CANCELLED, only_from=_CLAIMED, why=why, charge="none", **ended_so)
            elif ended:
                pause_s = min(_MOST_PAUSE_S, 2.0**submit.attempt) if after_s is None else after_s
                due = db_now_ms(tx) + int(pause_s * 1000)
                move_tx(tx, job_id, State.PREPARING, only_from=_CLAIMED, why="nothing reached fal", due=due)
            return submit

        return await self._db.write(work)

    async def job_of(self, request_id: str) -> tuple[str, RequestHandle] | None:
        """Return the job that bought this request, for `poll` and for webhooks. Raises UnreadableJob."""
        query = sa.select(submits).where(submits.c.request_id == request_id)

        def work(tx: Connection) -> tuple[str, RequestHandle] | None:
            row = tx.execute(query).first()
            claim = submit_from(row) if row else None
            return (claim.job_id, claim.handle) if claim and claim.handle else None

        return await self._db.read(work)

    async def sending(self) -> list[Submit]:
        """Return the claims whose answer is not known."""
        query = sa.select(submits).where(submits.c.state == "sending")

        def work(tx: Connection) -> list[Submit]:
            return [claim_from(row) for row in tx.execute(query)]

        return await self._db.read(work)

    async def find(self, job_id: str) -> Submit | None:
        """Return the claim of this job; None: nothing was ever claimed."""
        query = sa.select(submits).where(submits.c.job_id == job_id)

        def work(tx: Connection) -> Submit | None:
            row = tx.execute(query).first()
            return submit_from(row) if row is not None else None

        return await self._db.read(work)

    async def owned(self, request_ids: Iterable[str]) -> set[str]:
        """Return those of these requests that one of our jobs has bought."""
        query = sa.select(submits.c.request_id).where(submits.c.request_id.in_(list(request_ids)))
        return await self._db.read(lambda tx: set(tx.execute(query).scalars()))

    async def keep_result(self, job_id: str, reply: RawReply, *, of: str | None = None) -> None:
        """Store a 2xx result raw, before it is read: each different one once, the first ones and the newest.

        `of`: the request that gave it. Not kept when that is not this job's any more.
        """
        digest = hashlib.sha256(reply.body).hexdigest()

        def work(tx: Connection) -> None:
            mine = tx.execute(_of(job_id).with_for_update()).first() if of is not None else None
            if mine is not None and mine.request_id != of and mine.known_by != LENT:
                return
            if tx.execute(sa.select(jobs.c.forgotten).where(jobs.c.id == job_id)).scalar() is not None:
                return
            known = sa.select(results.c.id, results.c.digest).where(results.c.job_id == job_id)
            rows = tx.execute(known.order_by(results.c.id)).all()
            if digest in {row.digest for row in rows}:
                return
            for row in rows[_MOST_RESULTS - 1 :]:
                tx.execute(results.delete().where(results.c.id == row.id))
            values = {"status": reply.status, "headers": dict(reply.headers), "body": reply.body}
            tx.execute(results.insert().values(job_id=job_id, digest=digest, at=now_ms(), **values))

        await self._db.write(work)

    async def results(self, job_id: str) -> list[RawReply]:
        """Return the 2xx results stored for this job, oldest first."""
        query = sa.select(results).where(results.c.job_id == job_id).order_by(results.c.id)

        def work(tx: Connection) -> list[RawReply]:
            return [RawReply(row.status, row.headers, row.body) for row in tx.execute(query)]

        return await self._db.read(work)

    async def forget_results(self, *, before_s: float) -> None:
        """Delete results of so long ago: fal keeps their files no more."""
        await self._execute(results.delete().where(results.c.at < now_ms() - int(before_s * 1000)))

    async def _execute(self, statement: sa.Update | sa.Delete) -> None:
        def work(tx: Connection) -> None:
            tx.execute(statement)

        await self._db.write(work)


def accept_tx(
    tx: Connection, job_id: str, handle: RequestHandle, *, by: Evidence, charged_usd: Decimal | None
) -> TakenBack | None:
    """Write what `Submits.accepted` records. Raises RequestTaken."""
    take_turns(tx, f"request {handle.request_id}")
    mine = tx.execute(_of(job_id).with_for_update()).one()
    guessed = mine.known_by in GUESSES and by != "list"
    values = _known(handle, by)
    if mine.state == "sending":
        answered = mine.answered if mine.answered is not None else values["changed"]
        tx.execute(_change(job_id).values(**values, answered=answered))
    elif guessed:
        replace_guess_tx(tx, job_id, values)
    else:
        free_tx(tx, job_id, handle.request_id, handle.endpoint, by="list")
        _compare(job_id, mine.request_id, handle.request_id)
        return None
    back = free_tx(tx, job_id, handle.request_id, handle.endpoint, by=by)
    if charged_usd is not None:
        adjust_tx(tx, job_id, micro(charged_usd), "charged by the proxy")
    resume_tx(tx, job_id, only_from={State.SUBMITTING, State.SUBMIT_UNCONFIRMED}, why=handle.request_id)
    return back


def _compare(job_id: str, first: str | None, request_id: str) -> None:
    """Compare a second answer to one order with the first, which stands.

    Two requests would be two purchases, so it is logged.
    """
    if first is not None and first != request_id:
        log.error("a second request for one order", extra={"job_id": job_id, "first": first, "request_id": request_id})


def _known(handle: RequestHandle, by: Evidence) -> dict[str, Any]:
    named = {"handle": record(handle), "request_id": handle.request_id, "known_by": by}
    return {"state": "accepted", **named, "changed": now_ms()}


def _of(job_id: str) -> sa.Select[Any]:
    return sa.select(submits).where(submits.c.job_id == job_id)


def claimed_at(submit: Submit) -> datetime:
    """Return when the attempt was claimed."""
    return _time(submit.claimed)


def answered_at(submit: Submit) -> datetime | None:
    """Return when its POST ended; None when its process died before that."""
    return _time(submit.answered) if submit.answered is not None else None


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)


def _exists(tx: Connection, job_id: str) -> bool:
    return tx.execute(sa.select(submits.c.job_id).where(submits.c.job_id == job_id)).first() is not None


def _was_repeated(tx: Connection, job_id: str) -> bool:
    """Return whether a job that repeats this one was ordered, and has not ended for nothing."""
    again = (jobs.c.again_of == job_id, jobs.c.state != State.AWAITING_CONFIRMATION)
    bought = sa.or_(jobs.c.state != State.CANCELLED, jobs.c.charge != "none")
    tx.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())  # meets the repeat here
    return tx.execute(sa.select(jobs.c.id).where(*again, bought)).first() is not None


def _insert(tx: Connection, job_id: str, body: str | None) -> bool:
    """Insert the claim and return whether this call did.

    The returned row is the proof; rowcount lies on some drivers.
    """
    at = now_ms()
    row = insert_new(tx, submits, by="job_id")
    row = row.values(job_id=job_id, state="sending", attempt=1, created=at, changed=at, claimed=at, body=body)
    return tx.execute(row.returning(submits.c.job_id)).first() is not None


def _again(tx: Connection, job_id: str, body: str | None) -> bool:
    """Claim again after a proven non-delivery, by compare-and-set."""
    at, change = now_ms(), _change(job_id).where(submits.c.state == "not_sent")
    values = {"state": "sending", "attempt": submits.c.attempt + 1, "changed": at, "claimed": at, "answered": None}
    values |= {"body": body, "hint": None, "search_until": None}
    return tx.execute(change.values(**values).returning(submits.c.job_id)).first() is not None


def _end(tx: Connection, job_id: str, state: str, *, search_until: int | None = None) -> bool:
    change = (
        _change(job_id)
        .where(submits.c.state == "sending")
        .values(state=state, changed=now_ms(), search_until=search_until)
    )
    return tx.execute(change.returning(submits.c.job_id)).first() is not None


def _change(job_id: str) -> sa.Update:
    return submits.update().where(submits.c.job_id == job_id)
