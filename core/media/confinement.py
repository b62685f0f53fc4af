"""What a child that works on a foreign file can still do here, found by one that tries."""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import MediaError
from core.media import client
from core.media.worker.confinement import hide

log = logging.getLogger(__name__)

DOORS = (
    "files",
    "writing",
    "parent",
    "network",
    "programs",
    "processes",
    "signals",
    "privileges",
    "memory",
    "limits",
)
"""What a file that takes over a decoder might use."""


@dataclass(frozen=True, slots=True)
class Door:
    """One way out of a child. `reason`: what is possible through it, where it is not shut."""

    name: str
    shut: bool
    reason: str


async def confinement() -> list[Door]:
    """Let a child of the usual kind try each door, and return what it found.

    Where no child answers, no door counts as shut.
    """
    with tempfile.TemporaryDirectory(prefix="reelbot-doors-") as folder:
        outside = Path(folder) / "outside"
        outside.write_bytes(b"outside")
        try:
            found = await client.attempt_doors(outside)
        except MediaError as error:
            return [Door(name, shut=False, reason=f"no child answers ({error.code})") for name in DOORS]
    return [Door(name, not found.get(name, "?"), found.get(name, "was not tried")) for name in DOORS]


async def warn_of_open_doors() -> None:
    """Warn in one line of the log of what a hostile file could do here, if anything."""
    open_doors = [f"{door.name}: {door.reason}" for door in await confinement() if not door.shut]
    if open_doors:
        log.warning("a child that decodes foreign files is not shut in on this system (%s)", "; ".join(open_doors))


def hide_process() -> None:
    """Hide this process from others of the same user: its environment and memory. It leaves no core dump."""
    hide()
