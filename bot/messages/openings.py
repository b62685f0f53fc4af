"""The button "open me once" under a person's first card in a group: before that the bot may not write to them alone."""

from collections.abc import Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.types import Action, Message
from bot.messages.i18n import translate
from bot.store.records import Job, State


async def with_opening(job: Job, message: Message, channels: Mapping[str, ChannelPort]) -> Message:
    """Return the card with that button, where its owner needs it."""
    incoming = job.incoming
    if incoming.private or job.outcome_ref is not None:
        return message
    channel, waits = channels[job.address.channel], job.state is State.UNDELIVERED
    button = await opening_button(channel, incoming.sender_id, job.id, job.language, once=not waits)
    return message if button is None else replace(message, actions=(*message.actions, button))


async def opening_button(
    channel: ChannelPort, sender_id: str, code: str, language: str, *, once: bool = True
) -> Action | None:
    """Return the button that opens the bot for this person; None where that is not needed. `once`: see the protocol."""
    link = await channel.opening_link(sender_id, code, once=once)
    return None if link is None else Action(translate(language, "button-open-once"), "", url=link)
