"""The ledger: one row per event of money, never changed. Reservations of open jobs, what was spent, and the caps.

A reservation is made in the transaction that accepts the job, and closed in the transaction that ends it: by a release
(nothing was charged) or by settling at the price (it was, or possibly was). What fal itself says it charged is written
later, as a correction (store/billing.py). All amounts are micro-dollars.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

import sqlalchemy as sa

from bot.store.admissions import group_cap_tx
from bot.store.database import Connection, Database, now_ms, take_turns
from bot.store.moves import ids_tx
from bot.store.pause import OrdersPaused, refuse_while_paused_tx
from bot.store.records import SHELL, Charge, micro
from bot.store.tables import jobs, ledger, submits

WINDOW_MS = 24 * 3600 * 1000
_payer = sa.func.coalesce(jobs.c.purse, jobs.c.user)
CLOSING = ("settle", "release")
"""The events that close the account of a job: each job has at most one of them."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps on what may be spent and held within any 24 hours, in all, by one person, in one group. Micro-dollars.

    `group_micro`: of each group to which no admin has given a cap of its own; None: no such cap.
    """

    all_micro: int
    user_micro: int
    group_micro: int | None = None


class Budget(Protocol):
    """The settings of the caps."""

    @property
    def daily_usd(self) -> Decimal:
        """Return the dollars that may be spent within any 24 hours, in all."""
        ...

    @property
    def user_daily_usd(self) -> Decimal:
        """Return the dollars that one person may spend within any 24 hours."""
        ...

    @property
    def group_daily_usd(self) -> Decimal | None:
        """Return the dollars that may be spent in one group within any 24 hours; None: no such cap."""
        ...


def caps_of(budget: Budget) -> Caps:
    """Convert the settings into caps."""
    of_group = budget.group_daily_usd
    return Caps(
        all_micro=micro(budget.daily_usd),
        user_micro=micro(budget.user_daily_usd),
        group_micro=None if of_group is None else micro(of_group),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What one purse has spent and holds within the last 24 hours. Micro-dollars."""

    spent_micro: int
    reserved_micro: int

    @property
    def used_micro(self) -> int:
        """Return what is spent and held, together."""
        return self.spent_micro + self.reserved_micro


@dataclass(frozen=True, slots=True)
class OverCap:
    """A job that does not fit under a cap.

    `frees_at`: when it will (milliseconds UTC); None while that depends on open jobs.
    """

    whose: Literal["user", "group", "all"]
    cap_micro: int
    left_micro: int
    price_micro: int
    frees_at: int | None


class Ledger:
    """The repository that reads the ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def standing(self, user: str | None = None) -> Standing:
        """Return the standing of one person, or of everybody together."""
        return await self._db.read(lambda tx: standing_tx(tx, user, now_ms()))

    async def over_cap(self, job_id: str, caps: Caps) -> OverCap | None:
        """Return which cap the price of this job would exceed if it was ordered once more now."""

        def work(tx: Connection) -> OverCap | None:
            price_micro = tx.execute(sa.select(jobs.c.price_micro).where(jobs.c.id == job_id)).scalar_one()
            try:
                return over_cap_tx(tx, job_id, price_micro, caps)
            except OrdersPaused:
                return None  # which is said to whoever presses

        return await self._db.write(work)

    async def group_standing(self, group: str, caps: Caps) -> tuple[Standing, int | None]:
        """Return the standing of a group and its cap in micro-dollars, None where it has none."""

        def work(tx: Connection) -> tuple[Standing, int | None]:
            return standing_tx(tx, None, now_ms(), group=group), _cap_of_group(tx, group, caps)

        return await self._db.read(work)

    async def spent_lately(self) -> list[tuple[str, Standing]]:
        """Return the standing of each person who has spent or holds something in the last 24 hours, dearest first."""
        return await self._db.read(lambda tx: _standings(tx, now_ms()))

    async def of_job(self, job_id: str) -> list[tuple[int, str, int, int, str | None]]:
        """Return the job's rows: (milliseconds UTC, event, change of the reservation, spent, why), oldest first."""
        query = sa.select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)

        def work(tx: Connection) -> list[tuple[int, str, int, int, str | None]]:
            rows = tx.execute(query)
            return [(row.at, row.event, row.reserved_micro, row.spent_micro, row.why) for row in rows]

        return await self._db.read(work)


def reserve_tx(tx: Connection, job_id: str, amount: int, caps: Caps) -> OverCap | None:
    """Reserve the price of a job whose row exists, or return which cap it exceeds.

    Two of these never run at once: no sum overshoots. Raises OrdersPaused, but for an order of the shell.
    """
    over = over_cap_tx(tx, job_id, amount, caps)
    if over is None:
        _write(tx, job_id, "reserve", reserved=amount)
    return over


def over_cap_tx(tx: Connection, job_id: str, amount: int, caps: Caps) -> OverCap | None:
    """Return which cap this amount would exceed, for a job whose row exists; nothing is reserved."""
    take_turns(tx, "money")
    at = now_ms()
    job = tx.execute(sa.select(_payer.label("user"), jobs.c.group_chat, jobs.c.owner).where(jobs.c.id == job_id)).one()
    if not (job.owner or "").startswith(SHELL):
        refuse_while_paused_tx(tx)
    for purse in _purses(tx, job.user, job.group_chat, caps):
        used_micro = standing_tx(tx, purse.user, at, **purse.of_group).used_micro
        if used_micro + amount > purse.cap_micro:
            need = used_micro + amount - purse.cap_micro
            fits = amount <= purse.cap_micro
            frees_at = frees_at_tx(tx, purse.user, at, need=need, **purse.of_group) if fits else None
            return OverCap(purse.whose, purse.cap_micro, max(0, purse.cap_micro - used_micro), amount, frees_at)
    return None


@dataclass(frozen=True, slots=True)
class _Purse:
    whose: Literal["user", "group", "all"]
    cap_micro: int
    user: str | None = None
    group: str | None = None

    @property
    def of_group(self) -> dict[str, str]:
        return {"group": self.group} if self.group is not None else {}


def _purses(tx: Connection, user: str, group: str | None, caps: Caps) -> list[_Purse]:
    cap_micro = _cap_of_group(tx, group, caps) if group is not None else None
    of_group = [_Purse("group", cap_micro, group=group)] if cap_micro is not None else []
    return [_Purse("user", caps.user_micro, user=user), *of_group, _Purse("all", caps.all_micro)]


def _cap_of_group(tx: Connection, group: str, caps: Caps) -> int | None:
    own = group_cap_tx(tx, group)
    return own if own is not None else caps.group_micro


def adjust_tx(tx: Connection, job_id: str, amount: int, why: str) -> None:
    """Adjust the reservation to a price that has become exact: by a probed source, or by what a proxy charged."""
    reserved = tx.execute(sa.select(jobs.c.reserved_micro).where(jobs.c.id == job_id)).scalar_one()
    if reserved and amount != reserved:
        _write(tx, job_id, "adjust", reserved=amount - reserved, why=why)
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(price_micro=amount))


def unreserve_tx(tx: Connection, job_id: str, why: str) -> None:
    """Give back the reservation of a job that waits for a yes again; its account stays open."""
    reserved = tx.execute(sa.select(jobs.c.reserved_micro).where(jobs.c.id == job_id)).scalar_one()
    if reserved:
        _write(tx, job_id, "adjust", reserved=-reserved, why=why)


def hold_tx(tx: Connection, job_id: str, why: str) -> None:
    """Keep the reservation of a job in doubt; the ledger says why."""
    _write(tx, job_id, "hold", why=why)


def close_tx(tx: Connection, job_id: str, charge: Charge, why: str | None = None) -> None:
    """Settle or release the job's reservation, once.

    A step that runs twice changes nothing more. What is settled counts at the time of the purchase, however late that
    is: a doubt of yesterday takes nothing of today's caps. What was possibly charged may still become certain, or
    nothing when fal says so; fal's bill stands.
    """
    query = sa.select(jobs.c.reserved_micro, jobs.c.price_micro, jobs.c.charge, jobs.c.billed_nano)
    query = query.where(jobs.c.id == job_id)
    job = tx.execute(query.with_for_update()).one()
    if job.charge is None and charge == "none" and not job.reserved_micro:
        pass  # an offer that was never taken up
    elif job.charge is None and charge == "none":
        _write(tx, job_id, "release", reserved=-job.reserved_micro, why=why)
    elif job.charge is None:
        spent, at = job.price_micro, _bought_at(tx, job_id)
        more = {"at": at, "booked": now_ms()}
        _write(tx, job_id, "settle", reserved=-job.reserved_micro, spent=spent, why=why or charge, **more)
    elif job.billed_nano is not None or job.charge in {"yes", charge}:
        return
    elif job.charge == "none" or charge == "none":  # fal had it after all, or has billed nothing
        closed, so_far = _closed(tx, job_id)
        why, owed = ("nothing was charged", 0) if charge == "none" else (charge, job.price_micro)
        _write(tx, job_id, "correct", spent=owed - so_far, why=why, at=closed, booked=now_ms())
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(charge=charge))


def micro_of(nano: int) -> int:
    """Round nano-dollars to whole micro-dollars, half a micro-dollar up.

    Once per request, after its events are summed: sums over requests are sums of these.
    """
    return (nano + 500) // 1000


def correct_tx(tx: Connection, job_id: str, nano: int, *, booked: int) -> None:
    """Correct a closed account to what fal charged: the difference, at the purchase's time, written at `booked`."""
    at, so_far = _closed(tx, job_id)
    why = f"fal charged {nano / 10**9:.9f}" if nano else "fal charged nothing"
    more = {"at": at or booked, "booked": booked}
    _write(tx, job_id, "correct", spent=micro_of(nano) - so_far, why=why, **more)
    charge: Charge = "yes" if nano else "none"
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(charge=charge, billed_nano=nano))


def lend_tx(tx: Connection, job_id: str, why: str) -> None:
    """Clear the account of a job whose request turned out to be the purchase of another job in the same words.

    fal charged once, for the job that it answered: that job's account carries the charge, and fal's bill is asked for
    it alone. So this one says that nothing was spent, and "possibly": its own order was never confirmed, and nobody can
    say whether fal took that, too. All sums together are what fal charged for the one request.
    """
    _restate(tx, job_id, 0, why)


def owe_tx(tx: Connection, job_id: str, why: str) -> None:
    """Set an account to its price, as "possibly": its own order was bought, it turns out.

    What it said so far was of another request. fal's bill will say more.
    """
    _restate(tx, job_id, tx.execute(sa.select(jobs.c.price_micro).where(jobs.c.id == job_id)).scalar_one(), why)


def _restate(tx: Connection, job_id: str, amount: int, why: str) -> None:
    """Restate an account as "possibly": `amount` counts, at the time of the purchase.

    What a bill said was of another request.
    """
    if tx.execute(sa.select(jobs.c.charge).where(jobs.c.id == job_id)).scalar_one() is None:
        close_tx(tx, job_id, "possibly", why)
    at, so_far = _closed(tx, job_id)
    if amount != so_far:
        _write(tx, job_id, "correct", spent=amount - so_far, why=why, at=at, booked=now_ms())
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(charge="possibly", billed_nano=None, bill_after=None))


def _bought_at(tx: Connection, job_id: str) -> int:
    """Return when the order was placed, in milliseconds UTC; without a claim, when its price was reserved."""
    claimed = sa.select(sa.func.coalesce(submits.c.claimed, submits.c.created)).where(submits.c.job_id == job_id)
    reserved = sa.select(sa.func.min(ledger.c.at)).where(ledger.c.job_id == job_id)
    at = tx.execute(claimed).scalar() or tx.execute(reserved).scalar()
    return int(at) if at is not None else now_ms()


def _closed(tx: Connection, job_id: str) -> tuple[int | None, int]:
    """Return when the account of a job counts as closed, and what it says was spent."""
    closed = sa.select(ledger.c.at).where(ledger.c.job_id == job_id, ledger.c.event.in_(CLOSING))
    spent = sa.select(sa.func.coalesce(sa.func.sum(ledger.c.spent_micro), 0)).where(ledger.c.job_id == job_id)
    return tx.execute(closed).scalar(), int(tx.execute(spent).scalar_one())


def _write(
    tx: Connection,
    job_id: str,
    event: str,
    *,
    reserved: int = 0,
    spent: int = 0,
    why: str | None = None,
    at: int | None = None,
    booked: int | None = None,
) -> None:
    job = tx.execute(
        sa.select(_payer.label("user"), jobs.c.group_chat, jobs.c.request).where(jobs.c.id == job_id)
    ).one()
    tx.execute(
        ledger.insert().values(
            job_id=job_id,
            user=job.user,
            group_chat=job.group_chat,
            model=model_of(job.request),
            at=now_ms() if at is None else at,
            booked=booked,
            event=event,
            reserved_micro=reserved,
            spent_micro=spent,
            why=why,
        )
    )
    if reserved:
        change = jobs.update().where(jobs.c.id == job_id)
        tx.execute(change.values(reserved_micro=jobs.c.reserved_micro + reserved))


def model_of(request: object) -> str:
    """Return the model of a stored request: the account goes on even where the request cannot be read."""
    model = request.get("model") if isinstance(request, Mapping) else None
    return model if isinstance(model, str) else "?"


def standing_tx(tx: Connection, user: str | None, at: int, *, group: str | None = None) -> Standing:
    """Sum spent and held in one statement: of one person, of one group, or of everybody.

    On PostgreSQL each statement sees a snapshot of its own: a job that is settled between two of them would be in
    neither sum, and a cap would be passed.
    """
    spent = sa.select(sa.func.coalesce(sa.func.sum(ledger.c.spent_micro), 0)).where(ledger.c.at > at - WINDOW_MS)
    reserved = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.reserved_micro), 0)).where(jobs.c.reserved_micro > 0)
    if user is not None:
        spent, reserved = spent.where(ledger.c.user.in_(ids_tx(tx, user))), reserved.where(_payer == user)
    if group is not None:
        spent = spent.where(ledger.c.group_chat.in_(ids_tx(tx, group)))
        reserved = reserved.where(jobs.c.group_chat == group)
    row = tx.execute(sa.select(spent.scalar_subquery(), reserved.scalar_subquery())).one()
    return Standing(int(row[0]), int(row[1]))


def _standings(tx: Connection, at: int) -> list[tuple[str, Standing]]:
    """Sum each person's, in one statement as above."""
    spent = sa.select(ledger.c.user, ledger.c.spent_micro.label("spent"), sa.literal(0).label("reserved"))
    spent = spent.where(ledger.c.at > at - WINDOW_MS, ledger.c.spent_micro != 0)
    reserved = sa.select(_payer, sa.literal(0), jobs.c.reserved_micro).where(jobs.c.reserved_micro > 0)
    both = sa.union_all(spent, reserved).subquery()
    query = sa.select(both.c.user, sa.func.sum(both.c.spent), sa.func.sum(both.c.reserved)).group_by(both.c.user)
    found = [(user, Standing(int(spent), int(reserved))) for user, spent, reserved in tx.execute(query)]
    return sorted(found, key=lambda each: (-each[1].used_micro, each[0]))


def frees_at_tx(tx: Connection, user: str | None, at: int, *, need: int, group: str | None = None) -> int | None:
    """Return when enough of what was spent is a day old. A correction counts at the time of its purchase."""
    total = sa.func.sum(ledger.c.spent_micro)
    query = sa.select(ledger.c.at, total.label("spent")).where(ledger.c.at > at - WINDOW_MS, ledger.c.spent_micro != 0)
    if user is not None:
        query = query.where(ledger.c.user.in_(ids_tx(tx, user)))
    if group is not None:
        query = query.where(ledger.c.group_chat.in_(ids_tx(tx, group)))
    for row in tx.execute(query.group_by(ledger.c.at).order_by(ledger.c.at)):
        need -= int(row.spent)
        if need <= 0:
            return int(row.at) + WINDOW_MS
    return None
