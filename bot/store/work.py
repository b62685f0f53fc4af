"""What must happen next with a job follows from its row alone. This is the one place that decides it.

A row is due at `due`, and then asks for the work of its state. Whoever does that holds the row's lease: `owner`, until
`lease_until`, under an `epoch` that grows with each taking. What an old owner writes after the job was taken by another
changes nothing, since its epoch is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from bot.store.database import Connection
from bot.store.records import HAD, State
from bot.store.tables import jobs

Work = Literal["submit", "collect", "deliver"]

WORK: Mapping[State, Work] = {
    State.QUEUED: "submit",
    State.PREPARING: "submit",
    State.SUBMITTING: "submit",
    State.RENDERING: "collect",
    State.DOWNLOADING: "collect",
    State.PARKED: "collect",
    State.READY: "deliver",
    State.UPLOADING: "deliver",
    State.UNDELIVERED: "deliver",
    State.DELIVERY_UNCONFIRMED: "deliver",
    State.SUBMIT_UNCONFIRMED: "deliver",
    State.FAILED: "deliver",
    State.CANCELLED: "deliver",
    State.DELIVERED: "deliver",
    State.SENT_AS_REPLY: "deliver",
    State.DELETED: "deliver",
}
"""What a job in this state asks for when it is due. Jobs in doubt are also looked for in fal's list, all at once.
Who has had the film may still ask for its original; of a deleted one everything is removed.
"""

AT_REST = HAD
"""Nothing is due of itself when a job comes to be in one of these."""

SLOTS = frozenset({State.PREPARING, State.SUBMITTING, State.RENDERING, State.DOWNLOADING})
"""A job in one of these holds a slot: from its turn in the queue to its file on the disk."""

NO_ROOM = "disk_full"
"""What `odd` says of a job that stays in the queue until there is room on the disk."""
PAUSED = "paused"
"""What `odd` says of one that stays there while an admin has paused new orders."""
LEASE_MS = 15_000
"""A frozen worker has lost its jobs after so long."""
LOOK_AFTER_MS = 30 * 60 * 1000
"""A job at fal is looked at after so long, whoever should have said before that fal is done."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job. It is checked by every transaction that writes for that work."""

    job_id: str
    owner: str
    epoch: int


class LeaseLost(Exception):
    """Another has taken the job: what was to be written is that one's to decide."""


def check_tx(tx: Connection, lease: Lease | None) -> None:
    """Lock the job's row for this transaction. Raises LeaseLost. None: the writing is guarded by the state alone."""
    if lease is None:
        return
    mine = (jobs.c.id == lease.job_id, jobs.c.owner == lease.owner, jobs.c.epoch == lease.epoch)
    if tx.execute(sa.select(jobs.c.id).where(*mine).with_for_update()).first() is None:
        raise LeaseLost(lease.job_id)
