"""Whose work a job of the shell is: its command's, as long as that lives. The proof is a locked file beside the work.

The system lets go of the lock when the process dies, however it dies: no clock and no process id has to be believed.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.channels.types import Incoming


class AlreadyHeld(Exception):
    """Another command works on it at this moment."""


def mark_of(work_dir: Path, incoming: Incoming) -> Path:
    """Named after the order, not after the job: so it can be locked before there is a job."""
    return work_dir / f"{incoming.event_id}.held"


@contextmanager
def held(mark: Path) -> Iterator[None]:
    """Raises AlreadyHeld."""
    with mark.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyHeld("another reelbot command works on this job: wait for it") from None
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)


def alive(mark: Path) -> bool | None:
    """Whether the command behind the mark lives. None where there is no mark: it works on another machine, or has
    ended in order.
    """
    try:
        with mark.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return True
    return False
