"""The web chat: a small page of our own, the same commands, the film in an inline player."""

import secrets

from bot.channels.protocol import ChannelManifest, ChannelPort, ChatSetup, Question
from bot.channels.services import Services
from bot.channels.types import Limits
from bot.channels.webchat.settings import WebSettings


def _connect(services: Services) -> ChannelPort | None:
    """Build the channel: always in the demo, else only with REELBOT_WEB_TOKEN."""
    token = None if services.demo else services.load(WebSettings).token
    if not services.demo and token is None:
        return None
    from bot.channels.webchat.channel import WebChat  # noqa: PLC0415 - loads the web server

    return WebChat(services, token.get_secret_value() if token else None)


async def _check(_settings: WebSettings) -> str:
    return "the page on this machine"


def _steps(_settings: WebSettings, _account: str, public_url: str | None) -> tuple[str, ...]:
    where = f"{public_url}/" if public_url else "the address that `reelbot run` prints"
    return (
        f"Open {where}; it asks for the token, which stands in .env as REELBOT_WEB_TOKEN: who has it is the admin.",
        "Guests come by `reelbot invite NAME`.",
    )


_SETUP = ChatSetup(
    questions=(
        Question(
            "REELBOT_WEB_TOKEN",
            "the page's token, 16 characters at least; Enter makes a strong one",
            make=lambda: secrets.token_hex(24),
        ),
    ),
    check=_check,
    steps=_steps,
)

MANIFEST = ChannelManifest(
    name="web",
    title="the web chat",
    settings=WebSettings,
    limits=Limits(
        video_bytes=200_000_000,
        image_bytes=100_000_000,
        text_chars=100_000,
        progress_bars=True,
        files=True,
        keeps_cards=True,
    ),
    connect=_connect,
    hint="REELBOT_WEB_TOKEN",
    routes=("/", "/chat/", "/videos/"),
    serves_files=True,
    setup=_SETUP,
)
