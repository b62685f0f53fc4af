"""Takes jobs that are due and that nobody works on, each under a lease by the database's clock.

And those that leave the queue for a free slot. What a job asks for: work.py.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, now_ms, take_turns
from bot.store.job_rows import write_history_tx
from bot.store.pause import is_paused_tx, say_paused_tx
from bot.store.records import State
from bot.store.tables import jobs
from bot.store.work import AT_REST, LEASE_MS, NO_ROOM, SLOTS, WORK, Lease, Work

log = logging.getLogger(__name__)

MOST_LAPSES = 10
"""Owners of a job that ended in a row without a word: most likely the job is what ends them."""
MOST_OF_ONE_PERSON = 10
MOST_OF_A_KIND = 30
"""So many works of one person, and of one kind, go on in a process before its next ones wait for the others'.

A chat that takes hundreds of films, or hangs, leaves the other places to other people and to what is not sent there.
"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job whose work begins here.

    `attempt`: which of this state's, from 1. `lapses`: owners before this one that ended without a word.
    """

    lease: Lease
    work: Work
    attempt: int
    lapses: int


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """`REELBOT_JOBS` and `REELBOT_USER_JOBS`."""

    all_jobs: int
    user_jobs: int


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Whose works fill their places, and the states whose kind of work has places left."""

    people: frozenset[str]
    states: frozenset[State]


_CLOCK_MS = 60_000  # clocks are set right by less than this all the time, and two machines may differ
_ASKING = [str(state) for state in WORK]
_RESTING = [str(state) for state in AT_REST]
_ASKS = sa.and_(jobs.c.state.in_(_ASKING), sa.or_(jobs.c.state.not_in(_RESTING), jobs.c.file_to.is_not(None)))
"""What has come to rest asks for something only where its original is wanted."""


class Leases:
    """The repository of leases."""

    def __init__(self, database: Database, *, term_ms: int = LEASE_MS) -> None:
        self._db = database
        self._term_ms = term_ms
        self._looked: tuple[int, float] | None = None  # the database's time and the monotonic time of the last look

    def _clock_went_back(self, tx: Connection, now: int) -> bool:
        """Return whether the clock was set back since the last look, or at the first one since any change."""
        if self._looked is None:
            newest = tx.execute(sa.select(sa.func.max(jobs.c.changed))).scalar()
            return newest is not None and newest > now + _CLOCK_MS
        before, at_s = self._looked
        return now < before + (time.monotonic() - at_s) * 1000 - _CLOCK_MS

    async def take(
        self, owner: str, *, most: int, limits: SlotLimits, may_begin: bool = True, but: Collection[str] = ()
    ) -> list[Assignment]:
        """Take up to `most` jobs that are due and that nobody works on, those that began first before new ones.

        `may_begin`: whether there is room for jobs to leave the queue, each into a free slot; people take turns. `but`:
        those that this owner still works on, whose leases it could not renew.
        """

        def work(tx: Connection) -> tuple[int, list[Assignment]]:
            take_turns(tx, "slots")
            now = db_now_ms(tx)
            if self._clock_went_back(tx, now):
                _ask_all_again(tx, now)
            crowd = _crowd(tx, owner)
            found = _due(tx, now, most, but, crowd)
            if not may_begin:
                _say_why_they_wait(tx)
            elif len(found) < most and State.QUEUED in crowd.states:
                found += _next_in_queue(tx, now, limits, but, crowd.people)[: most - len(found)]
            return now, [
                assignment for row in found if (assignment := _take(tx, row, owner, now, self._term_ms)) is not None
            ]

        now, assignments = await self._db.write(work)
        self._looked = (now, time.monotonic())  # only now: what was not committed was not asked again
        return assignments

    async def take_one(self, owner: str, job_id: str, *, also_from: Collection[str] = ()) -> Assignment | None:
        """Take this job now, due or not.

        None: another owner works on it, who is none of `also_from`, or its state asks for nothing.
        """

        def work(tx: Connection) -> Assignment | None:
            now = db_now_ms(tx)
            free = sa.or_(jobs.c.owner.is_(None), jobs.c.lease_until <= now, jobs.c.owner.in_([owner, *also_from]))
            query = sa.select(*_COLUMNS).where(jobs.c.id == job_id, free).with_for_update()
            row = tx.execute(query).first()
            return _take(tx, row, owner, now, self._term_ms) if row is not None and State(row.state) in WORK else None

        return await self._db.write(work)

    async def renew(self, those: Iterable[Lease]) -> set[Lease]:
        """Hold these for another term. Gives those that nobody else has taken."""
        leases = list(those)

        def work(tx: Connection) -> set[Lease]:
            until = db_now_ms(tx) + self._term_ms
            changes = {lease: _of(lease).values(lease_until=until).returning(jobs.c.id) for lease in leases}
            return {lease for lease, change in changes.items() if tx.execute(change).first() is not None}

        return await self._db.write(work)

    async def conclude(self, lease: Lease, *, due_in_s: float | None, progress: bool = False) -> bool:
        """End a work: the row is due in so many seconds; None: not by itself. False: the lease was lost.

        What made the job due while it was worked on stands. `progress`: the next attempt counts from 1 again.
        """

        def work(tx: Connection) -> bool:
            later = db_now_ms(tx) + int(due_in_s * 1000) if due_in_s is not None else None
            change = _of(lease).values(
                owner=None,
                lease_until=None,
                lapses=0,
                due=sa.case((_ASKS, sa.func.coalesce(jobs.c.due, later))),
                attempt=0 if progress else jobs.c.attempt,
            )
            return tx.execute(change.returning(jobs.c.id)).first() is not None

        return await self._db.write(work)

    async def free(self, *, owners_like: str) -> int:
        """Those owners have ended: what they held is due now. Gives how many jobs that were."""
        change = jobs.update().where(jobs.c.owner.like(owners_like))

        def work(tx: Connection) -> int:
            values = {"owner": None, "lease_until": None, "lapses": jobs.c.lapses + 1, "due": db_now_ms(tx)}
            return len(tx.execute(change.values(**values).returning(jobs.c.id)).all())

        return await self._db.write(work)

    async def give_back(self, owner: str) -> None:
        """Give back what that owner holds, at its regular end: due now, and no lapse."""
        change = jobs.update().where(jobs.c.owner == owner)

        def work(tx: Connection) -> None:
            tx.execute(change.values(owner=None, lease_until=None, due=db_now_ms(tx)))

        await self._db.write(work)

    async def hint(self, job_id: str, *, states: Iterable[State]) -> bool:
        """Make a job due now, also while it is being worked on: there may be something new about it.

        False: it is in none of these states.
        """
        change = jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_([str(state) for state in states]))

        def work(tx: Connection) -> bool:
            return tx.execute(change.values(due=db_now_ms(tx)).returning(jobs.c.id)).first() is not None

        return await self._db.write(work)


_COLUMNS = (jobs.c.id, jobs.c.state, jobs.c.user, jobs.c.owner, jobs.c.epoch, jobs.c.attempt, jobs.c.lapses)


def _of(lease: Lease) -> sa.Update:
    return jobs.update().where(jobs.c.id == lease.job_id, jobs.c.owner == lease.owner, jobs.c.epoch == lease.epoch)


# Asked every two seconds, so built once.
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_STATE = sa.func.coalesce(jobs.c.state, "")  # so that SQLite goes by the index of the time, not of the state
_HAS_PLACE = (
    _STATE.in_(sa.bindparam("states", expanding=True)),
    jobs.c.user.not_in(sa.bindparam("people", expanding=True)),
)
_LAPSED = sa.select(*_COLUMNS).where(
    jobs.c.lease_until <= _NOW,
    *_HAS_PLACE,
    jobs.c.state != State.QUEUED,
    jobs.c.id.not_in(sa.bindparam("but", expanding=True)),
)
_WAITING = sa.select(*_COLUMNS).where(
    jobs.c.lease_until.is_(None), jobs.c.due <= _NOW, *_HAS_PLACE, jobs.c.state != State.QUEUED
)
_LEASED_TO = (
    sa.select(jobs.c.user, jobs.c.state, sa.func.count().label("n"))
    .where(jobs.c.lease_until > 0, jobs.c.owner == sa.bindparam("owner"), _STATE.in_(_ASKING))
    .group_by(jobs.c.user, jobs.c.state)
)
_FIRST, _SECOND = (
    query.order_by(by).limit(sa.bindparam("most", type_=sa.Integer)).with_for_update(skip_locked=True)
    for query, by in ((_LAPSED, jobs.c.lease_until), (_WAITING, jobs.c.due))
)
_TURN = sa.func.row_number().over(partition_by=jobs.c.user, order_by=(jobs.c.created, jobs.c.id)).label("turn")
_IN_QUEUE = (
    sa.select(*_COLUMNS, jobs.c.created, _TURN)
    .where(
        jobs.c.state == State.QUEUED,
        sa.or_(jobs.c.lease_until <= _NOW, sa.and_(jobs.c.lease_until.is_(None), jobs.c.due <= _NOW)),
        jobs.c.id.not_in(sa.bindparam("but", expanding=True)),
    )
    .subquery()
)
_QUEUED = sa.select(_IN_QUEUE).where(_IN_QUEUE.c.turn <= sa.bindparam("user_jobs", type_=sa.Integer))
_USED = (
    sa.select(jobs.c.user, sa.func.count().label("n"))
    .where(jobs.c.state.in_([str(state) for state in SLOTS]))
    .group_by(jobs.c.user)
)


def _crowd(tx: Connection, owner: str) -> _Crowd:
    people, kinds = Counter[str](), Counter[Work]()
    for row in tx.execute(_LEASED_TO, {"owner": owner}):
        people[row.user] += row.n
        kinds[WORK[State(row.state)]] += row.n
    return _Crowd(
        frozenset(user for user, n in people.items() if n >= MOST_OF_ONE_PERSON),
        frozenset(state for state, work in WORK.items() if kinds[work] < MOST_OF_A_KIND),
    )


def _due(tx: Connection, now: int, most: int, but: Collection[str], crowd: _Crowd) -> list[Any]:
    """Jobs at work whose owner is gone, and those whose time has come, but for those that wait for a slot."""
    parameters = {"now": now, "states": [str(state) for state in crowd.states], "people": list(crowd.people)}
    rows = list(tx.execute(_FIRST, {**parameters, "but": list(but), "most": most}))
    if len(rows) < most:
        rows += tx.execute(_SECOND, {**parameters, "most": most - len(rows)})
    return rows


def _next_in_queue(
    tx: Connection, now: int, limits: SlotLimits, but: Collection[str], people: Collection[str]
) -> list[Any]:
    """Return those whose turn it is, as many as there are free slots.

    Everybody's first comes before anybody's second, and what a person has under way already counts.
    `people`: those whose works fill their places.
    """
    rows = tx.execute(_QUEUED, {"now": now, "but": list(but), "user_jobs": limits.user_jobs}).all()
    if not rows:
        return []  # nearly always: thousands in slots are not counted then
    if is_paused_tx(tx):
        say_paused_tx(tx)
        return []
    used = Counter({row.user: row.n for row in tx.execute(_USED)})
    free = max(0, limits.all_jobs - used.total())
    allowed = [row for row in rows if used[row.user] + row.turn <= limits.user_jobs and row.user not in people]
    return sorted(allowed, key=lambda row: (used[row.user] + row.turn, row.created, row.id))[:free]


def _ask_all_again(tx: Connection, now: int) -> None:
    """Make what would wait for a time that is far away again due now: a work too early does no harm."""
    log.warning("the clock was set back: all jobs are looked at")
    tx.execute(jobs.update().where(jobs.c.due > now).values(due=now))
    until = now + LEASE_MS
    tx.execute(jobs.update().where(jobs.c.lease_until > until).values(lease_until=until))


def _say_why_they_wait(tx: Connection) -> None:
    waits = (jobs.c.state == State.QUEUED, jobs.c.lease_until.is_(None), jobs.c.odd.is_(None))
    tx.execute(jobs.update().where(*waits).values(odd=NO_ROOM, changed=now_ms()))


def _take(tx: Connection, row: Any, owner: str, now: int, term_ms: int) -> Assignment | None:
    """One that leaves the queue takes its slot here. None: it is another's by now, or has gone on."""
    state = State(row.state)
    lease, lapses = Lease(row.id, owner, row.epoch + 1), row.lapses + (row.owner not in {None, owner})
    values: dict[str, Any] = {
        "owner": owner,
        "epoch": lease.epoch,
        "lease_until": now + term_ms,
        "lapses": lapses,
        "attempt": row.attempt + 1,
        "due": None,
    }
    if state is State.QUEUED:
        values |= {"state": State.PREPARING, "changed": now_ms(), "odd": None, "attempt": 1}
    as_read = (jobs.c.id == row.id, jobs.c.epoch == row.epoch, jobs.c.state == state)
    if tx.execute(jobs.update().where(*as_read).values(**values).returning(jobs.c.id)).first() is None:
        return None
    if state is State.QUEUED:
        write_history_tx(tx, row.id, State.PREPARING, None, now)
    return Assignment(lease, WORK[state], values["attempt"], lapses)
