"""The times of files, by the virtual clock: by them the program takes a receipt for younger than the database."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path


class FileTimes:
    """Of the files in a folder. `now`: seconds UTC, by the machine's clock."""

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        self._given: dict[str, int] = {}

    def stamp(self) -> None:
        """Whatever was written since the last time was written now."""
        at = int(self._now() * 1e9)
        for entry in _files(self._folder):
            try:
                if entry.stat().st_mtime_ns != self._given.get(entry.path):
                    os.utime(entry.path, ns=(at, at))
                    self._given[entry.path] = _kept(entry.path)
            except FileNotFoundError:
                continue  # renamed meanwhile


def _kept(path: str) -> int:
    """As the disk keeps it, which may be coarser than what it was given."""
    return Path(path).stat().st_mtime_ns


def _files(folder: Path) -> Iterator["os.DirEntry[str]"]:
    for place in (folder, folder / "receipts", folder / "videos"):
        if place.is_dir():
            with os.scandir(place) as entries:
                yield from (entry for entry in entries if entry.is_file())
