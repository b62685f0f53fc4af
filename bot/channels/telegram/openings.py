"""Knows who has opened the bot in private: Telegram lets it write to nobody else.

Of people who may ask it is remembered without end, since a person opens it once, and of others for a month after they
were answered; a refusal, or a block, takes it back.
"""

import re

from telegram import Chat, ChatMember, ChatMemberUpdated, Message

from bot.channels.memory import Memory
from bot.channels.telegram.places import is_group
from bot.channels.types import Address, SendError

_OPENED = "opened"
_ASKED = "asked by "
_ASKED_FOR_S = 86_400.0
_ARRIVED_FOR_S = 30 * 86_400.0
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OUTSIDE = frozenset({ChatMember.LEFT, ChatMember.BANNED})


class Openings:
    """The openings. `memory` is shared by all processes."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._arrived: set[str] = set()  # in whose chats this process has seen it, so that an edit costs no question

    async def link(self, person: str, code: str, *, username: str | None, once: bool) -> str | None:
        """Return the link for a person who has not opened the bot, as far as known.

        `once`: a day with one code, which has it as often as it is asked for.
        """
        known = await self._memory.get(person)
        if username is None or known == _OPENED or not _PAYLOAD.fullmatch(code):
            return None
        if once and known is None:
            await self._memory.put(person, _ASKED + code, for_s=_ASKED_FOR_S)
        elif once and known != _ASKED + code:
            return None
        return f"https://t.me/{username}?start={code}"

    async def note_message(self, message: Message) -> None:
        """Remember who writes in private: to press Start is to do so."""
        person = str(message.chat.id)
        if message.chat.type == Chat.PRIVATE and await self._memory.get(person) != _OPENED:
            await self._note_open(person)

    async def note_change(self, change: ChatMemberUpdated, *, is_admitted: bool) -> None:
        """Remember who lets the bot write, or does so no more."""
        if change.chat.type != Chat.PRIVATE:
            return
        if change.new_chat_member.status in _OUTSIDE:
            await self._note_closed(str(change.chat.id))
        elif is_admitted:
            await self._note_open(str(change.chat.id))

    async def note_arrival(self, to: Address) -> None:
        """Remember that something has arrived in a person's own chat: for a month, as a stranger is answered, too."""
        if is_group(to.chat_id) or to.chat_id in self._arrived:
            return
        self._arrived.add(to.chat_id)
        if await self._memory.get(to.chat_id) != _OPENED:
            await self._memory.put(to.chat_id, _OPENED, for_s=_ARRIVED_FOR_S)

    async def note_failure(self, to: Address, error: SendError) -> None:
        """Remember that a person's own chat does not take anything: it was never opened, or is blocked."""
        if not is_group(to.chat_id) and error.obstacle == "removed":
            await self._note_closed(to.chat_id)

    async def _note_open(self, person: str) -> None:
        self._arrived.add(person)
        await self._memory.put(person, _OPENED)

    async def _note_closed(self, person: str) -> None:
        self._arrived.discard(person)
        if await self._memory.get(person) == _OPENED:
            await self._memory.put(person, None)
