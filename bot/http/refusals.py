"""Counts the refused requests of each address: who only knocks is told to wait; a right request is always served."""

import time
from collections import deque

from core.io.networks import site

_MOST, _WINDOW_S = 120, 60.0
_MOST_ADDRESSES = 2000


class Refusals:
    """The times of the last refused requests by address, of the latest addresses only."""

    def __init__(self, *, most: int = _MOST, window_s: float = _WINDOW_S) -> None:
        self._most = most
        self._window_s = window_s
        self._by_site: dict[str, deque[float]] = {}

    def wait_s(self, address: str) -> int | None:
        """Count one more, and return the seconds to wait where they are too many."""
        now, key = time.monotonic(), site(address)
        times = self._by_site.pop(key, None) or deque(maxlen=self._most)
        full = len(times) == self._most and now - times[0] < self._window_s
        left_s = int(self._window_s - (now - times[0])) + 1 if full else None
        if not full:
            times.append(now)
        self._by_site[key] = times  # the latest is last
        while len(self._by_site) > _MOST_ADDRESSES:
            del self._by_site[next(iter(self._by_site))]
        return left_s
