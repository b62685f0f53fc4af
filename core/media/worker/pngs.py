"""Takes a PNG apart: what is needed to decode its picture, without texts and other matter beside it.

Pillow gives a picture up for a comment that unpacks to a megabyte. Nothing of it decides here.
"""

import zlib
from dataclasses import dataclass

MAGIC = b"\x89PNG\r\n\x1a\n"
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_MOST_PROFILE = 4_000_000
_OVERHEAD = 12


@dataclass(slots=True)
class Png:
    """The parts of a PNG. `transfer`, `primaries`: its colours, by their numbers in ITU-T H.273; 0: not stated."""

    picture: bytes = b""
    exif: bytes = b""
    profile: bytes = b""
    transfer: int = 0
    primaries: int = 0


def parts(data: bytes) -> Png:
    """Take it apart; what is no whole piece ends it."""
    png, pieces, at = Png(), [MAGIC], len(MAGIC)
    while at + _OVERHEAD <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            at = len(data)
        elif kind in _NEEDED:
            pieces.append(data[at : at + _OVERHEAD + length])
        elif kind == b"iCCP":
            png.profile = _unpacked(body.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            png.exif = body
        elif kind == b"cICP":
            png.primaries, png.transfer = (*body, 0, 0)[:2]
        at += _OVERHEAD + length
    png.picture = b"".join((*pieces, data[at:] if at < len(data) else b"", _END))
    return png


def _unpacked(profile: bytes) -> bytes:
    """Return the profile; nothing where it is broken, or larger than any."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(profile, _MOST_PROFILE)
    except zlib.error:
        return b""
    return unpacked if unpacker.eof else b""
