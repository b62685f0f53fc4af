"""WeCom's AI bot (智能机器人) over its long connection: no public address, no trusted IP, no callback."""

from bot.channels.protocol import ChannelManifest, ChannelPort, ChatSetup, Question
from bot.channels.services import Services
from bot.channels.wecom.groups import id_problem, is_group
from bot.channels.wecom.limits import LIMITS
from bot.channels.wecom.settings import WeComSettings

_ALL = 2


def _connect(services: Services) -> ChannelPort | None:
    """Build the channel; None without its settings or in the demo. Raises ValueError when only some are set."""
    if services.demo:
        return None
    settings = services.load(WeComSettings)
    if len(settings.missing) == _ALL:
        return None
    if settings.missing:
        raise ValueError(f"WeCom needs {', '.join(settings.missing)} as well")
    from bot.channels.wecom.channel import WeCom  # noqa: PLC0415 - loads the websocket library

    return WeCom(services, settings)


async def _check(settings: WeComSettings) -> str:
    from bot.channels.wecom.first_steps import try_credentials  # noqa: PLC0415 - loads the websocket library

    return await try_credentials(settings)


def _steps(_settings: WeComSettings, _account: str, _public_url: str | None) -> tuple[str, ...]:
    return (
        "In WeCom open the bot’s own chat and write to it. For a group: add the bot there and mention it.",
        "Who is not let in yet is told an id; an admin lets it in by `/admin allow wecom:…`.",
    )


_SETUP = ChatSetup(
    questions=(
        Question(
            "WECOM_BOT_ID",
            "工作台 → 智能机器人 → 创建机器人 → 手动创建 → API 模式 → 使用长连接; its Bot ID",
            secret=False,
        ),
        Question("WECOM_BOT_SECRET", "the Secret beside it"),
    ),
    check=_check,
    steps=_steps,
    say_code=lambda _account, code: f"write this to the bot in WeCom, in its own chat: {code}",
    alone=True,
)

MANIFEST = ChannelManifest(
    name="wecom",
    title="WeCom",
    settings=WeComSettings,
    limits=LIMITS,
    connect=_connect,
    hint="WECOM_BOT_ID and WECOM_BOT_SECRET",
    is_group=is_group,
    id_problem=id_problem,
    keeps_files=True,  # what people send is kept in our own folder: WeCom's links lapse before a draft does
    language="zh",
    setup=_SETUP,
)
