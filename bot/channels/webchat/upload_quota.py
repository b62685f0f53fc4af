"""Counts what each person has uploaded: within the last hour, and what is kept of it."""

import time
from collections import deque
from pathlib import Path

_WINDOW_S = 3600.0


class Quota:
    """The uploads of the last hour by person. A restart forgets them; what is kept still counts."""

    def __init__(self) -> None:
        self._by_user: dict[str, deque[tuple[float, int]]] = {}

    def note(self, user: str, size: int) -> None:
        """Count an upload of so many bytes."""
        self._by_user.setdefault(user, deque()).append((time.monotonic(), size))

    def used(self, user: str) -> tuple[int, int]:
        """Return bytes and files of the last hour."""
        uploads = self._by_user.get(user)
        while uploads and time.monotonic() - uploads[0][0] > _WINDOW_S:
            uploads.popleft()
        if not uploads:
            self._by_user.pop(user, None)
            return 0, 0
        return sum(size for _, size in uploads), len(uploads)


def owned(folder: Path, user: str) -> list[int]:
    """Return the sizes in bytes of the files that are kept of this person."""
    sizes = []
    for note in folder.glob("*.owner"):
        try:
            if note.read_text(encoding="ascii") == user:
                sizes.append(note.with_suffix("").stat().st_size)
        except OSError:
            continue  # cleared away meanwhile
    return sizes
