"""Programs as processes of their own, as a shell would start them, but forked from one that has imported them.

Each has its own memory, environment, folder, signals and end. The imports, a second of a processor, are paid once for
all that a test process starts. What proves how little is imported, or the way from a shell to a program: not from here.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import bot.channels

IMPORTED = (  # installed modules only: the server is started in whatever folder a test is in
    "alembic.command",
    "alembic.config",
    "bot.app",
    "bot.channels.ilink.channel",
    "bot.channels.telegram.channel",
    "bot.channels.webchat.channel",
    "bot.channels.wechat.channel",
    "bot.channels.wecom.channel",
    "bot.cli.backup",
    "bot.cli.channel_commands",
    "bot.cli.doctor",
    "bot.cli.generate",
    "bot.cli.main",
    "bot.cli.models",
    "bot.cli.reports",
    "bot.cli.serve",
    "bot.cli.setup",
    "core.sandbox",
    "tenacity",
    "uvicorn",
)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(IMPORTED))


class Started(Protocol):
    """A process, as `subprocess` gives it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...


class Warm:
    """`python` with these arguments (`-m`, a module, its arguments), that has nothing left to import.

    `chats`: one more folder in which chats are looked for.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        env: dict[str, str],
        out: Path,
        err: Path,
        chats: Path | None = None,
    ) -> None:
        assert arguments[0] == "-m", "only modules can be run"
        self._arguments = arguments
        given = {"folder": folder, "env": env, "out": out, "err": err, "chats": chats}
        self._process = _CONTEXT.Process(target=_run, args=(tuple(arguments[1:]),), kwargs=given)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(list(self._arguments), timeout or 0.0)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(
    arguments: tuple[str, ...], *, folder: Path, env: dict[str, str], out: Path, err: Path, chats: Path | None
) -> None:
    """In the new process."""
    gc.freeze()  # what is imported stays: no collection of rubbish looks through it, or copies its pages
    if chats is not None:
        bot.channels.__path__.append(str(chats))
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(folder)
    for number, path, flags in (
        (0, Path(os.devnull), os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        (2, err, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        if opened > 2:
            os.close(opened)
    sys.path[:0] = [str(folder), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = arguments[1:]
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
