"""Writes files that nobody may find half written, and syncs what must survive a loss of power."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OPEN_FOLDER = 0o755
"""What a web server of another user may list and serve."""
PASSED_THROUGH = 0o711
"""A folder that others may pass through, and not list."""
_OTHERS = 0o077


def sync(path: Path) -> None:
    """Sync a file's content, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def install(draft: Path, path: Path) -> None:
    """Sync the draft, then give it its name: a loss of power leaves the whole file or none."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def keep_private(path: Path) -> None:
    """Take the rights of all others from a file or folder; one that is not there, or not ours, stays as it is."""
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)


def make_folder(folder: Path, *, mode: int) -> None:
    """Make a folder with exactly this mode, whatever the umask; one that is there keeps its own."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


@contextmanager
def whole(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a draft beside `path`, then give it that name in one step; after an error neither it nor half of it stays.

    `durable`: it survives a loss of power, too. The draft of a process that is killed stays; `*.part` finds it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield draft
        if durable:
            install(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
