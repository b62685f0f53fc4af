"""Prints for every command, and ends it with a reason."""

import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from core.config import value_in_environment

DONE, FAILED, MISUSED = 0, 1, 2
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 but for tab and line break, and what turns the direction of a line around."""


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


class BadUsage(Failure):
    """A one-line reason to end with exit code 2: what was typed cannot be meant."""


def open_streams() -> None:
    """Make all three standard streams safe to use, whatever the caller has closed.

    A file that is opened while one of the first three numbers is free would get it, and with it what is printed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # no text file of Python's own
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def out(line: str = "", *, colour: int | None = None) -> None:
    """Print a line of the result; `colour`: a terminal's number, used where one watches and NO_COLOR is not set."""
    text = printable(line)
    if colour is not None and is_terminal(sys.stdout) and value_in_environment("NO_COLOR") is None:
        text = f"\x1b[{colour}m{text}\x1b[0m"
    print(text, flush=True)  # noqa: T201 - this is the console


def out_json(value: Any) -> None:
    """Print the result as one line of JSON, in ASCII."""
    print(json.dumps(value).replace("\x7f", "\\u007f"), flush=True)  # noqa: T201 - this is the console


def is_terminal(*streams: Any) -> bool:
    """Return whether a person looks at all of these streams; one that was closed is none."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def note(line: str) -> None:
    """Print a line for the person at the terminal, on standard error."""
    print(printable(line), file=sys.stderr, flush=True)  # noqa: T201 - this is the console


def printable(line: str) -> str:
    """Return the line with signs that command a terminal made visible: what people write in a chat is shown here."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
