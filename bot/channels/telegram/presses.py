"""Answers presses of buttons: with a few words, or with none in time. Until then a button shows that it is at work."""

import asyncio
import logging

from telegram import Bot
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.errors import send_error
from bot.channels.telegram.lengths import cut
from bot.channels.types import Incoming, SendOutcome, Toast

log = logging.getLogger(__name__)

BLANK_AFTER_S = 8.0
_EVENT = "press-"
_TOAST_CHARS = 200
_KNOWN_FOR_S = 3600.0


class Presses:
    """The presses. Telegram takes one answer to each, so whoever answers claims it, in whatever process.

    `blank_after_s`: seconds until a press that nobody has answered gets an answer without words.
    """

    def __init__(self, bot: Bot, memory: Memory, *, blank_after_s: float) -> None:
        self._bot = bot
        self._memory = memory
        self._blank_after_s = blank_after_s
        self._timers: dict[str, asyncio.Task[None]] = {}

    def await_answer(self, query_id: str) -> None:
        """Begin to wait for an answer to this press."""
        if query_id not in self._timers:
            task = self._timers[query_id] = asyncio.create_task(self._blank_in_time(query_id), name="telegram press")
            task.add_done_callback(lambda _task: self._timers.pop(query_id, None))

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:
        """Show a few words to who pressed. False where it was no press, is answered already, or is too old."""
        if pressed.pressed is None or not pressed.event_id.startswith(_EVENT):
            return False
        query_id = pressed.event_id.removeprefix(_EVENT)
        answered = await self._answer(query_id, cut(toast.text, _TOAST_CHARS))
        timer = self._timers.get(query_id)
        if answered and timer is not None:
            timer.cancel()
        return answered

    async def _blank_in_time(self, query_id: str) -> None:
        await asyncio.sleep(self._blank_after_s)
        await self._answer(query_id, None)

    async def _answer(self, query_id: str, text: str | None) -> bool:
        """Answer unless that has been done; failures are ignored, as of a press that is too old."""
        if not await self._memory.claim(query_id, for_s=_KNOWN_FOR_S):
            return False
        try:
            return await self._bot.answer_callback_query(query_id, text=text or None)
        except TelegramError as error:
            failure = send_error(error)
            log.debug("a press was not answered", extra={"reason": failure.reason})
            if failure.outcome is SendOutcome.NOT_SENT:
                await self._memory.put(query_id, None)
            return False

    async def close(self) -> None:
        """Stop waiting. Who handles the press later may still answer it."""
        timers = list(self._timers.values())
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)
