"""The languages of the catalogue, and how one is chosen. Pure.

A row here and a folder in locales/ make a language: menus, buttons, `/language` and the tests go by the rows.
"""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Language:
    """A language. `name`: its own; `tag`: for plurals and numbers; `words`: how people ask for it, in lower case.

    `between`: what stands between two sentences. `zone`: of times, for people of whom none is known.
    """

    name: str
    tag: str
    words: tuple[str, ...] = ()
    between: str = " "
    zone: str = "UTC"


_ROWS = {
    "en": Language("English", "en-US", ("english", "eng", "英文", "英语", "英語")),
    "zh": Language(
        "简体中文",
        "zh-CN",
        (
            *("chinese", "zhongwen", "中文", "汉语", "漢語", "普通话", "普通話", "国语", "國語", "华语", "華語"),
            *("简体", "簡體", "简体中文", "簡體中文", "simplified", "simplified chinese"),
        ),
        between="",
        zone="Asia/Shanghai",
    ),
    "zh-hant": Language(
        "繁體中文",
        "zh-TW",
        (
            *("繁体", "繁體", "繁体中文", "繁體中文", "繁中", "正體", "正體中文", "正体中文"),
            *("廣東話", "广东话", "粵語", "粤语", "traditional", "traditional chinese"),
        ),
        between="",
        zone="Asia/Shanghai",
    ),
}

LANGUAGES = tuple(_ROWS)
_CHINESE = frozenset({"zh", "cmn", "yue", "cn"})
_TRADITIONAL_REGIONS = frozenset({"tw", "hk", "mo"})
_EITHER = frozenset("着")  # written in Hong Kong as well
_COMMON_BIG5 = 0xC6  # the last first byte of its common characters; the rare ones after it are often in use everywhere


def row(code: str) -> Language:
    """Return the row of one of our languages, in whatever kind of chat; English's for any other."""
    return _ROWS.get(code.partition("-x-")[0], _ROWS["en"])


def pick(code: str | None, text: str = "") -> str:
    """Choose our language for a chat's language code, or a browser's list of them; en where we have none.

    `text`: what the person wrote, for a Chinese whose code names neither script nor region.
    """
    return next(filter(None, (_ours(each, text) for each in (code or "").split(","))), "en")


def asked_for(words: str) -> str | None:
    """Return the language that a person asks for by a name or a code; None for one that we do not have."""
    plain = " ".join(words.lower().split())
    named = next((code for code, language in _ROWS.items() if plain in {language.name.lower(), *language.words}), None)
    return named or _ours(plain) or _ours(plain.partition(" ")[0])


def _ours(code: str, text: str = "") -> str | None:
    first, *more = re.split(r"[-_]", code.partition(";")[0].strip().lower())
    if first not in _CHINESE:
        return next((each for each in ("-".join([first, *more]), first) if each in LANGUAGES), None)
    if "hans" in more:
        return "zh"
    by_region = _TRADITIONAL_REGIONS.intersection(more) or (first == "yue" and not more)
    by_text = not more and script_of(text) == "traditional"
    return "zh-hant" if "hant" in more or by_region or by_text else "zh"


def script_of(text: str) -> Literal["simplified", "traditional"] | None:
    """Tell which Chinese script a text is in; None where both would write it so, or it mixes them.

    By two old character sets, of which each has one script only: what GB 2312 lacks among the common characters of
    Big5 is traditional, what Big5 lacks in GB 2312 is simplified.
    """
    scripts = {_script_of_character(each) for each in set(text) - _EITHER} - {None}
    return scripts.pop() if len(scripts) == 1 else None


def _script_of_character(character: str) -> Literal["simplified", "traditional"] | None:
    if not "\u4e00" <= character <= "\u9fff":
        return None
    big5, gb2312 = (character.encode(name, "ignore") for name in ("big5", "gb2312"))
    if gb2312:
        return None if big5 else "simplified"
    return "traditional" if big5 and big5[0] <= _COMMON_BIG5 else None
