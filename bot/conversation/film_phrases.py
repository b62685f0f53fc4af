"""Reads what is said of a film in a whole sentence: 把它放大到4k, upscale this video to 4k, send me the original. Pure.

The film is "it", "this video", or a code; a sentence counts only where it is the whole message.
"""

import re
import unicodedata
from dataclasses import dataclass

from bot.messages.command_words import COMMAND_WORDS

_ACTS = ("enlarge", "continue", "delete", "original")
_CODE = r"[a-z]\s?[2-9]|(?=[a-z]{0,6}[2-9])[2-9a-hjkmnp-z]{7}|(?-i:[A-HJKMNP-Z]{7})"
_FILM_ZH = r"(?:视频|視頻|影片|片子|短片|成片)"
_MEASURE_ZH = r"(?:个|個|条|條|部|段|支)"
_IT_ZH = (
    rf"它|[这這那][一]?{_MEASURE_ZH}{_FILM_ZH}?|[这這那]{_FILM_ZH}|{_FILM_ZH}"
    rf"|(?:刚才|剛才|刚刚|剛剛|上面|最后|最後|上)[的那这這]?一?{_MEASURE_ZH}?{_FILM_ZH}"
)
_IT_EN = r"it|this(?:\sone)?|that(?:\sone)?|(?:this|that|the|my)\s(?:last\s|latest\s|new\s)?(?:video|film|clip|movie)"
_ASKED_ZH = r"(?:(?:请|請|麻烦|麻煩|帮我|幫我|帮忙|幫忙|给我|給我|能不能|可不可以|可以|能|我想|我要)\s?){0,3}"
_ASKED_EN = r"(?:(?:please|pls|can\syou|could\syou|would\syou|i\swant\sto|lets|let's)\s){0,2}"
_END_ZH = r"(?:一下|一点|一點|一些|吧|吗|嗎|好吗|好嗎|可以吗|可以嗎|呗|谢谢|謝謝){0,3}"
_CLOSE = r"[\s.。!~?]*"
_SIZE = r"(?:\s?(?:到|成|至|为|為|in\s|to\s|at\s)?\s?(?P<size>[0-9]{1,4}\s?[kp]))?"


def _words(name: str, *, ascii_only: bool) -> str:
    found = (word for word in COMMAND_WORDS[name] if word.isascii() is ascii_only)
    return "|".join(sorted(map(re.escape, found), key=len, reverse=True))


def _forms(name: str) -> tuple[re.Pattern[str], ...]:
    """Return the sentences of one act: with the film before the word, as only Chinese has it, and after it."""
    zh, en = (_words(name, ascii_only=each) for each in (False, True))
    size = _SIZE if name == "enlarge" else ""
    if name == "original":
        file_zh = r"(?:原片|原视频|原視頻|原影片|原文件|原檔|原档|源文件)(?:文件|檔案)?"
        give = r"(?:发|發|传|傳|给|給)(?:我|给我|給我|过来|過來|一下|一份){0,2}"
        sentences = [
            rf"{_ASKED_ZH}(?:把|将|將)?(?:(?P<code>{_CODE})\s?的?)?{file_zh}\s?(?:{give})?{_END_ZH}",
            rf"{_ASKED_ZH}(?:{give}|要|下载|下載|想要)\s?(?:(?P<code>{_CODE})\s?的?)?{file_zh}{_END_ZH}",
            (
                r"(?:(?:please|pls|can\syou|could\syou)\s){0,2}(?:(?:send|give|get)(?:\sme)?|i\s(?:want|need))\s(?:the\s)?"
                rf"original(?:\s(?:file|video|film|clip))?(?:\sof\s(?P<code>{_CODE}))?(?:\splease)?"
            ),
            rf"(?:the\s)?original\s(?:file|video)(?:\sof\s(?P<code>{_CODE}))?",
        ]
    else:
        sentences = [
            rf"{_ASKED_ZH}(?:把|将|將)\s?(?:(?P<code>{_CODE})|{_IT_ZH})\s?(?:再|也|给我|給我)?(?:{zh}){size}{_END_ZH}",
            rf"{_ASKED_ZH}(?:{zh})\s?(?:{_IT_ZH}){size}{_END_ZH}",
            rf"{_ASKED_EN}(?:{en})\s(?:(?P<code>{_CODE})|{_IT_EN}){size}(?:\splease)?",
        ]
    return tuple(re.compile(f"{each}{_CLOSE}", re.IGNORECASE) for each in sentences)


_SENTENCES = {name: _forms(name) for name in _ACTS}
_MOST_CHARS = 60


@dataclass(frozen=True, slots=True)
class FilmPhrase:
    """What is to be done with a film. `act`: a word of COMMAND_WORDS. `code`: of which film, where that is said."""

    act: str
    code: str = ""
    size: str = ""


def film_phrase(text: str) -> FilmPhrase | None:
    """Read a whole message that says what is to be done with a film; None: it says something else."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(plain) > _MOST_CHARS:
        return None
    for act, forms in _SENTENCES.items():
        for form in forms:
            found = form.fullmatch(plain)
            if found is not None:
                parts = {name: part or "" for name, part in found.groupdict().items()}
                return FilmPhrase(act, parts.get("code", "").replace(" ", ""), parts.get("size", ""))
    return None
