"""Prints for every command, and ends it with a reason."""

import re
import sys

DONE, FAILED = 0, 1
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 but for tab and line break, and what turns the direction of a line around."""


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


def out(line: str = "") -> None:
    """Print a line of the result."""
    print(_printable(line), flush=True)  # noqa: T201 - this is the console


def note(line: str) -> None:
    """Print a line for the person at the terminal, on standard error."""
    print(_printable(line), file=sys.stderr, flush=True)  # noqa: T201 - this is the console


def _printable(line: str) -> str:
    """Return the line with signs that command a terminal made visible: what people write in a chat is shown here."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
