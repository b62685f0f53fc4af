"""Telegram: python-telegram-bot as client and parser, with a getUpdates loop of our own that loses nothing."""

import re

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.services import Services
from bot.channels.telegram.limits import LIMITS
from bot.channels.telegram.settings import TelegramSettings


def _connect(services: Services) -> ChannelPort | None:
    """Build the channel; None without a token or in the demo.

    Raises ValueError for a webhook without a public address.
    """
    if services.demo:
        return None
    settings = services.load(TelegramSettings)
    if settings.token is None:
        return None
    if settings.webhook and services.public_url is None:
        raise ValueError("TELEGRAM_WEBHOOK=true needs REELBOT_PUBLIC_URL; without one leave it false (long polling)")
    from bot.channels.telegram.channel import Telegram  # noqa: PLC0415 - loads the SDK

    return Telegram(services, settings)


def _id_problem(ident: str) -> str | None:
    if re.fullmatch(r"-?[0-9]+", ident):
        return None
    return "a Telegram id is a number, not a name; the bot tells it to whoever writes to it"


MANIFEST = ChannelManifest(
    name="telegram",
    title="Telegram",
    settings=TelegramSettings,
    limits=LIMITS,
    connect=_connect,
    hint="TELEGRAM_BOT_TOKEN",
    is_group=lambda chat_id: chat_id.startswith("-"),
    id_problem=_id_problem,
    routes=("/telegram",),
)
