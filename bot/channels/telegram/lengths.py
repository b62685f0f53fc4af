"""Cuts texts to Telegram's limits, which count UTF-16 units: an emoji is two."""

from bot.channels.text_lengths import ELLIPSIS, Unit, beginning, length, shortened


def whole(text: str) -> str:
    """Remove halves of characters and NUL: neither Telegram nor a database takes them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return length(text, unit=Unit.UTF16)


def cut(text: str, most: int) -> str:
    """Cut the text to at most `most` units; an ellipsis marks what was left out."""
    return shortened(whole(text), most=most, unit=Unit.UTF16)


def split(text: str, most: int) -> list[str]:
    """Split into parts of at most `most` units, at line breaks or spaces where there are any. Never an empty part."""
    text, parts = whole(text), []
    while units(text) > most:
        head = beginning(text, most=most, unit=Unit.UTF16)
        at = _break_in(head)
        parts.append(head[:at].rstrip())
        text = text[at:].lstrip()
    return [part for part in [*parts, text] if part.strip()] or [ELLIPSIS]


def _break_in(head: str) -> int:
    """Return where to cut: after the last line break or space of the second half, else at the end."""
    for mark in ("\n", " "):
        at = head.rfind(mark)
        if at > len(head) // 2:
            return at + 1
    return len(head)
