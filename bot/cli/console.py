"""What every command prints with, and how it fails."""

import sys

DONE, FAILED = 0, 1


class Failure(Exception):
    """A one-line reason to end with exit code 1."""


def out(line: str = "") -> None:
    print(line, flush=True)  # noqa: T201 - this is the console


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the console
