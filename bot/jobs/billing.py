"""Settles closed jobs to what fal itself charged; alerts the admins to other prices and low credit."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.store import Store
from bot.store.billing import DAY_MS, LIMIT_MS, Bill, Compared, Settled
from bot.store.database import now_ms
from bot.store.records import MICRO, micro
from core.errors import NotConfigured, Unavailable, VideoError
from core.fal.billing import MOST_IDS, Billing
from core.pricing import usd_text

log = logging.getLogger(__name__)

_TURN_S = 30.0
_STUCK_S = 1800.0
_DAY_S = 24 * 3600.0
_BALANCE_GAP_MS = 10 * 60 * 1000
_BEFORE = timedelta(hours=1)
_DRIFT_PERCENT = 2
_DRIFT_JOBS = 3
_DRIFT_QUOTED_MICRO = 1_000_000


class BillSync:
    """The loop that asks for bills, in one process at a time.

    `daily_micro`: what may be spent within 24 hours (REELBOT_DAILY_USD).
    """

    def __init__(self, *, store: Store, books: Billing, alerts: Alerts, daily_micro: int) -> None:
        self._store = store
        self._books = books
        self._alerts = alerts
        self._daily_micro = daily_micro
        self._balance_asked = 0
        self.loop = Loop("billing", lambda: self.turn(now_ms()), pause_s=lambda: _TURN_S, stuck_s=_STUCK_S)

    async def turn(self, now: int) -> None:
        """Ask for everything that is due at `now` (milliseconds UTC)."""
        try:
            if await self._ask_for_bills(now):
                await self._compare(now)
            await self._look_at_balance(now)
        except NotConfigured as error:
            log.warning("fal's books", extra={"code": error.code})
            if error.code == "invalid_key":
                self._alerts.tell("fal's books", "alert-admin-key", gap_s=_DAY_S)
        except VideoError as error:
            log.warning("fal's books", extra={"code": error.code})

    async def _ask_for_bills(self, now: int) -> bool:
        """Ask for the bills that are due, and return whether any account was changed."""
        changed = False
        while bills := await self._store.bills.due(now, most=MOST_IDS):
            charges = await self._charges(bills, now)
            await self._store.bills.later([each for each in bills if each.request_id not in charges], now=now)
            for bill in bills:
                if bill.request_id in charges:
                    settled = await self._store.bills.settle(bill, charges[bill.request_id], now=now)
                    changed = changed or settled is not None
                    self._tell(settled)
        return changed

    async def _charges(self, bills: Sequence[Bill], now: int) -> dict[str, int]:
        """Return what fal charged, by request. Raises NotConfigured, Unavailable.

        A call that fal refuses is made in halves: one odd id of another day keeps no other bill unknown.
        """
        try:
            return await self._books.charges([each.request_id for each in bills], since=_since(bills, now))
        except Unavailable as error:
            if error.facts.get("status") not in {400, 404, 422}:
                raise
            if len(bills) == 1:
                log.warning("fal's books refuse a request", extra={"job_id": bills[0].job_id})
                return {}
        half = len(bills) // 2
        return await self._charges(bills[:half], now) | await self._charges(bills[half:], now)

    def _tell(self, settled: Settled | None) -> None:
        if settled is None:
            return
        charged = settled.charged_micro / MICRO
        log.info("fal's bill", extra={"job_id": settled.job_id, "usd": str(charged), "was": settled.was})
        if settled.was == "none" and settled.charged_micro:
            topic, price = f"charged {settled.job_id}", usd_text(charged)
            self._alerts.tell(topic, "alert-charged-after-all", job=settled.job_id, user=settled.user, price=price)

    async def _compare(self, now: int) -> None:
        for each in await self._store.bills.compared(now - DAY_MS):
            if drifts(each):
                more = each.charged_micro - each.quoted_micro
                self._alerts.tell(
                    f"drift {each.model}",
                    "alert-drift",
                    gap_s=_DAY_S,
                    model=each.model,
                    count=str(each.jobs),
                    quoted=usd_text(each.quoted_micro / MICRO),
                    charged=usd_text(each.charged_micro / MICRO),
                    percent=f"{100 * more / each.quoted_micro:+.1f}",
                )

    async def _look_at_balance(self, now: int) -> None:
        if now - self._balance_asked < _BALANCE_GAP_MS:
            return
        left = await self._books.balance()
        self._balance_asked = now
        need = needed_micro(self._daily_micro, (await self._store.ledger.standing()).reserved_micro)
        if micro(left) < need:
            shown = usd_text(left), usd_text(need / MICRO)
            self._alerts.tell("balance", "alert-balance", gap_s=_DAY_S, left=shown[0], need=shown[1])


def drifts(compared: Compared) -> bool:
    """Return whether fal charges otherwise than was quoted: by over 2 %, over at least 3 jobs or $1 of quotes."""
    enough = compared.jobs >= _DRIFT_JOBS or compared.quoted_micro >= _DRIFT_QUOTED_MICRO
    apart = abs(compared.charged_micro - compared.quoted_micro) * 100
    return enough and compared.quoted_micro > 0 and apart > compared.quoted_micro * _DRIFT_PERCENT


def needed_micro(daily_micro: int, held_micro: int) -> int:
    """Return below what credit is low: what may be spent in a day, or what is reserved now if that is more."""
    return max(daily_micro, held_micro)


def _since(bills: Sequence[Bill], now: int) -> datetime:
    """Return a time a little before the oldest of these orders, and never longer ago than fal's span allows."""
    oldest = datetime.fromtimestamp(min(each.created for each in bills) / 1000, tz=UTC) - _BEFORE
    return max(oldest, datetime.fromtimestamp((now - LIMIT_MS) / 1000, tz=UTC) - _BEFORE)
