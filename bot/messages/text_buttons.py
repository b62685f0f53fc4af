"""Buttons for chats without buttons: what each is typed as, and what a typed line presses. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.channels.types import Action

_WORDS: dict[str, tuple[str, ...]] = {
    "cancel": ("取消", "停止", "不要", "cancel", "stop", "no"),
    "yes": ("确认", "確認", "确定", "確定", "同意", "confirm", "yes"),
    "again": ("再来", "再來", "重做", "重发", "重發", "again", "resend"),
    "fix": ("改好再来", "改好再來", "fix"),
    "fetch": ("领取", "領取", "fetch", "get"),
    "status": ("状态", "狀態", "进度", "進度", "status"),
}
_OFFERED = {
    "cancel": {"zh": "取消", "en": "cancel"},
    "yes": {"zh": "确认", "en": "confirm"},
    "again": {"zh": "再来", "en": "again"},
    "fix": {"zh": "改好再来", "en": "fix"},
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words}
_ANY_WORD = "|".join(sorted(_KIND_OF, key=len, reverse=True))
_CODE = r"[A-Za-z][2-9]|[2-9A-HJKMNP-Za-hjkmnp-z]{7}"
_LINE = re.compile(rf"[/／]?(?:(?P<word>{_ANY_WORD})\s*)?[:：#]?\s*(?P<code>{_CODE})[\s.。!！]*", re.IGNORECASE)
_ID = re.compile(r"(?<![0-9A-Za-z])[2-9A-HJKMNP-Z]{7}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class TypedButton:
    """A typed button. `kind` is a button's, "status", or "" for a code alone."""

    kind: str
    code: str


def parse_line(text: str) -> TypedButton | None:
    """Read a line that is nothing but a word and a job's code, or the code alone; None for any other."""
    match = _LINE.fullmatch(text.strip())
    if match is None or (match["word"] is None and len(match["code"]) != 2):  # noqa: PLR2004 - a long word may be talk
        return None
    kind = _KIND_OF[match["word"].lower()] if match["word"] else ""
    return TypedButton(kind, match["code"].upper())


def with_codes(text: str, codes: Mapping[str, str]) -> str:
    """Replace job ids by the person's short codes."""
    return _ID.sub(lambda match: codes.get(match[0], match[0]), text)


def offered(actions: Sequence[Action], codes: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """Return what to type for each button, and what its label says beyond that ("" for nothing)."""
    return [_offer(action, codes, language) for action in actions]


def _offer(action: Action, codes: Mapping[str, str], language: str) -> tuple[str, str]:
    kind, _, value = action.data.partition(":")
    code = codes.get(value, value)
    if kind == "lang":
        return f"{'语言' if language == 'zh' else 'language'} {action.label}", ""
    word = _OFFERED.get(kind, {}).get(language, action.label)
    label = with_codes(action.label, codes).removeprefix(code).strip()
    says_more = value in action.label or "$" in action.label  # which of several jobs, or a price
    return f"{word} {code}", label if says_more else ""
