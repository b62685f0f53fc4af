"""Writes the edit lists that phones and editors write: a film that is cut, delayed or put together by a note."""

from collections.abc import Callable, Sequence
from pathlib import Path

Edit = tuple[float, float | None]
"""The seconds that it lasts, and the second of the film at which it begins; None: nothing is shown."""

_HEADS = {b"stsd": 8, b"hev1": 78}


def edited(
    path: Path, *, pictures: Sequence[Edit] = (), sound: Sequence[Edit] = (), speed: float = 1.0, wide: bool = False
) -> Path:
    """Give the tracks of an mp4 or mov these edits in the place of their own. `wide`: the list's second version."""

    def track(body: bytes) -> bytes:
        scale = _number(path.read_bytes(), b"mvhd", 12)
        edits = pictures if b"vide" in body else sound if b"soun" in body else ()
        if not edits:
            return body
        first = _number(body, b"elst", 12) if b"elst" in body else 0  # pictures that are decoded before they are shown
        rows = (_row(each, (scale, _number(body, b"mdhd", 12)), first=first, speed=speed, wide=wide) for each in edits)
        boxes = [piece for piece in _split(body) if piece[4:8] != b"edts"]
        listed = box(b"elst", bytes((int(wide), 0, 0, 0)) + len(edits).to_bytes(4, "big") + b"".join(rows))
        return b"".join((boxes[0], box(b"edts", listed), *boxes[1:]))

    return _renewed(path, lambda moov: b"".join(_track(piece, track) for piece in _split(moov)))


def described(path: Path, more: bytes) -> Path:
    """Put a box more into the description of the pictures, which are in HEVC."""

    def change(body: bytes, kinds: Sequence[bytes]) -> bytes:
        if not kinds:
            return body + more
        return b"".join(grown(piece, kinds) if piece[4:8] == kinds[0] else piece for piece in _split(body))

    def grown(piece: bytes, kinds: Sequence[bytes]) -> bytes:
        head = 8 + _HEADS.get(kinds[0], 0)
        return box(kinds[0], piece[8:head] + change(piece[head:], kinds[1:]))

    return _renewed(path, lambda moov: change(moov, (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1")))


def with_tracks(path: Path, *, notes: int = 0, first: bytes = b"") -> Path:
    """Add what a phone writes beside a film: `notes` tracks of data, and `first` of all one that is switched off.

    `first`: a tenth of a second of the pictures (b"vide"), or of the sound (b"soun") in a format that nobody decodes.
    """

    def change(moov: bytes) -> bytes:
        pieces = _split(moov)
        at = next(number for number, piece in enumerate(pieces) if piece[4:8] == b"trak")
        sound = next(piece for piece in pieces if piece[4:8] == b"trak" and b"soun" in piece)
        more = [_as_note(sound, number) for number in range(notes)]
        for piece in pieces:
            if first and piece[4:8] == b"trak" and first in piece:
                off = piece.replace(b"mp4a", b"apac") if first == b"soun" else piece
                lasts = off.index(b"elst") + 12
                off = off[:lasts] + (100).to_bytes(4, "big") + off[lasts + 4 :]
                more.insert(0, _with_number(off, 90, flags=0))
        return b"".join((*pieces[:at], *more[: bool(first)], *pieces[at:], *more[bool(first) :]))

    return _renewed(path, change)


def _as_note(track: bytes, number: int) -> bytes:
    made = track.replace(b"soun", b"meta").replace(b"smhd", b"nmhd").replace(b"mp4a", b"mebx")
    return _with_number(made, 100 + number, flags=15)


def _with_number(track: bytes, number: int, *, flags: int) -> bytes:
    at = track.index(b"tkhd") + 4
    return b"".join(
        (track[:at], flags.to_bytes(4, "big"), track[at + 4 : at + 12], number.to_bytes(4, "big"), track[at + 16 :])
    )


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _renewed(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Change the body of the index, and move what it says of places in the file by as much as it has grown."""
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    moov = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    made = box(b"moov", change(moov[8:]))
    before = b"mdat" not in data[:at]
    made = _shifted(made, len(made) - len(moov)) if before else made
    path.write_bytes(data[:at] + made + data[at + len(moov) :])
    return path


def _row(edit: Edit, scales: tuple[int, int], *, first: int, speed: float, wide: bool) -> bytes:
    lasts, begins = edit
    width = 8 if wide else 4
    begin = -1 if begins is None else round(begins * scales[1]) + first
    return (
        round(lasts * scales[0]).to_bytes(width, "big")
        + begin.to_bytes(width, "big", signed=True)
        + round(speed * 65_536).to_bytes(4, "big")
    )


def _track(piece: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return box(b"trak", change(piece[8:])) if piece[4:8] == b"trak" else piece


def _split(body: bytes) -> list[bytes]:
    pieces, at = [], 0
    while at < len(body):
        length = int.from_bytes(body[at : at + 4], "big")
        pieces.append(body[at : at + length])
        at += length
    return pieces


def _number(data: bytes, kind: bytes, at: int) -> int:
    place = data.index(kind) + 4 + at
    return int.from_bytes(data[place : place + 4], "big")


def _shifted(body: bytes, by: int) -> bytes:
    """Move the chunk offsets by as much as the index before them has grown."""
    out, at = bytearray(body), 0
    while (at := body.find(b"stco", at)) != -1:
        count = int.from_bytes(body[at + 8 : at + 12], "big")
        for place in range(at + 12, at + 12 + 4 * count, 4):
            out[place : place + 4] = (int.from_bytes(body[place : place + 4], "big") + by).to_bytes(4, "big")
        at += 4
    return bytes(out)
