"""Receives frames: messages are stored in their order, each before the next one; nothing else holds them up.

WeCom takes no acknowledgement for what it brings. So what cannot be stored now is kept here and tried until it is.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bot.channels.services import Services
from bot.channels.types import Incoming
from bot.channels.wecom.answers import Answers
from bot.channels.wecom.cards import is_done
from bot.channels.wecom.connection import Frame
from bot.channels.wecom.groups import Groups
from bot.channels.wecom.media import Media
from bot.channels.wecom.parsing import Reader
from bot.channels.wecom.presses import Presses
from core.io.retrying import RetryPolicy, Sleep, retried

log = logging.getLogger(__name__)

_UNTIL_STORED = RetryPolicy(
    Exception,
    pauses_s=(1.0, 2.0, 4.0, 8.0, 16.0, 30.0),
    only_if=lambda error: not isinstance(error, ValueError | TypeError | LookupError),  # odd now is odd for ever
)
_LANGUAGE = "zh"
_MOST_WAITING = 5000  # frames: of hours without a database, not of people without end


class Intake:
    """The receiver of frames. `take` returns at once."""

    def __init__(
        self,
        services: Services,
        *,
        reader: Reader,
        answers: Answers,
        presses: Presses,
        media: Media,
        groups: Groups,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._services = services
        self._reader = reader
        self._answers = answers
        self._presses = presses
        self._media = media
        self._groups = groups
        self._sleep = sleep
        self._open = True
        self._waiting: asyncio.Queue[tuple[Frame, float]] = asyncio.Queue(_MOST_WAITING)
        self._aside: set[asyncio.Task[None]] = set()

    def take(self, frame: Frame) -> None:
        """Take a message or an event; in the order in which they come."""
        try:
            self._waiting.put_nowait((frame, time.time()))
        except asyncio.QueueFull:
            log.error(  # noqa: TRY400 - nothing to trace
                "a frame of WeCom was left out: too many wait"
            )

    def close(self) -> None:
        """Store nothing more: who writes now is asked to write again."""
        self._open = False

    async def run(self) -> None:
        """Handle what was taken, until cancelled."""
        while True:
            frame, at = await self._waiting.get()
            try:
                await self._handle(frame, at)
            except Exception as error:  # noqa: BLE001 - one odd frame stops no other; its content stays out of the log
                log.error("a message was left out", extra={"error": type(error).__name__})  # noqa: TRY400

    async def _handle(self, frame: Frame, at: float) -> None:
        body, req_id = frame.get("body"), frame["headers"]["req_id"]
        if not isinstance(body, dict):
            return
        if frame["cmd"] == "aibot_msg_callback":
            await self._message(body, req_id)
            return
        event = body["event"]["eventtype"]
        if event == "enter_chat":
            self._begin(self._welcome(body["from"]["userid"], req_id))
        elif event == "template_card_event":
            await self._press(body, req_id, at)

    async def _message(self, body: dict[str, Any], req_id: str) -> None:
        if not self._open:
            self._begin(self._ask_to_repeat(str(body["from"]["userid"]), req_id))
            return
        incoming, links = await self._reader.message(body)
        msgid = str(body["msgid"])
        self._answers.hold(msgid, req_id)  # also a stranger is answered under it, and nothing of theirs is stored

        async def remember() -> None:
            await self._answers.note(msgid, req_id)
            for link in links:
                await self._media.note(link, person=incoming[0].user, chat=chat_of(incoming[0]))

        stored = await self._store(incoming, remember)
        for each in incoming:
            for ref in (each.attachment, each.quoted.attachment if each.quoted else None):
                if ref is not None and each.origin in stored:
                    self._media.begin(each.user, ref)

    async def _press(self, body: dict[str, Any], req_id: str, at: float) -> None:
        press = self._reader.press(body)
        if press is None or not self._open:
            return
        note = partial(self._presses.note, press, req_id, at)
        if is_done(press.pressed or ""):
            await note()
            await self._presses.retire(press)  # the card is shown as it is; nothing more is meant
        else:
            await self._store([press], note)

    async def _store(self, incoming: list[Incoming], remember: Callable[[], Awaitable[None]]) -> frozenset[str]:
        """Store these, and first what `remember` keeps, if any of them is of somebody who may ask."""
        groups = {each.address.chat_id for each in incoming if not each.private}
        for chat_id in groups:
            self._groups.see(chat_id)

        async def remember_if(admitted: frozenset[str]) -> None:
            if admitted:
                for chat_id in groups:
                    await self._groups.note(chat_id)
                await remember()

        async def put() -> frozenset[str]:
            return await self._services.inbox.put(incoming, remember=remember_if)

        return await retried(put, _UNTIL_STORED, sleep=self._sleep, on_retry=_note_failure)

    async def _welcome(self, person: str, req_id: str) -> None:
        await self._answers.welcome(req_id, self._services.translate(await self._language(person), "wecom-welcome"))

    async def _ask_to_repeat(self, person: str, req_id: str) -> None:
        text = self._services.translate(await self._language(person), "wecom-restarting")
        await self._answers.stream(req_id, text)

    async def _language(self, person: str) -> str:
        try:
            return await self._services.language_of(f"wecom:{person}") or _LANGUAGE
        except Exception:  # noqa: BLE001 - whatever the database does
            return _LANGUAGE

    def _begin(self, work: Awaitable[None]) -> None:
        async def safely() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - best effort: nobody waits for it
                log.info("WeCom was not answered", extra={"error": type(error).__name__})

        task = asyncio.create_task(safely(), name="wecom answer")
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def end(self) -> None:
        """End what is still being answered."""
        for task in list(self._aside):
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)


def chat_of(incoming: Incoming) -> str:
    """Return the chat as jobs name it: `wecom:lang`."""
    return f"{incoming.address.channel}:{incoming.address.chat_id}"


def _note_failure(error: Exception) -> None:
    """Log only its kind: a database error's text holds what the person wrote."""
    log.error("a message of WeCom was not stored yet", extra={"error": type(error).__name__})
