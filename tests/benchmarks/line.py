"""The line between one worker and its database: a TCP proxy that can fall silent or break, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_AT_ONCE = 1 << 16


class Line:
    """Leads to `port` on this machine. Connect to `own_port` instead."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._broken = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def silence(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self._call(self._open.clear)

    def cut(self) -> None:
        """Every connection breaks, and none is made."""
        self._call(self._break)

    def mend(self) -> None:
        """What was held back comes through."""
        self._call(self._mended)

    def close(self) -> None:
        self._call(self._loop.stop)
        self._thread.join(10)
        self._listener.close()

    def _call(self, what: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(what)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._open.set()
        self._loop.run_until_complete(asyncio.start_server(self._connected, sock=self._listener))
        self._loop.run_forever()

    def _break(self) -> None:
        self._broken = True
        for writer in self._writers:
            writer.transport.abort()

    def _mended(self) -> None:
        self._broken = False
        self._open.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        if self._broken:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._writers -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_AT_ONCE):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
