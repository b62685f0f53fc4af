"""Detects a file's type by its first bytes. Its name and what a browser states are not used. Pure."""

HEAD_BYTES = 512
"""So many first bytes are enough."""

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF8", 0, "image/gif"),
    (b"BM", 0, "image/bmp"),
    (b"WEBP", 8, "image/webp"),
    (b"\x1a\x45\xdf\xa3", 0, "video/x-matroska"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"#!AMR", 0, "audio/amr"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    *((bytes([0xFF, second]), 0, "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    *((bytes([0xFF, second]), 0, "audio/aac") for second in (0xF1, 0xF9)),
    (b"ftypM4A", 4, "audio/mp4"),
    (b"ftypM4B", 4, "audio/mp4"),
    *((atom, 4, "video/mp4") for atom in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),  # old mov: no ftyp
)
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF = {b"avif", b"avis"}
_EITHER = {b"mif1", b"msf1", b"miaf"}
_DOCTYPE_BYTES = 64


def mime_of(head: bytes) -> str | None:
    """Return the type of a supported photo, video or sound, None for everything else (then see `other_type`).

    A video's box may hold a sound alone: browsers and phones record so.
    """
    mime = _still(head) or next((mime for magic, at, mime in _MAGIC if head[at : at + len(magic)] == magic), None)
    return "video/webm" if mime == "video/x-matroska" and b"webm" in head[:_DOCTYPE_BYTES] else mime


def other_type(head: bytes) -> str:
    """Name the type of an unsupported file: "svg", "html" or "unknown"."""
    text = head.lstrip().lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        return "svg"
    return "html" if text.startswith(b"<") else "unknown"


def _still(head: bytes) -> str | None:
    """Return the type of a photo in the box format of videos, by its brands; None: it is none."""
    if head[4:8] != b"ftyp":
        return None
    brand, others = head[8:12], {head[at : at + 4] for at in range(16, int.from_bytes(head[:4], "big"), 4)}
    if brand in _AVIF or (brand in _EITHER and others & _AVIF):
        return "image/avif"
    return "image/heic" if brand in _HEIC or brand in _EITHER else None
