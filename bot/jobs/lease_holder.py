"""Work under a lease: renewed while it lasts, and ended before others may believe that its owner is dead."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.loops import Loop
from bot.store.leases import LEASE_MS, Lease, LeaseLost, Leases

log = logging.getLogger(__name__)

R = TypeVar("R")

_RENEW_S = 3.0
_MARGIN_S = 2.0
"""A work ends so long before its lease does, where the lease could not be renewed."""


class LeaseHolder:
    """The leases of this process. Its `loop` has to run while there are any."""

    def __init__(self, leases: Leases, *, term_s: float = LEASE_MS / 1000, renew_s: float = _RENEW_S) -> None:
        self._leases = leases
        self._term_s = term_s
        self._tasks: dict[Lease, asyncio.Task[Any]] = {}
        self._expiries: dict[Lease, asyncio.TimerHandle] = {}
        self._lost: set[Lease] = set()
        self.loop = Loop("leases", self._renew, pause_s=lambda: renew_s)

    @property
    def held(self) -> list[Lease]:
        return list(self._tasks)

    async def work(self, lease: Lease, body: Coroutine[Any, Any, R], *, taken_at: float) -> R:
        """Await `body` while the lease, taken at that monotonic time, is ours. Raises LeaseLost, with `body` cancelled,
        when it may be another's.
        """
        task = self._tasks[lease] = asyncio.ensure_future(body)
        self._expires(lease, taken_at)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            if lease in self._lost:
                raise LeaseLost(lease.job_id) from None
            raise
        finally:
            self._expiries.pop(lease).cancel()
            del self._tasks[lease]
            self._lost.discard(lease)

    def _expires(self, lease: Lease, since: float) -> None:
        left_s = since + self._term_s - _MARGIN_S - time.monotonic()
        if lease in self._expiries:
            self._expiries[lease].cancel()
        self._expiries[lease] = asyncio.get_running_loop().call_later(max(0.0, left_s), self._lose, lease)

    def _lose(self, lease: Lease) -> None:
        log.warning("a lease is lost: its work ends here", extra={"job_id": lease.job_id})
        self._lost.add(lease)
        self._tasks[lease].cancel()

    async def _renew(self) -> None:
        leases, began = self.held, time.monotonic()
        if not leases:
            return
        renewed = await self._leases.renew(leases)
        for lease in leases:
            if lease not in self._tasks:
                continue
            if lease in renewed:
                self._expires(lease, began)
            else:
                self._lose(lease)
