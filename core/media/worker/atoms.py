"""Reads the top-level boxes of an mp4 file. Nothing is decoded."""

from pathlib import Path

from core.media.worker.refusal import Refusal

MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_HEADER = 8
_MOST_ATOMS = 50_000  # five minutes in fragments of a frame each have 18,000


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
