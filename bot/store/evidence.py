"""Decides whose request it is: the order's own answer is stronger evidence than a match in fal's list.

Two orders in the same words look alike in the list. The one that is answered later takes its request back from the one
that had been matched with it.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, now_ms
from bot.store.job_rows import JobChanges, move_tx, resume_tx
from bot.store.ledger import hold_tx, lend_tx, owe_tx
from bot.store.records import KNOWN_AT_FAL, State
from bot.store.tables import jobs, results, submits

Evidence = Literal["answer", "receipt", "webhook", "list"]
"""What names a request: the POST's own answer, the same read from its receipt, fal's signed call to this very job, or a
row of the account's list that says the same. Only the last is a guess.
"""
LENT: Literal["lent"] = "lent"
"""Its film was another job's purchase: what is known of its own order is nothing."""
GUESSES = frozenset({"list", LENT})
"""What the order's own answer is believed against."""

_OPEN = KNOWN_AT_FAL | {State.PARKED}
_ENDED_WITHOUT = frozenset({State.FAILED, State.CANCELLED})


class RequestTaken(Exception):
    """A request that another job has bought."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A job that had been matched with a request of another's.

    `kept_film`: it had ended by then and stays as it is; else it is in doubt again.
    """

    job_id: str
    user: str
    price_micro: int
    request_id: str
    kept_film: bool


def free_tx(tx: Connection, job_id: str, request_id: str, endpoint: str, *, by: Evidence) -> TakenBack | None:
    """Let no other job hold this request. None: no other did.

    Raises RequestTaken for one that another job knows by more than the list, or that cannot be this job's: its words
    are others. The other job goes back into doubt where its film is not here: its own order is looked for again. Where
    it has ended, it keeps what it has; see ledger.lend_tx for its account. The stored results go to the answered job.
    """
    query = sa.select(submits).where(submits.c.request_id == request_id, submits.c.job_id != job_id)
    other = tx.execute(query.with_for_update()).first()
    if other is None:
        return None
    if by == "list" or other.known_by != "list" or not _may_be(tx, job_id, other, endpoint):
        raise RequestTaken
    job = tx.execute(sa.select(jobs).where(jobs.c.id == other.job_id).with_for_update()).one()
    ended = job.video is not None or State(job.state) not in _OPEN
    if ended:
        _lend(tx, other.job_id, job_id)
    else:
        _unconfirm(tx, other, job_id)
    return TakenBack(other.job_id, job.user, job.price_micro, request_id, ended)


def replace_guess_tx(tx: Connection, job_id: str, values: dict[str, Any]) -> None:
    """Replace a match from the list by the job's own answer (`values`: of its claim).

    Where it names another request, that one is released. A job that ended without a film, by what fal said of the
    other, goes on with its own; one that has a film keeps that, and its account says what its own request costs.
    """
    mine = tx.execute(sa.select(submits).where(submits.c.job_id == job_id)).one()
    change = submits.update().where(submits.c.job_id == job_id)
    if mine.request_id == values["request_id"]:
        tx.execute(change.values(known_by=values["known_by"]))
        return
    tx.execute(change.values(**values, attempt=mine.attempt + 1))
    tx.execute(results.delete().where(results.c.job_id == job_id))
    job = tx.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).one()
    if job.charge is not None:
        owe_tx(tx, job_id, values["request_id"])
    reopen_tx(tx, job_id, only_from=_ENDED_WITHOUT, why=values["request_id"])


def reopen_tx(tx: Connection, job_id: str, *, only_from: frozenset[State], why: str) -> bool:
    """Reopen a job that had ended without a film, since it renders all the same. Its account stays until it ends."""
    if not resume_tx(tx, job_id, only_from=only_from, why=why):
        return False
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(error=sa.null(), outcome_ref=None))
    return True


def _may_be(tx: Connection, job_id: str, other: Any, endpoint: str) -> bool:
    """Return whether the list could match this job's order with the other's: it has every field of that one.

    Else the answer is mixed up.
    """
    posted = tx.execute(sa.select(submits.c.body).where(submits.c.job_id == job_id)).scalar()
    ours, theirs = _fields(posted), _fields(other.body)
    same_place = isinstance(other.handle, dict) and other.handle.get("endpoint") == endpoint
    return same_place and bool(theirs) and theirs.items() <= ours.items()


def _fields(body: str | None) -> dict[str, str]:
    """Return each field as JSON text: true is not 1, "5" is not 5."""
    try:
        read = json.loads(body) if body else None
    except ValueError:
        return {}
    return {name: json.dumps(value) for name, value in read.items()} if isinstance(read, dict) else {}


def _unconfirm(tx: Connection, other: Any, owner: str) -> None:
    """Put the job back into doubt.

    Its next results are stored under another name (see jobs/submit.py, receipt_name): what it has of this request on
    some disk is not its own.
    """
    unknown = {"state": "sending", "handle": sa.null(), "request_id": None, "known_by": None, "changed": now_ms()}
    change = submits.update().where(submits.c.job_id == other.job_id)
    tx.execute(change.values(**unknown, attempt=submits.c.attempt + 1))
    _hand_over_results(tx, other.job_id, owner, keep=False)
    why = f"its request is the purchase of {owner}"
    untold: JobChanges = {"outcome_ref": None, "odd_since": None, "odd": None, "fal_position": None}
    move_tx(tx, other.job_id, State.SUBMIT_UNCONFIRMED, why=why, **untold)
    hold_tx(tx, other.job_id, why)


def _lend(tx: Connection, lender: str, owner: str) -> None:
    """Let the job keep its film, and the address of the file; the purchase is the owner's."""
    change = submits.update().where(submits.c.job_id == lender)
    tx.execute(change.values(request_id=None, known_by=LENT, changed=now_ms()))
    _hand_over_results(tx, lender, owner, keep=True)
    lend_tx(tx, lender, f"its request is the purchase of {owner}")


def _hand_over_results(tx: Connection, giver: str, owner: str, *, keep: bool) -> None:
    columns = ("digest", "at", "status", "headers", "body")
    stored = tx.execute(sa.select(results).where(results.c.job_id == giver).order_by(results.c.id)).all()
    for row in stored:
        values = {name: getattr(row, name) for name in columns}
        tx.execute(results.insert().values(job_id=owner, **values))
    if not keep:
        tx.execute(results.delete().where(results.c.job_id == giver))
