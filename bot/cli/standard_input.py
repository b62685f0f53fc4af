"""Reads standard input without holding up the event loop: Ctrl+C counts while a person thinks."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from bot.cli.console import BadUsage, is_terminal, note

_MOST = 100_000
_CHUNK = 10_000


async def line() -> str:
    """Return one line as it was typed at a terminal, its end included; empty at the end of all."""
    return (await _in_thread(_chunk)).decode(errors="replace")


async def words() -> str:
    """Return all of standard input, white space at its ends left out. Raises BadUsage."""
    if sys.stdin is None:
        raise BadUsage("standard input is closed: there are no words to read")
    if is_terminal(sys.stdin):
        note("Write what the video shows; Ctrl+D on a line of its own ends it.")
    read = await _in_thread(_everything)
    if len(read) > _MOST:
        raise BadUsage(f"standard input is longer than {_MOST} bytes: that is no prompt")
    try:
        return read.decode().strip()
    except UnicodeDecodeError:
        raise BadUsage("standard input is no text in UTF-8") from None


def _chunk() -> bytes:
    return os.read(0, _CHUNK)


def _everything() -> bytes:
    parts, length = [], 0
    while length <= _MOST and (part := os.read(0, _CHUNK)):
        parts.append(part)
        length += len(part)
    return b"".join(parts)


async def _in_thread(read: Callable[[], bytes]) -> bytes:
    """Await `read` in a thread that nobody waits for at the end, unlike those of asyncio.to_thread."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    def settle(found: bytes, error: OSError | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def work() -> None:
        try:
            found, failed = read(), None
        except OSError as error:
            found, failed = b"", error
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, found, failed)

    threading.Thread(target=work, daemon=True).start()
    return await answer
