"""Asks a person at the terminal, secrets without an echo; Ctrl+C ends a question like everything else."""

import asyncio
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from bot.cli.console import Failure, note

_YES = frozenset({"y", "yes", "j", "ja", "是", "好", "对"})


def is_there() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty()


class Terminal:
    """The terminal on standard input."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._rest = b""

    async def ask(self, words: str, *, secret: bool = False) -> str:
        """Ask for a line and return it without the spaces around it. Raises Failure at the end of the input."""
        with self._silent() if secret else nullcontext():
            sys.stderr.write(f"{words}{' (not shown as you type)' if secret else ''}: ")
            sys.stderr.flush()
            line = await self._line()
        if secret:
            note("")
        return line.decode(errors="replace").strip()

    async def agrees(self, words: str) -> bool:
        """Ask for a yes or no; Enter is no."""
        return (await self.ask(f"{words} [y/N]")).lower() in _YES

    async def _line(self) -> bytes:
        while b"\n" not in self._rest:
            more = await self._read()
            if not more:
                raise Failure("the input ended before all questions were answered; nothing was written")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    async def _read(self) -> bytes:
        """Wait for input without a thread: one that waits for a line could not be ended by Ctrl+C."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)
        return os.read(self._fd, 4096)

    @contextmanager
    def _silent(self) -> Iterator[None]:
        before = termios.tcgetattr(self._fd)
        quiet = termios.tcgetattr(self._fd)
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(self._fd, termios.TCSADRAIN, quiet)
        try:
            yield
        finally:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)
