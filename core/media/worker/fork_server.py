"""The fork server: a Python that has loaded the decoders once and forks a child for each file.

It starts with an empty environment and never held the bot's memory. It has one thread, opens no file, and reads only
the bot's messages, over the socket that is its stdin: `{"run": number, "job": …, "folder": …}` with a descriptor, the
socket that this child answers to; `{"kill": number}`; `{"ping": number}`. It sends `{"pong": number}`, the first time
when it is ready, and `{"ended": number, "signal": number}` once a child is reaped. It alone reaps and kills. Its
children die with it, and it dies with the bot.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, NoReturn

from PIL import Image, WebPImagePlugin

from core.media.worker import child, confinement, frames, joining, labels, photos, playable, probe, sources

_LOADED = (WebPImagePlugin, frames, joining, labels, photos, playable, probe, sources)
"""What a child needs is here before it is forked; nothing of it has seen a file."""

_PR_SET_PDEATHSIG = 1
_READ_BYTES = 65_536
_FDS_AT_ONCE = 64
_FDS_END = 65_536
_LEASH_FD = 3


@dataclass(frozen=True, slots=True)
class _Child:
    number: int
    answer: socket.socket


def serve(*, parent: int, leash: str) -> None:
    """Serve the bot at the other end of stdin until it is gone.

    `leash`: how a child learns of the server's death, by `prctl` (Linux kills it) or by a `pipe` that ends.
    """
    by_kernel = leash == "prctl"
    if by_kernel:
        _die_with(parent)
    confinement.hide_for_good()
    Image.preinit()
    gc.collect()
    gc.freeze()  # a child's collections leave these pages alone, so they stay shared
    _ForkServer(socket.socket(fileno=0), by_kernel=by_kernel).run()


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent ends; one that ended before this call is known by its number."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class _ForkServer:
    def __init__(self, control: socket.socket, *, by_kernel: bool) -> None:
        self._control = control
        self._pid = os.getpid()
        self._leash = None if by_kernel else os.pipe()
        self._children: dict[int, _Child] = {}  # by process id
        self._received = b""
        self._fds: deque[int] = deque()

    def run(self) -> None:
        """Obey until stdin ends, then end with all children."""
        ended, wake = socket.socketpair()
        ended.setblocking(False)
        wake.setblocking(False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        poll = select.poll()  # holds no descriptor of its own, which a child would have to let go
        for each in (self._control, ended):
            poll.register(each, select.POLLIN)
        with contextlib.suppress(OSError):  # the bot is gone
            self._tell({"pong": 0})
            while True:
                ready = {fd for fd, _ in poll.poll()}
                if ended.fileno() in ready:
                    _drain(ended)
                    self._reap()
                if self._control.fileno() in ready and not self._receive():
                    break
        for pid in self._children:
            _kill(pid)
        os._exit(0)

    def _receive(self) -> bool:
        """Obey the messages that have arrived; return False when no more will come."""
        data, fds, _, _ = socket.recv_fds(self._control, _READ_BYTES, _FDS_AT_ONCE)
        self._fds.extend(fds)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(data)

    def _obey(self, order: dict[str, Any]) -> None:
        if "ping" in order:
            self._tell({"pong": order["ping"]})
        elif "kill" in order:
            for pid, each in self._children.items():
                if each.number == order["kill"]:
                    _kill(pid)
        else:
            self._begin(order["run"], order["job"], order["folder"], self._fds.popleft())

    def _begin(self, number: int, job: dict[str, Any], folder: str, answer: int) -> None:
        try:
            pid = os.fork()
        except OSError:  # no room for another process
            os.close(answer)
            self._tell({"failed": number})
            return
        if pid == 0:
            self._become_child(job, folder, answer)
        self._children[pid] = _Child(number, socket.socket(fileno=answer))

    def _reap(self) -> None:
        """Reap the children that have ended: end what they may have started, end their answers, tell the bot."""
        for pid in list(self._children):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                _kill_group(pid)
                gone = self._children.pop(pid)
                with contextlib.suppress(OSError):
                    gone.answer.shutdown(socket.SHUT_RDWR)  # whoever else may hold it
                gone.answer.close()
                self._tell({"ended": gone.number, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0})

    def _tell(self, word: dict[str, int]) -> None:
        self._control.sendall(json.dumps(word).encode() + b"\n")

    def _become_child(self, job: dict[str, Any], folder: str, answer: int) -> NoReturn:
        """Become the child: alone, with its own answer and no other descriptor, limited; then do the job."""
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 0)  # /dev/null
            os.dup2(answer, 1)
            self._hold_on_to_parent()
            os.chdir(folder)
            child.limit(job["cpu_s"])
            _say(json.dumps(child.answer(job)).encode() + b"\n")
        finally:
            os._exit(0)  # nothing of the server's is tidied up here

    def _hold_on_to_parent(self) -> None:
        if self._leash is None:
            os.closerange(3, _FDS_END)
            _die_with(self._pid)
            return
        os.dup2(self._leash[0], _LEASH_FD)
        os.closerange(_LEASH_FD + 1, _FDS_END)
        threading.Thread(target=_die_with_pipe, daemon=True).start()


def _die_with_pipe() -> None:
    os.read(_LEASH_FD, 1)  # nobody writes: it returns when the server, which holds the other end, is gone
    os.killpg(0, signal.SIGKILL)


def _say(answer: bytes) -> None:
    while answer:
        answer = answer[os.write(1, answer) :]


def _kill(pid: int) -> None:
    """Kill a child that is not reaped yet, so the number is its own; it may not have its own group yet."""
    os.kill(pid, signal.SIGKILL)
    _kill_group(pid)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _drain(wake: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while wake.recv(_READ_BYTES):
            pass


def _nothing(_signal: int, _frame: object) -> None:
    """Ignore the signal: a handler is needed for the wake-up to be written."""
