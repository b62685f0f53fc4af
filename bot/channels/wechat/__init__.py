"""WeChat Official Accounts: wechatpy reads, signs and encrypts; our own thin calls talk to the API."""

from bot.channels.protocol import ChannelPort, Services
from bot.channels.wechat.channel import WeChat
from bot.channels.wechat.settings import WeChatSettings

SETTINGS = WeChatSettings

_ALL = 3


def connect(services: Services) -> ChannelPort | None:
    """The channel, or None without its settings or in the demo. Raises ValueError when only some of them are there."""
    if services.demo:
        return None
    settings = services.load(WeChatSettings)
    if len(settings.missing) == _ALL:
        return None
    if settings.missing:
        raise ValueError(f"WeChat needs {', '.join(settings.missing)} as well")
    return WeChat(services, settings)
