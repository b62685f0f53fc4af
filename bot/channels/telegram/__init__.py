"""Telegram: python-telegram-bot as client and parser, with a getUpdates loop of our own that loses nothing."""

import re

from bot.channels.protocol import ChannelManifest, ChannelPort, ChatSetup, Question, TryCode
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


async def _check(settings: TelegramSettings) -> str:
    from bot.channels.telegram.first_steps import username  # noqa: PLC0415 - loads the SDK

    return f"@{await username(settings)}"


async def _watch(settings: TelegramSettings, try_code: TryCode) -> str:
    from bot.channels.telegram.first_steps import watch  # noqa: PLC0415 - loads the SDK

    return await watch(settings, try_code)


def _steps(_settings: TelegramSettings, account: str, _public_url: str | None) -> tuple[str, ...]:
    first = "/video a red fox running through fresh snow, budget"
    return (f"Open https://t.me/{account.removeprefix('@')} and write:  {first}",)


def _say_code(account: str, code: str) -> str:
    link = f"https://t.me/{account.removeprefix('@')}?start={code}"
    return f"open {link} and press Start, or write to {account} in a private chat:  {code}"


_SETUP = ChatSetup(
    questions=(Question("TELEGRAM_BOT_TOKEN", "the bot's token: in Telegram open @BotFather and send /newbot"),),
    check=_check,
    steps=_steps,
    say_code=_say_code,
    watch=_watch,
)

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
    setup=_SETUP,
)
