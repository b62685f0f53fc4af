"""The installation's signing secret as one process knows it: read again at use, so that another process may replace it.

Nothing looks while nothing is used. A database that is away leaves the last one that was read.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_FRESH_S = 2.0
_WAIT_S = 2.0  # whoever signs or checks waits no longer for the database


class SigningSecret:
    """The secret. `value`: as it was read last; `refresh` before use."""

    def __init__(
        self,
        value: bytes,
        read: Callable[[], Awaitable[bytes]] | None = None,
        *,
        fresh_s: float = _FRESH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read` None: it never changes. `fresh_s`: seconds for which what was read is good."""
        self.value = value
        self._read = read
        self._fresh_s = fresh_s
        self._clock = clock
        self._read_at = clock()
        self._reading: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever another value has been read."""
        self._listeners.append(changed)

    def expire(self) -> None:
        """Read it again soon: another process says that it has replaced it."""
        self._read_at = self._clock() - self._fresh_s
        self._begin()

    async def refresh(self) -> None:
        """Read it again if that was not done lately. Never raises; without a database the last one stays."""
        self._begin()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=_WAIT_S)

    def _begin(self) -> None:
        if self._read is None or (self._reading is not None and not self._reading.done()):
            return
        if self._clock() - self._read_at < self._fresh_s:
            self._reading = None
            return
        self._read_at = self._clock()
        self._reading = asyncio.create_task(self._renew(self._read), name="signing secret")

    async def _renew(self, read: Callable[[], Awaitable[bytes]]) -> None:
        try:
            value = await read()
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("the signing secret was not read again", extra={"error": type(error).__name__})
            return
        if value == self.value:
            return
        self.value = value
        log.warning("the signing secret is a new one: old cookies, links and callback addresses have lapsed")
        for changed in self._listeners:
            changed()
