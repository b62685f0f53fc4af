"""Sends texts, mp4 files as native video messages and signs of activity; downloads what people attached."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import quote

import httpx
import telegram
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.channels.telegram.errors import (
    ApiError,
    TranslatingErrors,
    cannot_be_edited,
    is_unchanged,
    lighter_may_do,
    speaks_of,
    thread_is_gone,
)
from bot.channels.telegram.lengths import cut, split
from bot.channels.telegram.limits import FETCH_BYTES, LIMITS
from bot.channels.types import Action, Activity, Address, AttachmentRef, Message, SendError, SendOutcome, VideoMessage
from core.io.bodies import CHUNK_BYTES, BodyTooLarge, write_body

log = logging.getLogger(__name__)

R = TypeVar("R")

UPLOADS = 4

_FETCH_S = 300.0
_SLOWEST_BYTES_S = 100_000
_ANSWER_S = 240.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_ACTIONS = {"rendering": ChatAction.RECORD_VIDEO, "uploading": ChatAction.UPLOAD_VIDEO}


class Sender:
    """The sender. `uploader` is a client of its own, with long timeouts: ordinary calls must go on failing fast."""

    def __init__(self, bot: Bot, uploader: Bot, *, files_url: str, tls: ssl.SSLContext) -> None:
        """Build the sender. `files_url` holds the token, as Telegram has it: it stays in this object."""
        self._bot = bot
        self._uploader = uploader
        self._files_url = files_url
        self._places = asyncio.Semaphore(UPLOADS)
        self._moved: dict[str, str] = {}
        timeout = httpx.Timeout(10.0, read=30.0)
        self._web = httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False, verify=tls)

    async def close(self) -> None:
        """Close the connections."""
        await self._web.aclose()

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Call getFile, then stream the bytes. Asking twice does no harm, so silence counts as not sent."""
        if ref.size is not None and ref.size > FETCH_BYTES:
            raise _too_large()
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            file = await self._bot.get_file(ref.file_id)
        if file.file_size is not None and file.file_size > FETCH_BYTES:
            raise _too_large()
        url = self._file_url(file.file_path or "")
        try:
            async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT), asyncio.timeout(_FETCH_S):
                await self._download(url, into)
        except BaseException:
            into.unlink(missing_ok=True)
            raise

    def _file_url(self, path: str) -> str:
        """Return the file's address.

        The library makes a full one of the path; whatever else is there is not followed.
        """
        path = path.removeprefix(f"{self._files_url}/")
        if not path or "://" in path or ".." in path.split("/"):
            raise SendError(SendOutcome.REJECTED, "Telegram named an unexpected address")
        return f"{self._files_url}/{quote(path.lstrip('/'))}"

    async def _download(self, url: str, into: Path) -> None:
        try:
            async with self._web.stream("GET", url) as reply:
                _check(reply.status_code)
                await write_body(reply.aiter_bytes(CHUNK_BYTES), into, most_bytes=FETCH_BYTES)
        except BodyTooLarge:
            raise _too_large() from None
        except httpx.HTTPError as error:
            raise SendError(
                SendOutcome.NOT_SENT, f"the file did not come ({type(error).__name__})", after_s=2.0
            ) from None

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Show a text; a long one in parts: the first is the reply, the last has the buttons and is the reference."""
        if replace is not None and replace.isdecimal() and await self._edited(to, message, replace):
            return replace
        parts = split(message.text, LIMITS.text_chars)
        reference = ""
        async with TranslatingErrors():
            for number, part in enumerate(parts):
                actions = message.actions if number == len(parts) - 1 else ()
                sent = await self._say(to, part, actions, reply_to if number == 0 else None)
                reference = str(sent.message_id)
        return reference

    async def _edited(self, to: Address, message: Message, replace: str) -> bool:
        """Edit a message. False when it is no longer there. A second edit does no harm, so none is unconfirmed."""
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            try:
                await self._bot.edit_message_text(
                    split(cut(message.text, LIMITS.text_chars), LIMITS.text_chars)[0],
                    chat_id=self._chat(to),
                    message_id=int(replace),
                    reply_markup=_keyboard(message.actions),
                    link_preview_options=_NO_PREVIEW,
                )
            except TelegramError as error:
                self._note_move(to, error)
                if cannot_be_edited(error):
                    return False
                if not is_unchanged(error):
                    raise
        return True

    async def _say(self, to: Address, text: str, actions: Sequence[Action], reply_to: str | None) -> telegram.Message:
        """Send a text. Where Telegram refuses its buttons, or the message it replies to, it is sent once without."""
        try:
            return await self._send_text(to, text, actions, reply_to)
        except TelegramError as error:
            if not lighter_may_do(error) or not (actions or reply_to):
                raise
            only_reply = reply_to is not None and speaks_of(error, "repl", "quote")
            return await self._send_text(to, text, actions if only_reply else (), None)

    async def _send_text(
        self, to: Address, text: str, actions: Sequence[Action], reply_to: str | None
    ) -> telegram.Message:
        async def send(chat: str, thread: int | None) -> telegram.Message:
            return await self._bot.send_message(
                chat,
                text,
                message_thread_id=thread,
                reply_parameters=_reply(reply_to),
                reply_markup=_keyboard(actions),
                link_preview_options=_NO_PREVIEW,
            )

        return await self._in_place(to, send)

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Send the video, streamed from the disk: httpx reads the handle piece by piece and knows its length.

        What only goes with the video must not sink it: refused, it is sent once bare.
        """
        size = video.path.stat().st_size
        most_s = _ANSWER_S + size / _SLOWEST_BYTES_S
        thumbnail = await asyncio.to_thread(video.thumbnail.read_bytes) if video.thumbnail else None
        with video.path.open("rb") as file:
            upload = _Upload(file, video, cut(video.caption, LIMITS.caption_chars), thumbnail, reply_to, video.actions)
            async with (
                self._places,
                TranslatingErrors(upload_sent=lambda: file.tell() >= size),
                asyncio.timeout(most_s),
            ):
                try:
                    message = await self._upload(to, upload)
                except TelegramError as error:
                    bare = upload.bare(caption=not speaks_of(error, "caption", "entit"))
                    if not lighter_may_do(error) or bare == upload:
                        raise
                    log.warning("a video is sent without what goes with it", extra={"job_id": video.job_id})
                    message = await self._upload(to, bare)
        if message.video is None:
            log.warning("Telegram made something else of a video", extra={"job_id": video.job_id})
        return str(message.message_id)

    async def _upload(self, to: Address, upload: "_Upload") -> telegram.Message:
        async def send(chat: str, thread: int | None) -> telegram.Message:
            video = upload.video
            return await self._uploader.send_video(
                chat,
                InputFile(upload.file, filename=f"{video.path.stem}.mp4", read_file_handle=False),
                duration=max(1, round(video.duration_s)),
                width=video.width,
                height=video.height,
                thumbnail=_still(upload.thumbnail),
                caption=upload.caption or None,
                supports_streaming=True,
                message_thread_id=thread,
                reply_parameters=_reply(upload.reply_to),
                reply_markup=_keyboard(upload.actions),
            )

        return await self._in_place(to, send)

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show a sign of activity. It waits for nothing long, and its failure is ignored."""
        try:
            await self._bot.send_chat_action(
                self._chat(to), _ACTIONS[activity], message_thread_id=_thread(to), read_timeout=5.0, pool_timeout=1.0
            )
        except TelegramError as error:
            log.debug("no sign of activity", extra={"reason": type(error).__name__})

    async def _in_place(self, to: Address, send: Callable[[str, int | None], Awaitable[R]]) -> R:
        """Send in the right topic; without one when it has been closed meanwhile."""
        thread = _thread(to)
        try:
            return await send(self._chat(to), thread)
        except TelegramError as error:
            self._note_move(to, error)
            if thread is not None and thread_is_gone(error):
                return await send(self._chat(to), None)
            raise

    def _chat(self, to: Address) -> str:
        return self._moved.get(to.chat_id, to.chat_id)

    def _note_move(self, to: Address, error: TelegramError) -> None:
        """Note a new chat id: a group became a supergroup, and a retry goes there."""
        if isinstance(error, ApiError) and error.moved_to is not None:
            self._moved[to.chat_id] = error.moved_to


@dataclass(frozen=True, slots=True)
class _Upload:
    """A video, and what is sent with it."""

    file: BinaryIO
    video: VideoMessage
    caption: str
    thumbnail: bytes | None
    reply_to: str | None
    actions: tuple[Action, ...]

    def bare(self, *, caption: bool) -> "_Upload":
        text = self.caption if caption else ""
        return replace(self, thumbnail=None, reply_to=None, actions=(), caption=text)


def _still(thumbnail: bytes | None) -> InputFile | None:
    return InputFile(thumbnail, filename="thumbnail.jpg", attach=True) if thumbnail else None


def _thread(to: Address) -> int | None:
    return int(to.thread_id) if to.thread_id and to.thread_id.isdecimal() else None


def _reply(reply_to: str | None) -> ReplyParameters | None:
    """Build the reply's parameters. Without the flag a deleted question would make the whole answer fail."""
    if reply_to is None or not reply_to.isdecimal():
        return None
    return ReplyParameters(int(reply_to), allow_sending_without_reply=True)


def _keyboard(actions: Sequence[Action]) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(cut(action.label, 64), callback_data=action.data)] for action in actions]
    return InlineKeyboardMarkup(rows) if rows else None


def _check(status: int) -> None:
    if status == httpx.codes.OK:
        return
    passing = status >= httpx.codes.INTERNAL_SERVER_ERROR or status in {404, 408, 425, 429}  # 404: the link has lapsed
    raise SendError(
        SendOutcome.NOT_SENT if passing else SendOutcome.REJECTED, f"the file came with status {status}", after_s=2.0
    )


def _too_large() -> SendError:
    return SendError(SendOutcome.REJECTED, "the file is larger than Telegram gives to bots")
