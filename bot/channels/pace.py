"""Where calls to a chat's servers wait for their turn, or are refused at once.

What counts, and in which order, is said in budget.py. With several processes on one database the sum over all chats is
divided among those that live, while the windows of each chat are counted in the database: a share of four edits a
minute cannot be divided, and a chat's calls come from several processes. That costs one short transaction a call, and
none where the process is alone. For the seconds until all know of a new process the sum may be too large: then the
server says so.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar

from bot.channels.budget import Budget, Kind, Place
from bot.channels.services import CallCounts

log = logging.getLogger(__name__)

PATIENCE_S: Mapping[Kind, float] = {Kind.VIDEO: 65.0, Kind.PRESS: 5.0, Kind.TEXT: 20.0}
"""For how long a call waits for its turn; a group's videos until its minute is over."""
_SOON_S = 0.5
_RESERVATION: ContextVar["_Reservation | None"] = ContextVar("reservation", default=None)


class _Reservation:
    """A place in a chat that was waited for before its call is made."""

    def __init__(self, pace: "Pace", place: Place) -> None:
        self.pace = pace
        self.place: Place | None = place

    def take(self, pace: "Pace", kind: Kind, chat: str) -> Place | None:
        if self.place is None or self.pace is not pace or (self.place.kind, self.place.chat) != (kind, chat):
            return None
        place, self.place = self.place, None
        return place


class Pace:
    """The pace of one bot. `name`: of the chat service. `no_room(after_s)`: the error that says "not now".

    `counts`: what several processes count together; None: this one is alone. `clock`: seconds that only grow.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        name: str,
        no_room: Callable[[float], Exception],
        counts: CallCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._name = name
        self._no_room = no_room
        self._counts = counts
        self._clock = clock
        self._turns: dict[Place, asyncio.Future[None]] = {}
        self._is_ending = False
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def place(self, kind: Kind, chat: str) -> AsyncIterator[None]:
        """Make one call of this kind to this chat inside. Raises what `no_room` makes."""
        reservation = _RESERVATION.get()
        place = (reservation and reservation.take(self, kind, chat)) or await self._place(kind, chat)
        try:
            yield
        finally:
            self._budget.end(place, self._clock())
            self._next()

    @asynccontextmanager
    async def turn(self, chat: str) -> AsyncIterator[None]:
        """Wait for the turn of one text to this chat; what is sent inside leaves at once. Raises as `no_room` says."""
        reservation = _Reservation(self, await self._place(Kind.TEXT, chat))
        token = _RESERVATION.set(reservation)
        try:
            yield
        finally:
            _RESERVATION.reset(token)
            if reservation.place is not None:
                self._budget.give_up(reservation.place, self._clock())
                self._next()

    def hold(self, chat: str, pause_s: float) -> None:
        """Hold the chat back for as long as the server says, whatever else is to go there."""
        now = self._clock()
        self._budget.hold(chat, now + pause_s + _SOON_S, now)

    async def _place(self, kind: Kind, chat: str) -> Place:
        """Return a place that has its turn. Raises where that takes too long: for edits, longer than nothing."""
        until = self._clock() + PATIENCE_S.get(kind, 0.0)
        while True:
            place = await self._turn(kind, chat, until)
            after_s = math.inf
            try:
                after_s = await self._count_together(kind, chat)
            finally:
                if after_s:
                    self._budget.give_up(place, self._clock())
                    self._next()
            if not after_s:
                return place
            if self._is_ending or self._clock() + after_s > until:
                raise self._no_room(after_s)
            await asyncio.sleep(after_s)

    async def _turn(self, kind: Kind, chat: str, until: float) -> Place:
        now = self._clock()
        self._budget.share = self._counts.processes() if self._counts is not None else 1
        free_at = self._budget.free_at(kind, chat, now)
        if kind not in PATIENCE_S or self._is_ending:
            place = self._budget.at_once(kind, chat, now)
            if place is None:
                raise self._no_room(_soon(free_at - now))
            return place
        if free_at > until and math.isfinite(free_at):
            raise self._no_room(free_at - now)
        place = self._budget.wait(kind, chat)
        has_turn = self._turns[place] = asyncio.get_running_loop().create_future()
        self._next()
        try:
            async with asyncio.timeout(until - now):
                await has_turn
        except BaseException as error:
            self._budget.give_up(place, self._clock())
            self._next()
            if isinstance(error, TimeoutError):
                raise self._no_room(_soon(self._budget.free_at(kind, chat, self._clock()) - self._clock())) from None
            raise
        finally:
            del self._turns[place]
        return place

    def _next(self) -> None:
        """Begin all whose turn it is now, and come again when the next one's is."""
        now = self._clock()
        for place in self._budget.grant(now):
            if not self._turns[place].done():
                self._turns[place].set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self._budget.next_at(now)
        if math.isfinite(at):
            self._timer = asyncio.get_running_loop().call_later(max(0.001, at - now), self._next)

    async def _count_together(self, kind: Kind, chat: str) -> float:
        """Count the call for all processes. Returns after how many seconds there may be room; 0: it is counted."""
        if self._counts is None or self._counts.processes() <= 1 or not chat:
            return 0.0
        rates = {
            "+".join(kinds): (rate.most, rate.seconds)
            for kinds, rate in self._budget.rates_of(chat).items()
            if kind in kinds
        }
        try:
            return await self._counts.take(f"{self._name}:pace:{chat}", rates) if rates else 0.0
        except Exception as error:  # noqa: BLE001 - whatever the database does, its silence keeps no message back
            log.debug("not counted together", extra={"error": type(error).__name__})
            return 0.0

    def hurry(self) -> None:
        """Let nobody wait any more, since the process is to end: what has no room now is sent by the next one."""
        self._is_ending = True
        for turn in self._turns.values():
            if not turn.done():
                turn.set_exception(TimeoutError())

    def close(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()


def _soon(seconds: float) -> float:
    return max(0.05, seconds) if math.isfinite(seconds) else _SOON_S
