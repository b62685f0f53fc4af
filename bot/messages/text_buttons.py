"""Buttons for chats without buttons: what each is typed as, and what a typed line presses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.channels.types import Action
from bot.messages.command_words import COMMAND_WORDS
from bot.messages.i18n import translate

_WORDS: dict[str, tuple[str, ...]] = {
    "cancel": (*COMMAND_WORDS["cancel"], "不要", "no"),
    "yes": (*COMMAND_WORDS["confirm"], "确定", "確定"),
    "again": (*COMMAND_WORDS["again"], "重做"),
    "fix": ("改好再来", "改好再來", "fix"),
    "fetch": ("领取", "領取", "fetch", "get"),
    "status": COMMAND_WORDS["status"],
}
_OFFERED = frozenset({"cancel", "yes", "again", "fix"})
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
        return translate(language, "typed-language", language=action.label), ""
    if kind == "set":
        return _typed_setting(value, language), action.label if ":" in value else ""
    if kind == "allow":
        return translate(language, "typed-allow", id=value), ""
    word = translate(language, f"typed-{kind}") if kind in _OFFERED else action.label
    label = with_codes(action.label, codes).removeprefix(code).strip()
    says_more = value in action.label or "$" in action.label  # which of several jobs, or a price
    return f"{word} {code}", label if says_more else ""


def _typed_setting(value: str, language: str) -> str:
    name, _, chosen = value.partition(":")
    if value == "reset":
        return translate(language, "typed-set-reset")
    if not name:
        return translate(language, "typed-set")
    field = translate(language, f"setting-{name}")
    if not chosen:
        return translate(language, "typed-set-field", field=field)
    if chosen == "default":
        return translate(language, "typed-set-default", field=field)
    return translate(language, "typed-set-value", field=field, value=chosen)
