"""Takes a JPEG apart: what is needed to decode its picture, without what phones and editors put beside it.

A second picture, a map of gains, a film behind the end, kilobytes of notes: none of that decides whether a photo is
taken. Nor does a missing end mark, which every viewer does without.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.media.worker.refusal import Refusal

_NEXT_MARK = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_END, _SCAN = 0xD9, 0xDA
_JFIF, _EXIF, _PROFILE, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})  # marks without a body
_MOST_PROFILE = 4_000_000
_COEFFICIENTS = 64


@dataclass(slots=True)
class Jpeg:
    """The parts of a JPEG. `picture` decodes alone; `whole`: the file had its end mark.

    `held_bytes`: what a decoder holds in memory before it shows anything, of a file that is stored in passes.
    """

    picture: bytes = b""
    exif: bytes = b""
    width: int = 0
    height: int = 0
    held_bytes: int = 0
    whole: bool = False
    _fine: dict[int, set[int]] = field(default_factory=dict)

    @property
    def has_every_pass(self) -> bool:
        """Return whether the last pass over each detail has begun; always so where there is one pass."""
        return all(len(fine) == _COEFFICIENTS for fine in self._fine.values())


def parts(data: bytes) -> Jpeg:
    """Take it apart. Raises Refusal where no picture begins."""
    jpeg, pieces, profile, scans = Jpeg(), [b"\xff\xd8"], 0, 0
    for kind, body, piece in _pieces(data):
        if kind == _END:
            jpeg.whole = scans > 0
            if jpeg.whole:
                break
            continue
        if kind in _SIZES:
            _note_size(jpeg, kind, body)
        elif kind == _SCAN:
            scans += 1
            _note_scan(jpeg, body)
        elif kind == _EXIF and body.startswith(b"Exif\0\0"):
            jpeg.exif = jpeg.exif or body
        elif kind == _PROFILE:
            profile += len(body)
        if _is_needed(kind, body) and (kind != _PROFILE or profile <= _MOST_PROFILE):
            pieces.append(piece)
    if not scans:
        raise Refusal("truncated_media" if jpeg.exif or len(pieces) > 1 else "unreadable_media")
    jpeg.picture = b"".join((*pieces, b"\xff\xd9"))
    return jpeg


def _pieces(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the kind and body of each piece, and the piece itself, a scan with all that was scanned.

    What stands between two pieces is left out, and what is no whole piece ends it.
    """
    at = 2
    while (mark := _NEXT_MARK.search(data, at)) is not None:
        kind, begin = data[mark.end() - 1], mark.end() - 1
        at = mark.end()
        if kind == _END:
            yield kind, b"", b""
        if kind in _ALONE:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or end < at + 2:
            return
        body = data[at + 2 : end]
        if kind == _SCAN:
            following = _NEXT_MARK.search(data, end)
            end = following.start() if following else len(data)
        yield kind, body, b"\xff" + data[begin:end]
        at = end


def _is_needed(kind: int, body: bytes) -> bool:
    if kind in {_JFIF, _ADOBE}:
        return body[:5] in {b"JFIF\0", b"Adobe"}
    return (
        kind in _TABLES or kind in _SIZES or kind == _SCAN or (kind == _PROFILE and body.startswith(b"ICC_PROFILE\0"))
    )


def _note_size(jpeg: Jpeg, kind: int, body: bytes) -> None:
    """Read the size, and how much of the picture a decoder has to hold."""
    if len(body) < 6:  # noqa: PLR2004 - depth, height, width, number of components
        return
    jpeg.height, jpeg.width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    components = [body[at : at + 3] for at in range(6, len(body) - 2, 3)]
    samples = [(each[1] >> 4) * (each[1] & 15) for each in components]
    if kind in _PROGRESSIVE and samples:
        jpeg.held_bytes = 2 * jpeg.width * jpeg.height * sum(samples) // max(1, *samples)
        jpeg._fine = {each[0]: set() for each in components}  # noqa: SLF001 - its own module


def _note_scan(jpeg: Jpeg, body: bytes) -> None:
    """Note which details this pass brings to their last bit."""
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count or body[-1] & 15:
        return
    first, last = body[-3], body[-2]
    for component in body[1 : 1 + 2 * count : 2]:
        if component in jpeg._fine:  # noqa: SLF001
            jpeg._fine[component].update(range(first, min(last, _COEFFICIENTS - 1) + 1))  # noqa: SLF001
