"""Disables buttons that have done what they can: by a field of Bot API 10.3; an older server's are removed.

What a press says of its message, the keyboard among it, is kept for an hour: the press may be handled elsewhere. That
is for the eyes alone. What a button may still do, the database says.
"""

import json
import logging
from typing import Any

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.errors import is_unchanged, send_error
from bot.channels.telegram.markup import ServerAge
from bot.channels.telegram.places import Places
from bot.channels.types import Incoming

log = logging.getLogger(__name__)

_KNOWN_FOR_S = 3600.0
_EVENT = "press-"


class PressedButtons:
    """The buttons that were pressed. `age`: of the server, by this field alone. `memory`: of keyboards, by press."""

    def __init__(self, bot: Bot, places: Places, age: ServerAge, memory: Memory) -> None:
        self._bot = bot
        self._places = places
        self._age = age
        self._memory = memory

    async def note(self, query: CallbackQuery) -> None:
        """Note the keyboard that this button stands in."""
        keyboard = query.message.reply_markup if isinstance(query.message, Message) else None
        if keyboard is not None:
            await self._memory.put(query.id, json.dumps(keyboard.to_dict()), for_s=_KNOWN_FOR_S)

    async def retire(self, pressed: Incoming) -> None:
        """Disable or remove the button that was pressed; its keyboard stays otherwise. A failure is ignored."""
        query_id, message = pressed.event_id.removeprefix(_EVENT), pressed.reply_to
        known = await self._memory.get(query_id)
        if known is None or pressed.pressed is None or message is None or not message.isdecimal():
            return
        if not await self._memory.claim(f"{pressed.address.chat_id}:{message}:{pressed.pressed}", for_s=_KNOWN_FOR_S):
            return  # done by an earlier press: the keyboard that this one saw is older
        rows: list[list[dict[str, Any]]] = json.loads(known)["inline_keyboard"]

        async def edit(plain: bool) -> object:
            without = _markup(rows, pressed.pressed or "", disabled=not plain)
            return await self._bot.edit_message_reply_markup(
                chat_id=self._places.chat(pressed.address), message_id=int(message), reply_markup=without
            )

        async def edit_visibly(plain: bool) -> object:
            try:
                return await edit(plain)
            except TelegramError as error:
                if plain or not is_unchanged(error):
                    raise
                return await edit(True)  # the server has ignored the field

        try:
            await self._age.newest(edit_visibly)
        except TelegramError as error:
            log.debug("a button stays as it is", extra={"reason": send_error(error).reason})


def _markup(rows: list[list[dict[str, Any]]], data: str, *, disabled: bool) -> InlineKeyboardMarkup | None:
    """Build the keyboard with this button disabled, else without it; None: no button is left."""
    shown = []
    for row in rows:
        buttons = [
            _button(each, disabled=each.get("callback_data") == data)
            for each in row
            if disabled or each.get("callback_data") != data
        ]
        if buttons:
            shown.append(buttons)
    return InlineKeyboardMarkup(shown) if shown else None


def _button(shown: dict[str, Any], *, disabled: bool) -> InlineKeyboardButton:
    known = {name: shown[name] for name in ("callback_data", "style", "url") if name in shown}
    more = {"disabled": True} if disabled or shown.get("disabled") else None
    return InlineKeyboardButton(shown["text"], **known, api_kwargs=more)
