"""Tells what a short message says that is no prompt: yes, no, thanks, a question, a code. Pure.

Consent hangs on it, so the two sides differ. A yes is a closed list that must equal the whole folded message. All else
may match loosely, because a miss costs no more than an unwanted offer: a message counts when phrases of
word_lists.toml, and words that say nothing by themselves, are all there is in it. One word more ("不要有人的海滩") and it
may describe a picture.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from itertools import product
from typing import Any, Literal, get_args

__all__ = ["YES", "Line", "Meaning", "Topic", "asked_about", "folded", "joins", "line_in", "meaning_of"]


class Meaning(StrEnum):
    """What a message says by itself."""

    YES = "yes"
    VAGUE = "vague"
    NO = "no"
    THANKS = "thanks"
    GREETING = "greeting"
    QUESTION = "question"
    NOISE = "noise"
    FETCH = "fetch"


Topic = Literal["price", "time", "how", "where", "other"]
Kind = Literal["yes", "cancel", "again", "fix", "fetch", "status", ""]


@dataclass(frozen=True, slots=True)
class Line:
    """A typed button. `kind` is "" for a code with nothing that decides; `code` in capitals."""

    kind: Kind
    code: str


# Folding.

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
    text = unicodedata.normalize("NFKC", _seen(text)).translate(_ALIKE).casefold()
    text = _seen(unicodedata.normalize("NFKC", text))
    start, end = 0, len(text)
    while end > start and (text[end - 1] in _CLOSING or _wraps(text[end - 1])):
        end -= 1
    while start < end and _wraps(text[start]):
        start += 1
    return text[start:end]


def _seen(text: str) -> str:
    """Return the text without what has no ink, all spaces alike, and few marks on each letter."""
    text = _SPACES.sub(" ", _UNSEEN.sub("", text))
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _wraps(character: str) -> bool:
    return character == " " or character in _QUOTES or unicodedata.category(character) in _WRAPPERS


# The lists, unfolded.

_CHOICE = re.compile(r"\[([^\]]*)\]")
_LISTS: dict[str, Any] = tomllib.loads(files(__package__).joinpath("word_lists.toml").read_text("utf-8"))
_SIMPLIFIED = str.maketrans(_LISTS["writing"]["traditional"], _LISTS["writing"]["simplified"])


def _phrases(zh: str, en: str = "") -> Iterator[str]:
    for pattern in (*zh.split(), *re.split(r"\s*,\s*", en.strip())):
        fixed_and_choices = _CHOICE.split(pattern)
        choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(fixed_and_choices)]
        for parts in product(*choices):
            phrase = re.sub(r"\s+", " ", "".join(parts)).strip()
            if phrase:
                yield phrase


_AGREEMENTS = frozenset(_phrases(_LISTS["yes"]["agreements_zh"], _LISTS["yes"]["agreements_en"]))
_ACTS = frozenset(_phrases(_LISTS["yes"]["acts_zh"], _LISTS["yes"]["acts_en"]))


def _closed_list() -> frozenset[str]:
    openings = _LISTS["yes"]["openings"].split()
    with_acts = {f"{opening} {act}" for opening, act in product(_AGREEMENTS.union(openings), _ACTS)}
    twice = {f"{first} {second}" for first, second in product(_AGREEMENTS, _AGREEMENTS)}
    touching = {
        f"{opening}{act}"
        for opening, act in product(_AGREEMENTS.union(openings), _ACTS)
        if not opening.isascii() and not act.isascii() and (len(opening) > 1 or opening in openings)
    }
    return _AGREEMENTS | _ACTS | with_acts | twice | touching


YES = _closed_list()
"""Every folded message that is a yes, the stops and commas within it read as spaces."""
_STOPS = re.compile(r"[\s,.。、!~]+")

_WORD = re.compile(r"[a-zà-ɏ0-9']+|[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W_]+|[^\s]")
_ELONGATED = re.compile(r"(.)\1{2,}")
Words = tuple[str, ...]


def _words(text: str) -> list[str]:
    """Cut a folded text into words, Chinese characters and signs; marks are left out."""
    simplified = text.translate(_SIMPLIFIED)
    words = [word.replace("'", "") for word in _WORD.findall(simplified)]
    return [word for word in words if word and not _is_mark(word)]


def _is_mark(word: str) -> bool:
    return unicodedata.category(word[0])[0] in "PZM" or word in {"~", "^", "`", "|", "+", "="}


def _vocabulary(labelled: Iterable[tuple[str, Iterable[str]]]) -> dict[Words, str]:
    vocabulary: dict[Words, str] = {}
    for label, phrases in labelled:
        for phrase in phrases:
            vocabulary.setdefault(tuple(_words(phrase)), label)
    vocabulary.pop((), None)
    return vocabulary


_MEANINGS = ("no", "thanks", "greeting", "fetch", "vague", "noise")
_QUESTIONS = _LISTS["questions"]
_WHOLE = _vocabulary([
    *((name, _phrases(**_LISTS["meanings"][name])) for name in _MEANINGS),
    *((name, _phrases(_QUESTIONS[name]["zh"], _QUESTIONS[name]["en"])) for name in get_args(Topic)),
])  # fmt: skip
_FILL = _vocabulary([("wish", _phrases(_LISTS["wish"]["words"])), ("fill", _phrases(**_LISTS["fill"]))])
# What is in two lists counts only when it is the whole message, and says nothing beside other words.
_PARTS = _WHOLE | _vocabulary([("yes", _AGREEMENTS | _ACTS)]) | _FILL
_LONGEST = max(map(len, _PARTS))
_SIGNS = {sign: label for label, signs in _LISTS["signs"].items() for sign in signs}
_KNOWN_WORDS = frozenset(word for words in (*_PARTS, *_WHOLE) for word in words)
_FACES = {name: sign for sign, names in _LISTS["faces"].items() for name in names.split()}
_FACE = re.compile(r"\[([^\[\]\s]{1,12})\]|(?<!\w)[:;=][-']?[()dp3/|]+(?!\w)|/:+[a-z0-9]*", re.IGNORECASE)


# What a message says.

_MOST_CHARS = 80
_QUESTION_MARKS = frozenset("?؟⸮¿❓❔‽;")
_NUMBERS = re.compile(r"[\d\s.,#-]+")
_FETCH = frozenset({"1", "1.", "#1", "一", "壹"})
_AMOUNT = re.compile(r"[$€¥]|\d+(?:s|sec|secs|p|k|min|m)?")
_TOPICS: tuple[Topic, ...] = ("price", "where", "time", "how", "other")
_OPEN = {topic: re.compile("|".join(f"(?:{each})" for each in _QUESTIONS[topic]["open"])) for topic in _TOPICS}
_WANTS_PICTURE = re.compile(_LISTS["wants_picture"]["pattern"])


def meaning_of(text: str) -> Meaning | None:
    """Return what the message says by itself; None for anything else, which may describe a video."""
    return _understood(text)[0]


def asked_about(text: str) -> Topic | None:
    """Return what a question is about; None for what is no question."""
    return _understood(text)[1]


def _understood(text: str) -> tuple[Meaning | None, Topic | None]:
    if not text:
        return None, None
    plain = folded(text)
    if len(plain) > _MOST_CHARS:
        return None, None
    plain = (
        folded(_FACE.sub(_sign_of_face, unicodedata.normalize("NFKC", _seen(text))))
        if "[" in text or ":" in text
        else plain
    )
    asks = _asks(plain)
    if not asks and _STOPS.sub(" ", plain) in YES:
        return Meaning.YES, None
    if plain in _FETCH:
        return Meaning.FETCH, None
    words = _words(plain)
    if not words or _NUMBERS.fullmatch(plain):
        return (None if ":" in plain or "/" in plain else Meaning.NOISE), None
    return _of_words(words, plain, asks=asks)


def _asks(plain: str) -> bool:
    return any(mark in plain for mark in _QUESTION_MARKS)


def _sign_of_face(face: re.Match[str]) -> str:
    if face[1] is None:
        return "🙂"
    return _FACES.get(face[1].casefold(), face[0])


def _of_words(words: list[str], plain: str, *, asks: bool) -> tuple[Meaning | None, Topic | None]:
    spoken = [_shortened(word) for word in words if not _is_sign(word)]
    signs = {_SIGNS.get(word, "noise") for word in words if _is_sign(word)}
    asks = asks or "other" in signs
    whole = _WHOLE.get(tuple(spoken))
    labels = {whole} if whole else _labels(spoken)
    if labels is None:
        return _open_question(plain, asks=asks)
    topic = next((each for each in _TOPICS if each in labels), None)
    if topic:
        return Meaning.QUESTION, topic
    if not labels - {"fill", "wish"}:
        if asks and spoken:
            return Meaning.QUESTION, "other"
        labels = signs if not spoken or "fill" in labels else labels
    if "wish" in labels and labels != {"wish", "noise"}:
        return None, None
    return _strongest(labels), None


def _shortened(word: str) -> str:
    """Return a drawn-out word as the one that it is: noooo, hiiii."""
    if word in _KNOWN_WORDS or not word.isascii():
        return word
    once, twice = _ELONGATED.sub(r"\1", word), _ELONGATED.sub(r"\1\1", word)
    return next((each for each in (twice, once) if each in _KNOWN_WORDS), word)


def _is_sign(word: str) -> bool:
    return unicodedata.category(word[0])[0] in "SC" and word not in {"$", "€", "¥"}


def _labels(words: list[str]) -> set[str] | None:
    """Return the labels of the fewest phrases that make up these words; None when a word is in none."""
    best: list[tuple[int, frozenset[str]] | None] = [(0, frozenset())]
    for end in range(1, len(words) + 1):
        found: tuple[int, frozenset[str]] | None = None
        for start in range(max(0, end - _LONGEST), end):
            before = best[start]
            label = _label(words[start:end]) if before else None
            if before and label and (found is None or before[0] + 1 < found[0]):
                found = before[0] + 1, before[1] | {label}
        best.append(found)
    return set(best[-1][1]) if best[-1] else None


def _label(words: list[str]) -> str | None:
    if len(words) == 1 and _AMOUNT.fullmatch(words[0]):
        return "wish"
    return _PARTS.get(tuple(words))


def _strongest(labels: set[str]) -> Meaning | None:
    """Return the meaning that a message of several has. No yes is among them: it stood alone."""
    order = ("no", "fetch", "thanks", "yes", "vague", "greeting", "noise")
    label = next((each for each in order if each in labels), None)
    return Meaning.VAGUE if label == "yes" else Meaning(label) if label else None


def _open_question(plain: str, *, asks: bool) -> tuple[Meaning | None, Topic | None]:
    simplified = plain.translate(_SIMPLIFIED)
    for topic in _TOPICS:
        if _OPEN[topic].fullmatch(simplified) and (topic != "other" or not _WANTS_PICTURE.search(simplified)):
            return Meaning.QUESTION, topic
    return None, None


# Codes.

_SHORT_CODE = r"[a-z] ?[2-9]"
_ID = r"(?=[a-z]*[2-9])[2-9a-hjkmnp-z]{7}"
_OTHER_CODE = r"[a-z]{1,8}[0-9][a-z0-9]{0,8}"  # no code of ours, but what somebody takes for one
_CODE = re.compile(rf"(?<![a-z0-9])#?({_ID}|{_SHORT_CODE}|{_OTHER_CODE})(?![a-z0-9])")
_OURS = re.compile(rf"{_ID}|{_SHORT_CODE}")
_CAPITALS = re.compile(r"(?<![A-Za-z0-9])([A-HJKMNP-Z]{7})(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[/#:,.。、!~_-]+|\W(?=\s*$)|^\W")
_LINE_WORDS: dict[str, Kind] = {
    word: kind for kind in ("again", "fix", "fetch", "status") for word in _phrases(_LISTS["lines"][kind])
}
_NOUNS = re.compile(
    "|".join(
        rf"\b{noun}\b" if noun.isascii() else noun for noun in sorted(_LISTS["lines"]["nouns"].split(), key=len)[::-1]
    )
)


def line_in(text: str) -> Line | None:
    """Return what a line with the code of a job presses; None for any other.

    Its yes stands in the closed list, like one without a code; what does not decide is a line of kind "".
    """
    plain = folded(text)
    if len(plain) > _MOST_CHARS:
        return None
    match = _only_code(plain, unicodedata.normalize("NFKC", _seen(text)))
    if match is None:
        return None
    code = match[1].replace(" ", "")
    around = re.sub(rf"#?{re.escape(match[1])}", " ", plain, count=1, flags=re.IGNORECASE)
    kind = _kind(around)
    if kind == "yes" and _asks(plain):
        kind = ""
    ours = code.isupper() or _OURS.fullmatch(code) is not None
    if kind is None or not (ours or kind not in {"yes", ""}):
        return None
    return Line(kind, code.upper())


def _only_code(plain: str, original: str) -> re.Match[str] | None:
    """Find the only code of a line: with a digit in any writing, without one only in capitals."""
    codes = list(_CODE.finditer(plain)) or (
        list(_CAPITALS.finditer(original)) if len(original) <= 2 * _MOST_CHARS else []
    )
    return codes[0] if len(codes) == 1 else None


def _kind(around: str) -> Kind | None:
    """Return what the words around a code want of its job; None for words that speak of something else."""
    words = folded(_NOUNS.sub(" ", _BETWEEN.sub(" ", around.translate(_SIMPLIFIED))))
    if not words or words in _QUESTION_MARKS:
        return ""
    if (kind := _LINE_WORDS.get(words.rstrip("?吧了吗 ").replace(" ", ""))) is not None:
        return kind
    meaning, topic = _understood(words)
    kinds: dict[Meaning | None, Kind] = {
        Meaning.YES: "yes",
        Meaning.NO: "cancel",
        Meaning.FETCH: "fetch",
        Meaning.VAGUE: "",
        Meaning.QUESTION: "status" if topic in {"where", "time"} else "",
    }
    return kinds.get(meaning)


# Additions.


def _any_of(*texts: str) -> str:
    words = sorted({word.replace("_", " ") for text in texts for word in text.split()}, key=len, reverse=True)
    return "|".join(
        re.escape(word) + (r"(?![a-z0-9])" if word[-1].isalnum() and word.isascii() else "") for word in words
    )


_ADDITION = re.compile(_any_of(_LISTS["additions"]["joining"]), re.IGNORECASE)
_NO_ADDITION = re.compile(_any_of(_LISTS["additions"]["none"]), re.IGNORECASE)
_GAP = r"[\s,，.。:：;；、!！~～…-]"
_OPENER = re.compile(f"(?:{_any_of(_LISTS['additions']['openers'])}){_GAP}+", re.IGNORECASE)
_INTERJECTION = re.compile(f"(?:{_any_of(_LISTS['additions']['interjections'])}){_GAP}+", re.IGNORECASE)


def joins(text: str) -> str | None:
    """Return the words of a message that goes on from what was said before; None for one that stands by itself.

    What only opens it ("对了，", "oh") is left out; a joining word stays.
    """
    rest = text.strip()
    goes_on = False
    while match := _OPENER.match(start := rest[:_MOST_CHARS].translate(_SIMPLIFIED)) or _INTERJECTION.match(start):
        goes_on = goes_on or match.re is _OPENER
        rest = rest[match.end() :]
    addition = _ADDITION.match(start)
    goes_on = goes_on or (addition is not None and len(rest) > addition.end() and not _NO_ADDITION.match(start))
    return rest if goes_on and rest and meaning_of(text) is None else None
