"""Places for work that takes a core: so many at once, and the turn goes round among those who wait.

One person's twenty files hold up nobody's first. Long work never has all the places, so that a thumbnail does not wait
for a transcode. Nothing is ever turned away: who waits, waits.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    ready: asyncio.Future[None]
    long: bool


class Places:
    """Belongs to the event loop it is used in."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._most_long = max(1, count - 1)
        self._busy = 0
        self._busy_long = 0
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, owner: str, *, long: bool = False) -> AsyncIterator[None]:
        """Hold a place. Who is cancelled while waiting takes no place along."""
        waiter = _Waiter(asyncio.get_running_loop().create_future(), long)
        self._waiting.setdefault(owner, deque()).append(waiter)
        self._give()
        try:
            await waiter.ready
        except asyncio.CancelledError:
            if waiter.ready.done() and not waiter.ready.cancelled():
                self._leave(waiter)
            else:
                self._forget(owner, waiter)
            raise
        try:
            yield
        finally:
            self._leave(waiter)

    def _give(self) -> None:
        while self._busy < self._count:
            found = self._next()
            if found is None:
                return
            owner, waiter = found
            self._forget(owner, waiter)
            if owner in self._waiting:
                self._waiting.move_to_end(owner)
            self._busy += 1
            self._busy_long += waiter.long
            waiter.ready.set_result(None)

    def _next(self) -> tuple[str, _Waiter] | None:
        """The first of those whose turn is nearest; their long work is passed over while others' has its places."""
        for owner, queue in self._waiting.items():
            for waiter in queue:
                if not waiter.ready.done() and not (waiter.long and self._busy_long >= self._most_long):
                    return owner, waiter
        return None

    def _forget(self, owner: str, waiter: _Waiter) -> None:
        queue = self._waiting.get(owner)
        if queue is None or waiter not in queue:
            return
        queue.remove(waiter)
        if not queue:
            del self._waiting[owner]

    def _leave(self, waiter: _Waiter) -> None:
        self._busy -= 1
        self._busy_long -= waiter.long
        self._give()
