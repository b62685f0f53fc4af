"""Receives updates, by long polling or webhook.

They are stored before Telegram is told: what is not confirmed it sends again.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from telegram import Bot, Chat, Update
from telegram import Message as TelegramMessage
from telegram.error import TelegramError

from bot.channels.services import Services
from bot.channels.telegram.errors import ApiError, send_error, webhook_is_set
from bot.channels.telegram.openings import Openings
from bot.channels.telegram.parsing import incoming_from
from bot.channels.telegram.pressed_buttons import PressedButtons
from bot.channels.telegram.presses import Presses
from bot.channels.telegram.request import readable_update
from bot.channels.telegram.rights import Rights
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Incoming, SendOutcome
from core.io.bodies import BodyTooLarge, read_body
from core.io.retrying import RetryPolicy, Sleep, retried

log = logging.getLogger(__name__)

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
_CONFLICT = 409
_ID = re.compile(r"-?[0-9]{1,19}")
_WEBHOOK_BYTES = 1_000_000
_LONGEST_PAUSE_S = 30.0
_UNTIL_STORED = RetryPolicy(
    Exception,  # a TelegramError, or whatever the database does: the loop outlives it
    pauses_s=(1.0, 2.0, 4.0, 8.0, 16.0, _LONGEST_PAUSE_S),
    least_s=lambda error: error.retry_after_s if isinstance(error, ApiError) else 0.0,
)
_UNHELD_S = 0.3
_REPEATS_S = (1.0, 2.0, 5.0, 10.0)  # between questions that are answered with what is known already
_REMEMBERED = 1000  # numbers of updates that were taken; an answer holds at most 100


Clock = Callable[[], float]
"""Seconds that only grow."""


class UpdateReceiver:
    """The receiver of updates. `poll_s`: how long Telegram may hold a question for updates (at most 50 s)."""

    def __init__(
        self,
        bot: Bot,
        services: Services,
        settings: TelegramSettings,
        *,
        presses: Presses,
        pressed: PressedButtons,
        rights: Rights,
        openings: Openings,
        poll_s: int,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self._bot = bot
        self._services = services
        self._settings = settings
        self._poll_s = poll_s
        self._sleep = sleep
        self._clock = clock
        self._presses = presses
        self._pressed = pressed
        self._rights = rights
        self._openings = openings
        self._webhook_dropped = False
        self._username: str | None = None
        self._open = True
        self._remembered: dict[int, None] = {}  # by their numbers, oldest first
        self._turned = self._clock()

    def alive(self) -> bool:
        """Return whether updates are still asked for; asking in vain counts."""
        return self._settings.webhook or self._clock() - self._turned < 3 * self._poll_s + 60.0

    async def close(self) -> None:
        """Take nothing more. The polling task is its owner's to cancel."""
        self._open = False
        await self._presses.close()

    async def load_identity(self) -> None:
        """Load our name, without which commands of other bots in a group would look like ours. Raises TelegramError."""
        if self._username is None:
            self._username = (await self._bot.get_me()).username or ""

    @property
    def username(self) -> str | None:
        """Return our name, once it is known."""
        return self._username or None

    async def poll(self) -> None:
        """Poll until cancelled. Commit a batch, only then ask beyond it: nothing is lost in a crash."""
        offset: int | None = None
        repeats = 0
        while True:
            updates, fresh = await retried(
                partial(self._batch, offset), _UNTIL_STORED, sleep=self._rest, on_retry=_note_failure
            )
            repeats = repeats + 1 if updates and not fresh else 0
            self._remember(fresh)
            if fresh:
                offset = max(update.update_id for update in fresh) + 1
            elif repeats:
                await self._rest_after_repeat(repeats)
            elif self._clock() - self._turned < _UNHELD_S:
                await self._sleep(_UNHELD_S)  # a server that does not hold the question is not asked in a rush

    async def _batch(self, offset: int | None) -> tuple[Sequence[Update], Sequence[Update]]:
        """Fetch updates, store the new ones, and return all and the new ones.

        Raises what Telegram or the inbox raises.
        """
        self._turned = self._clock()
        updates = await self._ask(offset)
        fresh = [update for update in updates if update.update_id not in self._remembered]
        await self._take(fresh)
        return updates, fresh

    def _remember(self, updates: Sequence[Update]) -> None:
        """Remember updates by number, not by offset: after a quiet week Telegram begins anywhere."""
        self._remembered |= dict.fromkeys(update.update_id for update in updates)
        while len(self._remembered) > _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    async def _rest_after_repeat(self, times: int) -> None:
        """Pause: a server that ignores the offset answers the same at once, a hundred times a second."""
        if times == 1:
            log.warning("Telegram repeats updates that were confirmed")
        await self._rest(_REPEATS_S[min(times, len(_REPEATS_S)) - 1])

    async def _ask(self, offset: int | None) -> Sequence[Update]:
        await self.load_identity()
        if not self._webhook_dropped:
            await self._drop_webhook()
        return await self._bot.get_updates(offset=offset, timeout=self._poll_s, allowed_updates=UPDATES)

    async def _drop_webhook(self) -> None:
        """Delete the webhook, once: while one is set, polling is refused. Waiting updates are kept."""
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except ApiError as error:
            if send_error(error).outcome == SendOutcome.NOT_SENT:
                raise
            log.warning("the webhook was not removed", extra={"reason": send_error(error).reason})
        self._webhook_dropped = True

    async def _rest(self, pause_s: float) -> None:
        """Pause in pieces: a long pause that Telegram asks for (hours have been seen) is not being stuck."""
        while pause_s > 0:
            piece_s = min(pause_s, _LONGEST_PAUSE_S)
            await self._sleep(piece_s)
            self._turned = self._clock()
            pause_s -= piece_s

    async def _take(self, updates: Sequence[Update]) -> None:
        """Store the updates. Raises what the inbox raises; then nothing of the batch may be confirmed."""
        found = [(update, self._read(update)) for update in updates]
        for update in updates:
            await self._note_move(update)

        async def remember(admitted: frozenset[str]) -> None:
            for update, each in found:
                try:
                    await self._note(update, is_admitted=each is not None and each.origin in admitted)
                except Exception as error:  # noqa: BLE001 - an odd shape; the memory behind it raises nothing itself
                    fields = {"update_id": update.update_id, "error": type(error).__name__}
                    log.error("an update was not noted", extra=fields)  # noqa: TRY400

        incoming = [each for _, each in found if each is not None]
        if incoming:
            await self._services.inbox.put(incoming, remember=remember)
        else:
            await remember(frozenset())

    async def _note(self, update: Update, *, is_admitted: bool) -> None:
        """Remember what an update shows. Of strangers nothing is: what was known of them or their chat is dropped.

        No message's way hangs on it.
        """
        if update.callback_query is not None:
            if is_admitted:
                self._presses.await_answer(update.callback_query.id)
                await self._pressed.note(update.callback_query)
        elif update.my_chat_member is not None:
            await self._rights.note_change(update.my_chat_member, is_admitted=is_admitted)
            await self._openings.note_change(update.my_chat_member, is_admitted=is_admitted)
        elif update.message is not None:
            await self._rights.note_message(update.message)
            if is_admitted:
                await self._openings.note_message(update.message)

    async def _note_move(self, update: Update) -> None:
        """Tell of a group that has become a supergroup; both say so. Raises what the database raises."""
        message = update.message
        if not isinstance(message, TelegramMessage) or not isinstance(message.chat, Chat):
            return
        here, there, before = message.chat.id, message.migrate_to_chat_id, message.migrate_from_chat_id
        if isinstance(here, int) and isinstance(there, int):  # the library hands on whatever stands there
            await self._services.moved("telegram", str(here), str(there))
        elif isinstance(here, int) and isinstance(before, int):
            await self._services.moved("telegram", str(before), str(here))

    def _read(self, update: Update) -> Incoming | None:
        """Read one update; None when it breaks our reading, so that it does not hold up the others.

        Its content stays out of the log.
        """
        try:
            incoming = incoming_from(update, account=self._settings.account, username=self._username)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it
            kind = type(error).__name__
            log.error("an update was left out", extra={"update_id": update.update_id, "error": kind})  # noqa: TRY400
            return None
        if incoming is None or all(map(_ID.fullmatch, (incoming.address.chat_id, incoming.sender_id))):
            return incoming
        log.error("an update with ids that are none of Telegram's was left out", extra={"update_id": update.update_id})
        return None  # the library hands on whatever stands there

    def webhook_secret(self) -> str:
        """Return the secret that Telegram sends with each call of the webhook."""
        return webhook_secret(self._services.secret.value, account=self._settings.account)

    async def webhook(self, request: Request) -> Response:
        """Take an update by webhook: stored before it is answered. Anything but a 200 makes Telegram send it again."""
        secret = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(secret.encode(), self.webhook_secret().encode()):
            return PlainTextResponse("", 401)
        if not self._open or self._username is None:
            return PlainTextResponse("", 503)
        try:
            body = await read_body(request.stream(), most_bytes=_WEBHOOK_BYTES)
        except BodyTooLarge:
            return PlainTextResponse("", 413)
        update = _update(body, self._bot)
        if update is None:
            return PlainTextResponse("", 200)  # it would come again and again, and be no better
        try:
            await self._take([update])
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.error("an update was not stored; Telegram keeps it", extra={"error": type(error).__name__})  # noqa: TRY400
            return PlainTextResponse("", 500)
        return PlainTextResponse("", 200)


def _update(body: bytes, bot: Bot) -> Update | None:
    try:
        data = readable_update(json.loads(body))
        return Update.de_json(data, bot) if data is not None else None
    except Exception as error:  # noqa: BLE001 - the library raises nearly anything for an odd shape
        log.error("an update could not be read", extra={"error": type(error).__name__})  # noqa: TRY400
        return None


def _note_failure(error: Exception) -> None:
    if not isinstance(error, TelegramError):  # only its kind: a database error's text holds what the person wrote
        log.error("updates were not stored; Telegram keeps them", extra={"error": type(error).__name__})
    elif webhook_is_set(error):
        log.error("another program has set a webhook for this bot: stop it, or give this bot a token of its own")
    elif isinstance(error, ApiError) and error.status == _CONFLICT:
        log.error("another program takes this bot's updates: stop it, or give this bot a token of its own")
    else:
        log.warning("no updates from Telegram", extra={"reason": send_error(error).reason})


def webhook_secret(secret: bytes, *, account: str) -> str:
    """Derive the secret of this installation and this bot that Telegram sends with each call."""
    return hmac.new(secret, f"telegram-webhook:{account}".encode(), hashlib.sha256).hexdigest()
