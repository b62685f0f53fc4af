"""Runs one job in a child with a Python of its own.

Used where nothing can be forked, for other scripts of ours, and for a file that was at work when a fork server was
lost.
"""

import socket
from pathlib import Path

from core.media import processes
from core.media.lines import read_line


async def run(script: Path, job: str, folder: str, *, most_bytes: int) -> bytes | None:
    """Run a script of ours and return the line that it prints; None when that is too long. Cancelling kills it."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            process = processes.begin(script, job, cwd=folder, stdout=theirs)
        try:
            return await read_line(ours, most_bytes=most_bytes)
        finally:
            await processes.end(process)
