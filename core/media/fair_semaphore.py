"""A semaphore for work that takes a core: the turn goes round among the owners who wait.

One person's twenty files delay nobody's first. Long work never has all the places, so that a thumbnail does not wait
for a transcode. Nothing is refused: who waits, waits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    ready: asyncio.Future[None]
    long: bool


@dataclass(slots=True)
class Owner:
    """One owner's queue. `served`: when their turn came last, as a number that only grows."""

    waiting: deque[_Waiter] = field(default_factory=deque)
    running: int = 0
    served: int = 0


class FairSemaphore:
    """A semaphore with turns among owners. It belongs to the event loop it is used in."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._most_long = max(1, count - 1)
        self._busy = 0
        self._busy_long = 0
        self._turns = 0
        self._owners: dict[str, Owner] = {}

    @property
    def is_idle(self) -> bool:
        """Nobody holds a place, waits for one, or is remembered."""
        return self._busy == 0 and not self._owners

    @asynccontextmanager
    async def turn(self, owner: str, *, long: bool = False) -> AsyncIterator[None]:
        """Hold a place. Who is cancelled while waiting takes no place along."""
        waiter = _Waiter(asyncio.get_running_loop().create_future(), long)
        self._owners.setdefault(owner, Owner()).waiting.append(waiter)
        self._give()
        try:
            await waiter.ready
        except asyncio.CancelledError:
            if waiter.ready.done() and not waiter.ready.cancelled():
                self._leave(owner, waiter)
            else:
                self._owners[owner].waiting.remove(waiter)
                self._tidy(owner)
            raise
        try:
            yield
        finally:
            self._leave(owner, waiter)

    def _give(self) -> None:
        while self._busy < self._count:
            found = self._next()
            if found is None:
                return
            owner, waiter = found
            self._turns += 1
            owner.waiting.remove(waiter)
            owner.running += 1
            owner.served = self._turns
            self._busy += 1
            self._busy_long += waiter.long
            waiter.ready.set_result(None)

    def _next(self) -> tuple[Owner, _Waiter] | None:
        """Choose, of those with least under way, the owner whose turn is longest ago.

        Long work is passed over while others' has its places.
        """
        for owner in sorted(self._owners.values(), key=lambda each: (each.running, each.served)):
            for waiter in owner.waiting:
                if not waiter.ready.done() and not (waiter.long and self._busy_long >= self._most_long):
                    return owner, waiter
        return None

    def _leave(self, owner: str, waiter: _Waiter) -> None:
        self._busy -= 1
        self._busy_long -= waiter.long
        self._owners[owner].running -= 1
        self._give()
        self._tidy(owner)

    def _tidy(self, owner: str) -> None:
        known = self._owners[owner]
        if not known.waiting and not known.running:
            del self._owners[owner]
