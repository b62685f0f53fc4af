"""The Telegram channel: its start and stop, and which part does what."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.routing import BaseRoute, Route
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.services import Services
from bot.channels.telegram import MANIFEST
from bot.channels.telegram.downloads import Downloader
from bot.channels.telegram.errors import TranslatingErrors, send_error
from bot.channels.telegram.examination import examine_bot
from bot.channels.telegram.intake import UPDATES, Clock, UpdateReceiver
from bot.channels.telegram.limits import Capacity
from bot.channels.telegram.markup import ServerAge
from bot.channels.telegram.menus import set_menus
from bot.channels.telegram.openings import Openings
from bot.channels.telegram.pace import Pace, answering
from bot.channels.telegram.places import Places, thread_of
from bot.channels.telegram.pressed_buttons import PressedButtons
from bot.channels.telegram.presses import BLANK_AFTER_S, Presses
from bot.channels.telegram.request import BotClient, BotRequest
from bot.channels.telegram.rights import Rights
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.texts import TextSender
from bot.channels.telegram.videos import VideoSender
from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    FileMessage,
    Finding,
    Incoming,
    Limits,
    Message,
    Obstacle,
    SendError,
    SendOutcome,
    Toast,
    VideoMessage,
)
from core.io.retrying import RetryPolicy, Sleep, retried
from core.io.tls import usual_trust

log = logging.getLogger(__name__)

_POLL_S = 30
_UPLOADS = 8  # at once; the pace allows fewer
_ACTIONS = {"rendering": ChatAction.RECORD_VIDEO, "uploading": ChatAction.UPLOAD_VIDEO}
_UNTIL_DONE = RetryPolicy(
    TelegramError,
    pauses_s=(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0),
    least_s=lambda error: send_error(error).after_s,
)


class Telegram:
    """The channel. `poll_s`, `sleep`, `clock` and `pace` are arguments for tests, which do not wait.

    `answer_s`: seconds for the answer to an upload. `press_s`: until a press that nobody answers is answered blank.
    """

    manifest = MANIFEST
    name = MANIFEST.name

    def __init__(
        self,
        services: Services,
        settings: TelegramSettings,
        *,
        poll_s: int = _POLL_S,
        answer_s: float = 180.0,
        press_s: float = BLANK_AFTER_S,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        self._services = services
        self._settings = settings
        self._sleep = sleep
        self._token = settings.token.get_secret_value() if settings.token else ""
        self._tls = usual_trust()
        # The library adds the time that Telegram may hold the question to the time it may take to answer.
        self._requests = {
            "calls": BotRequest(tls=self._tls, pool=32, read_s=20.0),
            "updates": BotRequest(tls=self._tls, pool=2, read_s=15.0),
            "uploads": BotRequest(tls=self._tls, pool=_UPLOADS, read_s=answer_s, keep_alive=False),
        }
        self._pace = pace or Pace(counts=services.call_counts)
        bot = self._bot = self._client("calls")
        places = self._places = Places()
        age = ServerAge(self._memory("server"))
        self._capacity = Capacity(self._memory("capacity"), local=settings.local)
        self._presses = Presses(bot, self._memory("press"), blank_after_s=press_s)
        self._pressed = PressedButtons(bot, places, ServerAge(self._memory("buttons")), self._memory("keyboard"))
        self._rights = Rights(bot, places, self._memory("rights"), account=settings.account)
        self._openings = Openings(self._memory("opened"))
        self._intake = UpdateReceiver(
            bot,
            services,
            settings,
            presses=self._presses,
            pressed=self._pressed,
            rights=self._rights,
            openings=self._openings,
            poll_s=poll_s,
            sleep=sleep,
            clock=clock,
        )
        self._texts = TextSender(bot, places, age)
        self._videos = VideoSender(
            self._client("uploads"),
            places,
            age,
            self._capacity,
            files=self._memory("file"),
            messages=self._memory("shown"),
        )
        self._downloads = Downloader(
            bot,
            self._capacity,
            self._memory("files"),
            files_url=f"{settings.api_url}/file/bot{self._token}",
            local=settings.local,
            tls=self._tls,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _memory(self, kind: str) -> Memory:
        return Memory(self._services.key_values, channel="telegram", account=self._settings.account, kind=kind)

    def _client(self, requests: str) -> BotClient:
        return BotClient(
            self._token,
            f"{self._settings.api_url}/bot",
            f"{self._settings.api_url}/file/bot",
            request=self._requests[requests],
            get_updates_request=self._requests["updates"],
            pace=self._pace,
        )

    @property
    def limits(self) -> Limits:
        """Return the limits: those of the manifest, or wider ones of a server in local mode."""
        return self._capacity.limits

    def routes(self) -> Sequence[BaseRoute]:
        """Return the webhook's route, where it is on."""
        return [Route("/telegram", self._intake.webhook, methods=["POST"])] if self._settings.webhook else []

    async def start(self) -> None:
        """Begin to take updates, by webhook or long polling."""
        self._tasks.append(asyncio.create_task(self._introduce(), name="telegram set-up"))
        if self._settings.webhook:
            self._services.secret.on_change(self._renew_webhook)
        else:
            self._tasks.append(asyncio.create_task(self._poll(), name="telegram updates"))

    async def _poll(self) -> None:
        """Poll for updates, in one process: Telegram answers a second one with a conflict."""
        await self._services.run_alone(self.name, self._intake.poll)

    async def stop_intake(self) -> None:
        """Take no new update from now on; sending still works, without waiting for a turn."""
        self._pace.hurry()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._intake.close()

    async def stop(self) -> None:
        """Close the connections."""
        self._pace.close()
        for request in self._requests.values():
            await request.shutdown()
        await self._downloads.close()

    def alive(self) -> bool:
        """Return whether updates are asked for, or brought by the webhook."""
        return self._intake.alive()

    async def check(self) -> str:
        """Ask Telegram for the bot's name, for `doctor`. Raises SendError, also for files that could not be read."""
        async with (
            TranslatingErrors(unanswered=SendOutcome.NOT_SENT),
            BotRequest(tls=self._tls, pool=1, read_s=10.0) as request,
        ):
            base_url = f"{self._settings.api_url}/bot"
            bot = BotClient(self._token, base_url, request=request, get_updates_request=request, pace=self._pace)
            me = await bot.get_me()
        trouble = await self._downloads.trouble()
        if trouble is not None:
            raise SendError(SendOutcome.REJECTED, trouble)
        return f"@{me.username}"

    async def examine(self, groups: Sequence[str]) -> Sequence[Finding]:
        """Look at the webhook and at the bot's rights in these groups. Raises SendError."""
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            url = self._services.public_url
            return await examine_bot(self._bot, self._settings, self._rights, groups, public_url=url)

    async def _introduce(self) -> None:
        await self._capacity.load()
        await self._until_done(self._intake.load_identity)
        if self._settings.webhook:
            await self._until_done(self._set_webhook)
        await self._until_done(self._set_menus)

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

    def _renew_webhook(self) -> None:
        """Register the webhook with the new secret; until then what Telegram brings is refused, and it repeats that."""
        renewing = self._until_done(self._set_webhook)
        self._tasks.append(asyncio.create_task(renewing, name="telegram webhook"))

    async def _set_menus(self) -> None:
        await set_menus(self._bot, self._services.translate, self._services.languages, self._memory("menu"))

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download the attachment to `into`. Raises SendError."""
        await self._downloads.fetch(ref, into)

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Show a text, or edit the one at `replace`, and return its reference. Raises SendError.

        An edit that is about no job, or takes the place of what was pressed, waits for its turn like an answer.
        """
        try:
            with answering(message.job_id is None or message.in_place):
                reference = await self._texts.show(to, message, reply_to=reply_to, replace=replace)
        except SendError as error:
            await self._note_failure(to, error)
            raise
        await self._openings.note_arrival(to)
        return reference

    async def _note_failure(self, to: Address, error: SendError) -> None:
        """Remember what kept a message from a chat, or where that is now."""
        await self._rights.note_failure(to, error)
        await self._openings.note_failure(to, error)
        if error.moved_to is not None:
            try:
                await self._services.moved(self.name, to.chat_id, error.moved_to)
            except Exception as unwritten:  # noqa: BLE001 - whatever the database does; the next try hears it again
                log.warning("a move was not written down", extra={"error": type(unwritten).__name__})

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Send the file as a native video message and return its reference. Raises SendError."""
        try:
            reference = await self._videos.send(to, video, reply_to=reply_to)
        except SendError as error:
            await self._note_failure(to, error)
            raise
        await self._rights.note_video(to)
        await self._openings.note_arrival(to)
        return reference

    async def send_file(self, to: Address, file: FileMessage, *, reply_to: str | None = None) -> str:
        """Send the file as a document, which Telegram leaves as it is. Raises SendError."""
        return await self._videos.send_file(to, file, reply_to=reply_to)

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget Telegram's names of these files."""
        await self._videos.forget(files)

    async def retire(self, pressed: Incoming) -> None:
        """Disable the button that was pressed; an older server's is removed."""
        await self._pressed.retire(pressed)

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show Telegram's sign of activity. It waits for nothing long, and its failure is ignored."""
        try:
            await self._bot.send_chat_action(
                self._places.chat(to),
                _ACTIONS[activity],
                message_thread_id=thread_of(to),
                read_timeout=5.0,
                pool_timeout=1.0,
            )
        except TelegramError as error:
            log.debug("no sign of activity", extra={"reason": type(error).__name__})

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:
        """Show a few words to who pressed. False where the press is answered already, or too old."""
        return await self._presses.toast(pressed, toast)

    async def remove(self, to: Address, ref: str) -> bool:
        """Delete one of our messages, and forget the file it showed. False where Telegram does not, after 48 hours.

        Raises SendError where another try may do.
        """
        return await self._videos.remove(self._bot, to, ref)

    @asynccontextmanager
    async def turn(self, to: Address) -> AsyncIterator[None]:
        """Wait for the turn of one text to this chat. Raises SendError."""
        async with AsyncExitStack() as stack:
            async with TranslatingErrors():
                await stack.enter_async_context(self._pace.turn(self._places.chat(to)))
            yield

    async def obstacle(self, to: Address) -> Obstacle | None:
        """Return what is known to keep a video from this chat; a group is asked at most every ten minutes."""
        return await self._rights.obstacle(to)

    async def is_admin_of(self, to: Address, sender_id: str) -> bool:
        """Return whether this person is an admin of that group, as Telegram said in the last five minutes."""
        return await self._rights.is_admin(to, sender_id)

    def private(self, sender_id: str) -> Address | None:
        """Return the address of a person's own chat with the bot; None for who speaks as a group or a channel."""
        return Address(self.name, sender_id) if sender_id.isdecimal() else None

    async def opening_link(self, sender_id: str, code: str, *, once: bool = True) -> str | None:
        """Return a link that opens the bot for a person who is not known to have done so; see Openings.link."""
        if self.private(sender_id) is None:
            return None
        return await self._openings.link(sender_id, code, username=self._intake.username, once=once)
