"""Reads the code of a job behind a command's word, however a keyboard writes it. Pure.

Width, quotes and closing marks do not count, nor a space inside a short code: what is not understood as the code that
it is would be about another job.
"""

import re
import unicodedata

from bot.conversation.folding import without_unseen

_CODE = re.compile(r"#?([0-9A-Za-z]{1,12})")
_TYPED_CODE = re.compile(r"#?((?=[A-Za-z]*[0-9])[0-9A-Za-z]{2,12}|[A-Z]{7})")  # a digit, or a whole code in capitals
_APART = re.compile(r"(?<![0-9A-Za-z])([A-Za-z]) ([2-9])(?![0-9A-Za-z])")
_BETWEEN = re.compile(r"[\s,;:、]+")
_FIRST = re.compile(r"([^\s,;:、，；：]+)[\s,;:、，；：]*")
_FIRST_TWO = re.compile(r"([^\s]\s[^\s,;:、，；：])[\s,;:、，；：]*")
_MARKS = "\"'“”‘’`「」『』《》〈〉【】<>()[].。!?~…"


def plain(text: str) -> str:
    """Return the text in plain width, with the two signs of a short code together."""
    return _APART.sub(r"\1\2", unicodedata.normalize("NFKC", without_unseen(text))).strip()


def code_in(text: str) -> str | None:
    """Return the code of a job: the only word there is, or the only one that looks like a code."""
    words = _words(text)
    for form in (_CODE, _TYPED_CODE):
        codes = [match[1].upper() for word in words if (match := form.fullmatch(word))]
        if len(codes) == 1 and (form is _TYPED_CODE or len(words) == 1):
            return codes[0]
    return None


def is_code(text: str) -> bool:
    """Return whether there is nothing but what looks like a code."""
    return _TYPED_CODE.fullmatch(text) is not None


def code_before(text: str) -> tuple[str | None, str]:
    """Return the code that a text begins with, and what comes after it; without one, the whole text."""
    text = text.strip()
    for begin in (_FIRST, _FIRST_TWO):
        found = begin.match(text)
        code = _TYPED_CODE.fullmatch(plain(found[1]).strip(_MARKS)) if found else None
        if found and code:
            return code[1].upper(), text[found.end() :]
    return None, text


def _words(text: str) -> list[str]:
    return [word for each in _BETWEEN.split(plain(text)) if (word := each.strip(_MARKS))]
