"""Files that must not be published: broken, lying, swollen, or meant to lead a decoder astray. All made here."""

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av

from tests.corpus import clip, jpeg, photo

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400)
AVIF = b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(400)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
HTML = b"<!doctype html><html><title>502</title><script>alert(1)</script></html>"
HLS = b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '/etc/passwd'\nduration 5\n"


def photos(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content; none of them may be published."""
    whole = jpeg()
    yield "empty.jpg", b""
    yield "html.jpg", HTML
    yield "svg.jpg", SVG
    yield "xml-svg.png", b'<?xml version="1.0"?>\n' + SVG
    yield "heic.jpg", HEIC
    yield "avif.jpg", AVIF
    yield "eps.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n"
    yield "tiff.jpg", _saved("TIFF")
    yield "ico.png", _saved("ICO")
    yield "pdf.jpg", b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n"
    yield "zip.png", b"PK\x03\x04" + bytes(100)
    yield "exe.png", b"MZ" + bytes(200)
    yield "playlist.jpg", HLS
    for share in (0.02, 0.4, 0.9):
        yield f"cut-at-{share}.jpg", whole[: int(len(whole) * share)]
    yield "cut.png", _saved("PNG")[:-400]
    yield "cut.webp", _saved("WEBP")[:-200]
    yield "png-bomb.png", png(20_000, 20_000)
    yield "gif-bomb.gif", gif(65_535, 65_535)
    yield "video.jpg", clip(folder / "seed.mp4").read_bytes()
    yield "magic-only.jpg", b"\xff\xd8\xff"
    yield "magic-only.png", b"\x89PNG\r\n\x1a\n"
    yield "magic-only.bmp", b"BM"
    yield "noise.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8X" + random.Random(3).randbytes(400)


def videos(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The same for videos. `folder` is for what they are made from."""
    whole = clip(folder / "whole.mp4", seconds=1).read_bytes()
    late = clip(folder / "late.mp4", seconds=1, movflags="0").read_bytes()
    yield "empty.mp4", b""
    yield "html.mp4", HTML
    yield "xml.mp4", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
    yield "json.mp4", json.dumps({"detail": "not found"}).encode()
    yield "random.mp4", random.Random(1).randbytes(5000)
    yield "hls.mp4", HLS
    yield "concat.mp4", CONCAT
    yield "dash.mp4", b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>'
    yield "sdp.mp4", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
    yield "photo.mp4", jpeg()
    yield "heic.mp4", HEIC
    yield "cut-406.mp4", whole[:406]
    yield "cut-half.mp4", whole[: len(whole) // 2]
    yield "no-moov.mp4", late[: late.index(b"moov") - 4]
    yield "only-ftyp.mp4", whole[:32]
    yield "atom-of-zero-size.mp4", whole[:32] + b"\x00\x00\x00\x04free" + whole[32:]
    yield "atom-beyond-the-end.mp4", whole + b"\x7f\xff\xff\xffmdat"
    yield "blank.mp4", _blanked(whole)
    yield "sound-only.mp4", _sound_only(folder / "sound.mp4")
    yield "matroska-noise.mkv", b"\x1a\x45\xdf\xa3" + random.Random(2).randbytes(3000)
    yield "matroska-cut.mkv", clip(folder / "m.mkv").read_bytes()[:900]
    yield "too-long.mp4", clip(folder / "long.mp4", source="color=s=32x32:r=1", seconds=302, audio=None).read_bytes()
    yield "too-big.mp4", clip(folder / "big.mp4", source="color=s=4352x64:r=2", audio=None).read_bytes()


def mutations(seed: bytes, *, count: int, number: int = 0) -> Iterator[bytes]:
    """The same each time: flipped bits, overwritten, repeated, dropped and swapped pieces, cuts, wrong lengths."""
    chance = random.Random(f"{len(seed)}-{number}")
    ways: tuple[Callable[[bytearray, random.Random], None], ...] = (
        _flip,
        _noise,
        _zeros,
        _drop,
        _double,
        _cut,
        _length,
    )
    for _ in range(count):
        data = bytearray(seed)
        for way in chance.sample(ways, chance.randint(1, 3)):
            if len(data) > 64:
                way(data, chance)
        yield bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _noise(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    size = min(chance.choice((2, 40, 900)), len(data) - at)
    data[at : at + size] = chance.randbytes(size)


def _zeros(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    size = min(chance.choice((4, 100, 5000)), len(data) - at)
    data[at : at + size] = chance.choice((b"\x00", b"\xff")) * size


def _drop(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 7, 300))]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.choice((8, 200, 2000))]


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data) // 8, len(data)) :]


def _length(data: bytearray, chance: random.Random) -> None:
    """A number in the head, where sizes and counts stand, becomes one of those that programs trip over."""
    at = chance.randrange(min(len(data) - 4, 2000))
    value = chance.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000))
    data[at : at + 4] = struct.pack(chance.choice((">I", "<I")), value)


def _saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    photo((64, 64) if kind == "ICO" else (640, 400)).save(buffer, kind)
    return buffer.getvalue()


def png(width: int, height: int, *, before: bytes = b"") -> bytes:
    """A PNG whose header promises this size, with next to nothing behind it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    size = struct.pack("<HH", width, height)
    return b"GIF89a" + size + b"\x00\x00\x00" + b"\x2c" + bytes(4) + size + b"\x00\x02\x02\x4c\x01\x00;"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _blanked(whole: bytes) -> bytes:
    start = whole.index(b"mdat") + 2000
    return whole[:start] + bytes(len(whole) - start - 500) + whole[-500:]


def _sound_only(path: Path) -> bytes:
    with av.open("sine=f=440:r=44100:d=1", format="lavfi") as tone, av.open(str(path), "w") as target:
        out = target.add_stream("aac", rate=44_100)
        for frame in tone.decode(audio=0):
            for packet in out.encode(frame):
                target.mux(packet)
        for packet in out.encode(None):
            target.mux(packet)
    return path.read_bytes()


def giant(path: Path, *, side: int = 4096, seconds: int = 300, rate: int = 30) -> Path:
    """A film of some kilobytes that takes minutes to decode: its index names one large key frame for every picture."""
    clip(path, source=f"color=c=gray:s={side}x{side}:r={rate}", seconds=1 / rate, audio=None)
    data = bytearray(path.read_bytes())
    pictures = seconds * rate
    size, offset = _last_word(data, b"stsz", 3), _last_word(data, b"stco", 2)  # of the only picture
    moov = data.index(b"moov") - 4
    moov_end = moov + int.from_bytes(data[moov : moov + 4], "big")
    film = bytes(data[offset : offset + size])
    tables = {
        b"stsz": _words(0, size, pictures),
        b"stco": _words(0, pictures) + bytes(4 * pictures),
        b"stts": _words(0, 1, pictures, _last_word(data, b"stts", 3)),
        b"stsc": _words(0, 1, 1, 1, 1),
    }
    made = _renewed(bytes(data[moov:moov_end]), tables, pictures)
    head = bytes(data[:moov])
    at = len(head) + len(made) + 8
    made = made.replace(bytes(4 * pictures), at.to_bytes(4, "big") * pictures)
    path.write_bytes(head + made + _words(len(film) + 8) + b"mdat" + film)
    return path


def _words(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "big") for word in words)


def _last_word(data: bytes | bytearray, kind: bytes, number: int) -> int:
    at = data.index(kind) + 4 + 4 * number
    if kind == b"stsz" and (fixed := int.from_bytes(data[data.index(kind) + 8 : data.index(kind) + 12], "big")):
        return fixed
    return int.from_bytes(data[at : at + 4], "big")


def _renewed(box: bytes, tables: dict[bytes, bytes], pictures: int) -> bytes:
    """The box with these tables in the place of its own, without edits, and as long as the pictures last."""
    kind, body = box[4:8], box[8:]
    if kind in tables:
        body = tables[kind]
    elif kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
        inner, at = b"", 0
        while at < len(body):
            length = int.from_bytes(body[at : at + 4], "big")
            if body[at + 4 : at + 8] not in {b"edts", b"stss", b"ctts", b"sdtp", b"sgpd", b"sbgp", b"udta"}:
                inner += _renewed(body[at : at + length], tables, pictures)
            at += length
        body = inner
    elif kind in {b"mvhd", b"tkhd", b"mdhd"}:
        place = 20 if kind == b"tkhd" else 16
        length = int.from_bytes(body[place : place + 4], "big")
        body = body[:place] + _words(length * pictures) + body[place + 4 :]
    return _words(len(body) + 8) + kind + body
