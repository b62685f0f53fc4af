"""The language in which a message is answered, and the zone of the times in it."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.channels.types import Incoming
from bot.messages.languages import pick
from bot.store import Store

_NOBODY: Mapping[str, str | None] = MappingProxyType({})


async def answer_language(store: Store, incoming: Incoming, *, chosen: Mapping[str, str | None] = _NOBODY) -> str:
    """Return the language that the person chose, else the group's admins for the group, else the chat's own.

    `chosen`: by whom which is being chosen now, and not stored yet.
    """
    chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
    for owner in dict.fromkeys((incoming.user, chat)):
        language = chosen[owner] if owner in chosen else await store.people.language(owner)
        if language is not None:
            return language
    return pick(incoming.language, incoming.text)


async def zone_of(store: Store, incoming: Incoming) -> str | None:
    """Return the zone in which this person, or where others read the group, has set to be told times; or None."""
    chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
    (stored,) = await store.preferences.of(incoming.user if incoming.private else chat)
    return stored.get("zone")
