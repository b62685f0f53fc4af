"""Pigeon post: letters come to our callback, notes and films are flown to a person's loft or to a flock of them."""

import re

from bot.channels.protocol import ChannelManifest, ChannelPort, ConsoleCommand, Terminal
from bot.channels.services import Services
from bot.channels.types import Limits

from .settings import PigeonSettings


def _connect(services: Services) -> ChannelPort | None:
    if services.demo:
        return None
    settings = services.load(PigeonSettings)
    if settings.url is None and settings.key is None:
        return None
    if settings.url is None or settings.key is None:
        raise ValueError("pigeon post needs both PIGEON_URL and PIGEON_KEY")
    from .channel import Pigeon

    return Pigeon(services, url=settings.url, key=settings.key.get_secret_value())


async def _name(channel: ChannelPort, _terminal: Terminal) -> str:
    return f"the loft is called {await channel.check()}"


def _id_problem(ident: str) -> str | None:
    return None if re.fullmatch(r"[a-z-]+", ident) else "a loft is called by small letters"


MANIFEST = ChannelManifest(
    name="pigeon",
    title="Pigeon post",
    settings=PigeonSettings,
    limits=Limits(video_bytes=20_000_000, image_bytes=5_000_000, text_chars=500, text_bytes=2000, caption_chars=100),
    connect=_connect,
    hint="PIGEON_URL and PIGEON_KEY",
    is_group=lambda chat_id: chat_id.startswith("flock-"),
    id_problem=_id_problem,
    commands=(ConsoleCommand("name", "tell how our loft is called", _name),),
    routes=("/pigeon",),
)
