"""Sends mp4 files as native video messages: uploaded once, and from then on by the name that Telegram gave them."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import telegram
from telegram import Bot, InputFile
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.budget import Kind
from bot.channels.telegram.errors import (
    TranslatingErrors,
    is_absent,
    is_broken,
    is_refused,
    is_too_big,
    lighter_may_do,
    send_error,
    speaks_of,
)
from bot.channels.telegram.lengths import cut
from bot.channels.telegram.limits import LIMITS, Capacity
from bot.channels.telegram.markup import ServerAge, has_new_fields, keyboard
from bot.channels.telegram.pace import PATIENCE_S
from bot.channels.telegram.places import Places, reply_to_parameters
from bot.channels.types import Action, Address, FileMessage, SendError, SendOutcome, VideoMessage

log = logging.getLogger(__name__)

_SLOWEST_BYTES_S = 100_000
_ANSWER_S = 240.0 + PATIENCE_S[Kind.VIDEO]
_KEPT_FOR_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A video, by its file or by Telegram's name for it, and what is sent with it."""

    video: VideoMessage
    content: BinaryIO | str
    caption: str
    thumbnail: bytes | None
    cover: bytes | None
    reply_to: str | None
    actions: tuple[Action, ...]

    def bare(self, *, caption: bool) -> "_Parcel":
        text = self.caption if caption else ""
        return replace(self, thumbnail=None, cover=None, reply_to=None, actions=(), caption=text)


class VideoSender:
    """The sender of videos. `uploader` is a client of its own, with long timeouts: ordinary calls must fail fast.

    `files` remembers Telegram's names of what was uploaded, `messages` which message shows which.
    """

    def __init__(
        self, uploader: Bot, places: Places, age: ServerAge, capacity: Capacity, *, files: Memory, messages: Memory
    ) -> None:
        self._uploader = uploader
        self._places = places
        self._age = age
        self._capacity = capacity
        self._files = files
        self._messages = messages

    async def send(self, to: Address, video: VideoMessage, *, reply_to: str | None) -> str:
        """Send the video: by name where it was uploaded before, else streamed from the disk.

        httpx reads the handle piece by piece and knows its length. Raises SendError.
        """
        size = video.path.stat().st_size
        name = _name_of(video.path, size)
        caption, cover = cut(video.caption, LIMITS.caption_chars), await _bytes_of(video.cover)
        known = await self._files.get(name)
        if known is not None:
            parcel = _Parcel(video, known, caption, None, cover, reply_to, video.actions)
            message = await self._send_known(to, parcel, name)
            if message is not None:
                return await self._keep(to, parcel, name, message)
        thumbnail = await _bytes_of(video.thumbnail)
        with video.path.open("rb") as file:
            parcel = _Parcel(video, file, caption, thumbnail, cover, reply_to, video.actions)
            async with (
                TranslatingErrors(upload_sent=lambda: file.tell() >= size),
                asyncio.timeout(_ANSWER_S + size / _SLOWEST_BYTES_S),
            ):
                message = await self._upload(to, parcel)
        return await self._keep(to, parcel, name, message)

    async def _send_known(self, to: Address, parcel: _Parcel, name: str) -> telegram.Message | None:
        """Send by name. None when Telegram would not take that: a file it holds no more, or what goes with it.

        Where it breaks on the name, the next try is an upload.
        """
        async with TranslatingErrors(upload_sent=lambda: True), asyncio.timeout(_ANSWER_S):
            try:
                return await self._send(to, parcel)
            except TelegramError as error:
                refused = is_refused(error)
                if refused or is_broken(error):
                    await self._files.put(name, None)
                if not refused:
                    raise
        log.info("a video is uploaded once more", extra={"job_id": parcel.video.job_id})
        return None

    async def _upload(self, to: Address, parcel: _Parcel) -> telegram.Message:
        """Upload the file. What only goes with the video must not sink it: refused, it is sent once bare."""
        try:
            return await self._send(to, parcel)
        except TelegramError as error:
            if is_too_big(error) and await self._capacity.lower_uploads():
                log.warning("the Bot API server takes no large files; videos are made smaller from now on")
                words = "the file is too large for this server, a smaller one may do"
                raise SendError(SendOutcome.NOT_SENT, words) from None
            bare = parcel.bare(caption=not speaks_of(error, "caption", "entit"))
            if not lighter_may_do(error) or bare == parcel:
                raise
        log.warning("a video is sent without what goes with it", extra={"job_id": parcel.video.job_id})
        return await self._send(to, bare)

    async def _send(self, to: Address, parcel: _Parcel) -> telegram.Message:
        video = parcel.video

        async def send(plain: bool) -> telegram.Message:
            return await self._places.send(
                to,
                lambda chat, thread: self._uploader.send_video(
                    chat,
                    _content(parcel),
                    duration=max(1, round(video.duration_s)),
                    width=video.width,
                    height=video.height,
                    thumbnail=_still(parcel.thumbnail, "thumbnail.jpg"),
                    cover=None if plain else _still(parcel.cover, "cover.jpg"),
                    caption=parcel.caption or None,
                    supports_streaming=True,
                    message_thread_id=thread,
                    reply_parameters=reply_to_parameters(parcel.reply_to),
                    reply_markup=keyboard(parcel.actions, plain=plain),
                ),
            )

        new_fields = parcel.cover is not None or has_new_fields(parcel.actions)
        return await self._age.newest(send, new_fields=new_fields)

    async def _keep(self, to: Address, parcel: _Parcel, name: str, message: telegram.Message) -> str:
        """Keep Telegram's name of the file, and return the message's reference."""
        if message.video is not None:
            await self._files.put(name, message.video.file_id, for_s=_KEPT_FOR_S)
            await self._messages.put(f"{to.chat_id}:{message.message_id}", name, for_s=_KEPT_FOR_S)
        else:
            log.warning("Telegram made something else of a video", extra={"job_id": parcel.video.job_id})
        return str(message.message_id)

    async def send_file(self, to: Address, file: FileMessage, *, reply_to: str | None) -> str:
        """Send the file as a document, streamed from the disk: Telegram makes nothing else of it. Raises SendError."""
        size = file.path.stat().st_size
        with file.path.open("rb") as content:
            async with (
                TranslatingErrors(upload_sent=lambda: content.tell() >= size),
                asyncio.timeout(_ANSWER_S + size / _SLOWEST_BYTES_S),
            ):
                document = InputFile(content, filename=file.path.name, read_file_handle=False)
                message = await self._places.send(
                    to,
                    lambda chat, thread: self._uploader.send_document(
                        chat,
                        document,
                        caption=cut(file.caption, LIMITS.caption_chars) or None,
                        disable_content_type_detection=True,
                        message_thread_id=thread,
                        reply_parameters=reply_to_parameters(reply_to),
                    ),
                )
        return str(message.message_id)

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget Telegram's names of these files."""
        for path in files:
            with suppress(OSError):
                await self._files.put(_name_of(path, path.stat().st_size), None)

    async def remove(self, bot: Bot, to: Address, reference: str) -> bool:
        """Delete one of our messages, and forget the file that it showed.

        False where Telegram does not: after 48 hours. Raises SendError where it may do so another time.
        """
        if not reference.isdecimal():
            return False
        shown = f"{to.chat_id}:{reference}"
        name = await self._messages.get(shown)
        if name is not None:
            await self._files.put(name, None)
            await self._messages.put(shown, None)
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            try:
                return await bot.delete_message(self._places.chat(to), int(reference))
            except TelegramError as error:
                self._places.note_move(to, error)
                if is_absent(error):
                    return True
                if send_error(error).outcome in {SendOutcome.REJECTED, SendOutcome.UNREACHABLE}:
                    return False
                raise


def _name_of(path: Path, size: int) -> str:
    """Return our name of a file: the job's code is in it, and a smaller copy has another size."""
    return f"{path.name}:{size}"


def _content(parcel: _Parcel) -> InputFile | str:
    if isinstance(parcel.content, str):
        return parcel.content
    return InputFile(parcel.content, filename=f"{parcel.video.path.stem}.mp4", read_file_handle=False)


def _still(jpeg: bytes | None, name: str) -> InputFile | None:
    return InputFile(jpeg, filename=name, attach=True) if jpeg else None


async def _bytes_of(still: Path | None) -> bytes | None:
    """Read a still; None when it is gone."""
    with suppress(OSError):
        return await asyncio.to_thread(still.read_bytes) if still is not None else None
    return None
