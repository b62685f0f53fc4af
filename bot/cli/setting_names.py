"""Finds which setting was meant by a name that is none: misspelt, another program's word, or half of it. Pure."""

from collections.abc import Callable, Collection
from difflib import get_close_matches

_SAME = {
    "ADMIN": "ADMINS", "OWNER": "ADMINS", "OWNERS": "ADMINS", "ADMINISTRATORS": "ADMINS",
    "ALLOW": "ACCESS", "ALLOWED": "ACCESS", "ALLOWLIST": "ACCESS", "USERS": "ACCESS", "WHITELIST": "ACCESS",
    "DOMAIN": "PUBLIC_URL", "ADDRESS": "URL", "APPID": "APP_ID", "AESKEY": "AES_KEY", "BOTID": "BOT_ID",
    "TG": "TELEGRAM", "WX": "WECHAT", "WEIXIN": "WECHAT", "WXWORK": "WECOM", "WEWORK": "WECOM", "QYWX": "WECOM",
    "DB": "DATABASE", "LANG": "LANGUAGE",
}  # fmt: skip
_SECRETS = frozenset({"KEY", "TOKEN", "SECRET", "PASSWORD"})
_NOISE = frozenset({"API", "AI", "BOT", "IDS", "MY"})
_KNOWN_OTHERWISE = {"REELBOT_URL": "REELBOT_PUBLIC_URL", "FAL": "FAL_KEY", "API_KEY": "FAL_KEY"}
_OF_ALL = ("ADMINS", "ACCESS")
"""What is set for all chats together, and looked for under each chat's name."""
_MOST = 3


def meant(name: str, known: Collection[str], *, cutoff: float = 0.7) -> str | None:
    """Return the setting, or the few settings ("A or B"), that this name may stand for; None: nothing near."""
    typed = _KNOWN_OTHERWISE.get(name.upper(), name.upper())
    name = "_".join(_SAME.get(word, word) for word in typed.split("_"))
    name = _KNOWN_OTHERWISE.get(name, name)
    for each in (typed, name):
        found = each if each in known else _alone(each, known)
        if found is not None:
            return found
    for word in _OF_ALL:
        if name.endswith(f"_{word}") and f"REELBOT_{word}" in known:
            return f"REELBOT_{word}"
    near = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return near[0] if near else half_of(name, known)


def half_of(name: str, known: Collection[str]) -> str | None:
    """Return the settings whose name ends with this one, as BOT_TOKEN does; None where they are none or many."""
    found = sorted(each for each in known if each.endswith(f"_{name.upper()}"))
    return " or ".join(found) if 0 < len(found) <= _MOST else None


def _alone(name: str, known: Collection[str]) -> str | None:
    """Return the one setting that fits in the surest way in which any fits alone."""
    typed = _words(name)
    ways: tuple[Callable[[str], bool], ...] = (
        lambda each: each.endswith(f"_{name}"),
        lambda each: _words(each) == typed,
        lambda each: len(typed) > 1 and typed < frozenset(each.split("_")),
        lambda each: _without_secret(_words(each)) == _without_secret(typed) and bool(_SECRETS & typed),
    )
    for fits in ways:
        found = [each for each in known if fits(each)]
        if len(found) == 1:
            return found[0]
    return None


def _words(name: str) -> frozenset[str]:
    return frozenset(name.split("_")) - _NOISE


def _without_secret(words: frozenset[str]) -> frozenset[str]:
    return words - _SECRETS | ({"*"} if words & _SECRETS else set())
