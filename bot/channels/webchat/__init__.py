"""The web chat: a small page of our own, the same commands, the film in an inline player."""

from bot.channels.protocol import ChannelPort, Services
from bot.channels.webchat.channel import WebChat
from bot.channels.webchat.guard import WebSettings

__all__ = ["SETTINGS", "WebSettings", "connect"]

SETTINGS = WebSettings


def connect(services: Services) -> ChannelPort | None:
    """Always in the demo; else only with REELBOT_WEB_TOKEN."""
    token = None if services.demo else services.load(WebSettings).token
    if not services.demo and token is None:
        return None
    return WebChat(services, token.get_secret_value() if token else None)
