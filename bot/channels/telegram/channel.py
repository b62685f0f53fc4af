"""The Telegram channel: its start and stop, and which part does what."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
from starlette.routing import BaseRoute, Route
from telegram import Bot, BotCommand
from telegram.error import TelegramError

from bot.channels.protocol import PlainChannel, Services
from bot.channels.telegram import MANIFEST
from bot.channels.telegram.errors import TranslatingErrors, send_error
from bot.channels.telegram.intake import UPDATES, Clock, UpdateReceiver
from bot.channels.telegram.request import BotRequest
from bot.channels.telegram.sending import UPLOADS, Sender
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Activity, Address, AttachmentRef, Message, SendOutcome, VideoMessage
from core.io.retrying import RetryPolicy, Sleep, retried

log = logging.getLogger(__name__)

_POLL_S = 30
_COMMANDS = (
    "video",
    "status",
    "cancel",
    "history",
    "again",
    "models",
    "price",
    "settings",
    "balance",
    "language",
    "help",
)
_UNTIL_DONE = RetryPolicy(
    TelegramError,
    pauses_s=(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0),
    least_s=lambda error: send_error(error).after_s,
)
_DESCRIPTION_CHARS = 256


class Telegram(PlainChannel):
    """The channel. `poll_s`, `sleep` and `clock` are arguments for tests, which do not wait.

    `answer_s`: seconds for the answer to an upload.
    """

    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(
        self,
        services: Services,
        settings: TelegramSettings,
        *,
        poll_s: int = _POLL_S,
        answer_s: float = 180.0,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self._services = services
        self._settings = settings
        self._sleep = sleep
        self._token = settings.token.get_secret_value() if settings.token else ""
        self._tls = httpx.create_ssl_context(trust_env=False)
        # The library adds the time that Telegram may hold the question to the time it may take to answer.
        self._requests = {
            "calls": BotRequest(tls=self._tls, pool=32, read_s=20.0),
            "updates": BotRequest(tls=self._tls, pool=2, read_s=15.0),
            "uploads": BotRequest(tls=self._tls, pool=UPLOADS, read_s=answer_s, keep_alive=False),
        }
        bot = self._bot = self._client("calls")
        self._intake = UpdateReceiver(bot, services, settings, poll_s=poll_s, sleep=sleep, clock=clock)
        files_url = f"{settings.api_url}/file/bot{self._token}"
        self._sender = Sender(bot, self._client("uploads"), files_url=files_url, tls=self._tls)
        self._tasks: list[asyncio.Task[None]] = []

    def _client(self, requests: str) -> Bot:
        return Bot(
            self._token,
            f"{self._settings.api_url}/bot",
            f"{self._settings.api_url}/file/bot",
            request=self._requests[requests],
            get_updates_request=self._requests["updates"],
        )

    def routes(self) -> Sequence[BaseRoute]:
        """Return the webhook's route, where it is on."""
        return [Route("/telegram", self._intake.webhook, methods=["POST"])] if self._settings.webhook else []

    async def start(self) -> None:
        """Begin to take updates, by webhook or long polling."""
        self._tasks.append(asyncio.create_task(self._introduce(), name="telegram set-up"))
        if not self._settings.webhook:
            self._tasks.append(asyncio.create_task(self._poll(), name="telegram updates"))

    async def _poll(self) -> None:
        """Poll for updates, in one process: Telegram answers a second one with a conflict."""
        await self._services.run_alone(self.name, self._intake.poll)

    async def stop_intake(self) -> None:
        """Take no new update from now on; sending still works."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._intake.close()

    async def stop(self) -> None:
        """Close the connections."""
        for request in self._requests.values():
            await request.shutdown()
        await self._sender.close()

    def alive(self) -> bool:
        """Return whether updates are asked for, or brought by the webhook."""
        return self._intake.alive()

    async def check(self) -> str:
        """Ask Telegram for the bot's name, for `doctor`."""
        async with (
            TranslatingErrors(unanswered=SendOutcome.NOT_SENT),
            BotRequest(tls=self._tls, pool=1, read_s=10.0) as request,
        ):
            base_url = f"{self._settings.api_url}/bot"
            me = await Bot(self._token, base_url, request=request, get_updates_request=request).get_me()
        return f"@{me.username}"

    async def _introduce(self) -> None:
        await self._until_done(self._intake.load_identity)
        if self._settings.webhook:
            await self._until_done(self._set_webhook)
        await self._until_done(self._set_commands)

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Repeat an outside call of the start until it works: an outage must not keep the bot from starting."""
        await retried(
            work,
            _UNTIL_DONE,
            sleep=self._sleep,
            on_retry=lambda error: log.warning("Telegram is not ready", extra={"reason": send_error(error).reason}),
        )

    async def _set_webhook(self) -> None:
        await self._bot.set_webhook(
            f"{self._services.public_url}/telegram",
            secret_token=self._intake.webhook_secret(),
            allowed_updates=UPDATES,
        )

    async def _set_commands(self) -> None:
        """Set the menu, once for everybody and once in each language."""
        for language in (None, *self._services.languages):
            menu = [
                BotCommand(name, self._services.translate(language or "en", f"command-{name}")[:_DESCRIPTION_CHARS])
                for name in _COMMANDS
            ]
            await self._bot.set_my_commands(menu, language_code=language)

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download the attachment to `into`. Raises SendError."""
        await self._sender.fetch(ref, into)

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Show a text, or edit the one at `replace`, and return its reference. Raises SendError."""
        return await self._sender.show(to, message, reply_to=reply_to, replace=replace)

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Send the file as a native video message and return its reference. Raises SendError."""
        return await self._sender.send_video(to, video, reply_to=reply_to)

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show Telegram's sign of activity."""
        await self._sender.busy(to, activity)
