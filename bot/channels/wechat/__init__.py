"""WeChat Official Accounts: wechatpy reads, signs and encrypts; our own thin calls talk to the API."""

from bot.channels.protocol import ChannelManifest, ChannelPort, ConsoleCommand, Terminal
from bot.channels.services import Services
from bot.channels.wechat.limits import LIMITS
from bot.channels.wechat.settings import WeChatSettings

_ALL = 3


def _connect(services: Services) -> ChannelPort | None:
    """Build the channel; None without its settings or in the demo. Raises ValueError when only some are set."""
    if services.demo:
        return None
    settings = services.load(WeChatSettings)
    if len(settings.missing) == _ALL:
        return None
    if settings.missing:
        raise ValueError(f"WeChat needs {', '.join(settings.missing)} as well")
    from bot.channels.wechat.channel import WeChat  # noqa: PLC0415 - loads the SDK

    return WeChat(services, settings)


async def _create_menu(channel: ChannelPort, _terminal: Terminal) -> str:
    from bot.channels.wechat.channel import WeChat  # noqa: PLC0415 - loads the SDK

    if not isinstance(channel, WeChat):
        raise TypeError(channel.name)
    await channel.create_menu()
    return "the menu is there; people see it within a few minutes, or when they follow anew"


MANIFEST = ChannelManifest(
    name="wechat",
    title="WeChat",
    settings=WeChatSettings,
    limits=LIMITS,
    connect=_connect,
    hint="WECHAT_APP_ID, WECHAT_APP_SECRET and WECHAT_TOKEN",
    commands=(ConsoleCommand("menu", "create the Official Account's menu", _create_menu),),
    routes=("/wechat",),
    language="zh",
)
