"""Begins and ends the processes of media work, without asyncio's own subprocesses.

Those hang for ever where a task is cancelled while one is being started and the loop ends (CPython 3.11: the exit is
reported only after the pipes were connected). Here a start is one call, and an end is a kill and a wait.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

Process = subprocess.Popen[bytes]

_LOOK_S = 0.002
_LAST_S = 2.0


def begin(
    script: Path,
    *arguments: str,
    cwd: str,
    stdin: socket.socket | None = None,
    stdout: socket.socket | None = None,
) -> Process:
    """Begin a Python with an empty environment, in a session of its own. Raises OSError."""
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", str(script), *arguments],
        stdin=stdin.fileno() if stdin else subprocess.DEVNULL,
        stdout=stdout.fileno() if stdout else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env={},
        start_new_session=True,
    )


async def end(process: Process) -> None:
    """Kill the process with all it may have started, and wait until it is gone."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    try:
        while process.poll() is None:  # noqa: ASYNC110 - the system has no event for it here
            await asyncio.sleep(_LOOK_S)
    except asyncio.CancelledError:  # the loop ends: a killed process takes moments
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_S)
        raise
