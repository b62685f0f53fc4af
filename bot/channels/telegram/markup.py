"""Builds what stands below a message, with colours where the server knows them, and without them where it does not."""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.errors import new_fields_are_refused
from bot.channels.telegram.lengths import cut
from bot.channels.types import Action, Message

log = logging.getLogger(__name__)

R = TypeVar("R")

_LABEL_CHARS = _PLACEHOLDER_CHARS = 64
_OLD_FOR_S = 86_400.0
_PRICE = re.compile(r"[$¥￥]\s?[0-9]")


def keyboard(actions: Sequence[Action], *, plain: bool = False, asks: bool = False) -> InlineKeyboardMarkup | None:
    """Build the buttons, one a row. `asks`: with the person's keyboard open for an answer (Bot API 10.3)."""
    if not actions:
        return None
    rows = [[_button(action, plain=plain)] for action in actions]
    return InlineKeyboardMarkup(rows, api_kwargs={"force_reply": True} if asks and not plain else None)


def _button(action: Action, *, plain: bool) -> InlineKeyboardButton:
    label = cut(action.label, _LABEL_CHARS)
    if action.url is not None:
        return InlineKeyboardButton(label, url=action.url)
    return InlineKeyboardButton(label, callback_data=action.data, style=None if plain else _style(action))


def below(message: Message, *, group: bool, plain: bool) -> InlineKeyboardMarkup | ForceReply | None:
    """Build what stands below a text: its buttons, or else, for a question, the keyboard for the answer.

    In a group that opens only for the person whose message is replied to.
    """
    buttons = keyboard(message.actions, plain=plain, asks=message.asks)
    if buttons is not None or not message.asks:
        return buttons
    first_line = message.text.strip().partition("\n")[0]
    return ForceReply(selective=group or None, input_field_placeholder=cut(first_line, _PLACEHOLDER_CHARS) or None)


def _style(action: Action) -> str | None:
    """Return the colour: of what destroys, or of what buys."""
    if action.url is not None:
        return None
    if action.danger:
        return "danger"
    buys = action.data.startswith("yes:") or _PRICE.search(action.label) is not None
    buys = buys and not action.data.startswith("words:")  # those are yet to be said, and offered then
    return "success" if buys else None


def has_new_fields(actions: Sequence[Action], *, asks: bool = False) -> bool:
    """Return whether these buttons use fields that an older server may refuse."""
    return bool(actions) and (asks or any(_style(action) is not None for action in actions))


class ServerAge:
    """Whether the server knows the newer fields. One that has refused them gets plain ones for a day."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def is_old(self) -> bool:
        """Return whether the server has refused newer fields today."""
        return await self._memory.get("old") is not None

    async def refuses(self, what: str) -> bool:
        """Return whether the server has refused this today."""
        return await self._memory.get(what) is not None

    async def note_refusal(self, what: str) -> None:
        """Remember for a day that the server does not know this."""
        log.warning("the Bot API server does not know it; it gets messages without", extra={"what": what})
        await self._memory.put(what, "1", for_s=_OLD_FOR_S)

    async def newest(self, send: Callable[[bool], Awaitable[R]], *, new_fields: bool = True) -> R:
        """Call `send(plain)`, with the newer fields where the server takes them, else at once without.

        Raises TelegramError.
        """
        if not new_fields:
            return await send(False)
        if await self.is_old():
            return await send(True)
        try:
            return await send(False)
        except TelegramError as error:
            if not new_fields_are_refused(error):
                raise
        sent = await send(True)
        log.warning("the Bot API server does not know the newer fields; it gets messages without them")
        await self._memory.put("old", "1", for_s=_OLD_FOR_S)
        return sent
