"""Bounds what callers may hold open: how many connections, and how long a request's head and body may take.

The limits stand before any route, for whoever may call: a right caller never meets them.
"""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Container
from typing import Any, ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

HEAD_S = 10.0
"""Seconds for the head of a request, from the connection or the last answer on."""
BODY_S, BODY_BYTES_PER_S = 20.0, 10_000
"""Seconds for a body, and the pace in bytes that extends them: a film over a slow line takes minutes."""
MOST_OF_ADDRESS = 100
_MOST = 800
_LOG_EVERY_S = 60.0


def most_connections() -> int:
    """Return how many connections fit beside the files and connections of the bot itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else min(_MOST, max(50, files // 2))


class Census:
    """The count of open connections, whole and by the address that they come from."""

    def __init__(self, *, most: int, most_of_address: int = MOST_OF_ADDRESS, trusted: Container[str]) -> None:
        """`trusted`: addresses of proxies, behind which everybody comes from one address."""
        self._most = most
        self._most_of_address = most_of_address
        self._trusted = trusted
        self._by_address: Counter[str] = Counter()
        self._told_at = -_LOG_EVERY_S

    def admits(self, address: str) -> bool:
        """Count one more connection; False, and it is not counted, where it is one too many."""
        full = self._by_address.total() >= self._most
        if full or (address not in self._trusted and self._by_address[address] >= self._most_of_address):
            self._tell(address)
            return False
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one connection less."""
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def _tell(self, address: str) -> None:
        """Log it, at most once a minute: what floods the port must not flood the disk."""
        if time.monotonic() - self._told_at >= _LOG_EVERY_S:
            self._told_at = time.monotonic()
            counts = {"open": self._by_address.total(), "address": address, "of_it": self._by_address[address]}
            log.warning("too many connections; more are closed at once", extra=counts)


class BoundedProtocol(H11Protocol):
    """The protocol of uvicorn, with a place in the census and a time limit for the head of each request."""

    census: ClassVar[Census]
    head_s: ClassVar[float]
    _address: str | None = None
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the connection in, or close it at once."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if not self.census.admits(address):
            transport.abort()
            return
        self._address = address
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        if self._address is None:
            return  # it was never let in
        self.census.leave(self._address)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, for as long as the head may take."""
        if self._address is None:
            return
        super().data_received(data)
        if self._is_between_requests():
            self._await_head()
        else:
            self._stop_timer()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if self._is_between_requests():
            self._await_head()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        """Wait for a head from its first byte on; a connection that says nothing is not kept either."""
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_s, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def bounded_protocol(census: Census, *, head_s: float = HEAD_S) -> type[BoundedProtocol]:
    """Return the protocol of one server: uvicorn makes an instance of it for each connection."""
    return type("ServerProtocol", (BoundedProtocol,), {"census": census, "head_s": head_s})


class BodyTimeLimit:
    """Ends a request whose body does not come: its reader meets a caller that has gone."""

    def __init__(self, app: ASGIApp, *, body_s: float = BODY_S) -> None:
        self._app = app
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, self._body_s)
        await self._app(scope, body.receive, send)


class _Body:
    """The body of one request. Its time begins when it is first asked for, and what has come extends it."""

    def __init__(self, receive: Receive, body_s: float) -> None:
        self._receive = receive
        self._body_s = body_s
        self._complete = False
        self._began: float | None = None
        self._bytes = 0

    async def receive(self) -> Message:
        """Return what comes next; a disconnection once the time is over."""
        if self._complete:
            return await self._receive()  # only the end of the connection follows
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        try:
            async with asyncio.timeout_at(self._began + self._body_s + self._bytes / BODY_BYTES_PER_S):
                message = await self._receive()
        except TimeoutError:
            self._complete = True
            return {"type": "http.disconnect"}
        self._note(message)
        return message

    def _note(self, message: Any) -> None:
        self._bytes += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
