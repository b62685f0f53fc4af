"""WeChat's stand: the Official Account's API, and WeChat as the caller, in the clear and encrypted."""

import itertools
from pathlib import Path
from typing import ClassVar

from tests.channels.stands.stand import ServerStand
from tests.fakes.wechat import APP_ID, Mode, WeChatFake

_FOX = "oFox_0123456789abcdefghijkl"
_PUSH = "/message/custom/send"
_CUT_S = 0.5  # WeChat's own five seconds are long for a test


class WeChatStand(ServerStand):
    person = _FOX
    account = APP_ID
    mode: ClassVar[Mode] = "plain"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake: WeChatFake = WeChatFake(mode=self.mode)
        self.fake.caller.cut_s = _CUT_S
        self.fake.world.spoke(_FOX, "message")
        self._numbers = itertools.count(24_000_000_000_000_001)
        self._last = ""

    @property
    def environment(self) -> dict[str, str]:
        self.fake.url = self.url
        return self.fake.environment

    @property
    def issued(self) -> list[str]:
        return [token.value for token in self.fake.world.tokens]

    async def enter(self) -> None:
        self.fake.caller.url = f"{self.ours}/wechat"

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        number = next(self._numbers)
        if photo is None:
            self._last = self.fake.caller.xml(_FOX, "text", Content=text, MsgId=number)
        else:
            media_id = self.fake.world.keep("image", photo)
            self._last = self.fake.caller.xml(_FOX, "image", MediaId=media_id, MsgId=number)
        self.fake.world.spoke(_FOX, "message")
        await self.repeats()

    async def repeats(self) -> None:
        await self.fake.caller.deliver(_FOX, self._last)
        assert self.fake.caller.attempts[-1].status == 200

    async def texts(self) -> list[str]:
        return [seen.text for seen in self.fake.person(_FOX).seen if seen.video is None]

    async def videos(self) -> list[bytes]:
        return [seen.video for seen in self.fake.person(_FOX).seen if seen.video is not None]

    def loses_answers(self) -> None:
        self.fake.fail(_PUSH, "lose_answer", times=99)

    def cuts_files(self) -> None:
        self.fake.fail("/media/get", "cut")

    def blocks(self) -> None:
        self.fake.person(_FOX).follows = False


class EncryptedWeChat(WeChatStand):
    mode = "safe"
