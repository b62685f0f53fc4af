"""The names by which a person asks for one of our languages. Pure."""

import re

_CLOSING = " \t\r\n\u3000\ufeff\u200b\u200e\u200f\u2060.。!！?？~～"
_LANGUAGES = {
    **dict.fromkeys(("en", "english", "eng", "英文", "英语", "英語"), "en"),
    **dict.fromkeys(
        ("zh", "cn", "chinese", "zhongwen", "中文", "汉语", "漢語", "普通话", "普通話", "国语", "國語"), "zh"
    ),
    **dict.fromkeys(
        ("简体", "簡體", "简体中文", "簡體中文", "繁体", "繁體", "繁体中文", "繁體中文", "华语", "華語"), "zh"
    ),
}


def language_of(words: str) -> str | None:
    """Return our language for what a person calls it: "English", "中文", "zh-TW"; None for any other."""
    name = words.strip(_CLOSING).lower()
    return _LANGUAGES.get(name) or _LANGUAGES.get(re.split(r"[-_ ]", name)[0])
