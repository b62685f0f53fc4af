"""Sends texts, cards and films to a chat, each in its turn."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.channels.budget import Kind
from bot.channels.memory import Memory
from bot.channels.pace import Pace
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Address, Message, SendError, SendOutcome, VideoMessage
from bot.channels.wecom import cards
from bot.channels.wecom.answers import Answers
from bot.channels.wecom.connection import Frame
from bot.channels.wecom.errors import MEDIA_CODES, PACE_PAUSE_S, LineError, NoRoom, Refused, send_error
from bot.channels.wecom.groups import is_group
from bot.channels.wecom.limits import DESCRIPTION_BYTES, TEXT_BYTES, TITLE_BYTES
from bot.channels.wecom.line import Line
from bot.channels.wecom.presses import Presses
from bot.channels.wecom.uploads import Uploads

log = logging.getLogger(__name__)

_SAID_S = 3 * 86_400.0
_HALF_S = 600.0


class Sender:
    """The sender. `words`: which words of ours stand where, as a quote tells nothing else."""

    def __init__(
        self, line: Line, pace: Pace, *, answers: Answers, presses: Presses, uploads: Uploads, words: Memory
    ) -> None:
        self._line = line
        self._pace = pace
        self._answers = answers
        self._presses = presses
        self._uploads = uploads
        self._words = words

    async def show(self, to: Address, message: Message, *, reply_to: str | None) -> str:
        """Show a text, with its buttons on a card, and return its reference. Raises SendError."""
        text = f"{message.text}\n\n{message.long}" if message.long else message.text
        if message.table:
            title, below = cards.plain(text.partition("\n")[0]), cards.plain(message.below_table)
            text = "\n\n".join(part for part in (title, cards.table(message.table), below) if part)
        buttons = [action for action in message.actions if action.data]
        links = [f"{action.label}: {action.url}" for action in message.actions if action.url]
        text = "\n".join([text, *links])
        ref = cards.new_task_id()
        if not buttons:
            await self._text(to, text, reply_to=reply_to)
        else:
            await self._with_buttons(to, text, message, ref, reply_to=reply_to)
        await self._note(to, text, ref)
        return ref

    async def _with_buttons(self, to: Address, text: str, message: Message, ref: str, *, reply_to: str | None) -> None:
        """Send one card; words that no card shows whole come above it, once: a second try sends only the card.

        The card then says their first line, so that nothing stands there twice.
        """
        words = text
        if not cards.fits(text):
            words = text.strip().partition("\n")[0]
            half = _name(to, f"{reply_to}:{text}")
            if await self._words.get(half) is None:
                await self._text(to, text, reply_to=reply_to)
                await self._words.put(half, "half", for_s=_HALF_S)
        await self._card(to, cards.build(words, message.actions, task_id=ref))

    async def _text(self, to: Address, text: str, *, reply_to: str | None) -> None:
        """Answer a message that has no answer yet, else push. Raises SendError."""
        content = shortened(cards.plain(text), most=TEXT_BYTES, unit=Unit.UTF8)
        try:
            async with self._pace.place(Kind.TEXT, to.chat_id):
                if reply_to is None or not await self._answers.answer(reply_to, content):
                    await self._push(to, {"msgtype": "markdown", "markdown": {"content": content}})
        except (LineError, NoRoom) as error:
            raise self._error(to, error) from None

    async def _card(self, to: Address, card: cards.Card) -> None:
        await self._presses.keep(card)
        try:
            async with self._pace.place(Kind.TEXT, to.chat_id):
                await self._push(to, {"msgtype": "template_card", "template_card": card})
        except (LineError, NoRoom) as error:
            raise self._error(to, error) from None

    async def _push(self, to: Address, content: Frame) -> None:
        chat_type = 2 if is_group(to.chat_id) else 1
        await self._line.call("aibot_send_msg", {"chatid": to.chat_id, "chat_type": chat_type, **content})

    def _error(self, to: Address, error: LineError | NoRoom) -> SendError:
        """Translate, and hold the chat back where WeCom says so."""
        if isinstance(error, Refused) and error.is_pace:
            log.warning("WeCom wants a pause", extra={"code": error.code})
            self._pace.hold(to.chat_id, PACE_PAUSE_S)
        return send_error(error)

    # Films

    async def send_video(self, to: Address, video: VideoMessage) -> str:
        """Send a film, and a card with what can be done with it under it. Raises SendError."""
        ref = cards.new_task_id()
        try:
            await self._film(to, video)
        except _NameLapsed:
            await self._uploads.forget([video.path])
            await self._film(to, video)
        await self._note(to, video.caption, ref)
        if any(action.data for action in video.actions):
            await self._under(to, video, ref)
        return ref

    async def _film(self, to: Address, video: VideoMessage) -> None:
        media_id = await self._uploads.media_id("video", video.path)
        film: dict[str, Any] = {"media_id": media_id}
        if video.title:
            film["title"] = shortened(video.title, most=TITLE_BYTES, unit=Unit.UTF8)
        if video.caption:
            film["description"] = shortened(video.caption, most=DESCRIPTION_BYTES, unit=Unit.UTF8, whole_lines=True)
        try:
            async with self._pace.place(Kind.VIDEO, to.chat_id):
                await self._push(to, {"msgtype": "video", "video": film})
        except (LineError, NoRoom) as error:
            found = self._error(to, error)
            if isinstance(error, Refused) and error.code in MEDIA_CODES:
                raise _NameLapsed(SendOutcome.REJECTED, found.reason, refusal="file") from None
            raise found from None

    async def _under(self, to: Address, video: VideoMessage, ref: str) -> None:
        """Send the card. The film is there, so nothing that fails here may look like a film that is not."""
        try:
            await self._card(to, cards.build(video.title or video.caption or "🎬", video.actions, task_id=ref))
        except SendError as error:
            log.info("a film has no buttons", extra={"outcome": error.outcome})

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget WeCom's names of these files. Raises OSError."""
        await self._uploads.forget(files)

    # What a quote is found by

    async def _note(self, to: Address, text: str, ref: str) -> None:
        if text.strip():
            await self._words.put(_name(to, text), ref, for_s=_SAID_S)

    async def find(self, chat_id: str, text: str) -> str | None:
        """Return the reference of our own message with these words in this chat."""
        return await self._words.get(_name(Address("wecom", chat_id), text))


class _NameLapsed(SendError):
    """WeCom does not know the name of the uploaded film any more."""


def _name(to: Address, text: str) -> str:
    """Return a short name for words in a chat: their beginning, as a quote may hold no more."""
    words = "".join(each for each in text if each.isalnum())[:80]
    return hashlib.sha256(f"{to.chat_id}\n{words}".encode("utf-8", "replace")).hexdigest()[:32]
