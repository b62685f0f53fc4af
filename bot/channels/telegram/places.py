"""Finds the place of a message: the chat by its present id, the topic inside it, the message that it replies to."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram import ReplyParameters
from telegram.error import TelegramError

from bot.channels.telegram.errors import ApiError, thread_is_gone
from bot.channels.types import Address

R = TypeVar("R")


def is_group(chat_id: str) -> bool:
    """Return whether several people read there: the ids of groups are negative."""
    return chat_id.startswith("-")


def thread_of(to: Address) -> int | None:
    """Return the topic's number."""
    return int(to.thread_id) if to.thread_id and to.thread_id.isdecimal() else None


def reply_to_parameters(reply_to: str | None) -> ReplyParameters | None:
    """Build the reply's parameters. Without the flag a deleted question would make the whole answer fail."""
    if reply_to is None or not reply_to.isdecimal():
        return None
    return ReplyParameters(int(reply_to), allow_sending_without_reply=True)


class Places:
    """The places; they remember the groups that became supergroups, and so have new ids."""

    def __init__(self) -> None:
        self._moved: dict[str, str] = {}

    def chat(self, to: Address) -> str:
        """Return the chat's present id, as far as known."""
        return self._moved.get(to.chat_id, to.chat_id)

    def note_move(self, to: Address, error: TelegramError) -> None:
        """Note the new id in this refusal, if it holds one: a retry goes there."""
        if isinstance(error, ApiError) and error.moved_to is not None:
            self._moved[to.chat_id] = error.moved_to

    async def send(self, to: Address, send: Callable[[str, int | None], Awaitable[R]]) -> R:
        """Send to the chat and topic. Raises TelegramError.

        What was asked in a topic is not for a whole group to read: where that is gone, it goes without one only to a
        person's own chat.
        """
        thread = thread_of(to)
        try:
            return await send(self.chat(to), thread)
        except TelegramError as error:
            self.note_move(to, error)
            if thread is not None and not is_group(to.chat_id) and thread_is_gone(error):
                return await send(self.chat(to), None)
            raise
