"""Folds a text for comparison: what a keyboard, a client or a copied quote adds does not count. Pure, linear time."""

import re
import unicodedata

_WRAPPERS = frozenset({"Ps", "Pe", "Pi", "Pf"})
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"  # they have a width and no ink, and are no spaces to Unicode
_UNSEEN = re.compile(
    "[\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u20e3\u00ad\ufff9-\ufffb"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
_SPACES = re.compile(rf"[\s\x00-\x1f\x7f{_BLANKS}]+")
_QUOTES = "\"'`<>*_"
_CLOSING = ".。!~～…‥·、,"
_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "～": "~", "〜": "~", "…": "."})
_MOST_MARKS = 8  # on one letter; more of them make Unicode's normal forms slow


def folded(text: str) -> str:
    """Return the text as it is compared: width, case, spaces, quotes around it and marks at its end do not count."""
    text = unicodedata.normalize("NFKC", without_unseen(text)).translate(_ALIKE).casefold()
    text = without_unseen(unicodedata.normalize("NFKC", text))
    start, end = 0, len(text)
    while end > start and (text[end - 1] in _CLOSING or _wraps(text[end - 1])):
        end -= 1
    while start < end and _wraps(text[start]):
        start += 1
    return text[start:end]


def without_unseen(text: str) -> str:
    """Return the text without what has no ink, all spaces alike, and few marks on each letter."""
    text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    if text.isascii():
        return text
    characters: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            characters.append(character)
    return "".join(characters)


def _wraps(character: str) -> bool:
    return character == " " or character in _QUOTES or unicodedata.category(character) in _WRAPPERS
