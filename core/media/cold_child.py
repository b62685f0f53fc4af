"""Runs one job in a child with a Python of its own.

Used where nothing can be forked, for other scripts of ours, and for a file that was at work when a fork server was
lost.
"""

import asyncio
import socket
from pathlib import Path

from core.media import processes

_CHUNK_BYTES = 65_536


async def run(script: Path, job: str, folder: str, *, most_bytes: int) -> bytes | None:
    """Run a script of ours and return what it prints; None when that is too much. Cancelling kills it."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            process = processes.begin(script, job, cwd=folder, stdout=theirs)
        try:
            return await _printed(ours, most_bytes)
        finally:
            await processes.end(process)


async def _printed(ours: socket.socket, most_bytes: int) -> bytes | None:
    """Read what the child prints; None when it is too much: one that a file has taken over could go on for ever."""
    loop, output = asyncio.get_running_loop(), b""
    while len(output) <= most_bytes:
        try:
            chunk = await loop.sock_recv(ours, _CHUNK_BYTES)
        except OSError:  # it ended without a word
            chunk = b""
        if not chunk:
            return output
        output += chunk
    return None
