"""A strict small WeChat: the Official Account's API over real HTTP, and WeChat as the caller of the bot's callback.

fake = WeChatFake()
async with served(fake) as fake.url:         # WECHAT_API_URL is fake.api_url
    fake.caller.url = "http://127.0.0.1:8080/wechat"
    seen = await fake.caller.says("oFox...", "视频 一只狐狸")
"""

from typing import Any

from starlette.types import Receive, Scope, Send

from tests.fakes.wechat.api import Api, Call, Fault, FaultKind
from tests.fakes.wechat.caller import ACCOUNT, TROUBLE, Attempt, Caller, Mode
from tests.fakes.wechat.world import Errcode, Person, Seen, World

__all__ = [
    "ACCOUNT", "AES_KEY", "APP_ID", "SECRET", "TOKEN", "TROUBLE", "Attempt", "Call", "Errcode", "Fault", "Mode",
    "Person", "Seen", "WeChatFake", "World",
]  # fmt: skip

APP_ID = "wx0123456789abcdef"
SECRET = "5ecre7ofthetestsmustneverleak0000"
TOKEN = "callbackTokenOfTheTests"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


class WeChatFake:
    def __init__(
        self, *, mode: Mode = "plain", verified: bool = True, may_upload: bool = True, may_keep: bool = False
    ) -> None:
        rights = {"verified": verified, "may_upload": may_upload, "may_keep": may_keep}
        self.world = World(app_id=APP_ID, secret=SECRET, **rights)
        self.api = Api(self.world)
        self.mode = mode
        self.caller = Caller(self.world, token=TOKEN, aes_key=AES_KEY if mode != "plain" else None, mode=mode)
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.api(scope, receive, send)

    @property
    def api_url(self) -> str:
        return f"{self.url}{self.api.base}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead a bot here."""
        found = {
            "WECHAT_APP_ID": APP_ID,
            "WECHAT_APP_SECRET": SECRET,
            "WECHAT_TOKEN": TOKEN,
            "WECHAT_API_URL": self.api_url,
        }
        return found | ({"WECHAT_ENCODING_AES_KEY": AES_KEY} if self.mode != "plain" else {})

    def person(self, openid: str) -> Person:
        return self.world.person(openid)

    def fail(self, path: str, kind: FaultKind, **more: Any) -> Fault:
        """The next call (or `times` calls) of `path` fails: see Fault."""
        fault = Fault(path, kind, **more)
        self.api.faults.append(fault)
        return fault

    def calls(self, path: str | None = None, *, probes: bool = False) -> list[Call]:
        """What was called, without the looks at the account's rights; or with `probes` these alone."""
        return [call for call in list(self.api.calls) if path in {None, call.path} and call.probe is probes]
