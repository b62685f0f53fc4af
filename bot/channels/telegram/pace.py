"""The one place through which every call to Telegram goes: it waits there for its turn, or is refused at once.

What counts, and in which order, is said in budget.py. A refusal has the form of Telegram's own 429, so that whoever
sends learns from one kind of answer when to come again. With several processes on one database the sum over all chats
is divided among those that live, while the windows of each chat are counted in the database: a share of four edits a
minute cannot be divided, and a chat's calls come from several processes. That costs one short transaction a call, and
none where the process is alone. For the seconds until all know of a new process the sum may be too large: then
Telegram says so.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from bot.channels.services import CallCounts
from bot.channels.telegram.budget import Budget, Kind, Place
from bot.channels.telegram.errors import ApiError

log = logging.getLogger(__name__)

PATIENCE_S: Mapping[Kind, float] = {Kind.VIDEO: 65.0, Kind.PRESS: 5.0, Kind.TEXT: 20.0}
"""For how long a call waits for its turn; a group's videos until its minute is over."""
_TOO_MANY = 429
_SOON_S = 0.5
_AS_TEXT: ContextVar[bool] = ContextVar("edit as text", default=False)
_RESERVATION: ContextVar["_Reservation | None"] = ContextVar("reservation", default=None)


class NoRoom(ApiError):
    """Not sent: there is no room for it now. The same as Telegram's own 429, said before Telegram has to."""

    __slots__ = ()

    def __init__(self, after_s: float) -> None:
        super().__init__(_TOO_MANY, "no room for this call now", own=True, retry_after_s=after_s)


class _Reservation:
    """A place in a chat that was waited for before its call is made."""

    def __init__(self, place: Place) -> None:
        self.place: Place | None = place

    def take(self, kind: Kind, chat: str) -> Place | None:
        if self.place is None or (self.place.kind, self.place.chat) != (kind, chat):
            return None
        place, self.place = self.place, None
        return place


def kind_of(method: str) -> Kind | None:
    """Return what this method of the Bot API counts as; None where Telegram does not count it."""
    name = method.lower()
    if name == "sendchataction":
        return Kind.SIGN
    if name == "answercallbackquery":
        return Kind.PRESS
    if name in {"sendvideo", "sendanimation", "senddocument", "sendmediagroup"}:
        return Kind.VIDEO
    if name.startswith(("send", "copy", "forward")):
        return Kind.TEXT
    return Kind.EDIT if name.startswith(("editmessage", "deletemessage")) else None


@contextmanager
def answering(does: bool) -> Iterator[None]:
    """Within it, if it `does`, an edit is an answer: it waits for its turn as a text does, and counts as one."""
    token = _AS_TEXT.set(does)
    try:
        yield
    finally:
        _AS_TEXT.reset(token)


class Pace:
    """The pace of one bot. `counts`: what several processes count together; None: this one is alone.

    `clock`: seconds that only grow.
    """

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        counts: CallCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget or Budget()
        self._counts = counts
        self._clock = clock
        self._turns: dict[Place, asyncio.Future[None]] = {}
        self._is_ending = False
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def call(self, method: str, chat: str) -> AsyncIterator[None]:
        """Make the call of this method to this chat inside. Raises NoRoom."""
        kind = kind_of(method)
        if kind is None:
            yield
            return
        if kind is Kind.EDIT and _AS_TEXT.get():
            kind = Kind.TEXT
        reservation = _RESERVATION.get()
        place = (reservation and reservation.take(kind, chat)) or await self._place(
            kind, "" if kind is Kind.PRESS else chat
        )
        try:
            yield
        except ApiError as error:
            if error.status == _TOO_MANY:
                self._refused(method, chat, error)
            raise
        finally:
            self._budget.end(place, self._clock())
            self._next()

    @asynccontextmanager
    async def turn(self, chat: str) -> AsyncIterator[None]:
        """Wait for the turn of one text to this chat; what is sent inside leaves at once. Raises NoRoom."""
        reservation = _Reservation(await self._place(Kind.TEXT, chat))
        token = _RESERVATION.set(reservation)
        try:
            yield
        finally:
            _RESERVATION.reset(token)
            if reservation.place is not None:
                self._budget.give_up(reservation.place, self._clock())
                self._next()

    def _refused(self, method: str, chat: str, error: ApiError) -> None:
        """Hold the chat back for as long as Telegram says, whatever else is to go there."""
        now = self._clock()
        pause_s = (error.retry_after_s or 2.0) + _SOON_S
        log.warning("Telegram wants a pause", extra={"method": method, "seconds": pause_s})
        self._budget.hold(chat, now + pause_s, now)

    async def _place(self, kind: Kind, chat: str) -> Place:
        """Return a place that has its turn. Raises NoRoom where that takes too long, for edits longer than nothing."""
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
                raise NoRoom(after_s)
            await asyncio.sleep(after_s)

    async def _turn(self, kind: Kind, chat: str, until: float) -> Place:
        now = self._clock()
        self._budget.share = self._counts.processes() if self._counts is not None else 1
        free_at = self._budget.free_at(kind, chat, now)
        if kind not in PATIENCE_S or self._is_ending:
            place = self._budget.at_once(kind, chat, now)
            if place is None:
                raise NoRoom(_soon(free_at - now))
            return place
        if free_at > until and math.isfinite(free_at):
            raise NoRoom(free_at - now)
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
                raise NoRoom(_soon(self._budget.free_at(kind, chat, self._clock()) - self._clock())) from None
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
            return await self._counts.take(f"telegram:pace:{chat}", rates) if rates else 0.0
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
