"""Telegram: python-telegram-bot as client and parser, with a getUpdates loop of our own that loses nothing."""

from bot.channels.protocol import ChannelPort, Services
from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.settings import TelegramSettings

SETTINGS = TelegramSettings


def connect(services: Services) -> ChannelPort | None:
    """The channel, or None without a token or in the demo. Raises ValueError for a webhook without a public address."""
    if services.demo:
        return None
    settings = services.load(TelegramSettings)
    if settings.token is None:
        return None
    if settings.webhook and services.public_url is None:
        raise ValueError("TELEGRAM_WEBHOOK=true needs REELBOT_PUBLIC_URL; without one leave it false (long polling)")
    return Telegram(services, settings)
