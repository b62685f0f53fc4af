"""Asks Telegram who a bot is, and watches for the code that makes its sender an admin, before any bot runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from telegram.error import TelegramError

from bot.channels.protocol import TryCode
from bot.channels.telegram.errors import ApiError, TranslatingErrors, webhook_is_set
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.request import BotClient, BotRequest
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import SendError, SendOutcome
from core.io.retrying import Sleep
from core.io.tls import usual_trust

_MOST = 100
_HELD_S = 5
_PAUSE_S = 3.1  # a question that is asked again sooner is held back by Telegram


async def username(settings: TelegramSettings) -> str:
    """Return the bot's name. Raises SendError: UNREACHABLE where the token is refused, NOT_SENT without an answer."""
    async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT), _client(settings) as bot:
        return str((await bot.get_me()).username)


async def watch(settings: TelegramSettings, try_code: TryCode, *, sleep: Sleep = asyncio.sleep) -> str:
    """Wait for the code in a private chat and return its sender's id. Raises SendError.

    No update is ever confirmed: an offset would confirm all before it, and what others write meanwhile is for the bot
    that starts later. It gets the code's message, too, and answers it.
    """
    seen: set[int] = set()
    async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT), _client(settings) as bot:
        while True:
            updates = await _ask(bot)
            for update in updates:
                if update["update_id"] in seen:
                    continue
                seen.add(update["update_id"])
                text, sender = _private_words(update)
                if sender and await try_code(text, sender):
                    return sender
            if len(updates) >= _MOST:
                reason = "a hundred messages wait for this bot: start `reelbot run`, which takes the code, too"
                raise SendError(SendOutcome.REJECTED, reason)
            await sleep(_PAUSE_S)


@asynccontextmanager
async def _client(settings: TelegramSettings) -> AsyncIterator[BotClient]:
    async with BotRequest(tls=usual_trust(), pool=1, read_s=10.0 + _HELD_S) as request:
        token = settings.token.get_secret_value() if settings.token else ""
        url = f"{settings.api_url}/bot"
        yield BotClient(token, url, request=request, get_updates_request=request, pace=Pace())


async def _ask(bot: BotClient) -> list[Any]:
    try:
        return list(await bot.ask("getUpdates", timeout=_HELD_S, limit=_MOST))
    except TelegramError as error:
        if webhook_is_set(error):
            reason = "this bot has a webhook: start `reelbot run`, which takes the code, too"
        elif isinstance(error, ApiError) and error.status == httpx.codes.CONFLICT:
            reason = (
                "another program takes this bot's messages: stop it, or write the code to it if it is `reelbot run`"
            )
        else:
            raise
        raise SendError(SendOutcome.REJECTED, reason) from None


def _private_words(update: dict[str, Any]) -> tuple[str, str]:
    """Return the text and the sender's id of a message in a private chat; empty ones of anything else."""
    message = update.get("message") or {}
    chat, sender = message.get("chat") or {}, message.get("from") or {}
    if chat.get("type") != "private" or sender.get("id") != chat.get("id"):
        return "", ""
    return str(message.get("text") or ""), str(sender["id"])
