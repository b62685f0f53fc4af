"""Answers those whose messages are not stored: strangers, and people who send more than can wait. Best effort."""

import asyncio
import logging
import time
from collections.abc import Mapping

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message, SendError
from bot.conversation.commands import ParsedMessage
from bot.conversation.handler import MessageHandler
from bot.conversation.inbox_limits import Floods
from bot.conversation.stranger_notices import StrangerNotices
from bot.messages.i18n import translate
from bot.store.inbox import MOST_WAITING

log = logging.getLogger(__name__)

_STRANGER_GAP_S = 30.0
_STRANGERS_AT_ONCE, _MOST_STRANGERS = 5, 300
"""A chat takes so much of a bot in a second, in all: a crowd of strangers waits in a line of its own."""


class Refusals:
    """The refusing answers."""

    def __init__(
        self, *, handler: MessageHandler, channels: Mapping[str, ChannelPort], strangers: StrangerNotices
    ) -> None:
        self._handler = handler
        self._strangers = strangers
        self._channels = channels
        self._floods = Floods()
        self._turned_away: dict[str, float] = {}
        self._places = asyncio.Semaphore(_STRANGERS_AT_ONCE)
        self._strangers_waiting = 0

    async def language(self, incoming: Incoming) -> str:
        """Return the language to answer in."""
        return await self._handler.language(incoming)

    async def turn_away(self, incoming: Incoming, text: str | None = None) -> None:
        """Tell a stranger, in the background, that the bot does not know them, or this text instead.

        A member of a group that was let in is a stranger alone: what they have bought there comes all the same.
        """
        now = time.monotonic()
        if now - self._turned_away.get(incoming.user, -_STRANGER_GAP_S) < _STRANGER_GAP_S:
            return
        if self._strangers_waiting >= _MOST_STRANGERS:
            return  # who writes again later is answered
        self._turned_away = {user: at for user, at in self._turned_away.items() if now - at < _STRANGER_GAP_S}
        self._turned_away[incoming.user] = now
        self._strangers_waiting += 1
        try:
            async with self._places:
                if incoming.private:
                    await self._handler.bring(incoming)
                await self.say(incoming, await self.to_stranger(incoming) if text is None else text)
        finally:
            self._strangers_waiting -= 1

    async def to_stranger(self, incoming: Incoming) -> str:
        """Return the text for a stranger: the id to list. The admins are told."""
        log.info("a stranger was turned away", extra={"user": incoming.user})
        await self._strangers.note(incoming)
        language = await self._handler.language(incoming)
        if incoming.address.chat_id == incoming.sender_id:
            return translate(language, "stranger", id=incoming.user)
        chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
        return translate(language, "group-stranger", id=incoming.user, chat=chat)

    async def too_many(self, message: ParsedMessage) -> None:
        """Tell a person that too much waits, once in a flood: hundreds of answers would be one themselves."""
        incoming = message.incoming
        if self._floods.begins(message):
            log.warning("too much of one chat waits", extra={"user": incoming.user})
            await self.say(incoming, await self.too_much(incoming))

    async def too_much(self, incoming: Incoming) -> str:
        """Return the text for a person of whom too much waits."""
        return translate(await self._handler.language(incoming), "too-much-waits", count=MOST_WAITING)

    async def say(self, incoming: Incoming, text: str, *, alone: bool = False) -> None:
        """Send a text in the background, best effort. `alone`: to nobody else, where the chat can; see Message."""
        channel = self._channels[incoming.address.channel]
        message = Message(text, only_for=incoming.sender_id if alone else None)
        try:
            await channel.show(incoming.address, message, reply_to=incoming.reply_to)
        except SendError as error:
            log.info("answer not taken", extra={"outcome": error.outcome})
