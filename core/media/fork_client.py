"""The bot's side of the fork server (core/media/worker/fork_server.py): started with the first file, ended when idle.

It belongs to the event loop that it is used in and ends with it, or waits for the next one (`Spare`). A server that
dies, hangs or breaks the protocol is replaced.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from contextvars import Context
from pathlib import Path
from typing import Any

from core.media import processes
from core.media.lines import read_line

_IDLE_S = 300.0
_PATIENCE_S = 10.0
_START_S = 30.0
_CONTROL_BYTES = 65_536
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP})
POSSIBLE = hasattr(os, "fork") and hasattr(socket, "send_fds") and hasattr(socket, "AF_UNIX")
_LEASH = "prctl" if sys.platform == "linux" else "pipe"


class ServerLost(Exception):
    """A server that is gone: what became of the job is not known."""


class Spare:
    """A place for one server at rest whose loop has ended: the next loop of this process begins with it.

    For a process that runs many short loops. Of the main thread alone: with the thread that started it a server dies.
    """

    def __init__(self) -> None:
        self._server: tuple[int, processes.Process, socket.socket] | None = None

    def put(self, process: processes.Process, control: socket.socket) -> bool:
        """Keep a server; False when there is no place for it."""
        if self._server is not None or threading.current_thread() is not threading.main_thread():
            return False
        self._server = os.getpid(), process, control
        return True

    def take(self) -> tuple[processes.Process, socket.socket] | None:
        """Give the server away, if there is one that lives."""
        if self._server is None or threading.current_thread() is not threading.main_thread():
            return None
        (pid, process, control), self._server = self._server, None
        if pid == os.getpid() and process.poll() is None:
            return process, control
        control.close()
        return None

    def end(self) -> None:
        """End the server that waits here."""
        found = self.take()
        if found is not None:
            process, control = found
            control.close()  # it ends when it sees that
            process.wait()


class ForkClient:
    """The client of one fork server. `idle_s`: seconds it lives without work. `spare`: where it waits between loops.

    `patience_s`: a server at work that does not answer for that long (at most twice that) hangs. `leash`: see
    core/media/worker/fork_server.py.
    """

    def __init__(
        self,
        script: Path,
        *,
        idle_s: float = _IDLE_S,
        patience_s: float = _PATIENCE_S,
        leash: str = _LEASH,
        spare: Spare | None = None,
    ) -> None:
        self._script = script
        self._spare = spare
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._leash = leash
        self._line: _Line | None = None
        self._lives: set[asyncio.Task[None]] = set()

    async def run(self, job: str, folder: str, *, most_bytes: int) -> bytes | None:
        """Run a job in a forked child and return its answer, one line; None when it is no whole line or too long.

        Cancelling kills the child. Raises ServerLost.
        """
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                line, work = self._begun(json.loads(job), folder, theirs)
            try:
                answer = await read_line(ours, most_bytes=most_bytes)
            finally:
                await line.end(work)
        whole = answer is not None and answer.endswith(b"\n")
        if work.lost and not whole:
            raise ServerLost
        return answer if whole else None

    def _begun(self, job: Any, folder: str, answer: socket.socket) -> "tuple[_Line, _Work]":
        """Begin the job. A server that died without work is noticed here: another gets the job."""
        line = self._connected()
        work = line.begin(job, folder, answer)
        if work.lost:
            line = self._connected()
            work = line.begin(job, folder, answer)
        return line, work

    def _connected(self) -> "_Line":
        if self._line is None or self._line.over.done():
            found = self._spare.take() if self._spare else None
            process, control = found or (None, None)
            theirs = None
            if control is None:
                control, theirs = socket.socketpair()
            self._line = _Line(control, idle_s=self._idle_s, patience_s=self._patience_s, greeted=process is not None)
            life = self._live(self._line, process, theirs)
            task = asyncio.get_running_loop().create_task(life, context=Context())
            self._lives.add(task)
            task.add_done_callback(self._lives.discard)
        return self._line

    async def _live(self, line: "_Line", process: processes.Process | None, theirs: socket.socket | None) -> None:
        """Keep a process from its start, where `theirs` is to be its stdin, to its end or to the next loop.

        It is a task of its own: the loop's end ends it, a job's does not.
        """
        try:
            if theirs is not None:
                with theirs:
                    process = processes.begin(
                        self._script, "serve", str(os.getpid()), self._leash, cwd=os.sep, stdin=theirs
                    )
            await asyncio.wait({line.over})
        except OSError:
            pass  # no process: the line's end says so to all who wait
        finally:
            if self._line is line:
                self._line = None
            if process is None or self._spare is None or not line.let_go(process, self._spare):
                line.close()
                if process is not None:
                    await processes.end(process)


class _Work:
    """A job at the server. `ended`: its child is reaped, or the server is lost."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended = asyncio.Event()
        self.lost = False


class _Line:
    """The connection to one server process. `over` is set when it is of no more use."""

    def __init__(self, control: socket.socket, *, idle_s: float, patience_s: float, greeted: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._works: dict[int, _Work] = {}
        self._count = 0
        self._received = b""
        self._greeted = greeted
        self._pong_seen = True
        self._crashed = False
        self.over: asyncio.Future[None] = self._loop.create_future()
        control.setblocking(False)
        self._loop.add_reader(control, self._hear)
        self._timer = self._loop.call_later(idle_s, self._tick)

    def begin(self, job: Any, folder: str, answer: socket.socket) -> _Work:
        """Hand a job over with the socket that its child answers to. It may be lost at once."""
        self._count += 1
        work = _Work(self._count)
        self._works[work.number] = work
        if len(self._works) == 1:
            self._wait()
        self._send({"run": work.number, "job": job, "folder": folder}, answer.fileno())
        return work

    async def end(self, work: _Work) -> None:
        """Wait until the child is gone; one that is still at work is killed."""
        if not work.ended.is_set():
            self._send({"kill": work.number})
        await work.ended.wait()

    def let_go(self, process: processes.Process, spare: Spare) -> bool:
        """Leave the server to the next loop, if it is at rest and in order; the line is over then."""
        in_order = self._greeted and self._pong_seen and not self._received and not self._works
        if self.over.done() or not in_order or not spare.put(process, self._control):
            return False
        self.over.set_result(None)
        self._timer.cancel()
        self._loop.remove_reader(self._control)
        return True

    def close(self) -> None:
        """Close the line: the process ends when it sees the end of its stdin."""
        if self.over.done():
            return
        self.over.set_result(None)
        self._timer.cancel()
        self._loop.remove_reader(self._control)
        self._control.close()
        for work in self._works.values():
            work.lost = True
            work.ended.set()
        self._works.clear()

    def _send(self, message: dict[str, Any], *fds: int) -> None:
        """Send a message that is short enough for the socket's buffer. It fails only when nobody reads any more."""
        data = json.dumps(message).encode() + b"\n"
        try:
            whole = not self.over.done() and socket.send_fds(self._control, [data], fds) == len(data)
        except OSError:
            whole = False
        if not whole:
            self.close()

    def _hear(self) -> None:
        try:
            data = self._control.recv(_CONTROL_BYTES)
            *lines, self._received = (self._received + data).split(b"\n")
            for line in lines:
                self._understand(json.loads(line))
        except BlockingIOError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            data = b""
        if not data or len(self._received) > _CONTROL_BYTES:
            self.close()

    def _understand(self, word: dict[str, int]) -> None:
        self._pong_seen = True
        if not self._greeted:
            self._greeted = True
            self._wait()
        if "pong" in word:
            return
        work = self._works.pop(word["failed"] if "failed" in word else word["ended"])
        work.lost = "failed" in word
        work.ended.set()
        self._crashed = self._crashed or word.get("signal") in _CRASHES
        if not self._works:
            self._rest()

    def _rest(self) -> None:
        """End the server after a crash: all its children have the same addresses, so the next files get another."""
        if self._crashed:
            self.close()
        else:
            self._wait()

    def _wait(self) -> None:
        """Start the timer: for work, or for a word from a server at work."""
        self._timer.cancel()
        self._pong_seen = True
        patience_s = self._patience_s if self._greeted else _START_S
        self._timer = self._loop.call_later(patience_s if self._works else self._idle_s, self._tick)

    def _tick(self) -> None:
        """End a server that is idle or has not answered since the last tick; else ask it."""
        if not self._works or not self._pong_seen or not self._greeted:
            self.close()
            return
        self._wait()
        self._pong_seen = False
        self._send({"ping": self._count})
