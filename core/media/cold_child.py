"""A child with a Python of its own for one job: where nothing can be forked, for other scripts of ours, and for a file
that was at work when a fork server was lost.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path


async def run(script: Path, job: str, folder: str, *, most_bytes: int) -> bytes | None:
    """Run a script of ours and return what it prints; None when that is too much. Cancelling kills it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(script),
        job,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={},
        start_new_session=True,
    )
    output = None
    try:
        output = await _printed(process, most_bytes)
    finally:
        if output is None:
            await _kill(process)
    return output


async def _printed(process: asyncio.subprocess.Process, most_bytes: int) -> bytes | None:
    """None when it is too much: a child that a file has taken over could go on for ever."""
    if process.stdout is None:
        return None
    output = b""
    while len(output) <= most_bytes and (chunk := await process.stdout.read(most_bytes)):
        output += chunk
    if len(output) > most_bytes:
        return None
    await process.wait()
    return output


async def _kill(process: asyncio.subprocess.Process) -> None:
    """The child with all it may have started, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())
