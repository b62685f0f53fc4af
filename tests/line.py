"""A line to a server that can be cut: a TCP proxy in a thread of its own, between a real worker and its database."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.serving import closed

_CHUNK = 65536


class Line:
    """`silent`: nothing comes through, and nobody is told. `cut`: connections break, new ones are refused."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, back = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        if self._refuses:  # perhaps since the way beyond began to be opened
            writer.transport.abort()
            back.transport.abort()
            return
        self._writers |= {writer, back}
        for each in (self._pump(reader, back), self._pump(there, writer)):
            task = asyncio.create_task(each)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()  # one whose reader is frozen stays open until the line is cut
        self._writers.discard(writer)

    def _call(self, change: Callable[[], None]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(change)
        self._loop.call_soon_threadsafe(done.set)
        assert done.wait(10)

    def silent(self) -> None:
        self._call(self._open.clear)

    def cut(self) -> None:
        def change() -> None:
            self._refuses = True
            self._open.set()
            for writer in self._writers:
                writer.transport.abort()
            self._writers.clear()

        self._call(change)

    def heal(self) -> None:
        def change() -> None:
            self._refuses = False
            self._open.set()

        self._call(change)

    def run(self, ready: threading.Event) -> None:
        """Serve until `stop`, in the thread that calls it."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.start())
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        """Accept nobody more, and let those that are cut off notice it."""
        assert self._server is not None
        await closed(self._server)
        async with asyncio.timeout(5):
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)  # what was aborted last is closed in the loop's next round

    def stop(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def line(host: str, port: int) -> Iterator[Line]:
    made, ready = Line(host, port), threading.Event()
    thread = threading.Thread(target=made.run, args=[ready], daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        made.stop()
        thread.join(10)
