"""Prints for every command, and ends it with a reason."""

import re
import sys

from core.config import value_in_environment

DONE, FAILED = 0, 1
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 but for tab and line break, and what turns the direction of a line around."""


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


def out(line: str = "", *, colour: int | None = None) -> None:
    """Print a line of the result; `colour`: a terminal's number, used where one watches and NO_COLOR is not set."""
    text = _printable(line)
    if colour is not None and sys.stdout.isatty() and value_in_environment("NO_COLOR") is None:
        text = f"\x1b[{colour}m{text}\x1b[0m"
    print(text, flush=True)  # noqa: T201 - this is the console


def note(line: str) -> None:
    """Print a line for the person at the terminal, on standard error."""
    print(_printable(line), file=sys.stderr, flush=True)  # noqa: T201 - this is the console


def _printable(line: str) -> str:
    """Return the line with signs that command a terminal made visible: what people write in a chat is shown here."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
