"""Personal WeChat, by Tencent's iLink: no company, no public address; one person scans a code, and the bot is there."""

from bot.channels.ilink.limits import LIMITS
from bot.channels.ilink.settings import NAME, ILinkSettings
from bot.channels.protocol import ChannelManifest, ChannelPort, ChatSetup, ConsoleCommand, ConsoleOption, Terminal
from bot.channels.services import Services


def _connect(services: Services) -> ChannelPort | None:
    """Build the channel, also while nobody is logged in; None in the demo."""
    if services.demo:
        return None
    from bot.channels.ilink.channel import ILink  # noqa: PLC0415 - loads the client

    return ILink(services, services.load(ILinkSettings))


async def _is_set_up(channel: ChannelPort) -> bool:
    from bot.channels.ilink.channel import ILink  # noqa: PLC0415 - loads the client

    return isinstance(channel, ILink) and await channel.is_set_up()


async def _log_in(channel: ChannelPort, terminal: Terminal) -> str:
    from bot.channels.ilink.terminal import log_in  # noqa: PLC0415 - loads the client

    return await log_in(channel, terminal)


async def _log_out(channel: ChannelPort, terminal: Terminal) -> str:
    from bot.channels.ilink.terminal import log_out  # noqa: PLC0415 - loads the client

    return await log_out(channel, terminal)


async def _check(_settings: ILinkSettings) -> str:
    return "needs no key: one phone scans a code"


def _steps(_settings: ILinkSettings, _account: str, _public_url: str | None) -> tuple[str, ...]:
    return (
        "Run `reelbot wechat login`, scan its code with WeChat on the phone (+, Scan): whoever scans it is an admin.",
    )


_ACCOUNT = (ConsoleOption("account", "NAME", "one of several accounts side by side (main); a-z, 0-9 and -", NAME),)
MANIFEST = ChannelManifest(
    name="ilink",
    title="Personal WeChat",
    settings=ILinkSettings,
    limits=LIMITS,
    connect=_connect,
    hint="run `reelbot wechat login` for personal WeChat",
    commands=(
        ConsoleCommand("login", "log in to personal WeChat by a QR code", _log_in, under="wechat", options=_ACCOUNT),
        ConsoleCommand("logout", "forget that login", _log_out, under="wechat", options=_ACCOUNT),
    ),
    is_set_up=_is_set_up,
    language="zh",
    setup=ChatSetup(questions=(), check=_check, steps=_steps),
)
