"""Bounds what callers may hold open: how many connections, and how long a request's head and body may take.

The limits stand before any route, for whoever may call: a right caller never meets them.
"""

import asyncio
import logging
import resource
import socket
import struct
import time
from collections import Counter
from collections.abc import Container
from contextlib import suppress
from typing import Any, ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.http.headers import STRICT

log = logging.getLogger(__name__)

HEAD_S = 10.0
"""Seconds for the head of a request, from the connection or the last answer on."""
BODY_S, BODY_BYTES_PER_S = 20.0, 10_000
"""Seconds for a body, and the pace in bytes that extends them: a film over a slow line takes minutes."""
WRITE_S, WRITE_BYTES_PER_S = 30.0, 2_000
"""Seconds in which a reader takes what is queued for it, and the pace in bytes that extends them: GPRS is faster."""
MOST_OF_ADDRESS = 100
_MOST = 800
_LOG_EVERY_S = 60.0
_UNSENT_BYTES = 128 * 1024
_ODD_REQUESTS = frozenset({"Invalid HTTP request received.", "Unsupported upgrade request."})


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
    write_s: ClassVar[float]
    _address: str | None = None
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the connection in, or close it at once."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if not self.census.admits(address):
            transport.abort()
            return
        self._address = address
        _queue_little(transport)
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        if self._address is None:
            return  # it was never let in
        self.census.leave(self._address)
        self._stop_timer()
        self._stop_write_timer()
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
        if self._write_timer is None:
            self._await_reader()
        if self._is_between_requests():
            self._await_head()

    def pause_writing(self) -> None:
        """Wait for the reader, for as long as what is queued may take."""
        super().pause_writing()
        self._stop_write_timer()
        self._await_reader()

    def resume_writing(self) -> None:
        """Write on: the reader has taken what was queued."""
        self._stop_write_timer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with the headers that every answer has."""
        plain = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(msg)), "Connection": "close"}
        headers = {**STRICT, "Cache-Control": "no-store", **plain}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n{msg}".encode("ascii"))
        self.transport.close()

    def _await_reader(self) -> None:
        """Close the connection once the reader has not taken what is queued now; it is little, see _queue_little."""
        queued = self.transport.get_write_buffer_size()
        if queued:
            self._write_timer = self.loop.call_later(self.write_s + queued / WRITE_BYTES_PER_S, self._end_reading)

    def _end_reading(self) -> None:
        self._write_timer = None
        if not self.transport.get_write_buffer_size():
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:  # without this the system would keep what is queued, and go on offering it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        """Wait for a head from its first byte on; a connection that says nothing is not kept either."""
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_s, self._end_waiting)

    def _end_waiting(self) -> None:
        """Close it, unless it still reads the answer before: that has a time of its own."""
        self._head_timer = None
        if self._write_timer is not None and self.transport.get_write_buffer_size():
            self._await_head()
        else:
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def bounded_protocol(census: Census, *, head_s: float = HEAD_S, write_s: float = WRITE_S) -> type[BoundedProtocol]:
    """Return the protocol of one server: uvicorn makes an instance of it for each connection."""
    return type("ServerProtocol", (BoundedProtocol,), {"census": census, "head_s": head_s, "write_s": write_s})


def _queue_little(transport: asyncio.Transport) -> None:
    """Let the system queue little that is not sent: else a fast line that turns slow looks like a stalled reader."""
    sock = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if sock is not None and option is not None:
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)


class _Seldom(logging.Filter):
    """Passes what uvicorn says about odd requests once a minute: what floods the port must not flood the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at = -_LOG_EVERY_S

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether it is to be logged."""
        if record.msg not in _ODD_REQUESTS:
            return True
        passes = time.monotonic() - self._told_at >= _LOG_EVERY_S
        if passes:
            self._told_at = time.monotonic()
        return passes


logging.getLogger("uvicorn.error").addFilter(_Seldom())


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
