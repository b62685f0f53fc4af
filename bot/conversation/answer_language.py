"""The language in which a message is answered, and the zone of the times in it."""

from bot.channels.types import Incoming
from bot.messages.languages import pick
from bot.store import Store


async def answer_language(store: Store, incoming: Incoming) -> str:
    """Return the language that the person chose, else the group's admins for the group, else the chat's own."""
    chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
    others = [chat] if chat != incoming.user else []
    return await store.people.language(incoming.user, *others) or pick(incoming.language, incoming.text)


async def zone_of(store: Store, incoming: Incoming) -> str | None:
    """Return the zone in which this person, or where others read the group, has set to be told times; or None."""
    chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
    (stored,) = await store.preferences.of(incoming.user if incoming.private else chat)
    return stored.get("zone")
