"""Tells what a short message says that is no prompt: yes, no, thanks, a question, a code. Pure.

Consent hangs on it, so the two sides differ. A yes is a closed list that must equal the whole folded message. All else
may match loosely, because a miss costs no more than an unwanted offer: a message counts when phrases of
word_lists.toml, and words that say nothing by themselves, are all there is in it. One word more ("不要有人的海滩") and
it may describe a picture.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bot.conversation.consent import YES_WORDS, is_yes
from bot.conversation.folding import folded, without_unseen
from bot.conversation.word_lists import (
    FACES,
    KNOWN_WORDS,
    LISTS,
    LONGEST,
    PARTS,
    QUESTIONS,
    SIGNS,
    SIMPLIFIED,
    SURE,
    WHOLE,
    Topic,
    phrases,
    words_of,
)

__all__ = ["YES_WORDS", "Line", "Meaning", "Topic", "asked_about", "folded", "joins", "line_in", "meaning_of"]


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


Kind = Literal["yes", "cancel", "again", "fix", "fetch", "status", ""]


@dataclass(frozen=True, slots=True)
class Line:
    """A typed button. `kind` is "" for a code with nothing that decides; `code` in capitals.

    `way`: 0 to take an offer as it stands, else the number of one of its ways.
    """

    kind: Kind
    code: str
    way: int = 0


# What a message says.

_FACE = re.compile(r"\[([^\[\]\s]{1,12})\]|(?<!\w)[:;=][-']?[()dp3/|]+(?!\w)|/:+[a-z0-9]*", re.IGNORECASE)
_MOST_CHARS = 100
_QUESTION_MARKS = frozenset("?؟⸮¿❓❔‽;")
_FAREWELL = re.compile(
    r"再[见見会會]|拜拜|^拜|回[见見聊]|回[头頭][见見]|[明天下次改天][见見聊]|晚安|告[辞辭]|走了|睡[了啦]|下[线線]了|忙去了|^88\d?$"
    r"|bye\b|\b(?:see|catch) (?:you|ya|u)\b|night\b|\bttyl\b|\btalk (?:later|soon)|take care|gotta go"
    r"|sleep well|farewell|adios|au revoir|toodles|\bcya\b|\blater (?:bot|dude|gator)"
)
_NUMBERS = re.compile(r"[\d\s.,#-]+")
_FETCH = frozenset({"1", "1.", "#1", "一", "壹"})
_AMOUNT = re.compile(r"[$€¥]|\d+(?:s|sec|secs|p|k|min|m)?")
_TOPICS: tuple[Topic, ...] = ("price", "where", "time", "how", "other")
_OPEN = {topic: re.compile("|".join(f"(?:{each})" for each in QUESTIONS[topic]["open"])) for topic in _TOPICS}
_CLAUSES = re.compile(r"[,.;!?…~，。；！？、\n]+|(?<=\s)-+\s+")
_SPEECH, _FORMS, _BUSINESS, _MONEY = (
    re.compile(LISTS["asking"][name].strip()) for name in ("speech", "forms", "business", "money")
)
_IDLE = {name: re.compile(rf"(?:{LISTS['idle'][f'after_{name}'].strip()})(?![a-z])") for name in ("no", "thanks")}
_WANTS_CHANGE = re.compile(LISTS["idle"]["wishes"].strip())
_HEDGING = re.compile(LISTS["hedging"]["pattern"].strip())
_WANTS_PICTURE = re.compile(LISTS["wants_picture"]["pattern"])


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
        folded(_FACE.sub(_sign_of_face, unicodedata.normalize("NFKC", without_unseen(text))))
        if "[" in text or ":" in text
        else plain
    )
    asks = _asks(plain)
    if not asks and is_yes(plain):
        return Meaning.YES, None
    if plain in _FETCH:
        return Meaning.FETCH, None
    words = words_of(plain)
    if not words or _NUMBERS.fullmatch(plain):
        return (None if ":" in plain or "/" in plain else Meaning.NOISE), None
    return _of_words(words, plain, asks=asks)


def _asks(plain: str) -> bool:
    return any(mark in plain for mark in _QUESTION_MARKS)


def _sign_of_face(face: re.Match[str]) -> str:
    if face[1] is None:
        return "🙂"
    return FACES.get(face[1].casefold()) or face[0]


def _of_words(words: list[str], plain: str, *, asks: bool) -> tuple[Meaning | None, Topic | None]:
    spoken = [_shortened(word) for word in words if not _is_sign(word)]
    signs = {SIGNS.get(word, "noise") for word in words if _is_sign(word)}
    asks = asks or "other" in signs
    whole = WHOLE.get(tuple(spoken))
    labels = {whole} if whole else _labels(spoken)
    if labels is None:
        return _in_own_words(plain)
    topic = next((each for each in _TOPICS if each in labels), None)
    if topic == "price" and "act" in labels:  # "a cheaper one, I'll take that"
        return None, None
    if topic:
        return Meaning.QUESTION, topic
    if not labels - {"fill", "wish"}:
        if asks and spoken:
            return Meaning.QUESTION, "other"
        labels = signs if not spoken or "fill" in labels else labels
    if "wish" in labels and labels != {"wish", "noise"}:
        return _in_own_words(plain)
    return _strongest(labels), None


_ELONGATED = re.compile(r"(.)\1{2,}")


def _shortened(word: str) -> str:
    """Return a drawn-out word as the one that it is: noooo, hiiii."""
    if word in KNOWN_WORDS or not word.isascii():
        return word
    once, twice = _ELONGATED.sub(r"\1", word), _ELONGATED.sub(r"\1\1", word)
    return next((each for each in (twice, once) if each in KNOWN_WORDS), word)


def _is_sign(word: str) -> bool:
    return unicodedata.category(word[0])[0] in "SC" and word not in {"$", "€", "¥"}


def _labels(words: list[str]) -> set[str] | None:
    """Return the labels of the fewest phrases that make up these words; None when a word is in none."""
    best: list[tuple[int, frozenset[str]] | None] = [(0, frozenset())]
    for end in range(1, len(words) + 1):
        found: tuple[int, frozenset[str]] | None = None
        for start in range(max(0, end - LONGEST), end):
            before = best[start]
            label = _label(words[start:end]) if before else None
            if before and label and (found is None or before[0] + 1 < found[0]):
                found = before[0] + 1, before[1] | {label}
        best.append(found)
    return set(best[-1][1]) if best[-1] else None


def _label(words: list[str]) -> str | None:
    if len(words) == 1 and _AMOUNT.fullmatch(words[0]):
        return "wish"
    return PARTS.get(tuple(words))


def _strongest(labels: set[str]) -> Meaning | None:
    """Return the meaning that a message of several has. No yes is among them: it stood alone."""
    order = ("no", "fetch", "thanks", *SURE, "vague", "greeting", "noise")
    label = next((each for each in order if each in labels), None)
    return Meaning.VAGUE if label in SURE else Meaning(label) if label else None


def _in_own_words(plain: str) -> tuple[Meaning | None, Topic | None]:
    """Return what a message says that has words of its own: a no as its last word, or a question."""
    simplified = plain.translate(SIMPLIFIED)
    if not _SPEECH.search(simplified):
        meaning = _by_its_ends(simplified)
        if meaning:
            return meaning, None
    for topic in _TOPICS:
        if _OPEN[topic].fullmatch(simplified) and (topic != "other" or not _WANTS_PICTURE.search(simplified)):
            return Meaning.QUESTION, topic
    business = _BUSINESS.search(simplified) if _FORMS.search(simplified) else None
    if business is None or (business[0].isascii() and _WANTS_PICTURE.search(simplified)):
        return None, None
    return Meaning.QUESTION, "price" if _MONEY.search(simplified) else "other"


def _by_its_ends(simplified: str) -> Meaning | None:
    """Return the meaning of a message that begins or ends with it, and for the rest only talks."""
    first, *others = [clause.strip() for clause in _CLAUSES.split(simplified) if clause.strip()] or [""]
    if others and _spoken(others[-1]) == "no":
        return Meaning.NO
    for label, opening, rest in ((_spoken(first), first, " ".join(others)), *_openings(simplified)):
        idle = _IDLE.get(label or "")
        if opening and idle and idle.match(rest) and not _WANTS_CHANGE.search(rest):
            return Meaning(label or "")
    return Meaning.VAGUE if _HEDGING.search(simplified.replace("'", "")) else None


def _spoken(clause: str) -> str | None:
    """Return the one meaning of a clause: its label, when no other word than fill is beside it."""
    words = [_shortened(word) for word in words_of(clause)]
    labels = {WHOLE[tuple(words)]} if tuple(words) in WHOLE else _labels(words) or set()
    labels -= {"fill"}
    return next((label for label in ("no", "thanks") if label in labels and "wish" not in labels), None)


def _openings(simplified: str) -> Iterator[tuple[str | None, str, str]]:
    """Yield the English phrases that a text without commas may begin with, each with its label and the rest."""
    words = words_of(simplified)
    for size in range(min(4, len(words) - 1), 0, -1):
        if words[size - 1].isascii():
            yield WHOLE.get(tuple(words[:size])), " ".join(words[:size]), " ".join(words[size:])


# Codes.

_SHORT_CODE = r"[a-z] ?[2-9]"
_ID = r"(?=[a-z]*[2-9])[2-9a-hjkmnp-z]{7}"
_OTHER_CODE = r"[a-z]{1,8}[0-9][a-z0-9]{0,8}"  # no code of ours, but what somebody takes for one
_CODE = re.compile(rf"(?<![a-z0-9=-])#?({_ID}|{_SHORT_CODE}|{_OTHER_CODE})(?![a-z0-9])")
_OTHER_WAY = re.compile(r"(?<=[a-z0-9])\s?-\s?([2-9])\Z")
_BEFORE_WAY = re.compile(r"(.*[A-Za-z0-9])\s?-\s?[2-9]\W*\Z", re.DOTALL)
_OURS = re.compile(rf"{_ID}|{_SHORT_CODE}")
_CAPITALS = re.compile(r"(?<![A-Za-z0-9])([A-HJKMNP-Z]{7})(?![A-Za-z0-9])")
_BETWEEN = re.compile(r"[/#:,.。、!~_-]+|\W(?=\s*$)|^\W")
_LINE_WORDS: dict[str, Kind] = {
    word: kind for kind in ("again", "fix", "fetch", "status") for word in phrases(LISTS["lines"][kind])
}
_NOUNS = re.compile(
    "|".join(
        rf"\b{noun}\b" if noun.isascii() else noun for noun in sorted(LISTS["lines"]["nouns"].split(), key=len)[::-1]
    )
)


def line_in(text: str) -> Line | None:
    """Return what a line with the code of a job presses; None for any other.

    Its yes stands in the closed list, like one without a code; what does not decide is a line of kind "".
    """
    plain = folded(text)
    if len(plain) > _MOST_CHARS:
        return None
    original = unicodedata.normalize("NFKC", without_unseen(text))
    other_way = _OTHER_WAY.search(plain)
    if other_way is not None:
        before = _BEFORE_WAY.match(original)  # as it was typed: a code without a digit is one in capitals alone
        line = line_in(before[1] if before else plain[: other_way.start()])
        return replace(line, way=int(other_way[1]) - 1) if line is not None and line.kind == "yes" else None
    match = _only_code(plain, original)
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
    words = folded(_NOUNS.sub(" ", _BETWEEN.sub(" ", around.translate(SIMPLIFIED))))
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


_ADDITION = re.compile(_any_of(LISTS["additions"]["joining"]), re.IGNORECASE)
_NO_ADDITION = re.compile(_any_of(LISTS["additions"]["none"]), re.IGNORECASE)
_GAP = r"[\s,，.。:：;；、!！~～…-]"
_OPENER = re.compile(f"(?:{_any_of(LISTS['additions']['openers'])}){_GAP}+", re.IGNORECASE)
_INTERJECTION = re.compile(f"(?:{_any_of(LISTS['additions']['interjections'])}){_GAP}+", re.IGNORECASE)


def is_farewell(text: str) -> bool:
    """Return whether a greeting says goodbye."""
    return _FAREWELL.search(folded(text)) is not None


_PHOTO = re.compile(
    r"(?:[这那上]面?|刚才|刚刚|刚发|我的?|[让把用将])的?(?:[一两]?[张幅个])?(?:[的那这]张)?(?:照片|图片|相片|图)"
    r"|\b(?:this|that|the|my|above)\s+(?:photo|picture|image|pic)\b",
    re.IGNORECASE,
)


def speaks_of_a_photo(text: str) -> bool:
    """Return whether words point at a photo that is there, not at one that is to be seen: "让这张照片动起来"."""
    return _PHOTO.search(folded(text).translate(SIMPLIFIED)) is not None


def joins(text: str) -> str | None:
    """Return the words of a message that goes on from what was said before; None for one that stands by itself.

    What only opens it ("对了，", "oh") is left out; a joining word stays.
    """
    rest = text.strip()
    goes_on = False
    while match := _OPENER.match(start := rest[:_MOST_CHARS].translate(SIMPLIFIED)) or _INTERJECTION.match(start):
        goes_on = goes_on or match.re is _OPENER
        rest = rest[match.end() :]
    addition = _ADDITION.match(start)
    goes_on = goes_on or (addition is not None and len(rest) > addition.end() and not _NO_ADDITION.match(start))
    return rest if goes_on and rest and meaning_of(text) is None else None
