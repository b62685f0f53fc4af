"""Reads the boxes of an mp4 file. Nothing is decoded."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.media.worker.refusal import Refusal

MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_HEADER = 8
_MOST_ATOMS = 50_000  # five minutes in fragments of a frame each have 18,000
_MOST_BYTES = 200_000  # of one box: ten thousand edits
CREDENTIALS = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The mark of the box that holds C2PA's signature."""


def is_cut(path: str) -> bool:
    """Return whether a top-level atom reaches past the end of the file.

    Such a file still opens, and plays its beginning. Raises Refusal for one that is nothing but atoms.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        at = atoms = 0
        while at + _HEADER <= size:
            atoms += 1
            if atoms > _MOST_ATOMS:
                raise Refusal("unreadable_media", reason="atoms")
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length == 0:
                return False
            if length < _HEADER:
                return True
            at += length
    return at > size


def is_plain_mp4(path: str) -> bool:
    """Return whether it is an mp4 by brand, with moov before mdat and no fragments.

    Such a file starts to play before it is loaded.
    """
    size, at, seen = Path(path).stat().st_size, 0, []
    with Path(path).open("rb") as file:
        while at + _HEADER <= size:
            file.seek(at)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if kind == b"ftyp" and header[8:12] == b"qt  ":
                return False
            seen.append(kind)
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length < _HEADER:
                break
            at += length
    if seen[:1] != [b"ftyp"] or b"moov" not in seen or b"moof" in seen or b"mdat" not in seen:
        return False
    return seen.index(b"moov") < seen.index(b"mdat")


def is_signed(path: str) -> bool:
    """Return whether the file has the box of a C2PA signature."""
    with Path(path).open("rb") as file:
        for at, _ in Boxes(file).within((0, Path(path).stat().st_size), b"uuid"):
            file.seek(at)
            if file.read(len(CREDENTIALS)) == CREDENTIALS:
                return True
    return False


class Boxes:
    """The boxes of a file, of which it may have so many that to read them all would take too long."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_ATOMS

    def within(self, place: tuple[int, int] | None, wanted: bytes) -> Iterator[tuple[int, int]]:
        """Yield where the body of each wanted box in this place begins and ends."""
        at, end = place or (0, 0)
        while at + _HEADER <= end and self._left > 0:
            self._left -= 1
            self._file.seek(at)
            header = self._file.read(2 * _HEADER)
            length, kind, body = int.from_bytes(header[:4], "big"), header[4:8], at + _HEADER
            if length == 1:
                length, body = int.from_bytes(header[8:16], "big"), at + 2 * _HEADER
            stop = end if length == 0 else at + length
            if stop < body or stop > end:
                return
            if kind == wanted:
                yield body, stop
            at = stop

    def body(self, place: tuple[int, int] | None, wanted: bytes) -> bytes:
        """Return what the first wanted box in this place holds; nothing where there is none."""
        for start, end in self.within(place, wanted):
            self._file.seek(start)
            return self._file.read(min(end - start, _MOST_BYTES))
        return b""

    def number(self, place: tuple[int, int], wanted: bytes, at: tuple[int, int], size: int) -> int:
        """Return a number of such a box, at one place in its first version, at another in its second."""
        body = self.body(place, wanted)
        start = at[body[:1] == b"\x01"]
        return int.from_bytes(body[start : start + size], "big")
