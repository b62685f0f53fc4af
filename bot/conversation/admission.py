"""Says who may ask: those whom the settings name, and those whom admins have let in from the chat.

A setting wins: whom it names, no admin can shut out from the chat.
"""

from collections.abc import Sequence
from typing import Literal

from bot.channels.types import Incoming
from bot.conversation.access import Access
from bot.store import Store

Right = Literal["all", "account"]


class Admission:
    """The effective access. `access`: the settings'."""

    def __init__(self, *, access: Access, store: Store) -> None:
        self._access = access
        self._store = store

    async def admitted(self, incoming: Sequence[Incoming]) -> frozenset[str]:
        """Return the origins of those messages whose people may ask, by their own id or by their chat's."""
        by_setting = {each.origin for each in incoming if self._access.allows(each.user, chat_of(each))}
        others = [each for each in incoming if each.origin not in by_setting]
        if not others:
            return frozenset(by_setting)
        allowed = await self._store.admissions.allowed({ident for each in others for ident in _ids(each)})
        former = await self._store.moves.former({chat_of(each) for each in others})
        return frozenset(
            by_setting
            | {each.origin for each in others if not allowed.isdisjoint(_ids(each))}
            | {each.origin for each in others if self._names_any(former.get(chat_of(each), frozenset()))}
        )

    def _names_any(self, ids: frozenset[str]) -> bool:
        """Return whether the settings name one of these: a group is let in that they know by its former id."""
        return any(self._access.allows(each, each) for each in ids)

    async def lists(self, user: str) -> bool:
        """Return whether this very sender was let in, by a setting or an admin, and not only the chat they write in."""
        return user in self._access.named or user in await self._store.admissions.allowed([user])

    async def is_admin(self, user: str) -> bool:
        """Return whether this person is an admin, by REELBOT_ADMINS or by a code of `reelbot setup`."""
        return self._access.is_admin(user) or user in await self._store.admissions.admins()

    async def right(self, incoming: Incoming) -> Right | None:
        """Return of what the sender is an admin: of all, or of the account that they have made theirs."""
        if await self.is_admin(incoming.user):
            return "all"
        owns = self._access.owners.owns(incoming.user, incoming.address.channel, incoming.account)
        return "account" if owns else None

    async def admits(self, incoming: Incoming) -> bool:
        """Return whether the person of this message may ask."""
        return incoming.origin in await self.admitted([incoming])


def chat_of(incoming: Incoming) -> str:
    """Return the id of the message's chat as REELBOT_ACCESS lists it: `telegram:-100123`."""
    return f"{incoming.address.channel}:{incoming.address.chat_id}"


def _ids(incoming: Incoming) -> tuple[str, str]:
    return incoming.user, chat_of(incoming)
