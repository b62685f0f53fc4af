"""Writes into an mp4 that it was made by AI, as ffprobe and others read it: a record under the key `AIGC`.

Nothing else of the file changes: the record is added to the index (QuickTime's metadata by keys), and where the index
lies before the pictures and sounds, the places of those move on by its length. A copy by packets would lose what a
muxer does not know.
"""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.media.worker import probe
from core.media.worker.atoms import CREDENTIALS

_NAMESPACE = b"mdta"
_TEXT = 1
_HEADER = 8
_FULL = 4  # version and flags
_TO_CHUNKS = (b"trak", b"mdia", b"minf", b"stbl")
_MOST_32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    at: int
    end: int


def label(path: str, into: str, record: str) -> dict[str, Any]:
    """Write the film with this record. `labelled` is false, and nothing written, where it cannot be added.

    That is so for one in fragments, one with a signature, and one with such keys already (perhaps this very one).
    """
    return {"labelled": record_in(path) is None and insert(path, into, record)}


def record_in(path: str) -> str | None:
    """Return the record that a film has. Raises Refusal for what is no film."""
    with probe.opened(path) as container:
        probe.picture_stream(container)
        return container.metadata.get(probe.LABEL_KEY)


def insert(path: str, into: str, record: str) -> bool:
    """Write the file with this record; the two may be one. False: it cannot be added, nothing is written."""
    data = bytearray(Path(path).read_bytes())
    boxes = list(_boxes(data, 0, len(data)))
    indexes = [box for box in boxes if box.kind == b"moov"]
    if len(indexes) != 1 or any(box.kind == b"moof" or _is_signature(data, box) for box in boxes):
        return False
    index = indexes[0]
    children = list(_boxes(data, index.at + _HEADER, index.end))
    added = _metadata(record)
    size = index.end - index.at + len(added)
    if any(box.kind == b"meta" for box in children) or _number(data, index.at) != index.end - index.at:
        return False
    if not _move_chunks(data, index, behind=index.end, by=len(added)):
        return False
    data[index.at : index.at + 4] = size.to_bytes(4, "big")
    data[index.end : index.end] = added
    Path(into).write_bytes(data)
    return True


def _metadata(record: str) -> bytes:
    handler = _box(b"hdlr", bytes(_FULL + 4) + _NAMESPACE + bytes(13))
    keys = _box(b"keys", bytes(_FULL) + _counted(1) + _box(_NAMESPACE, probe.LABEL_KEY.encode()))
    value = _box(b"data", _counted(_TEXT) + bytes(4) + record.encode())
    return _box(b"meta", bytes(_FULL) + handler + keys + _box(b"ilst", _box(_counted(1), value)))


def _counted(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _box(kind: bytes, body: bytes) -> bytes:
    return _counted(_HEADER + len(body)) + kind + body


def _is_signature(data: bytearray, box: _Box) -> bool:
    """Return whether this is the box of C2PA's signature, which is void once anything else changes."""
    body = box.at + _HEADER
    return box.kind == b"uuid" and data[body : body + len(CREDENTIALS)] == CREDENTIALS


def _number(data: bytearray, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _boxes(data: bytearray, at: int, end: int) -> Iterator[_Box]:
    """Yield the boxes, up to one that is not whole."""
    while at + _HEADER <= end:
        length = _number(data, at)
        if length == 1:
            length = int.from_bytes(data[at + _HEADER : at + 16], "big")
        elif length == 0:
            length = end - at
        if length < _HEADER or at + length > end:
            return
        yield _Box(bytes(data[at + 4 : at + _HEADER]), at, at + length)
        at += length


def _move_chunks(data: bytearray, box: _Box, *, behind: int, by: int, path: tuple[bytes, ...] = _TO_CHUNKS) -> bool:
    """Move the places of the chunks that lie behind a place. False: one cannot be written in its field."""
    for child in _boxes(data, box.at + _HEADER, box.end):
        if path and child.kind == path[0]:
            if not _move_chunks(data, child, behind=behind, by=by, path=path[1:]):
                return False
        elif not path and child.kind in {b"stco", b"co64"} and not _moved(data, child, behind, by):
            return False
    return True


def _moved(data: bytearray, table: _Box, behind: int, by: int) -> bool:
    wide = table.kind == b"co64"
    places = array("Q" if wide else "I")
    begin = table.at + _HEADER + _FULL + 4
    end = begin + _number(data, begin - 4) * places.itemsize
    if end > table.end:
        return False
    places.frombytes(bytes(data[begin:end]))
    if sys.byteorder == "little":
        places.byteswap()
    if not wide and any(place + by > _MOST_32 for place in places):
        return False
    moved = array(places.typecode, (place + by if place >= behind else place for place in places))
    if sys.byteorder == "little":
        moved.byteswap()
    data[begin:end] = moved.tobytes()
    return True
