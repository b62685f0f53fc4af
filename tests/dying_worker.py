"""`reelbot run` that is killed as soon as it does a certain thing: `-m tests.dying_worker`.

DIES_AT: the beginning of a statement ("UPDATE reelbot_forgotten"), or a file by its pattern ("*.deleted") that is about
to be put in its place or removed. Only while the file DIES_WHILE is there. Nothing of the program is touched: the
interpreter and the database library tell of both.
"""

import os
import signal
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests import quick_worker

_AT, _WHILE = os.environ["DIES_AT"], Path(os.environ["DIES_WHILE"])


def _die() -> None:
    if _WHILE.exists():
        os.kill(os.getpid(), signal.SIGKILL)


def _on_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    if statement.startswith(_AT):
        _die()


def _on_event(name: str, details: tuple[Any, ...]) -> None:
    if name in {"os.remove", "os.rename"} and fnmatch(str(details[1 if name == "os.rename" else 0]), _AT):
        _die()


if __name__ == "__main__":
    sa.event.listen(sa.Engine, "before_cursor_execute", _on_statement)
    sys.addaudithook(_on_event)
    sys.exit(quick_worker.main())
