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
    *((atom, 4, "video/mp4") for atom in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),  # old mov: no ftyp
)
_STILLS = dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic") | {
    b"avif": "avif",
    b"avis": "avif",
}
_DOCTYPE_BYTES = 64


def mime_of(head: bytes) -> str | None:
    """Return the type of a supported photo or video, None for everything else (then see `other_type`)."""
    if _still(head):
        return None
    mime = next((mime for magic, at, mime in _MAGIC if head[at : at + len(magic)] == magic), None)
    return "video/webm" if mime == "video/x-matroska" and b"webm" in head[:_DOCTYPE_BYTES] else mime


def other_type(head: bytes) -> str:
    """Name the type of an unsupported file: "heic", "avif", "svg", "html" or "unknown"."""
    text = head.lstrip().lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        return "svg"
    return _still(head) or ("html" if text.startswith(b"<") else "unknown")


def _still(head: bytes) -> str:
    """Return the type of a photo in the box format of videos, by its brand; empty: it is none."""
    return _STILLS.get(head[8:12], "") if head[4:8] == b"ftyp" else ""
