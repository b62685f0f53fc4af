"""WeChat Official Accounts: wechatpy reads, signs and encrypts; our own thin calls talk to the API."""

import secrets

from bot.channels.protocol import ChannelManifest, ChannelPort, ChatSetup, ConsoleCommand, Question, Terminal
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


async def _check(settings: WeChatSettings) -> str:
    from bot.channels.wechat.first_steps import check  # noqa: PLC0415 - loads the SDK

    return await check(settings)


def _steps(settings: WeChatSettings, _account: str, public_url: str | None) -> tuple[str, ...]:
    mode = "safe mode (安全模式)" if settings.aes_key else "plain mode (明文模式)"
    console = (
        f"Start `reelbot run`. In the console of mp.weixin.qq.com enter the URL {public_url}/wechat, the Token that "
        f"stands in .env as WECHAT_TOKEN, {mode} and the format XML."
    )
    return (
        console,
        "Follow the account and write:  视频 一只红狐狸在雪地里奔跑",
    )


def _say_code(_account: str, code: str) -> str:
    return f"once the callback stands, follow the account and write to it:  {code}"


_SETUP = ChatSetup(
    questions=(
        Question("WECHAT_APP_ID", "the AppID, in the console of mp.weixin.qq.com", secret=False),
        Question("WECHAT_APP_SECRET", "the AppSecret, beside it"),
        Question(
            "WECHAT_TOKEN",
            "a Token of 3 to 32 letters and digits for the callback; Enter makes one",
            checked=False,
            make=lambda: secrets.token_hex(16),
        ),
        Question(
            "WECHAT_ENCODING_AES_KEY",
            "the EncodingAESKey for safe mode, as the console shows it; Enter: none",
            checked=False,
            optional=True,
        ),
    ),
    check=_check,
    steps=_steps,
    say_code=_say_code,
    public=True,
)

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
    setup=_SETUP,
)
