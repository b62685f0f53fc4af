"""Cuts texts to what a chat takes or a line holds, in the unit in which that is counted."""

from enum import Enum

ELLIPSIS = "…"


class Unit(Enum):
    """An encoding, and how many of its bytes are one."""

    CHARACTER = ("utf-32-le", 4)
    UTF8 = ("utf-8", 1)  # bytes, as WeChat counts
    UTF16 = ("utf-16-le", 2)  # as Telegram counts: an emoji is two


def length(text: str, *, unit: Unit) -> int:
    """Return the length of the text in this unit."""
    encoding, size = unit.value
    return len(text.encode(encoding, "surrogatepass")) // size


def beginning(text: str, *, most: int, unit: Unit) -> str:
    """Return the longest beginning of at most `most` units that ends with a whole character."""
    encoding, size = unit.value
    return text.encode(encoding, "surrogatepass")[: max(0, most) * size].decode(encoding, "ignore")


def shortened(text: str, *, most: int, unit: Unit, whole_lines: bool = False) -> str:
    """Shorten to at most `most` units; an ellipsis marks what was left out.

    `whole_lines`: no part of a line, where the lines before it are more than half of what fits.
    """
    if length(text, unit=unit) <= most:
        return text
    short = beginning(text, most=most - length(ELLIPSIS, unit=unit), unit=unit)
    lines, _, _ = short.rpartition("\n")
    if whole_lines and len(lines) > len(short) // 2:
        short = lines
    return short.rstrip() + ELLIPSIS


def encodable(text: str) -> str:
    """Replace half characters, which a cut in the middle of one leaves: no encoding can carry them."""
    return text.encode("utf-8", "replace").decode()
