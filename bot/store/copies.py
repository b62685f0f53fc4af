"""Tells whether this database is a copy that was put back, and treats its jobs so that nothing is bought twice.

A copy does not know what happened after it was made. So what was asked for before the copy was first served is looked
for before it is bought (bot/jobs/restored_jobs.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, insert_new, insert_over, now_ms, take_turns
from bot.store.evidence import Evidence, TakenBack
from bot.store.job_rows import move_tx
from bot.store.ledger import unreserve_tx
from bot.store.records import FREE, Confirmation, State, VideoFile, record
from bot.store.stored import number
from bot.store.submits import accept_tx
from bot.store.tables import facts, inbox, jobs, submits
from bot.store.work import Lease, check_tx
from core.types import RequestHandle

STAMP = "copied"
"""The fact that `reelbot backup` writes into its copy alone."""
Origin = Literal["stamped", "older", "new"]
"""How a database shows that it is not the one that was served last: by the stamp of a backup; it is older than the
files beside it; it knows no job, and there are files of jobs.
"""
_BEAT = "heartbeat"
_RESTORED = "restored"
_UNCLAIMED = frozenset({None, "not_sent"})


@dataclass(frozen=True, slots=True)
class Restored:
    """When a copy was first served (milliseconds UTC), and how it was noticed."""

    at: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What a database says of itself. `copied`, `heartbeat`: milliseconds UTC, None where there is none."""

    copied: int | None
    heartbeat: int | None
    restored: Restored | None
    has_jobs: bool


@dataclass(frozen=True, slots=True)
class FromCopy:
    """A job that was asked for before its copy was served. `since`: when it was; milliseconds UTC."""

    since: int
    restored: int


class Copies:
    """The repository of what a copy knows and does not know."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def beat(self) -> int:
        """Record that the database is served now; returns the recorded time, in milliseconds UTC."""

        def work(tx: Connection) -> int:
            now = db_now_ms(tx)
            tx.execute(insert_over(tx, facts, name=_BEAT, value=str(now)))
            return now

        return await self._db.write(work)

    async def facts(self) -> CopyFacts:
        """Return what the database says of itself."""

        def work(tx: Connection) -> CopyFacts:
            query = sa.select(facts.c.name, facts.c.value).where(facts.c.name.in_([STAMP, _BEAT, _RESTORED]))
            found = {row.name: row.value for row in tx.execute(query)}
            has_jobs = tx.execute(sa.select(jobs.c.id).limit(1)).first() is not None
            copied, beat = (number(found[name]) if name in found else None for name in (STAMP, _BEAT))
            return CopyFacts(copied, beat, _restored(found.get(_RESTORED)), has_jobs)

        return await self._db.read(work)

    async def without_claim(self, orders: Iterable[tuple[str, int]]) -> int:
        """Count the orders (job id, attempt) that this database never claimed, though each claim precedes its order."""
        wanted = set(orders)
        query = sa.select(submits.c.job_id, submits.c.attempt)

        def work(tx: Connection) -> int:
            claimed = {row.job_id: row.attempt for row in tx.execute(query)} if wanted else {}
            return sum(attempt > claimed.get(job_id, 0) for job_id, attempt in wanted)

        return await self._db.read(work)

    async def serve_as_copy(self, origin: Origin) -> None:
        """Record that a copy is served from now on: what was asked for before is looked for first."""

        def work(tx: Connection) -> None:
            take_turns(tx, "facts")
            tx.execute(facts.delete().where(facts.c.name == STAMP))
            tx.execute(insert_over(tx, facts, name=_RESTORED, value=f"{db_now_ms(tx)} {origin}"))

        await self._db.write(work)

    async def origin_of(self, job_id: str) -> FromCopy | None:
        """Return since when the job was asked for, in a copy; None for one of after the copy was served.

        A message that waited in the copy may have been handled, and its job bought, after the copy was made. None, too,
        for a job that was claimed since: it was looked for before that.
        """
        asked = sa.select(inbox.c.created).where(inbox.c.origin == jobs.c.origin).scalar_subquery()
        claimed = sa.select(submits.c.claimed).where(submits.c.job_id == jobs.c.id).scalar_subquery()
        query = sa.select(jobs.c.created, asked.label("asked"), claimed.label("claimed")).where(jobs.c.id == job_id)

        def work(tx: Connection) -> FromCopy | None:
            found = _restored(tx.execute(sa.select(facts.c.value).where(facts.c.name == _RESTORED)).scalar())
            row = tx.execute(query).first() if found is not None else None
            if found is None or row is None:
                return None
            since = min(row.created, row.created if row.asked is None else row.asked)
            ours = since >= found.at or (row.claimed or 0) > found.at
            return None if ours else FromCopy(since, found.at)

        return await self._db.read(work)

    async def adopt(
        self,
        job_id: str,
        handle: RequestHandle,
        *,
        by: Evidence,
        body: str | None,
        attempt: int,
        at: int,
        charged_usd: Decimal | None,
        lease: Lease,
    ) -> TakenBack | None:
        """Record that this job was bought after its copy was made, by which request: it renders, or is done.

        `attempt`, `at` (milliseconds UTC): of the purchase. Raises LeaseLost, RequestTaken.
        """

        def work(tx: Connection) -> TakenBack | None:
            take_turns(tx, f"request {handle.request_id}")
            _claim_tx(tx, job_id, attempt=attempt, at=at, body=body, lease=lease)
            return accept_tx(tx, job_id, handle, by=by, charged_usd=charged_usd)

        return await self._db.write(work)

    async def adopt_film(self, job_id: str, video: VideoFile, *, at: int, lease: Lease) -> None:
        """Record that the film of this job is on the disk: it was bought, by a request that nobody knows.

        Raises LeaseLost.
        """

        def work(tx: Connection) -> None:
            _claim_tx(tx, job_id, attempt=1, at=at, body=None, lease=lease)
            change = submits.update().where(submits.c.job_id == job_id)
            tx.execute(change.values(state="accepted", answered=now_ms()))
            move_tx(
                tx,
                job_id,
                State.READY,
                why=video.name,
                charge="yes",
                video=record(video),
                outcome_ref=None,
                lease=lease,
            )

        await self._db.write(work)

    async def ask(self, job_id: str, *, lease: Lease) -> bool:
        """Turn a job that may have been bought already into an offer: nothing is reserved until its owner agrees.

        False, and nothing changes, when it was claimed or has ended. Raises LeaseLost.
        """

        def work(tx: Connection) -> bool:
            check_tx(tx, lease)
            claim = sa.select(submits.c.state).where(submits.c.job_id == job_id)
            if tx.execute(claim).scalar() not in _UNCLAIMED:
                return False
            if not move_tx(tx, job_id, State.AWAITING_CONFIRMATION, only_from=FREE, why=_RESTORED, lease=lease):
                return False
            question = record(Confirmation(_RESTORED))
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(question=question))
            unreserve_tx(tx, job_id, "asked again")
            return True

        return await self._db.write(work)


def _restored(value: str | None) -> Restored | None:
    at, _, origin = (value or "").partition(" ")
    known: dict[str, Origin] = {"stamped": "stamped", "older": "older", "new": "new"}
    return Restored(number(at), known.get(origin, "older")) if value else None


def _claim_tx(tx: Connection, job_id: str, *, attempt: int, at: int, body: str | None, lease: Lease) -> None:
    """Write the claim that the copy does not have; one that is open already stays."""
    check_tx(tx, lease)
    values = {"attempt": attempt, "state": "sending", "changed": at, "claimed": at, "body": body}
    row = insert_new(tx, submits, by="job_id").values(job_id=job_id, created=at, **values)
    if tx.execute(row.returning(submits.c.job_id)).first() is None:
        proven = (submits.c.job_id == job_id, submits.c.state == "not_sent")
        tx.execute(submits.update().where(*proven).values(**values, answered=None, hint=None, search_until=None))
    move_tx(tx, job_id, State.SUBMITTING, only_from=FREE, why=_RESTORED, lease=lease)
