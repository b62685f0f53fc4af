"""What must hold of a job's row whenever a transaction commits, whoever made it: read in that very transaction.

No job at work without a living lease or a due time; what a worker writes for a job that another has taken meanwhile
changes nothing, but for what it alone knows of the money.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.store.work import Lease
from tests.prove.engine import AT_WORK

LAWS = "prove_laws"
"""The mark of our own questions to the database."""
_TOUCHED = "prove_touched"
_LATE = "prove_late"
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
_NEVER_SENT = "submit_not_sent"
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
        connection.info[_TOUCHED] = True
        if lease is not None:
            late = connection.info.setdefault(_LATE, _Late(lease, _row(connection, lease)))
            if late.is_late:
                late.before = _row(connection, lease)

    sa.event.listen(engine, "after_cursor_execute", _compared, insert=True)  # before anything else goes on meanwhile

    @sa.event.listens_for(engine, "commit")
    def looked_at(connection: sa.Connection) -> None:
        touched, late = connection.info.pop(_TOUCHED, False), connection.info.pop(_LATE, None)
        said = report()
        if not touched or said is None:
            return
        _look_for_stranded(connection, said)
        if late is not None:
            late.judge(said)

    sa.event.listen(engine, "rollback", _forgotten)


def _look_for_stranded(connection: sa.Connection, said: Report) -> None:
    for row in connection.execute(_STRANDED, {"moves": _MOVES, "told": _IS_TOLD}, execution_options={LAWS: True}):
        said(f"{row.id} is {row.state}, told {row.outcome_ref}: nobody works on it, and it is never due")
    for row in connection.execute(_HALF, execution_options={LAWS: True}):
        said(f"{row.id} has half a lease")


def _forgotten(connection: sa.Connection) -> None:
    connection.info.pop(_TOUCHED, None)
    connection.info.pop(_LATE, None)


def _compared(connection: sa.Connection, *_event: Any) -> None:
    late: _Late | None = connection.info.get(_LATE)
    if late is not None and late.before:
        before, late.before = late.before, {}
        late.compare(before, _row(connection, late.lease))


def _row(connection: sa.Connection, lease: Lease) -> dict[str, Any]:
    row = connection.execute(_ROW, {"id": lease.job_id}, execution_options={LAWS: True}).first()
    return row._asdict() if row is not None else {}


@dataclass
class _Late:
    """What a transaction changes under an old epoch, statement by statement: between two of them others may commit.

    What became of its own paid request nobody else can say: that is guarded by the claim's state. `first`: the row
    before the first change; `before`: before the one that is made now.
    """

    lease: Lease
    first: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    of_the_money: bool = False

    @property
    def is_late(self) -> bool:
        return bool(self.first) and self.first["epoch"] != self.lease.epoch

    def compare(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.of_the_money = self.of_the_money or any(before[name] != after[name] for name in _OF_THE_MONEY)
        if before["error"] != after["error"] and _NEVER_SENT in str(after["error"]):
            self.of_the_money = True  # the second transaction after a claim that was given back for too long
        rest = before.keys() - {*_OF_THE_MONEY, *_OF_NO_CONSEQUENCE}
        self.changed |= {name: (before[name], after[name]) for name in sorted(rest) if before[name] != after[name]}

    def judge(self, said: Report) -> None:
        if self.changed and not self.of_the_money:
            epoch = self.first["epoch"]
            said(f"{self.lease.job_id} was changed by epoch {self.lease.epoch} in epoch {epoch}: {self.changed}")
