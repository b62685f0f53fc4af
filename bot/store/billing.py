"""Bills: what fal itself says it charged for each job, written into the ledger as a correction.

A job is asked about once its account is closed: first after two minutes, then at growing gaps; not known after 30 days
is unknown for good. A known bill is asked for once more a day after the purchase, since fal may add an event; a call
that finds nothing then changes nothing, and is repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.database import Connection, Database
from bot.store.ledger import CLOSING, correct_tx, micro_of, model_of
from bot.store.records import Charge
from bot.store.tables import jobs, ledger, submits

_MINUTE_MS = 60 * 1000
DAY_MS = 24 * 3600 * 1000
FIRST_MS = 2 * _MINUTE_MS
STOP_MS = 30 * DAY_MS
LIMIT_MS = 89 * DAY_MS
"""fal answers for 90 days at most; a day of margin for its clock and ours."""
_BEYOND_MS = 100 * DAY_MS


@dataclass(frozen=True, slots=True)
class Bill:
    """A closed job whose bill is to be asked for. Milliseconds UTC."""

    job_id: str
    request_id: str
    created: int
    closed: int


@dataclass(frozen=True, slots=True)
class Settled:
    """An account that now says what fal charged. `was`: what it said before."""

    job_id: str
    user: str
    was: Charge
    charged_micro: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What the jobs of one model were sold for and what fal charged for them."""

    model: str
    jobs: int
    quoted_micro: int
    charged_micro: int


class Bills:
    """The repository of bills."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def due(self, now: int, *, most: int) -> list[Bill]:
        """Return the bills to ask for at `now`. Never one of a job that still holds money: its account is open."""
        closed = sa.select(sa.func.min(ledger.c.at)).where(ledger.c.job_id == jobs.c.id, ledger.c.event.in_(CLOSING))
        at = closed.correlate(jobs).scalar_subquery()
        never_asked = sa.and_(jobs.c.billed_nano.is_(None), jobs.c.bill_after.is_(None), at <= now - FIRST_MS)
        query = sa.select(jobs.c.id, jobs.c.created, submits.c.request_id, at.label("closed"))
        query = query.join(submits, submits.c.job_id == jobs.c.id).where(
            jobs.c.changed > now - _BEYOND_MS,  # by its index: what is older is over
            jobs.c.charge.is_not(None),
            jobs.c.reserved_micro == 0,
            submits.c.request_id.is_not(None),
            at > now - LIMIT_MS,
            sa.or_(never_asked, jobs.c.bill_after <= now),
        )

        def work(tx: Connection) -> list[Bill]:
            rows = tx.execute(query.order_by(at).limit(most))
            return [Bill(row.id, row.request_id, row.created, row.closed) for row in rows]

        return await self._db.read(work)

    async def settle(self, bill: Bill, nano: int, *, now: int) -> Settled | None:
        """Write what fal charged. None: the account is open, or says so already; then nothing changes."""
        job = sa.select(jobs).where(jobs.c.id == bill.job_id).with_for_update()

        def work(tx: Connection) -> Settled | None:
            row = tx.execute(job).one()
            if row.charge is None or row.reserved_micro:
                return None
            again = bill.closed + DAY_MS
            _ask_after(tx, bill.job_id, again if now < again else None)
            if row.billed_nano == nano:
                return None
            correct_tx(tx, bill.job_id, nano, booked=now)
            return Settled(bill.job_id, row.user, row.charge, micro_of(nano))

        return await self._db.write(work)

    async def later(self, bills: Iterable[Bill], *, now: int) -> None:
        """Schedule the next call for bills that are not shown yet, at growing gaps."""

        def work(tx: Connection) -> None:
            for bill in bills:
                _ask_after(tx, bill.job_id, next_look(bill, now=now))

        await self._db.write(work)

    async def compared(self, since: int) -> list[Compared]:
        """Compare by model the bills that became known after `since`.

        A job that brought no film and cost nothing is no sign of another price, and is left out.
        """
        shown = sa.select(ledger.c.job_id).where(ledger.c.event == "correct", ledger.c.booked > since)
        query = sa.select(jobs.c.request, jobs.c.price_micro, jobs.c.billed_nano).where(
            jobs.c.id.in_(shown),
            jobs.c.billed_nano.is_not(None),  # an account may be corrected for other reasons
            sa.or_(jobs.c.billed_nano > 0, jobs.c.video.is_not(sa.null())),
        )

        def work(tx: Connection) -> list[Compared]:
            found: dict[str, list[tuple[int, int]]] = {}
            for row in tx.execute(query):
                found.setdefault(model_of(row.request), []).append((row.price_micro, micro_of(row.billed_nano)))
            return [
                Compared(model, len(pairs), sum(quoted for quoted, _ in pairs), sum(charged for _, charged in pairs))
                for model, pairs in sorted(found.items())
            ]

        return await self._db.read(work)


def next_look(bill: Bill, *, now: int) -> int:
    """Return when a bill that is not shown is asked for again: after half its age, two minutes to a day.

    After 30 days never by itself. One that was known before is asked for in the same way: fal's bill was not whole.
    """
    age = now - bill.closed
    if age >= STOP_MS:
        return bill.closed + _BEYOND_MS
    return min(now + max(FIRST_MS, min(DAY_MS, age // 2)), bill.closed + STOP_MS)


def _ask_after(tx: Connection, job_id: str, at: int | None) -> None:
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(bill_after=at))
