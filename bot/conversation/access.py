"""Decides who may use the bot, by REELBOT_ACCESS and REELBOT_ADMINS. Closed unless opened. Pure; stores nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from bot.channels.protocol import ChannelManifest
from bot.channels.web_names import OPERATOR

_BETWEEN = re.compile(r"[,;，；、\n]")
_WORDS = frozenset({"open", "closed"})
OPERATORS = frozenset({f"web:{OPERATOR}"})
"""Who holds the web chat's token is the operator, and nobody else can be."""


class Owners:
    """Who has made an account of a chat's bot theirs: let in, and an admin of that account, of nothing else."""

    def __init__(self) -> None:
        self._by_chat: dict[str, Mapping[str, str]] = {}

    def put(self, channel: str, users: Mapping[str, str]) -> None:
        """Take these for the owners of this chat's accounts from now on, each by the id of the account."""
        self._by_chat[channel] = users

    @property
    def all(self) -> frozenset[str]:
        """Return the owners of all accounts."""
        return frozenset(user for users in self._by_chat.values() for user in users.values())

    def owns(self, user: str, channel: str, account: str) -> bool:
        """Return whether this account is that person's."""
        return self._by_chat.get(channel, {}).get(account) == user


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the bot. Ids are `channel:user-id` or `channel:chat-id`, as `telegram:42` or `telegram:-100123`.

    `admins`: those of the settings.
    """

    everybody: bool = False
    listed: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    owners: Owners = field(default_factory=Owners, compare=False)

    @property
    def named(self) -> frozenset[str]:
        """Return whom the settings name, and who has made an account theirs."""
        return self.listed | self.admins | self.owners.all

    @classmethod
    def from_settings(
        cls, access: str | None, admins: str | None, *, chats: Mapping[str, ChannelManifest], demo: bool = False
    ) -> Self:
        """Read the two settings' texts; the demo is open to all and knows no admins.

        `chats`: all that exist, also those that are not connected. Raises ValueError with a sentence that names the
        setting, the entry and the right form.
        """
        if demo:
            return cls(everybody=True)
        entries = _split(access)
        return cls(
            everybody=any(each.lower() == "open" for each in entries),
            listed=frozenset(_entry("REELBOT_ACCESS", each, chats) for each in entries if each.lower() not in _WORDS),
            admins=frozenset(_entry("REELBOT_ADMINS", each, chats) for each in _split(admins)) | OPERATORS,
        )

    def allows(self, user: str, chat: str) -> bool:
        """Return whether this person (`telegram:42`) may ask in this chat (`telegram:-100123`): by either id."""
        return self.everybody or any(each in self.named for each in (user, chat))

    def is_admin(self, user: str) -> bool:
        """Return whether this person is an admin; a chat listed among the admins gives its people access only."""
        return user in self.admins


class OwnersNow:
    """The owners of accounts, whoever they are at the moment when they are looked at."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __iter__(self) -> Iterator[str]:
        return iter(self._access.owners.all)


def _split(setting: str | None) -> list[str]:
    return [entry for each in _BETWEEN.split(setting or "") if (entry := each.strip())]


def _entry(setting: str, text: str, chats: Mapping[str, ChannelManifest]) -> str:
    """Read an entry: `Telegram : 42` -> `telegram:42`. Ids keep their case: WeChat's depend on it."""
    channel, colon, ident = (part.strip() for part in text.replace("：", ":").partition(":"))
    channel = channel.lower()
    if not colon or not channel:
        raise ValueError(f'{setting}: "{text}" names no channel; write it as channel:id, for example telegram:42')
    if channel not in chats:
        raise ValueError(f'{setting}: "{text}": there is no channel "{channel}"; the channels are {", ".join(chats)}')
    if not ident or any(character.isspace() for character in ident):
        raise ValueError(f'{setting}: "{text}" needs one id after the colon, for example {channel}:42')
    problem = chats[channel].id_problem(ident)
    if problem is not None:
        raise ValueError(f'{setting}: "{text}": {problem}')
    return f"{channel}:{ident}"
