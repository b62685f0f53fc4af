"""Locks a shell job for its command, as long as that lives. The proof is a locked file beside the work.

The system lets go of the lock when the process dies, however it dies: no clock and no process id has to be believed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.channels.types import Incoming
from bot.jobs.process_lock import HeldByAnother, acquire, is_held


class AlreadyHeld(Exception):
    """A job that another command works on at this moment."""


def mark_of(work_dir: Path, incoming: Incoming) -> Path:
    """Return the lock file. It is named after the order, not the job: so it can be locked before there is a job."""
    return work_dir / f"{incoming.event_id}.held"


@contextmanager
def hold(mark: Path) -> Iterator[None]:
    """Hold the lock file. Raises AlreadyHeld."""
    try:
        lock = acquire(mark)
    except HeldByAnother as error:
        raise AlreadyHeld(f"another reelbot command (process {error.pid}) works on this job: wait for it") from None
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)
        lock.release()


def alive(mark: Path) -> bool | None:
    """Return whether the command behind the lock file lives.

    None where there is no file: it works on another machine, or has ended in order.
    """
    return is_held(mark) if mark.exists() else None
