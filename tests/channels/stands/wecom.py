"""WeCom's stand: the long connection's fake. WeCom is told nothing of what was stored, so the inbox is looked into."""

import asyncio
from pathlib import Path

from tests.channels.stands.stand import ServerStand
from tests.fakes.wecom import BOT_ID, WeComFake

_PERSON = "zhang.san@example"


class WeComStand(ServerStand):
    person = _PERSON
    account = BOT_ID

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake: WeComFake = WeComFake()
        self.fake.world.spoken.add(_PERSON)

    @property
    def environment(self) -> dict[str, str]:
        return self.fake.environment(self.url)

    @property
    def issued(self) -> list[str]:
        return self.fake.files.keys

    async def enter(self) -> None:
        await self.fake.until(lambda: self.fake.line)

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        assert not group
        # At the first look it is not there yet, so that a rule may spoil the second.
        early = self.fake.fail("file", "errcode", code=503) if photo is not None else None
        before = len(self.box)
        await self.fake.says(_PERSON, text, photo=photo)
        await self._stored(before)
        while early is not None and early.times:
            await asyncio.sleep(0.005)

    async def repeats(self) -> None:
        before = len(self.box)
        await self.fake.repeats()
        await self._stored(before)

    async def _stored(self, before: int) -> None:
        while len(self.box) == before:
            await asyncio.sleep(0.005)

    async def texts(self) -> list[str]:
        return self.fake.texts(_PERSON)

    async def videos(self) -> list[bytes]:
        return self.fake.videos(_PERSON)

    def loses_answers(self) -> None:
        self.fake.fail("aibot_send_msg", "lose_answer", times=99)

    def cuts_files(self) -> None:
        self.fake.fail("file", "cut")

    def blocks(self) -> None:
        self.fake.world.blocked.add(_PERSON)

    async def close(self) -> None:
        assert self.fake.violations == []
