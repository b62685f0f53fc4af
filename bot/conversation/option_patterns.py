"""The patterns of one option: a model, seconds, size, shape or seed. Pure.

Where one counts is decided in generation_options.py. All positions refer to `plain(text)`, which has the text's own
length.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from core.pricing import list_models

Value = str | int
Field = str

CUT = "\x00"
"""Stands in a text where an option was taken out."""
GAP = rf"[\s{CUT}]"


@dataclass(frozen=True, slots=True)
class Option:
    """One option in a text. `soft`: an everyday word, which needs more than its place to count.

    `value` as given, 0 for no duration.
    """

    field: Field
    value: Value
    start: int
    end: int
    soft: bool = False


def _words_of_models() -> frozenset[str]:
    words: set[str] = set()
    for model in list_models():
        words |= {model.key, re.sub(r"\s*\(.*\)", "", model.name), *model.aliases}
        words |= {endpoint.id for endpoint in model.modes.values()} | ({model.tier} if model.tier else set())
    return frozenset(words)


MODEL_WORDS = _words_of_models()
"""Tiers, keys, friendly names, aliases and endpoint ids of the models there are."""

TIERS = frozenset(model.tier for model in list_models() if model.tier)
_EVERYDAY = frozenset({"horse", "wan", "happy horse"})  # names of models that a prompt is likely to hold

# Full-width forms as their ASCII counterparts, one for one.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xD7: ord("x")}

_NAMES: dict[Field, tuple[str, ...]] = {
    "model": ("model", "tier", "模型"),
    "duration_s": ("duration", "seconds", "length", "dur", "时长", "時長", "秒数", "秒數"),
    "resolution": ("resolution", "res", "分辨率", "解析度", "清晰度"),
    "aspect_ratio": (
        "aspect-ratio",
        "aspect_ratio",
        "aspect",
        "ratio",
        "ar",
        "画面比例",
        "畫面比例",
        "画幅",
        "畫幅",
        "比例",
        "宽高比",
        "寬高比",
    ),
    "seed": ("seed", "种子", "種子"),
    "sound": ("sound", "audio", "声音", "聲音"),
}
_LETTERS: dict[str, Field] = {"m": "model", "d": "duration_s", "r": "resolution", "a": "aspect_ratio", "s": "seed"}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names} | _LETTERS

_WORD_SHAPES = {
    **dict.fromkeys(("portrait", "vertical"), "9:16"),
    **dict.fromkeys(("landscape", "horizontal", "widescreen"), "16:9"),
    "square": "1:1",
}
_CHINESE_SHAPES = {
    **dict.fromkeys(("竖屏", "竖版", "竖向", "豎屏", "豎版", "直屏", "直式"), "9:16"),
    **dict.fromkeys(("横屏", "横版", "横向", "橫屏", "橫版", "橫式", "宽屏", "寬屏"), "16:9"),
    **dict.fromkeys(("方形", "方屏", "正方形"), "1:1"),
}
_SHAPES = _WORD_SHAPES | _CHINESE_SHAPES
_SWITCH = {
    **dict.fromkeys(("on", "yes", "true", "开", "開", "有", "打开", "打開", "开启", "開啟"), "on"),
    **dict.fromkeys(("off", "no", "none", "false", "关", "關", "无", "無", "没有", "關閉", "关闭"), "off"),
}
_SOUND_WISHES = {
    **dict.fromkeys(("with sound", "with audio", "sound on", "audio on"), "on"),
    **dict.fromkeys(("带声音", "帶聲音", "要声音", "要聲音", "有声音", "有聲音"), "on"),
    **dict.fromkeys(("sound off", "audio off"), "off"),
    **dict.fromkeys(
        ("不要声音", "不要聲音", "不带声音", "不帶聲音", "没有声音", "沒有聲音", "关掉声音", "關掉聲音"), "off"
    ),
}
_SOUND_ADJECTIVES = {
    **dict.fromkeys(("有声", "有聲"), "on"),
    **dict.fromkeys(("silent", "mute", "muted", "soundless", "no sound", "no audio", "without sound"), "off"),
    **dict.fromkeys(("without audio", "无声", "無聲", "静音", "靜音"), "off"),
}
_SOUNDS = _SOUND_WISHES | _SOUND_ADJECTIVES
_RATIOS = frozenset({"16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "5:4", "4:5"})
_TIER_WORDS = {
    "budget": ("经济", "經濟"),
    "balanced": ("均衡", "平衡"),
    "premium": ("高级", "高級", "旗舰", "旗艦"),
}
_CHINESE_TIERS = {
    f"{word}{kind}": tier for tier, words in _TIER_WORDS.items() for word in words for kind in ("", "版", "档", "檔")
}
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2}
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
_NAME = _any(name for name in _FIELDS if len(name) > 1)
_ALONE = rf"(?<![^\s,;({CUT}])"
_LONG_FLAG = _form(rf"{_ALONE}(?:--|——|—|–)({_NAME})(?:\s*[=:]\s*|\s+)")
_SHORT_FLAG = _form(rf"{_ALONE}-([{''.join(_LETTERS)}])(?:\s*[=:]\s*|\s+)")
_NAMELESS_FLAG = _form(rf"{_ALONE}(?:--|——|—|–)(?=[0-9a-z])")
_PAIR = _form(rf"{_ALONE}({_NAME})\s?=\s?")
_NAMED = _form(rf"({_NAME})(\s?:\s?|\s|(?<=[^\x00-\x7f]))")

_ANY_SECONDS = _form(rf"([0-9]{{1,4}})([.][0-9]+)?\s?(?:{_UNIT})?{_OVER}")
_ANY_RATIO = _form(rf"([0-9]{{1,4}})\s?[:x/]\s?([0-9]{{1,4}}){_OVER}")
_ANY_SEED = _form(rf"#?(-?[0-9]{{1,18}}){_OVER}")
_ANY_LINES = _form(rf"(?:([0-9]{{3,4}})p?|4k|2k|hd|fhd|sd){_OVER}")
_ANY_SWITCH = _form(rf"({_any(_SWITCH)}){_OVER}")
_ANY_SHAPE = _form(rf"({_any(_SHAPES)}){_OVER}")
_QUOTED = _form(r"[\"'“”‘’「]([^\"'“”‘’「」]{1,80})[\"'“”‘’」]")
_SOMETHING = _form(rf"[^\s,;{CUT}-][^\s,;{CUT}]*")

_SECONDS = _form(rf"([0-9]{{1,3}})(\s?)({_UNIT}){_OVER}")
_CHINESE_SECONDS = _form(r"([一二两兩三四五六七八九十]{1,3})秒[钟鐘]?")
_LINES = _form(rf"(?:(?:in|at)\s)?([0-9]{{3,4}})p{_OVER}")
_K_LINES = _form(rf"(?:in\s)?([42]k){_OVER}")
_RATIO = _form(rf"(?:in\s)?([0-9]{{1,2}})[:x]([0-9]{{1,2}}){_OVER}")
_SEED = _form(rf"(?:with\s)?(?:seed|种子|種子)\s?[:#]?\s?([0-9]{{1,18}}){_OVER}")
_SHAPE_MODE = _form(rf"(?:in\s)?({_any(_WORD_SHAPES)})\s(?:mode|format|orientation){_OVER}")
_WORD_SHAPE = _form(rf"({_any(_WORD_SHAPES)}){_OVER}")
_SOUND = _form(rf"({_any(_SOUNDS)}){_OVER}")
_CHINESE_WORD = _form(_any(_CHINESE_SHAPES | _CHINESE_TIERS))


@dataclass(frozen=True, slots=True)
class _ModelForms:
    """The patterns of model names: `named` after a flag or the word "model", `bare` on their own."""

    named: re.Pattern[str]
    bare: re.Pattern[str]


@cache
def _models(words: frozenset[str]) -> _ModelForms:
    named = [_spelled(word, " _-") for word in words] + [re.escape(word) for word in _CHINESE_TIERS]
    bare = [_spelled(word, "_-" if _folded(word) in _EVERYDAY else " _-") for word in words if not _is_one_word(word)]
    return _ModelForms(*(_form(f"(?:{_longest_first(each)}){_OVER}") for each in (named, bare)))


def _is_one_word(word: str) -> bool:
    return _folded(word) in _EVERYDAY and " " not in _folded(word)


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
    field = _FIELDS[name[1].lower()]
    found = _value(text, name.end(), field, words)
    if found is None and field not in {"seed", "sound"} and (loose or field == "model"):
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
        return (int(match[1]) + bool(match[2]), match.end()) if match else None
    if field == "seed":
        match = _ANY_SEED.match(text, at)
        return (int(match[1]), match.end()) if match else None
    if field == "resolution":
        match = _ANY_LINES.match(text, at)
        return (f"{match[1]}p" if match[1] else match[0].lower(), match.end()) if match else None
    if field == "aspect_ratio":
        return _ratio(text, at)
    if field == "sound":
        match = _ANY_SWITCH.match(text, at)
        return (_SWITCH[match[1].lower()], match.end()) if match else None
    match = _models(words).named.match(text, at)
    return (_CHINESE_TIERS.get(match[0], match[0]), match.end()) if match else None


def _ratio(text: str, at: int) -> tuple[Value, int] | None:
    if match := _ANY_RATIO.match(text, at):
        return f"{match[1]}:{match[2]}", match.end()
    match = _ANY_SHAPE.match(text, at)
    return (_SHAPES[match[1].lower()], match.end()) if match else None


# Bare options.


def option_at(text: str, at: int, words: frozenset[str]) -> Option | None:
    """Return the option that begins here, if one does."""
    option = _seconds_at(text, at) or _size_at(text, at) or _shape_at(text, at) or _sound_at(text, at)
    option = option or _named_at(text, at, words)
    if option is None and (match := _models(words).bare.match(text, at)):
        option = Option("model", match[0], at, match.end())
    return option


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
    return None


def _chinese_number(text: str) -> int:
    """Read a Chinese number: 五 is 5, 十五 is 15, 二十 is 20; 0 for what is no number."""
    tens, ten, ones = text.rpartition("十")
    if any(len(part) > 1 or part == "十" for part in (tens, ones)):
        return 0
    return (_DIGITS[tens] if tens else 1) * 10 * bool(ten) + (_DIGITS[ones] if ones else 0)


def _size_at(text: str, at: int) -> Option | None:
    if match := _LINES.match(text, at):
        return Option("resolution", f"{match[1]}p", at, match.end())
    if match := _K_LINES.match(text, at):  # often only a word for good pictures
        return Option("resolution", match[1].lower(), at, match.end(), soft=True)
    if match := _RATIO.match(text, at):
        ratio = f"{match[1]}:{match[2]}"
        return Option("aspect_ratio", ratio, at, match.end()) if ratio in _RATIOS else None
    if match := _SEED.match(text, at):
        return Option("seed", int(match[1]), at, match.end())
    return None


def _shape_at(text: str, at: int) -> Option | None:
    if match := _SHAPE_MODE.match(text, at):
        return Option("aspect_ratio", _SHAPES[match[1].lower()], at, match.end())
    if match := _WORD_SHAPE.match(text, at):
        return Option("aspect_ratio", _SHAPES[match[1].lower()], at, match.end(), soft=True)
    match = _CHINESE_WORD.match(text, at)
    if match is None:
        return None
    if match[0] in _CHINESE_SHAPES:
        return Option("aspect_ratio", _CHINESE_SHAPES[match[0]], at, match.end())
    adjective = not match[0].endswith(("版", "档", "檔"))
    return Option("model", _CHINESE_TIERS[match[0]], at, match.end(), soft=adjective)


def _sound_at(text: str, at: int) -> Option | None:
    match = _SOUND.match(text, at)
    if match is None:
        return None
    word = match[1].lower()
    return Option("sound", _SOUNDS[word], at, match.end(), soft=word in _SOUND_ADJECTIVES)


def _named_at(text: str, at: int, words: frozenset[str]) -> Option | None:
    """Read a name and a value of a known form: "model veo", "duration 10", "时长10秒"."""
    name = _NAMED.match(text, at)
    field = _FIELDS[name[1].lower()] if name else ""
    found = _value(text, name.end(), field, words) if name else None
    if name is None or found is None:
        return None
    everyday = field == "model" and ":" not in name[2] and _folded(str(found[0])) in TIERS | _EVERYDAY
    return Option(field, found[0], at, found[1], soft=everyday and name[1].isascii())
