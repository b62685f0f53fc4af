"""A file that one process at a time holds, and that says which. The system lets go of it when that process dies."""

import os
from pathlib import Path

from filelock import FileLock, Timeout


class HeldByAnother(Exception):
    """Another living process holds it. `pid`: which, as far as it has said."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


class AlreadyRunning(Exception):
    """Another `run` or `demo` serves on this database file."""


def acquire(path: Path) -> FileLock:
    """Hold `path` until the lock is released. Raises HeldByAnother."""
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise HeldByAnother(path.read_text(encoding="ascii", errors="replace").strip()) from None
    path.write_text(str(os.getpid()), encoding="ascii")
    return lock


def is_held(path: Path) -> bool:
    """Whether a living process holds this existing file."""
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False
