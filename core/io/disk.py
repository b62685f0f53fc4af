"""Syncs to the disk what must survive a loss of power."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Sync a file's content, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
