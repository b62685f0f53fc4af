"""ASGI apps on real sockets, for tests: the sandbox, the fakes, small scripted servers."""

import asyncio
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any

import anyio
import httpx
import uvicorn

# Imported lazily by anyio, and rewritten by pytest: deep inside a request Python 3.11's compiler fails at that
# ("AST constructor recursion depth mismatch").
_ = anyio.open_file


WEB = httpx.Client(trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0))
"""To ask our own servers from outside a loop. `httpx.get` loads all authorities for each request: 20 ms of a processor
each time that something is looked for. No connection is kept: the other side may be killed at any moment."""


def listener() -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock


_OURS = range(10_000, 32_000)


def free_port() -> int:
    """A port for a program that may be killed and come back: outside of those that the system gives to other tests."""
    while True:
        port = random.SystemRandom().choice(_OURS)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


async def closed(server: asyncio.Server) -> None:
    """Close a server that perhaps has callers just now.

    asyncio loses a connection that it accepted in the very round in which its server is closed: it stays open, and
    a later test is blamed for it. So nobody is accepted in the rounds before.
    """
    loop = asyncio.get_running_loop()
    for sock in server.sockets:
        loop.remove_reader(sock.fileno())
    for _ in range(2):
        await asyncio.sleep(0)
    server.close()


_GRACE_S = 2.0


class _Prompt(uvicorn.Server):
    """Ends as soon as it may. uvicorn's own looks for the end ten times a second, and rests for a tenth at the end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
        self._end = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._end.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            await closed(server)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        until = time.monotonic() + _GRACE_S
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < until:
            await asyncio.sleep(0.002)
        for connection in list(self.server_state.connections):  # one that waits for a word that does not come
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.sleep(0)
        for server in self.servers:
            await server.wait_closed()
        for sock in sockets or []:
            sock.close()


def _server(app: Any) -> _Prompt:
    return _Prompt(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))


@asynccontextmanager
async def served(app: Any, sock: socket.socket | None = None) -> AsyncIterator[str]:
    """Serve `app` in this loop; gives its address without a slash at the end."""
    sock = sock or listener()
    server = _server(app)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.end()
        await task
        sock.close()


@contextmanager
def served_in_thread(app: Any) -> Iterator[str]:
    """The same from a thread of its own, for tests that drive a browser or another process."""
    sock = listener()
    server = _server(app)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: _run(loop, server, sock), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.end)
        thread.join(5)
        sock.close()


def _run(loop: asyncio.AbstractEventLoop, server: _Prompt, sock: socket.socket) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.serve(sockets=[sock]))
