"""A file lock that one process at a time holds, and that says which. The system releases it when that process dies."""

import os
from pathlib import Path

from filelock import FileLock, Timeout


class HeldByAnother(Exception):
    """A lock that another living process holds. `pid`: which, as far as it has said."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


class AlreadyRunning(Exception):
    """Another `run` or `demo` that serves on this database file."""


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
    """Return whether a living process holds this existing file."""
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False
