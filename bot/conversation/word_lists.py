"""Reads word_lists.toml: phrases written out, and which label each has.

A phrase counts word by word, in lower case, simplified, without apostrophes and marks.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import product
from typing import Any, Literal, get_args

Topic = Literal["price", "time", "how", "where", "other"]

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
LISTS: dict[str, Any] = tomllib.loads(files(__package__).joinpath("word_lists.toml").read_text("utf-8"))
SIMPLIFIED = str.maketrans(LISTS["writing"]["traditional"], LISTS["writing"]["simplified"])


def phrases(zh: str, en: str = "") -> Iterator[str]:
    """Write out the phrases of a list: Chinese between spaces, English between commas."""
    for pattern in (*zh.split(), *re.split(r"\s*,\s*", en.strip())):
        fixed_and_choices = _CHOICE.split(pattern)
        choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(fixed_and_choices)]
        for parts in product(*choices):
            phrase = re.sub(r"\s+", " ", "".join(parts)).strip()
            if phrase:
                yield phrase


_WORD = re.compile(r"[a-zà-ɏ0-9']+|[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W_]+|[^\s]")
Words = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Cut a folded text into words, Chinese characters and signs; marks are left out."""
    simplified = text.translate(SIMPLIFIED)
    words = [word.replace("'", "") for word in _WORD.findall(simplified)]
    return [word for word in words if word and not _is_mark(word)]


def _is_mark(word: str) -> bool:
    return unicodedata.category(word[0])[0] in "PZM" or word in {"~", "^", "`", "|", "+", "="}


def _vocabulary(labelled: Iterable[tuple[str, Iterable[str]]]) -> dict[Words, str]:
    vocabulary: dict[Words, str] = {}
    for label, phrases in labelled:
        for phrase in phrases:
            vocabulary.setdefault(tuple(words_of(phrase)), label)
    vocabulary.pop((), None)
    return vocabulary


_MEANINGS = ("no", "thanks", "greeting", "fetch", "vague", "noise")
QUESTIONS = LISTS["questions"]
WHOLE = _vocabulary([
    *((name, phrases(**LISTS["meanings"][name])) for name in _MEANINGS),
    *((name, phrases(QUESTIONS[name]["zh"], QUESTIONS[name]["en"])) for name in get_args(Topic)),
])  # fmt: skip
_FILL = _vocabulary([("wish", phrases(LISTS["wish"]["words"])), ("fill", phrases(**LISTS["fill"]))])
# What is in two lists counts only when it is the whole message, and says nothing beside other words.
SURE = ("act", "agreement")
_YES = {
    "act": phrases(LISTS["yes"]["acts_zh"], LISTS["yes"]["acts_en"]),
    "agreement": phrases(LISTS["yes"]["agreements_zh"], LISTS["yes"]["agreements_en"]),
}
PARTS = WHOLE | _vocabulary(_YES.items()) | _FILL
LONGEST = max(map(len, PARTS))
SIGNS = {sign: label for label, signs in LISTS["signs"].items() for sign in signs}
KNOWN_WORDS = frozenset(word for words in (*PARTS, *WHOLE) for word in words)
FACES = {name: sign for sign, names in LISTS["faces"].items() for name in names.split()}
