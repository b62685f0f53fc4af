"""How each channel is stood up against its fake. A new one needs a line here: until then the contract fails."""

from tests.channels.stands.ilink import ILinkStand
from tests.channels.stands.pigeon import PigeonStand
from tests.channels.stands.stand import ServerStand, Stand
from tests.channels.stands.telegram import TelegramByWebhook, TelegramStand
from tests.channels.stands.webchat import WebStand
from tests.channels.stands.wechat import EncryptedWeChat, WeChatStand
from tests.channels.stands.wecom import WeComStand

__all__ = ["STANDS", "ServerStand", "Stand", "stands_of"]

STANDS: dict[str, tuple[type[Stand], ...]] = {
    "ilink": (ILinkStand,),
    "pigeon": (PigeonStand,),
    "telegram": (TelegramStand, TelegramByWebhook),
    "web": (WebStand,),
    "wechat": (WeChatStand, EncryptedWeChat),
    "wecom": (WeComStand,),
}


def stands_of(channel: str) -> tuple[type[Stand], ...]:
    assert channel in STANDS, (
        f'the channel "{channel}" is in no contract yet: write its fake in tests/fakes/{channel}, a Stand (ServerStand '
        f"where the chat has a server of its own) in tests/channels/stands/{channel}.py, which does with that fake "
        f'what a person does, and the line "{channel}": (..., ) in STANDS of tests/channels/stands/__init__.py'
    )
    return STANDS[channel]
