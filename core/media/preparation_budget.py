"""How long the files of one person may keep children at work in an hour, before anything is bought.

Counted in seconds of children, whatever a child says of itself, and in this process: the children that it bounds are
this process's, on its cores. With several processes a person has as much in each, which takes a place from nobody
elsewhere. What is paid for is neither counted nor refused.
"""

import time
from collections import deque
from collections.abc import Callable

from core.errors import MediaError

_WINDOW_S = 3600.0
_SECONDS = 600.0  # ten of a phone's minutes in 4K


class PreparationBudget:
    """The budget of each owner over a window that moves. `clock` counts seconds."""

    def __init__(
        self,
        *,
        seconds: float = _SECONDS,
        window_s: float = _WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._window_s = window_s
        self._clock = clock
        self._spent: dict[str, deque[tuple[float, float]]] = {}

    def check(self, owner: str) -> None:
        """Raise MediaError ("preparation_budget", with the minutes until there is some again) if all is spent."""
        wait_s = self._wait_s(owner)
        if wait_s > 0:
            raise MediaError("preparation_budget", minutes=max(1, -int(-wait_s // 60)))

    def spend(self, owner: str, seconds: float) -> None:
        """Count what a file has taken; what is out of the window is forgotten, everybody's."""
        self._spent.setdefault(owner, deque()).append((self._clock(), seconds))
        for other in list(self._spent):
            self._forget(other)

    def _wait_s(self, owner: str) -> float:
        """Return the seconds until enough has left the window."""
        self._forget(owner)
        spent = self._spent.get(owner, deque())
        left, free_at = sum(seconds for _, seconds in spent), self._clock()
        for at, seconds in spent:
            if left < self._seconds:
                break
            left, free_at = left - seconds, at + self._window_s
        return free_at - self._clock()

    def _forget(self, owner: str) -> None:
        spent = self._spent.get(owner)
        while spent and spent[0][0] + self._window_s <= self._clock():
            spent.popleft()
        if spent is not None and not spent:
            del self._spent[owner]
