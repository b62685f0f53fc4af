"""Knows what keeps the bot from a chat, and who runs a group: remembered from what happens, or asked now and then."""

import json
import logging
from typing import Any, get_args

from telegram import Chat, ChatMember, ChatMemberUpdated, Message
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.errors import send_error
from bot.channels.telegram.places import Places, is_group
from bot.channels.telegram.request import BotClient
from bot.channels.types import Address, Obstacle, SendError

log = logging.getLogger(__name__)

_ASKED_FOR_S = 600.0
_ASKED_IN_VAIN_FOR_S = 60.0
_PRIVATE_FOR_S = 86_400.0
_ADMINS_FOR_S = 300.0
_NOTHING = "none"
_RIGHTS: tuple[tuple[str, Obstacle], ...] = (("can_send_messages", "no-right"), ("can_send_videos", "no-video-right"))
_RUN_THE_CHAT = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})
_OUTSIDE = frozenset({ChatMember.LEFT, ChatMember.BANNED})


class Rights:
    """The rights. `memory` is shared by all processes, so that each asks for all."""

    def __init__(self, bot: BotClient, places: Places, memory: Memory, *, account: str) -> None:
        self._bot = bot
        self._places = places
        self._memory = memory
        self._account = account

    # What keeps it from a chat

    async def obstacle(self, to: Address) -> Obstacle | None:
        """Return what is known to keep a video from this chat. A group is asked about at most every ten minutes."""
        if is_group(to.chat_id) and await self._memory.get(_topic(to)) is not None:
            return "topic-closed"
        known = await self._memory.get(_chat(to.chat_id))
        if known is None and is_group(to.chat_id):
            known = await self._ask(self._places.chat(to))
            pause_s = _ASKED_FOR_S if known is not None else _ASKED_IN_VAIN_FOR_S
            await self._memory.put(_chat(to.chat_id), known or _NOTHING, for_s=pause_s)
        return next((each for each in get_args(Obstacle) if each == known), None)

    async def _ask(self, chat_id: str) -> str | None:
        """Ask for the bot's own standing in a group; None when nobody can tell."""
        try:
            member = await self._bot.ask("getChatMember", chat_id=chat_id, user_id=int(self._account))
            if member["status"] in _OUTSIDE or member.get("is_member") is False:
                return "removed"
            if member["status"] in _RUN_THE_CHAT:
                return _NOTHING
            chat = await self._bot.ask("getChat", chat_id=chat_id)
            return _lacking(member) or _lacking(chat.get("permissions") or {}) or _NOTHING
        except TelegramError as error:
            return send_error(error).obstacle
        except Exception as error:  # noqa: BLE001 - an answer of another shape than Telegram's
            log.warning("the bot's rights in a group could not be read", extra={"error": type(error).__name__})
            return None

    async def note_failure(self, to: Address, error: SendError) -> None:
        """Remember what kept a message from a chat."""
        if error.obstacle is None:
            return
        if error.obstacle == "topic-closed":
            await self._memory.put(_topic(to), "closed", for_s=_ASKED_FOR_S)
            return
        for_s = _ASKED_FOR_S if is_group(to.chat_id) else _PRIVATE_FOR_S
        await self._memory.put(_chat(to.chat_id), error.obstacle, for_s=for_s)

    async def note_video(self, to: Address) -> None:
        """Remember that a video has arrived: whatever stood in the way does so no more."""
        await self._forget(_chat(to.chat_id))
        if is_group(to.chat_id):
            await self._forget(_topic(to))

    async def note_change(self, change: ChatMemberUpdated, *, is_admitted: bool) -> None:
        """Remember what became of the bot: put out, or let in, or with other rights, which are then asked for anew.

        By a stranger's hand it is only asked for anew.
        """
        chat_id, now = str(change.chat.id), change.new_chat_member
        outside = now.status in _OUTSIDE or getattr(now, "is_member", True) is False
        for_s = _ASKED_FOR_S if is_group(chat_id) else _PRIVATE_FOR_S
        await self._memory.put(_chat(chat_id), "removed" if outside and is_admitted else None, for_s=for_s)

    async def note_message(self, message: Message) -> None:
        """Remember what a message shows: who writes in private can be reached, and a topic has been opened again."""
        if message.chat.type == Chat.PRIVATE:
            await self._forget(_chat(str(message.chat.id)))
        if message.forum_topic_reopened is not None and message.message_thread_id is not None:
            await self._forget(_topic(Address("telegram", str(message.chat.id), str(message.message_thread_id))))

    async def _forget(self, name: str) -> None:
        if await self._memory.get(name) not in {None, _NOTHING}:
            await self._memory.put(name, None)

    # Who runs a group

    async def is_admin(self, to: Address, sender_id: str) -> bool:
        """Return whether this person runs that group, or speaks for it as only its admins can. False when in doubt."""
        if not is_group(to.chat_id):
            return False
        if sender_id in {to.chat_id, self._places.chat(to)}:
            return True
        known = await self._memory.get(_admins(to.chat_id))
        admins = json.loads(known) if known is not None else await self._ask_admins(to)
        return sender_id in admins

    async def _ask_admins(self, to: Address) -> list[str]:
        try:
            members = await self._bot.ask("getChatAdministrators", chat_id=self._places.chat(to))
            admins = [str(member["user"]["id"]) for member in members]
        except Exception as error:  # noqa: BLE001 - no answer, or one of another shape
            log.warning("the admins of a group are not known", extra={"error": type(error).__name__})
            return []
        await self._memory.put(_admins(to.chat_id), json.dumps(admins), for_s=_ADMINS_FOR_S)
        return admins


def _lacking(rights: dict[str, Any]) -> Obstacle | None:
    return next((obstacle for name, obstacle in _RIGHTS if rights.get(name) is False), None)


def _chat(chat_id: str) -> str:
    return f"chat:{chat_id}"


def _topic(to: Address) -> str:
    return f"topic:{to.chat_id}:{to.thread_id or 'general'}"


def _admins(chat_id: str) -> str:
    return f"admins:{chat_id}"
