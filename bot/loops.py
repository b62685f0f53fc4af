"""Background loops: a turn, a pause that a call can cut short, and a count of failures for /healthz."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

K = TypeVar("K")

MARGIN_S = 2.0

_FAILED_TURNS = 3
_STUCK_S = 60.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps this process from its work. `kind` stays the same while its `text` counts."""

    text: str
    kind: str
    restart_helps: bool = False


class Loop:
    """A loop that repeats `turn` until cancelled. A turn that raises is logged, and the next one is tried all the same.

    `pause_s`: seconds between two turns, asked anew before each. `stuck_s`: a turn that takes longer is a problem.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], Awaitable[None]],
        *,
        pause_s: Callable[[], float],
        stuck_s: float = _STUCK_S,
    ) -> None:
        self.name = name
        self._turn = turn
        self._pause_s = pause_s
        self._stuck_s = stuck_s
        self._notified = asyncio.Event()
        self._begun: float | None = None
        self._failed = 0
        self.turns = 0

    def notify(self) -> None:
        """Begin the next turn now: there is something new."""
        self._notified.set()

    async def run(self) -> None:
        """Repeat the turn until cancelled."""
        while True:
            self._notified.clear()  # before the turn: what comes during it begins the next one
            await self._once()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._notified.wait()

    async def _once(self) -> None:
        self._begun = time.monotonic()
        try:
            await self._turn()
        except Exception:
            self._failed += 1
            log.exception("a turn failed", extra={"loop": self.name, "in_a_row": self._failed})
        else:
            self._failed = 0
        self._begun = None
        self.turns += 1

    def problem(self) -> Problem | None:
        """Return the loop's problem: it is stuck, or has failed three turns in a row. None: it is well."""
        if self._begun is not None and time.monotonic() - self._begun > self._stuck_s:
            return Problem(f"{self.name} loop is stuck", f"{self.name} stuck", restart_helps=True)
        if self._failed >= _FAILED_TURNS:
            text = f"{self.name} loop has failed {self._failed} times in a row; the log says why"
            return Problem(text, f"{self.name} fails")
        return None


class Terms(Generic[K]):
    """What this process holds for a time, and must let go of when it could not renew that in time.

    `term_s`: how long others leave it alone, from before the renewal was asked for; it is lost here `margin_s` sooner.
    """

    def __init__(self, lost: Callable[[K], None], *, term_s: float, margin_s: float = MARGIN_S) -> None:
        self._lost = lost
        self._term_s = term_s - margin_s
        self._expiries: dict[K, asyncio.TimerHandle] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._expiries

    def extend(self, key: K, *, since: float) -> None:
        """Hold `key` for another term from that monotonic time on."""
        self.drop(key)
        left_s = max(0.0, since + self._term_s - time.monotonic())
        self._expiries[key] = asyncio.get_running_loop().call_later(left_s, self.lose, key)

    def is_valid(self, key: K) -> bool:
        """Whether it is surely ours at this moment."""
        return key in self._expiries and self._expiries[key].when() > asyncio.get_running_loop().time()

    def drop(self, key: K) -> None:
        """Let go of it, as it should be."""
        if key in self._expiries:
            self._expiries.pop(key).cancel()

    def lose(self, key: K) -> None:
        """Give it up: it may be another's."""
        self.drop(key)
        self._lost(key)
