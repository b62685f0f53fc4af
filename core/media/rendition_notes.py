"""Reads and writes the note beside a finished video: its facts, its copies, and the signs that they are unchanged."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.io import disk
from core.media import Probe

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """The identity of a file on the disk. Writing to it, cutting or replacing it changes one of these."""

    size: int
    changed_ns: int
    number: int

    @classmethod
    def of(cls, path: Path) -> "Stamp | None":
        """Read the file's stamp; None when it is not there."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that plays natively. `max_bytes`: the limit that it was encoded for; None: the same packets, remuxed.

    `label`: how it is labelled as made by AI, as the setting has it.
    """

    name: str
    max_bytes: int | None
    probe: Probe
    stamp: Stamp | None
    label: str = "off"

    def fits(self, max_bytes: int) -> bool:
        """Return whether the copy fits this limit and is no worse than one made for it."""
        return self.probe.size <= max_bytes and (self.max_bytes is None or max_bytes <= self.max_bytes)


@dataclass(frozen=True, slots=True)
class Note:
    """The facts of a finished video, and of the files made of it."""

    original: Stamp | None
    probe: Probe
    thumbnail: Stamp | None
    copies: tuple[Copy, ...]


def read_note(path: Path, original: Path) -> Note | None:
    """Read a note. None when there is none, it cannot be read, or the original or its thumbnail has changed."""
    try:
        note = _note(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    same = note.original == Stamp.of(original) and note.thumbnail == Stamp.of(path.with_suffix(".jpg"))
    return note if same and note.original is not None and note.thumbnail is not None else None


def write_note(note: Note, path: Path) -> None:
    """Write a note, after the copies that it vouches for have reached the disk."""
    for copy in note.copies:
        disk.sync(path.with_name(copy.name))
    with disk.whole(path) as draft:
        draft.write_text(json.dumps({"version": _VERSION, **asdict(note)}))


def _note(raw: dict[str, Any]) -> Note:
    if raw["version"] != _VERSION:
        raise ValueError("of another version")
    copies = (
        Copy(
            str(each["name"]),
            each["max_bytes"],
            _probe(each["probe"]),
            Stamp(**each["stamp"]),
            str(each.get("label", "off")),
        )
        for each in raw["copies"]
    )
    return Note(Stamp(**raw["original"]), _probe(raw["probe"]), Stamp(**raw["thumbnail"]), tuple(copies))


def _probe(raw: dict[str, Any]) -> Probe:
    return Probe(**{**raw, "problems": tuple(raw["problems"])})
