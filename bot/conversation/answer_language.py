"""The language in which a message is answered."""

from bot.channels.types import Incoming
from bot.messages.languages import pick
from bot.store import Store


async def answer_language(store: Store, incoming: Incoming) -> str:
    """Return the language that the person chose, else the group's admins for the group, else the chat's own."""
    chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
    others = [chat] if chat != incoming.user else []
    return await store.people.language(incoming.user, *others) or pick(incoming.language, incoming.text)
