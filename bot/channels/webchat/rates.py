"""Bounds how often one browser may ask: far more than a person does, far less than what would slow down the others."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_MOST_BROWSERS = 2000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then so many a second."""

    name: str
    burst: int
    per_s: float


SAY = Rate("say", 60, 1.0)
"""What is stored and answered: messages, pressed buttons, uploads."""
READ = Rate("read", 600, 20.0)
"""What is only read: the page, what was said, prices."""
FILE = Rate("file", 600, 20.0)
"""Films and photos; a player asks for many small parts."""
STREAM = Rate("stream", 60, 1.0)
"""Openings of the stream of events."""


class Rates:
    """What each browser has left, of the latest ones only. Nobody's share is touched by anybody else."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[tuple[str, str], tuple[float, float]] = {}  # how many, and when

    def wait_s(self, who: str, rate: Rate) -> int | None:
        """Count one, and return the seconds to wait where it is one too many: that one is not counted."""
        now, key = self._clock(), (who, rate.name)
        left, at = self._left.pop(key, (float(rate.burst), now))
        left = min(float(rate.burst), left + (now - at) * rate.per_s)
        admitted = left >= 1
        self._left[key] = (left - 1 if admitted else left, now)  # the latest is last
        while len(self._left) > _MOST_BROWSERS:
            del self._left[next(iter(self._left))]
        return None if admitted else math.ceil((1 - left) / rate.per_s)
