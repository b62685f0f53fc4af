"""What was spent, set aside and given back, with fal's own bill, summed over all rows of the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.database import Connection, Database
from bot.store.ledger import CLOSING, micro_of
from bot.store.tables import jobs, ledger, submits

By = Literal["user", "model", "day"]


@dataclass(frozen=True, slots=True)
class Spending:
    """One line of `reelbot spend`.

    `possibly_micro` is the part of `spent_micro` that fal may not have charged.

    `quoted_micro` and `charged_micro`: what the jobs whose bill fal has shown were sold for, and what fal charged for
    them. `bills_unknown`: jobs that reached fal, are over, and whose bill fal has not shown.
    """

    key: str
    jobs: int
    spent_micro: int
    possibly_micro: int
    reserved_micro: int
    released_micro: int
    quoted_micro: int
    charged_micro: int
    bills_unknown: int


class SpendingReports:
    """The repository of what was spent."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def report(self, by: By) -> list[Spending]:
        """Sum everything ever; the dearest first, days (UTC) in their order."""
        return await self._db.read(lambda tx: _report(tx, by))


def _report(tx: Connection, by: By) -> list[Spending]:
    known = (jobs.c.price_micro, jobs.c.charge, jobs.c.billed_nano, submits.c.request_id)
    query = sa.select(ledger, *known).outerjoin(jobs, jobs.c.id == ledger.c.job_id)
    query = query.outerjoin(submits, submits.c.job_id == ledger.c.job_id).order_by(ledger.c.id)
    groups: dict[str, list[Any]] = {}
    for row in tx.execute(query):
        day = datetime.fromtimestamp(row.at / 1000, tz=UTC).strftime("%Y-%m-%d")
        groups.setdefault({"user": row.user, "model": row.model, "day": day}[by], []).append(row)
    found = [_spending(key, rows) for key, rows in groups.items()]
    return sorted(found, key=(lambda each: each.key) if by == "day" else (lambda each: -each.spent_micro))


def _spending(key: str, rows: list[Any]) -> Spending:
    closed = [row for row in rows if row.event in CLOSING]  # one row of each job that is over, on the day it was
    billed = [row for row in closed if row.billed_nano is not None]
    return Spending(
        key=key,
        jobs=len({row.job_id for row in rows}),
        spent_micro=sum(row.spent_micro for row in rows),
        possibly_micro=sum(row.spent_micro for row in rows if row.charge == "possibly"),
        reserved_micro=sum(row.reserved_micro for row in rows),
        released_micro=-sum(row.reserved_micro for row in rows if row.event == "release"),
        quoted_micro=sum(row.price_micro for row in billed),
        charged_micro=sum(micro_of(row.billed_nano) for row in billed),
        bills_unknown=sum(row.billed_nano is None and _reached_fal(row) for row in closed),
    )


def _reached_fal(row: Any) -> bool:
    return row.request_id is not None or row.charge in {"yes", "possibly"}
