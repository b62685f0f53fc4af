"""Buttons for chats without buttons: what each is typed as.

Where a chat's texts may hold links that type a line (`Limits.typing_links`), a yes is one: a tap and no typing.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from bot.channels.types import Action
from bot.messages.i18n import translate

_OFFERED = frozenset(
    {"cancel", "yes", "again", "fix", "erase", "forget", "pick", "next", "take", "pixels", "full", "sound", "silent"}
)
_ID = re.compile(r"(?<![0-9A-Za-z])[2-9A-HJKMNP-Z]{7}(?![0-9A-Za-z])")


def with_codes(text: str, codes: Mapping[str, str]) -> str:
    """Replace job ids by the person's short codes."""
    return _ID.sub(lambda match: codes.get(match[0], match[0]), text)


def typing_link(line: str, label: str) -> str:
    """Return a link that types the line for whoever taps it, as WeChat reads it in the texts of an Official Account."""
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={quote(line, safe="")}&msgmenuid=1">{without_tags(label)}</a>'


def without_tags(text: str) -> str:
    """Make full-width signs of what could begin a tag: nothing that people wrote may act as a link."""
    return text.replace("<", "＜")


def is_yes(action: Action) -> bool:
    """Return whether the button agrees to an offer."""
    return action.data.startswith("yes:")


def offered(actions: Sequence[Action], codes: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """Return what to type for each button, and what that does ("" where the typed words say it)."""
    return [_offer(action, codes, language) for action in actions]


def may_be_typed(action: Action) -> bool:
    """Return whether there is a line to type for a button: those under a film stand in one line beside it."""
    return action.data.partition(":")[0] in {*_OFFERED, "lang", "set", "allow", "idea"}


def _offer(action: Action, codes: Mapping[str, str], language: str) -> tuple[str, str]:
    kind, _, value = action.data.partition(":")
    job, _, way = value.partition(".")
    code = codes.get(job, job) + (f"-{int(way) + 1}" if way.isdigit() else "")
    if kind == "lang":
        return translate(language, "typed-language", language=action.label), ""
    if kind == "idea":
        return action.label, ""
    if kind == "set":
        return _typed_setting(value, language), action.label if ":" in value else ""
    if kind == "allow":
        return translate(language, "typed-allow", id=value), ""
    if kind == "forget":
        return translate(language, "typed-forget-yes" if value == "yes" else "typed-forget-no"), action.label
    if kind in {"next", "sound", "silent"}:
        way = ""  # the price that the button named is named again
    if kind in {"pixels", "full"}:
        size = way.partition(".")[0].removesuffix("-")
        return f"{translate(language, f'typed-{kind}')} {code} {size}".strip(), with_codes(action.label, codes)
    if kind == "pick":
        return f"{translate(language, 'typed-pick')} {code} {way}", with_codes(action.label, codes)
    word = translate(language, f"typed-{kind}") if kind in _OFFERED else action.label
    return f"{word} {code}", with_codes(action.label, codes).removeprefix(code).strip()


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
