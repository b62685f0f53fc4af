"""Work under a lease: renewed while it lasts, and ended before others may believe that its owner is dead."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.loops import MARGIN_S, Loop, Terms
from bot.store.leases import Leases
from bot.store.work import LEASE_MS, Lease, LeaseLost
from core.io.retrying import RetryPolicy

log = logging.getLogger(__name__)

R = TypeVar("R")

RENEW_S = 3.0
_END_S = 5.0  # for what a cancelled work still tidies up
UNTIL_WRITTEN = RetryPolicy(  # whatever the database does
    Exception,
    pauses_s=(0.2, 0.5, 1.0, 2.0, 5.0),
    only_if=lambda error: not isinstance(error, LeaseLost),
)
"""What must stand in the rows is written again and again, while the lease is held."""


class LeaseHolder:
    """The leases of this process. Its `loop` has to run while there are any.

    `alone`: no other worker takes a job of ours, so a work goes on while the database is away; what it writes is
    checked all the same.
    """

    def __init__(
        self,
        leases: Leases,
        *,
        alone: bool,
        term_s: float = LEASE_MS / 1000,
        renew_s: float = RENEW_S,
        margin_s: float = MARGIN_S,
    ) -> None:
        self._leases = leases
        self._alone = alone
        self._terms = Terms(self._lose, term_s=term_s, margin_s=margin_s)
        self._tasks: dict[Lease, asyncio.Task[Any]] = {}
        self._lost: set[Lease] = set()
        self.loop = Loop("leases", self._renew, pause_s=lambda: renew_s)

    @property
    def held(self) -> list[Lease]:
        """Return the leases whose work goes on."""
        return list(self._tasks)

    def is_valid(self, lease: Lease) -> bool:
        """Whether the job is surely ours at this moment: a process that was frozen finds out here."""
        return self._alone or self._terms.is_valid(lease)

    async def work(self, lease: Lease, body: Coroutine[Any, Any, R], *, taken_at: float) -> R:
        """Await `body` while the lease, taken at that monotonic time, is ours.

        Raises LeaseLost, with `body` cancelled, when it may be another's.
        """
        task: asyncio.Task[R] = asyncio.create_task(body)
        self._tasks[lease] = task
        self._extend(lease, since=taken_at)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=_END_S)
            if lease in self._lost:
                raise LeaseLost(lease.job_id) from None
            raise
        finally:
            self._terms.drop(lease)
            del self._tasks[lease]
            self._lost.discard(lease)

    def _extend(self, lease: Lease, *, since: float) -> None:
        if not self._alone:
            self._terms.extend(lease, since=since)

    def _lose(self, lease: Lease) -> None:
        log.warning("a lease is lost: its work ends here", extra={"job_id": lease.job_id})
        if lease in self._tasks:
            self._lost.add(lease)
            self._tasks[lease].cancel()

    async def _renew(self) -> None:
        leases, began = self.held, time.monotonic()
        if not leases:
            return
        renewed = await self._leases.renew(leases)
        for lease in leases:
            if lease not in self._tasks:
                continue  # it has ended meanwhile
            if lease in renewed:
                self._extend(lease, since=began)
            else:
                self._terms.lose(lease)
