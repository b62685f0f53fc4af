"""WeCom's AI bot (智能机器人) over its long connection: no public address, no trusted IP, no callback."""

from bot.channels.protocol import ChannelManifest, ChannelPort
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
)
