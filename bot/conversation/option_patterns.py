"""The patterns of one option: a model, seconds, size, shape or seed. Pure.

Where one counts is decided in generation_options.py. All positions refer to `plain(text)`, which has the text's own
length.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from bot.conversation.option_words import (
    AMBIGUOUS,
    CHINESE_LINES,
    CHINESE_SHAPES,
    CHINESE_TIERS,
    DIGITS,
    EVERYDAY,
    FIELDS,
    LETTERS,
    PHOTO_WAYS,
    RATIOS,
    SHAPES,
    SOUND_ADJECTIVES,
    SOUNDS,
    SWITCH,
    TIERS,
    WORD_SHAPES,
    Field,
)

Value = str | int

CUT = "\x00"
"""Stands in a text where an option was taken out."""
GAP = rf"[\s{CUT}]"


@dataclass(frozen=True, slots=True)
class Option:
    """One option in a text.

    `value` as given, 0 for no duration. `soft`: an everyday word, which needs more than its place to count. `apart`:
    it counts only where it is set apart, or in the asking for a video.
    """

    field: Field
    value: Value
    start: int
    end: int
    soft: bool = False
    apart: bool = False


# Full-width forms as their ASCII counterparts, one for one.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xD7: ord("x")}

_DECADES = range(20, 100, 10)
_DECADES_OR_WISHES = frozenset({20, 30})


def plain(text: str) -> str:
    """Return the text with full-width letters, digits and marks as ASCII."""
    return text.translate(_HALF_WIDTH)


# The forms. _OVER: what follows belongs to another word.


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_OVER = r"(?![0-9A-Za-z_'’-]|[.][0-9A-Za-z]|:[0-9])"
_UNIT = r"(?:seconds?|secs?|s|秒钟|秒鐘|秒)"
_NAME = _any(name for name in FIELDS if len(name) > 1)
_ALONE = rf"(?<![^\s,;({CUT}])"
_LONG_FLAG = _form(rf"{_ALONE}(?:--|——|—|–)({_NAME})(?:\s*[=:]\s*|\s+)")
_SHORT_FLAG = _form(rf"{_ALONE}-([{''.join(LETTERS)}])(?:\s*[=:]\s*|\s+)")
_NAMELESS_FLAG = _form(rf"{_ALONE}(?:--|——|—|–)(?=[0-9a-z])")
_PAIR = _form(rf"{_ALONE}({_NAME})\s?=\s?")
_NAMED = _form(rf"({_NAME})(\s?:\s?|\s|(?<=[^\x00-\x7f]))")

_ANY_SECONDS = _form(rf"([0-9]{{1,4}})([.][0-9]+)?\s?(?:{_UNIT})?{_OVER}")
_ANY_RATIO = _form(rf"([0-9]{{1,4}})\s?[:x/]\s?([0-9]{{1,4}}){_OVER}")
_ANY_SEED = _form(rf"#?(-?[0-9]{{1,18}}){_OVER}")
_DRAFT = _form(rf"draft{_OVER}(?!-)|草稿")
_ANY_LINES = _form(rf"(?:([0-9]{{3,4}})p?|4k|2k|hd|fhd|sd|draft){_OVER}")
_ANY_SWITCH = _form(rf"({_any(SWITCH)}){_OVER}")
_ANY_SHAPE = _form(rf"({_any(SHAPES)}){_OVER}")
_ANY_PHOTO_WAY = _form(rf"({_any(PHOTO_WAYS)}){_OVER}")
_QUOTED = _form(r"[\"'“”‘’「]([^\"'“”‘’「」]{1,80})[\"'“”‘’」]")
_SOMETHING = _form(rf"[^\s,;{CUT}-][^\s,;{CUT}]*")

_SECONDS = _form(rf"([0-9]{{1,3}})(\s?)({_UNIT}){_OVER}")
_CHINESE_SECONDS = _form(r"([一二两兩三四五六七八九十]{1,3})秒[钟鐘]?")
_SHARP = r"(?:\s?(?:超高清|全高清|超清|高清|画质|畫質)){0,2}"
_MINUTES = _form(
    rf"(?P<english>[0-9]{{1,2}}|one|two|three|half\sa)\s?(?:minutes?|mins?){_OVER}"
    r"|(?P<chinese>[0-9]{1,2}|[一二两兩三四五六七八九十]{1,3}|半)分[钟鐘](?:半(?!天))?"
)
_MINUTE_S = 60
_ENGLISH_NUMBERS = {"one": 1, "two": 2, "three": 3}
_LINES = _form(rf"(?:(?:in|at)\s)?([0-9]{{3,4}})p{_SHARP}{_OVER}")
_CHINESE_RATIO = _form(r"([0-9]{1,2}|[一二三四五六九十]{1,3})\s?比\s?([0-9]{1,2}|[一二三四五六九十]{1,3})")
_CHINESE_SHARPNESS = _form(_any(CHINESE_LINES))
_FRAMES = frozenset({"9:16", "16:9", "21:9", "9:21"})  # no result of a match, and no dose of a recipe
_K_LINES = _form(rf"(?:in\s)?([42]k){_SHARP}{_OVER}")
_RATIO = _form(rf"(?:in\s)?([0-9]{{1,2}})[:x]([0-9]{{1,2}}){_OVER}")
# What makers call the kinds of a version, where nothing of a sentence follows: "kling 4 turbo", "可灵4.0大师版".
_KIND = (
    r"(?:(?:[\s_-]?(?:turbo|pro|fast|lite|mini|max|standard|master|ultra|plus|prime)版?){1,2}"
    rf"(?=\s*(?:\Z|[^\w\s]|[0-9]|{CUT})|\s(?:an?|the|to\s(?:make|create|generate))\s)"
    rf"|\s?(?:大师|大師|专业|專業|标准|標準|极速|極速|快速|高速)版?(?=\s*(?:\Z|[^\w\s]|[0-9来來生制製做拍]|{CUT})))"
)
# A family that there is, in a version that there may not be: "kling 9", "veo4", "可灵5", "kling 2.6 master".
_VERSION = _form(
    r"(?:(?:veo|kling|seedance|hailuo|ltx|pixverse|vidu|(?:快手)?可灵|(?:快手)?可靈|即梦|即夢|豆包|(?:通义)?万相|(?:通義)?萬相|海螺)(?:ai)?[\s_-]?v?[0-9]{1,2}(?:[.][0-9]{1,2})?"
    r"|(?:wan|sora|gemini|grok|flux)[_-]?v?[0-9]{1,2}(?:[.][0-9]{1,2})?|(?:wan|flux)\s[0-9][.][0-9]"
    r"|(?:runway[\s_-]?gen[\s_-]?|gen-)[34](?:[.]5)?(?:\s(?:alpha|turbo))?|luma[\s_-]ray[\s_-]?[0-9](?:[.][0-9])?"
    rf"|pika[\s_-]?v?[0-9][.][0-9]){_KIND}?{_OVER}(?!\s?(?:{_UNIT}|p|k)\b|\s?秒)"
)
_USE = _form(r"(?:请|請)?(?:使)?用\s?|(?:use|using|via|with)\s")
_TO_MAKE = _form(
    r"\s?(?:模型|这个模型|這個模型)?(?:来|來)?(?:生成|制作|製作|做|拍|画|畫)|\s?(?:这个|這個)?模型|\sto\s(?:make|create|generate)\b"
)
_CALLED_MODEL = _form(r"\s?模型")
_SEED = _form(rf"(?:with\s)?(?:seed|种子|種子)\s?[:#]?\s?([0-9]{{1,18}}){_OVER}")
_SHAPE_MODE = _form(rf"(?:in\s)?({_any(WORD_SHAPES)})\s(?:mode|format|orientation){_OVER}")
_WORD_SHAPE = _form(rf"({_any(WORD_SHAPES)}){_OVER}")
_SOUND = _form(rf"({_any(SOUNDS)}){_OVER}")
_CHINESE_WORD = _form(_any(CHINESE_SHAPES | CHINESE_TIERS))


@dataclass(frozen=True, slots=True)
class _ModelForms:
    """The patterns of model names: `named` after a flag or the word "model", `bare` on their own."""

    named: re.Pattern[str]
    bare: re.Pattern[str]


@cache
def _models(words: frozenset[str]) -> _ModelForms:
    named = [_spelled(word, " _-") for word in words] + [re.escape(word) for word in CHINESE_TIERS]
    bare = [_spelled(word, "_-" if _folded(word) in EVERYDAY else " _-") for word in words if not _is_one_word(word)]
    return _ModelForms(
        named=_form(f"(?:{_longest_first(named)}){_OVER}"),
        bare=_form(f"(?:{_longest_first(bare)}){_OVER}"),
    )


def _is_one_word(word: str) -> bool:
    return _folded(word) in EVERYDAY and " " not in _folded(word)


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word.lower())


def _spelled(word: str, joints: str) -> str:
    """Build a pattern of a name with any joints: "veo 3.1", "veo-3.1", "veo3.1"; an endpoint id only as it is."""
    if "/" in word:
        return re.escape(word)
    return f"[{re.escape(joints)}]?".join(re.escape(part) for part in re.split(r"[\s_-]+", word) if part)


def _longest_first(patterns: list[str]) -> str:
    return "|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)"


# Explicit options.


def flags(text: str, words: frozenset[str]) -> list[Option]:
    """Find `--model veo`, `-d 10`, `--premium`, in the order of the text."""
    found = [_valued(text, match, words, loose=True) for match in _LONG_FLAG.finditer(text)]
    found += [_valued(text, match, words, loose=False) for match in _SHORT_FLAG.finditer(text)]
    found += [_nameless(text, match, words) for match in _NAMELESS_FLAG.finditer(text)]
    return _apart(found)


def pairs(text: str, words: frozenset[str]) -> list[Option]:
    """Find `model=veo`."""
    return _apart(_valued(text, match, words, loose=True) for match in _PAIR.finditer(text))


def _apart(found: Iterable[Option | None]) -> list[Option]:
    """Sort options by their place; one that overlaps an earlier one is left out."""
    apart: list[Option] = []
    for option in sorted((each for each in found if each is not None), key=lambda each: each.start):
        if not apart or option.start >= apart[-1].end:
            apart.append(option)
    return apart


def _nameless(text: str, dashes: re.Match[str], words: frozenset[str]) -> Option | None:
    option = option_at(text, dashes.end(), words)
    if option is None or text[option.end : option.end + 1].strip(f" \t\r\n,;.!?){CUT}"):
        return None
    return Option(option.field, option.value, dashes.start(), option.end)


def _valued(text: str, name: re.Match[str], words: frozenset[str], *, loose: bool) -> Option | None:
    """Read the option's value.

    `loose`: one that fits no known form is carried all the same, for the planner to report.
    """
    field = FIELDS[name[1].lower()]
    found = _value(text, name.end(), field, words)
    if found is None and field not in {"seed", "sound", "photos"} and (loose or field == "model"):
        found = _odd_value(text, name.end(), field)
    return Option(field, found[0], name.start(), found[1]) if found else None


def _odd_value(text: str, at: int, field: Field) -> tuple[Value, int] | None:
    match = _QUOTED.match(text, at) or _SOMETHING.match(text, at)
    value = (match[1] if match.lastindex else match[0]).rstrip(".!?。") if match else ""
    if match is None or not value:
        return None
    if field == "model":
        return value, match.end()
    return (0 if field == "duration_s" else value.lower()), match.end()


def _value(text: str, at: int, field: Field, words: frozenset[str]) -> tuple[Value, int] | None:
    """Read a value in a known form, and where it ends."""
    if field == "duration_s":
        match = _ANY_SECONDS.match(text, at)
        if match is None and (match := _CHINESE_SECONDS.match(text, at)) and _chinese_number(match[1]):
            return _chinese_number(match[1]), match.end()
        return (int(match[1]) + bool(match[2]), match.end()) if match else None
    if field == "seed":
        match = _ANY_SEED.match(text, at)
        return (int(match[1]), match.end()) if match else None
    if field == "resolution":
        if match := _CHINESE_SHARPNESS.match(text, at):
            return CHINESE_LINES[match[0]], match.end()
        match = _ANY_LINES.match(text, at)
        return (f"{match[1]}p" if match[1] else match[0].lower(), match.end()) if match else None
    if field == "aspect_ratio":
        return _ratio(text, at)
    if field == "sound":
        match = _ANY_SWITCH.match(text, at)
        return (SWITCH[match[1].lower()], match.end()) if match else None
    if field == "photos":
        match = _ANY_PHOTO_WAY.match(text, at)
        return (match[1].lower(), match.end()) if match else None
    match = _longer(_models(words).named, text, at)
    return (CHINESE_TIERS.get(match[0], match[0]), match.end()) if match else None


def _ratio(text: str, at: int) -> tuple[Value, int] | None:
    if match := _ANY_RATIO.match(text, at):
        return f"{match[1]}:{match[2]}", match.end()
    match = _ANY_SHAPE.match(text, at)
    return (SHAPES[match[1].lower()], match.end()) if match else None


# Bare options.


def option_at(text: str, at: int, words: frozenset[str]) -> Option | None:
    """Return the option that begins here, if one does."""
    option = _seconds_at(text, at) or _size_at(text, at) or _shape_at(text, at) or _sound_at(text, at)
    option = option or _named_at(text, at, words)
    return option or _model_at(text, at, words)


def _model_at(text: str, at: int, words: frozenset[str]) -> Option | None:
    """Read a model that is named, or a version of one that there is not: that is refused aloud, never half read."""
    forms = _models(words)
    use = _USE.match(text, at)
    if use is not None and (used := _longer(forms.named, text, use.end())) is not None:
        return _used(text, use, used)
    bare = _longer(forms.bare, text, at)
    if bare is None:
        return None
    called = _CALLED_MODEL.match(text, bare.end())
    soft = bare[0].lower() in AMBIGUOUS and called is None
    return Option("model", bare[0], at, called.end() if called else bare.end(), soft=soft)


def _longer(names: re.Pattern[str], text: str, at: int) -> re.Match[str] | None:
    """Match a name of a model, or a version of its family, whichever is longer."""
    known, version = names.match(text, at), _VERSION.match(text, at)
    if version is not None and (known is None or version.end() > known.end()):
        return version
    return known


def _used(text: str, use: re.Match[str], name: re.Match[str]) -> Option | None:
    """Read "use kling to make", "用可灵做". An everyday word is a model only where one is made with it or set apart."""
    made = _TO_MAKE.match(text, name.end())
    everyday = _folded(name[0]) in EVERYDAY and made is None
    if everyday and not use[0].lower().startswith("us"):
        return None
    return Option(
        "model", name[0], use.start(), made.end() if made else name.end(), soft=everyday or name[0].lower() in AMBIGUOUS
    )


def _seconds_at(text: str, at: int) -> Option | None:
    """Read seconds; "80s" is a decade."""
    if match := _SECONDS.match(text, at):
        seconds = int(match[1])
        decade = seconds in _DECADES and match[3].lower() == "s" and not match[2]
        if decade and seconds not in _DECADES_OR_WISHES:
            return None
        return Option("duration_s", seconds, at, match.end(), soft=decade)
    if match := _CHINESE_SECONDS.match(text, at):
        number = _chinese_number(match[1])
        return Option("duration_s", number, at, match.end()) if number else None
    match = _MINUTES.match(text, at)
    return Option("duration_s", _seconds_of(match), at, match.end(), apart=True) if match else None


def _seconds_of(minutes: re.Match[str]) -> int:
    number = (minutes["english"] or minutes["chinese"]).lower()
    if number.startswith(("half", "半")):
        return _MINUTE_S // 2
    count = int(number) if number.isdigit() else _ENGLISH_NUMBERS.get(number) or _chinese_number(number)
    return count * _MINUTE_S + (_MINUTE_S // 2 if minutes[0].endswith("半") else 0)


def _chinese_number(text: str) -> int:
    """Read a Chinese number: 五 is 5, 十五 is 15, 二十 is 20; 0 for what is no number."""
    tens, ten, ones = text.rpartition("十")
    if any(len(part) > 1 or part == "十" for part in (tens, ones)):
        return 0
    return (DIGITS[tens] if tens else 1) * 10 * bool(ten) + (DIGITS[ones] if ones else 0)


def _size_at(text: str, at: int) -> Option | None:
    if match := _LINES.match(text, at):
        return Option("resolution", f"{match[1]}p", at, match.end())
    if match := _K_LINES.match(text, at):  # often only a word for good pictures
        return Option("resolution", match[1].lower(), at, match.end(), soft=True)
    if match := _DRAFT.match(text, at):
        return Option("resolution", "draft", at, match.end(), soft=True)
    if match := _CHINESE_RATIO.match(text, at):
        ratio = ":".join(part if part.isascii() else str(_chinese_number(part)) for part in match.groups())
        return Option("aspect_ratio", ratio, at, match.end(), soft=ratio not in _FRAMES) if ratio in RATIOS else None
    if match := _CHINESE_SHARPNESS.match(text, at):
        return Option("resolution", CHINESE_LINES[match[0]], at, match.end(), soft=True)
    if match := _RATIO.match(text, at):
        ratio = f"{match[1]}:{match[2]}"
        return Option("aspect_ratio", ratio, at, match.end()) if ratio in RATIOS else None
    if match := _SEED.match(text, at):
        return Option("seed", int(match[1]), at, match.end())
    return None


def _shape_at(text: str, at: int) -> Option | None:
    if match := _SHAPE_MODE.match(text, at):
        return Option("aspect_ratio", SHAPES[match[1].lower()], at, match.end())
    if match := _WORD_SHAPE.match(text, at):
        return Option("aspect_ratio", SHAPES[match[1].lower()], at, match.end(), soft=True)
    match = _CHINESE_WORD.match(text, at)
    if match is None:
        return None
    if match[0] in CHINESE_SHAPES:
        return Option("aspect_ratio", CHINESE_SHAPES[match[0]], at, match.end())
    adjective = not match[0].endswith(("版", "档", "檔"))
    return Option("model", CHINESE_TIERS[match[0]], at, match.end(), soft=adjective)


def _sound_at(text: str, at: int) -> Option | None:
    match = _SOUND.match(text, at)
    if match is None:
        return None
    word = match[1].lower()
    return Option("sound", SOUNDS[word], at, match.end(), soft=word in SOUND_ADJECTIVES)


def _named_at(text: str, at: int, words: frozenset[str]) -> Option | None:
    """Read a name and a value of a known form: "model veo", "duration 10", "时长10秒"."""
    name = _NAMED.match(text, at)
    field = FIELDS[name[1].lower()] if name else ""
    found = _value(text, name.end(), field, words) if name and field != "photos" else None
    if name is None or found is None:
        return None
    everyday = field == "model" and ":" not in name[2] and _folded(str(found[0])) in TIERS | EVERYDAY
    return Option(field, found[0], at, found[1], soft=everyday and name[1].isascii())
