"""Who may use the bot: REELBOT_ACCESS and REELBOT_ADMINS. Closed unless somebody opened it. Pure; stores nothing."""

import re
from dataclasses import dataclass
from typing import Self

CHANNELS = ("telegram", "wechat", "wecom", "ilink", "web")
"""Every channel name an entry may start with, also of channels that are not connected."""

_BETWEEN = re.compile(r"[,;，；、\n]")
_NUMBER = re.compile(r"-?[0-9]+")
_WORDS = frozenset({"open", "closed"})


@dataclass(frozen=True, slots=True)
class Access:
    """Ids are `channel:user-id` or `channel:chat-id`, as in `telegram:42` or `telegram:-100123`."""

    everybody: bool = False
    listed: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, access: str | None, admins: str | None, *, demo: bool = False) -> Self:
        """From the two settings' texts; the demo is open to all and knows no admins.

        Raises ValueError with a sentence that names the setting, the entry and the right form.
        """
        if demo:
            return cls(everybody=True)
        entries = _split(access)
        return cls(
            everybody=any(each.lower() == "open" for each in entries),
            listed=frozenset(_entry("REELBOT_ACCESS", each) for each in entries if each.lower() not in _WORDS),
            admins=frozenset(_entry("REELBOT_ADMINS", each) for each in _split(admins)),
        )

    def allows(self, user: str, chat: str) -> bool:
        """Whether this person (`telegram:42`) may ask in this chat (`telegram:-100123`): by either id."""
        return self.everybody or any(each in self.listed or each in self.admins for each in (user, chat))

    def is_admin(self, user: str) -> bool:
        """Admin rights are a person's; a chat listed among the admins gives its people access only."""
        return user in self.admins


def _split(setting: str | None) -> list[str]:
    return [entry for each in _BETWEEN.split(setting or "") if (entry := each.strip())]


def _entry(setting: str, text: str) -> str:
    """`Telegram : 42` -> `telegram:42`. Ids keep their case: WeChat's depend on it."""
    channel, colon, ident = (part.strip() for part in text.replace("：", ":").partition(":"))
    channel = channel.lower()
    if not colon or not channel:
        raise ValueError(f'{setting}: "{text}" names no channel; write it as channel:id, for example telegram:42')
    if channel not in CHANNELS:
        raise ValueError(
            f'{setting}: "{text}": there is no channel "{channel}"; the channels are {", ".join(CHANNELS)}'
        )
    if not ident or any(character.isspace() for character in ident):
        raise ValueError(f'{setting}: "{text}" needs one id after the colon, for example {channel}:42')
    if channel == "telegram" and not _NUMBER.fullmatch(ident):
        raise ValueError(
            f'{setting}: "{text}": a Telegram id is a number, not a name; the bot tells it to whoever writes to it'
        )
    return f"{channel}:{ident}"
