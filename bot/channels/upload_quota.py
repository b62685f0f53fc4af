"""Bounds what each person may have us keep of their files: within an hour, at any time, and while the disk has room.

Files lie in one folder, under names that nobody guesses, each with a note beside it (`*.owner`) whose first line says
whose it is. What is still coming counts with its size, or with the largest that it may have.
"""

import shutil
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

OWNER = ".owner"
MOST_FILES, MOST_BYTES = 60, 1_000_000_000  # of one person within an hour
MOST_KEPT, MOST_KEPT_BYTES = 200, 3_000_000_000  # of one person at any time, whatever still needs them
LEAST_FREE = 600_000_000  # bytes on the disk: a little more than what films are ordered with
_WINDOW_S = 3600.0


class Quota:
    """The files of the last hour by person. A restart forgets them; what is kept still counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_user: dict[str, deque[tuple[float, int]]] = {}
        self._coming: Counter[str] = Counter()
        self._coming_bytes: Counter[str] = Counter()

    def refusal(self, user: str, size: int) -> Literal["no-room", "quota"] | None:
        """Return why one more file of so many bytes, at most, is not taken: the disk, or the person has sent enough."""
        if shutil.disk_usage(self._folder).free - self._coming_bytes.total() < LEAST_FREE:
            return "no-room"
        used, files = self._used(user)
        if files + self._coming[user] >= MOST_FILES or used >= MOST_BYTES:
            return "quota"
        if self._coming[user] and used + self._coming_bytes[user] + size > MOST_BYTES:
            return "quota"  # many at once, of which each would have been let in alone
        sizes = owned(self._folder, user)
        if len(sizes) >= MOST_KEPT or sum(sizes) >= MOST_KEPT_BYTES:
            return "quota"
        return None

    @contextmanager
    def coming(self, user: str, size: int) -> Iterator[None]:
        """Count a file of so many bytes, at most, until it is here or given up."""
        self._coming[user] += 1
        self._coming_bytes[user] += size
        try:
            yield
        finally:
            self._coming[user] -= 1
            self._coming_bytes[user] -= size
            if not self._coming[user]:
                del self._coming[user], self._coming_bytes[user]

    def note(self, user: str, size: int) -> None:
        """Count a file of so many bytes that has come."""
        self._by_user.setdefault(user, deque()).append((time.monotonic(), size))

    def _used(self, user: str) -> tuple[int, int]:
        """Return bytes and files of the last hour."""
        files = self._by_user.get(user)
        while files and time.monotonic() - files[0][0] > _WINDOW_S:
            files.popleft()
        if not files:
            self._by_user.pop(user, None)
            return 0, 0
        return sum(size for _, size in files), len(files)


def owned(folder: Path, user: str) -> list[int]:
    """Return the sizes in bytes of the files that are kept of this person."""
    sizes = []
    for note in folder.glob(f"*{OWNER}"):
        try:
            if note.read_text(encoding="utf-8", errors="replace").partition("\n")[0] == user:
                sizes.append(note.with_suffix("").stat().st_size)
        except OSError:
            continue  # cleared away meanwhile
    return sizes
