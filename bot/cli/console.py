"""Prints for every command, and ends it with a reason."""

import sys

DONE, FAILED = 0, 1


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


def out(line: str = "") -> None:
    """Print a line of the result."""
    print(line, flush=True)  # noqa: T201 - this is the console


def note(line: str) -> None:
    """Print a line for the person at the terminal, on standard error."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the console
