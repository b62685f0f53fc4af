"""The channel itself: takes updates, answers, and sends the mp4 as a native video message."""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import aiofiles
import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    ReplyParameters,
    Update,
)
from telegram.error import Conflict, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.port import Activity, Address, AttachmentRef, DeliveryError, Limits, Message, Services, VideoMessage
from bot.channels.telegram.errors import cannot_be_edited, is_unchanged, thread_is_gone, verdict
from bot.channels.telegram.parsing import incoming_from
from bot.channels.telegram.settings import TelegramSettings

log = logging.getLogger(__name__)

R = TypeVar("R")

_UPDATES = ["message", "callback_query", "my_chat_member"]
_POLL_S = 30
_STUCK_S = 150.0
_UPLOADS = 4
_FETCH_BYTES = 20_000_000  # the cloud Bot API hands out no larger files (getFile)
_WEBHOOK_BYTES = 1_000_000
_SLOWEST_BYTES_S = 100_000
_COMMANDS = ("video", "status", "cancel", "history", "models", "price", "language", "help")


def _request(pool: int, *, read: float, keep_alive: bool = True) -> HTTPXRequest:
    """No environment proxies; for uploads no kept connection, whose staleness would look like a lost answer."""
    limits = httpx.Limits(max_connections=pool, max_keepalive_connections=pool if keep_alive else 0)
    return HTTPXRequest(
        connection_pool_size=pool,
        read_timeout=read,
        write_timeout=20.0,
        connect_timeout=10.0,
        pool_timeout=10.0,
        media_write_timeout=60.0,
        httpx_kwargs={"trust_env": False, "limits": limits},
    )


class Telegram:
    name = "telegram"
    limits = Limits(video_bytes=49_000_000, image_bytes=10_000_000, source_video_bytes=_FETCH_BYTES)

    def __init__(self, services: Services, settings: TelegramSettings) -> None:
        self._services = services
        self._settings = settings
        token = settings.token.get_secret_value() if settings.token else ""
        self._token = token
        base = f"{settings.api_url}/bot"
        polling = _request(2, read=_POLL_S + 15)
        self._bot = Bot(token, base, request=_request(32, read=20), get_updates_request=polling)
        self._uploader = Bot(token, base, request=_request(_UPLOADS, read=180, keep_alive=False))
        self._places = asyncio.Semaphore(_UPLOADS)
        self._username: str | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._answers: set[asyncio.Task[None]] = set()
        self._turned = time.monotonic()
        self._taking = True

    # Life

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/telegram", self._webhook, methods=["POST"])] if self._settings.webhook else []

    async def start(self) -> None:
        for bot in (self._bot, self._uploader):
            for request in bot._request:  # noqa: SLF001 - Bot.initialize() would ask getMe, and a start must not wait
                await request.initialize()
        self._tasks.append(asyncio.create_task(self._until_done(self._introduce), name="telegram set-up"))
        if not self._settings.webhook:
            self._tasks.append(asyncio.create_task(self._poll(), name="telegram updates"))

    async def stop_intake(self) -> None:
        self._taking = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        for bot in (self._bot, self._uploader):
            for request in bot._request:  # noqa: SLF001 - the other half of start()
                await request.shutdown()

    def alive(self) -> bool:
        return self._settings.webhook or time.monotonic() - self._turned < _STUCK_S

    async def check(self) -> str:
        bot = Bot(self._token, request=_request(2, read=10), base_url=f"{self._settings.api_url}/bot")
        async with _spoken():
            me = await bot.get_me()
        return f"@{me.username}"

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Outside calls at the start are repeated until they work: an outage must not keep the bot from starting."""
        pause = 1.0
        while True:
            try:
                await work()
            except TelegramError as error:
                log.warning("Telegram is not ready", extra={"reason": verdict(error).reason})
                await asyncio.sleep(pause)
                pause = min(60.0, pause * 2)
            else:
                return

    async def _introduce(self) -> None:
        self._username = (await self._bot.get_me()).username
        if self._settings.webhook:
            await self._bot.set_webhook(
                f"{self._services.public_url}/telegram",
                secret_token=self._webhook_secret(),
                allowed_updates=_UPDATES,
            )
        for language in (None, *self._services.languages):
            menu = [
                BotCommand(name, self._services.say(language or "en", f"command-{name}")[:256]) for name in _COMMANDS
            ]
            await self._bot.set_my_commands(menu, language_code=language)

    # Taking

    async def _poll(self) -> None:
        """Commit a batch, then ask beyond it: Telegram keeps what was not confirmed, so nothing is lost in a crash."""
        await self._until_done(self._drop_webhook)
        offset: int | None = None
        pause = 1.0
        while self._taking:
            self._turned = time.monotonic()
            try:
                updates = await self._bot.get_updates(offset=offset, timeout=_POLL_S, allowed_updates=_UPDATES)
                await self._take(updates)
            except TelegramError as error:
                await self._rest(error, pause)
                pause = min(30.0, pause * 2)
            except Exception:
                log.exception("updates were not stored; Telegram keeps them")
                await asyncio.sleep(pause)
                pause = min(30.0, pause * 2)
            else:
                pause = 1.0
                if updates:
                    offset = updates[-1].update_id + 1

    async def _drop_webhook(self) -> None:
        await self._bot.delete_webhook(drop_pending_updates=False)

    async def _rest(self, error: TelegramError, pause: float) -> None:
        if isinstance(error, Conflict):
            log.error("another program takes this bot's updates: stop it, or give this bot a token of its own")
        else:
            log.warning("no updates from Telegram", extra={"reason": verdict(error).reason})
        await asyncio.sleep(max(pause, verdict(error).after_s))

    async def _take(self, updates: Sequence[Update]) -> None:
        incoming = []
        for update in updates:
            try:
                found = incoming_from(update, account=self._settings.account, username=self._username)
            except Exception:
                log.exception("an update could not be read", extra={"update_id": update.update_id})
                continue
            if found is not None:
                incoming.append(found)
            if update.callback_query is not None:
                self._answer(update.callback_query.id)
        if incoming:
            await self._services.inbox.put(incoming)

    def _answer(self, query_id: str) -> None:
        """Stop the button's spinner at once; one that is too old is nobody's trouble."""

        async def answer() -> None:
            with suppress(TelegramError):
                await self._bot.answer_callback_query(query_id)

        task = asyncio.create_task(answer())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    def _webhook_secret(self) -> str:
        key = f"telegram-webhook:{self._settings.account}".encode()
        return hmac.new(self._services.secret, key, hashlib.sha256).hexdigest()

    async def _webhook(self, request: Request) -> Response:
        """Stored before it is answered; anything but a 200 makes Telegram send it again."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), self._webhook_secret().encode()):
            return PlainTextResponse("", 401)
        if int(request.headers.get("content-length") or _WEBHOOK_BYTES + 1) > _WEBHOOK_BYTES:
            return PlainTextResponse("", 413)
        if not self._taking:
            return PlainTextResponse("", 503)
        try:
            update = Update.de_json(await request.json(), self._bot)
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("", 400)
        await self._take([update])
        return PlainTextResponse("", 200)

    # Giving

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """getFile, then the bytes, streamed. That address holds the token: it stays in this function."""
        async with _spoken():
            file = await self._bot.get_file(ref.file_id)
        path = file.file_path or ""
        url = path if "://" in path else f"{self._settings.api_url}/file/bot{self._token}/{path}"
        if not url.startswith(f"{self._settings.api_url}/file/bot{self._token}/"):
            raise DeliveryError("refused", "Telegram named an unexpected address")
        try:
            async with (
                httpx.AsyncClient(timeout=httpx.Timeout(10, read=30), trust_env=False) as client,
                client.stream("GET", url) as reply,
            ):
                if reply.status_code != httpx.codes.OK:
                    raise DeliveryError("retry", f"the file came with status {reply.status_code}", after_s=2.0)
                await _write(reply, into)
        except httpx.HTTPError as error:
            raise DeliveryError("retry", f"the file did not come ({type(error).__name__})", after_s=2.0) from None

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        async with _spoken():
            if replace is not None and await self._edited(to, message, replace):
                return replace
            reference = ""
            for part in _parts(message.text, self.limits.text_chars):
                sent = await self._in_thread(to, self._text(to, part, message, reply_to))
                reference = reference or str(sent.message_id)
            return reference

    async def _edited(self, to: Address, message: Message, replace: str) -> bool:
        """False when that message is no longer there to be changed."""
        try:
            await self._bot.edit_message_text(
                _parts(message.text, self.limits.text_chars)[0],
                chat_id=to.chat_id,
                message_id=int(replace),
                reply_markup=_keyboard(message.actions),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            if is_unchanged(error):
                return True
            if cannot_be_edited(error):
                return False
            raise
        return True

    def _text(self, to: Address, part: str, message: Message, reply_to: str | None) -> Callable[[int | None], Any]:
        def send(thread: int | None) -> Any:
            return self._bot.send_message(
                to.chat_id,
                part,
                message_thread_id=thread,
                reply_parameters=_reply(reply_to),
                reply_markup=_keyboard(message.actions),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )

        return send

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        async with self._places, _spoken(), asyncio.timeout(_upload_s(video.path)):
            with video.path.open("rb") as file:
                thumbnail = await asyncio.to_thread(video.thumbnail.read_bytes) if video.thumbnail else None

                def send(thread: int | None) -> Any:
                    return self._uploader.send_video(
                        to.chat_id,
                        InputFile(file, filename=video.path.name, read_file_handle=False),
                        duration=max(1, round(video.duration_s)),
                        width=video.width,
                        height=video.height,
                        thumbnail=InputFile(thumbnail, filename="thumbnail.jpg") if thumbnail else None,
                        caption=video.caption[: self.limits.caption_chars],
                        supports_streaming=True,
                        message_thread_id=thread,
                        reply_parameters=_reply(reply_to),
                        reply_markup=_keyboard(video.actions),
                    )

                sent = await self._in_thread(to, send)
        if sent.video is None:
            log.warning("Telegram made something else of a video", extra={"job_id": video.job_id})
        return str(sent.message_id)

    async def _in_thread(self, to: Address, send: Callable[[int | None], Awaitable[R]]) -> R:
        """In the right topic; without one when it has been closed meanwhile."""
        try:
            return await send(int(to.thread_id) if to.thread_id else None)
        except TelegramError as error:
            if to.thread_id and thread_is_gone(error):
                return await send(None)
            raise

    async def busy(self, to: Address, activity: Activity) -> None:
        action = "record_video" if activity == "rendering" else "upload_video"
        thread = int(to.thread_id) if to.thread_id else None
        with suppress(TelegramError):
            await self._bot.send_chat_action(to.chat_id, action, message_thread_id=thread)


class _spoken:  # noqa: N801 - a context manager, read as a word
    """Inside, the library's errors become verdicts; a whole call that takes too long is doubt."""

    async def __aenter__(self) -> None:
        """Nothing to prepare."""

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, TelegramError):
            raise verdict(error) from None
        if isinstance(error, TimeoutError):
            raise DeliveryError("doubt", "Telegram took too long") from None


async def _write(reply: httpx.Response, into: Path) -> None:
    size = 0
    async with aiofiles.open(into, "wb") as out:
        async for chunk in reply.aiter_bytes():
            size += len(chunk)
            if size > _FETCH_BYTES:
                raise DeliveryError("refused", "the file is larger than Telegram gives to bots")
            await out.write(chunk)


def _upload_s(path: Path) -> float:
    return 240.0 + path.stat().st_size / _SLOWEST_BYTES_S


def _reply(reply_to: str | None) -> ReplyParameters | None:
    """Without the flag a deleted question would make the whole answer fail."""
    return ReplyParameters(int(reply_to), allow_sending_without_reply=True) if reply_to else None


def _keyboard(actions: Sequence[Any]) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(action.label[:64], callback_data=action.data)] for action in actions]
    return InlineKeyboardMarkup(rows) if rows else None


def _parts(text: str, most: int) -> list[str]:
    """Cut at line breaks where possible. Telegram counts UTF-16 units."""
    parts, part, size = [], "", 0
    for line in text.splitlines(keepends=True) or [text]:
        for piece in _pieces(line, most):
            units = len(piece.encode("utf-16-le")) // 2
            if size + units > most:
                parts.append(part)
                part, size = "", 0
            part, size = part + piece, size + units
    return [each.strip("\n") for each in [*parts, part] if each.strip()] or ["…"]


def _pieces(line: str, most: int) -> list[str]:
    half = most // 2
    return [line[start : start + half] for start in range(0, len(line), half)] or [""]
