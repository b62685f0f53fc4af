"""Writes files that nobody may find half written, and syncs what must survive a loss of power."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
