"""What must hold of a job's row whenever a transaction commits, whoever made it: read in that very transaction.

No job at work without a living lease or a due time; what a worker writes for a job that another has taken meanwhile
changes nothing, but for what it alone knows of the money.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.store.work import Lease
from tests.prove.engine import AT_WORK

LAWS = "prove_laws"
"""The mark of our own questions to the database."""
_TOUCHED = "prove_touched"
_BEFORE = "prove_before"
_WRITES = tuple(f"{verb} reelbot_{table}" for verb in ("UPDATE", "INSERT INTO") for table in ("jobs", "submits"))
_UNDER_WAY = ("queued", "preparing", "submitting", "rendering", "downloading", "ready", "uploading")
_MOVES = (*_UNDER_WAY, "undelivered", "parked")  # the last is asked for a week, longer than any of these stories
_IS_TOLD = ("failed", "cancelled", "submit-unconfirmed", "delivery-unconfirmed")
_STRANDED = sa.text(
    "SELECT id, state, outcome_ref FROM reelbot_jobs WHERE due IS NULL AND lease_until IS NULL AND "
    "(state IN :moves OR (outcome_ref IS NULL AND state IN :told))"
).bindparams(sa.bindparam("moves", expanding=True), sa.bindparam("told", expanding=True))
_HALF = sa.text("SELECT id FROM reelbot_jobs WHERE (owner IS NULL) <> (lease_until IS NULL)")
_ROW = sa.text(
    "SELECT j.*, s.state AS claim, s.request_id, s.changed AS claim_changed "
    "FROM reelbot_jobs j LEFT JOIN reelbot_submits s ON s.job_id = j.id WHERE j.id = :id"
)
_OF_THE_MONEY = ("claim", "request_id", "claim_changed")
_OF_NO_CONSEQUENCE = ("fal_position",)  # what fal last said of it, shown to people; whoever heard it
Report = Callable[[str], None]


def watch_rows(engine: sa.Engine, report: Callable[[], Report | None]) -> None:
    """Have each transaction looked at that touches jobs. `report`: where to say what was broken; None: nobody looks."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def about_to(
        connection: sa.Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
    ) -> None:
        lease = AT_WORK.get()
        if not statement.startswith(_WRITES) or (context and context.execution_options.get(LAWS)):
            return
        if lease is not None and _BEFORE not in connection.info:
            connection.info[_BEFORE] = lease, _row(connection, lease)
        connection.info[_TOUCHED] = True

    @sa.event.listens_for(engine, "commit")
    def looked_at(connection: sa.Connection) -> None:
        touched, before = connection.info.pop(_TOUCHED, False), connection.info.pop(_BEFORE, None)
        said = report()
        if not touched or said is None:
            return
        for row in connection.execute(_STRANDED, {"moves": _MOVES, "told": _IS_TOLD}, execution_options={LAWS: True}):
            said(f"{row.id} is {row.state}, told {row.outcome_ref}: nobody works on it, and it is never due")
        for row in connection.execute(_HALF, execution_options={LAWS: True}):
            said(f"{row.id} has half a lease")
        if before is not None:
            lease, row = before
            _late(lease, row, _row(connection, lease), said)

    @sa.event.listens_for(engine, "rollback")
    def forgotten(connection: sa.Connection) -> None:
        connection.info.pop(_TOUCHED, None)
        connection.info.pop(_BEFORE, None)


def _row(connection: sa.Connection, lease: Lease) -> dict[str, Any]:
    row = connection.execute(_ROW, {"id": lease.job_id}, execution_options={LAWS: True}).first()
    return row._asdict() if row is not None else {}


def _late(lease: Lease, before: dict[str, Any], after: dict[str, Any], said: Report) -> None:
    """An old epoch. What became of its own paid request nobody else can say: that is guarded by the claim's state."""
    if not before or before["epoch"] == lease.epoch:
        return
    if any(before[name] != after[name] for name in _OF_THE_MONEY):
        return
    rest = before.keys() - {*_OF_THE_MONEY, *_OF_NO_CONSEQUENCE}
    changed = {name: (before[name], after[name]) for name in sorted(rest) if before[name] != after[name]}
    if changed:
        said(f"{lease.job_id} was changed by epoch {lease.epoch} in epoch {before['epoch']}: {changed}")
