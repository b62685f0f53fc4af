"""Folds the signs that keyboards and clients put in the place of spaces, for chats that show them all alike. Pure."""

import re
import unicodedata

_SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u3164\uffa0]")
_LINE_BREAKS = re.compile(r"\r\n|[\r\u0085\u2028\u2029]")
_WIDTHLESS = re.compile(r"[\u200b\u200e\u200f\u2060\ufeff]")  # not U+200D, which joins emoji


def folded(text: str) -> str:
    """Make spaces of what keyboards and clients put in their place, and leave out what has no width."""
    return _WIDTHLESS.sub("", _LINE_BREAKS.sub("\n", _SPACES.sub(" ", text))).strip()


def is_visible(text: str) -> bool:
    """Return whether there is anything to see: not only separators, controls and marks on nothing."""
    return any(unicodedata.category(each)[0] not in "ZCM" for each in text)
