"""Counts the calls that a chat's servers count, and says whose turn it is. Pure: every method is told what time it is.

Three laws hold here:

- No window ever holds more than its limit, whenever on its way the server may count a call: a call counts from when it
  leaves until the length of the window after its answer.
- Edits have a share of their own, which signs of activity use, too. They use nothing else, so no edit delays a video or
  a text. They never wait: a status that is late is wrong, and the next one says more.
- Videos go before answers to presses, these before texts; within each, chats take turns, so that one chat's backlog
  delays no other.

Why not a library: python-telegram-bot's AIORateLimiter makes everything wait in one line, edits and videos alike, and
stops all chats for one chat's 429; aiolimiter's bucket is first come, first served, and forgets a call when it leaves.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """A kind of call, in the order of their turns; edits and signs have no turn: they go now or never."""

    VIDEO = "video"
    PRESS = "press"  # the answer to a pressed button, of no chat
    TEXT = "text"
    EDIT = "edit"  # also a deletion
    SIGN = "sign"  # of activity


_IN_TURN = (Kind.VIDEO, Kind.PRESS, Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many calls in any so many seconds. Of 0 seconds: so many at the same time."""

    most: int
    seconds: float


Windows = Mapping[tuple[Kind, ...], Rate]
"""Every window of a chat, and which kinds count in it."""


class Rates(Protocol):
    """The windows of one chat service: of all its chats together, and of each."""

    @property
    def overall(self) -> Windows:
        """Return the windows of all chats together."""
        ...

    def of(self, chat: str) -> Windows:
        """Return the windows of this chat."""
        ...


@dataclass(slots=True)
class Window:
    """The calls of one window: those under way, and when those that were answered count no more."""

    rate: Rate
    under_way: int = 0
    lapses: deque[float] = field(default_factory=deque)

    def free_at(self, now: float, share: int) -> float:
        """Return when there is room: `now`, a later time, or infinity while that depends on calls under way.

        `share`: in how many parts the limit is divided.
        """
        while self.lapses and self.lapses[0] <= now:
            self.lapses.popleft()
        most = max(1, self.rate.most // share) if self.rate.seconds else self.rate.most
        excess = self.under_way + len(self.lapses) - most
        if excess < 0:
            return now
        return self.lapses[excess] if excess < len(self.lapses) else math.inf

    def begin(self) -> None:
        """Count a call that leaves."""
        self.under_way += 1

    def end(self, now: float, *, left: bool) -> None:
        """Count a call as answered; one that never `left` counts no more."""
        self.under_way -= 1
        if left:
            lapse = now + self.rate.seconds
            self.lapses.append(max(lapse, self.lapses[-1]) if self.lapses else lapse)

    def is_idle(self, now: float) -> bool:
        """Return whether nothing is counted any more."""
        return not self.under_way and (not self.lapses or self.lapses[-1] <= now)


@dataclass(eq=False, slots=True)
class Place:
    """A call that has its turn, or waits for it."""

    kind: Kind
    chat: str
    begun: bool = False


_Windows = dict[tuple[Kind, ...], Window]
_MANY_CHATS = 500


class Budget:
    """The budget of one bot in one process. `share`: over how many processes the sum over all chats is divided."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.share = 1
        self._overall = _windows(self.rates.overall)
        self._chats: dict[str, _Windows] = {}
        self._queues: dict[Kind, OrderedDict[str, deque[Place]]] = {kind: OrderedDict() for kind in _IN_TURN}
        self._pauses: dict[str, float] = {}
        self._pause_of_all = 0.0

    @property
    def size(self) -> int:
        """Return how many chats are counted now."""
        return len(self._chats)

    # Whose turn it is

    def at_once(self, kind: Kind, chat: str, now: float) -> Place | None:
        """Return a place for a call that leaves now; None where there is no room for it."""
        if self.free_at(kind, chat, now) > now:
            return None
        place = Place(kind, chat)
        self._begin(place)
        return place

    def wait(self, kind: Kind, chat: str) -> Place:
        """Return a place in the line; `grant` begins it when its turn has come."""
        place = Place(kind, chat)
        self._queues[kind].setdefault(chat, deque()).append(place)
        return place

    def grant(self, now: float) -> list[Place]:
        """Begin all whose turn it is, and return them."""
        return [place for kind in _IN_TURN for place in self._grant(kind, now)]

    def _grant(self, kind: Kind, now: float) -> Iterator[Place]:
        queue = self._queues[kind]
        granted = True
        while granted:
            granted = False
            for chat in list(queue):
                if self._free_at(self._overall, kind, now, self.share) > now:
                    return
                if self.free_at(kind, chat, now) > now:
                    continue
                place = queue[chat].popleft()
                queue.move_to_end(chat)
                if not queue[chat]:
                    del queue[chat]
                self._begin(place)
                granted = True
                yield place

    def give_up(self, place: Place, now: float) -> None:
        """Take a place back that waits, or that has its turn and does not use it."""
        if place.begun:
            self.end(place, now, left=False)
            return
        waiting = self._queues[place.kind].get(place.chat, deque())
        if place in waiting:
            waiting.remove(place)
            if not waiting:
                del self._queues[place.kind][place.chat]

    def next_at(self, now: float) -> float:
        """Return when the next turn may come, if no call ends before; infinity where nobody waits for a time."""
        return min((self._next_of(kind, now) for kind, queue in self._queues.items() if queue), default=math.inf)

    def _next_of(self, kind: Kind, now: float) -> float:
        overall = max(self._pause_of_all, self._free_at(self._overall, kind, now, self.share))
        if overall > now:
            return overall  # no chat's turn is sooner
        return min(self.free_at(kind, chat, now) for chat in self._queues[kind])

    # What is counted

    def free_at(self, kind: Kind, chat: str, now: float) -> float:
        """Return when such a call may leave at the earliest, as far as known; infinity: when others have ended."""
        paused_until = max(self._pause_of_all, self._pauses.get(chat, 0.0))
        own = self._free_at(self._windows_of(chat), kind, now, 1)
        return max(now, paused_until, own, self._free_at(self._overall, kind, now, self.share))

    @staticmethod
    def _free_at(windows: _Windows, kind: Kind, now: float, share: int) -> float:
        return max((each.free_at(now, share) for kinds, each in windows.items() if kind in kinds), default=now)

    def _begin(self, place: Place) -> None:
        place.begun = True
        for window in self._windows(place):
            window.begin()

    def end(self, place: Place, now: float, *, left: bool = True) -> None:
        """Count a call as answered now."""
        for window in self._windows(place):
            window.end(now, left=left)
        if self.size > _MANY_CHATS:
            idle = [chat for chat, all_ in self._chats.items() if all(each.is_idle(now) for each in all_.values())]
            for chat in idle:
                del self._chats[chat]

    def _windows(self, place: Place) -> Iterator[Window]:
        for windows in (self._overall, self._windows_of(place.chat)):
            yield from (each for kinds, each in windows.items() if place.kind in kinds)

    def _windows_of(self, chat: str) -> _Windows:
        if not chat:
            return {}
        if chat not in self._chats:
            self._chats[chat] = _windows(self.rates_of(chat))
        return self._chats[chat]

    def rates_of(self, chat: str) -> Windows:
        """Return the windows of this chat; what is of no chat has none."""
        return self.rates.of(chat) if chat else {}

    # What the server said

    def hold(self, chat: str, until: float, now: float) -> None:
        """Hold a chat back, as the server wants it. When it wants that of two at once, it means all."""
        self._pauses = {each: time for each, time in self._pauses.items() if time > now}
        others = [time for each, time in self._pauses.items() if each != chat]
        self._pauses[chat] = max(until, self._pauses.get(chat, 0.0))
        if not chat or others:
            self._pause_of_all = max(self._pause_of_all, min([until, *others]))


def _windows(rates: Windows) -> _Windows:
    return {kinds: Window(rate) for kinds, rate in rates.items()}
