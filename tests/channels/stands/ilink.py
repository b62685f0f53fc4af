"""Personal WeChat's stand: one account that has logged in, and its owner, who has written to it before."""

from pathlib import Path

from bot.channels.ilink.accounts import DEFAULT, Account, Accounts
from bot.channels.ilink.memory import Memory
from tests.channels.stands.stand import ServerStand
from tests.fakes.ilink import ILinkFake
from tests.fakes.memory import Keys

_FOX = "fox@im.wechat"


class ILinkStand(ServerStand):
    person = _FOX

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake: ILinkFake = ILinkFake()
        self.bot = self.fake.bot(_FOX)
        self.account = self.bot.bot_id
        self._last = 0

    @property
    def environment(self) -> dict[str, str]:
        self.fake.url = self.url
        return self.fake.environment

    @property
    def issued(self) -> list[str]:
        return self.fake.secrets

    async def prepare(self, key_values: Keys) -> None:
        account = Account(DEFAULT, self.bot.bot_id, self.url, _FOX, self.bot.token)
        await Accounts(key_values, on_token=lambda _token: None).put(account)
        memory, context = Memory(key_values), self.fake.wrote(_FOX)
        await memory.put_context(self.bot.bot_id, _FOX, context, 1)
        await memory.change_pace(self.bot.bot_id, _FOX, lambda pace: pace.after_word(memory.now_ms))

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        self._last = self.fake.says(_FOX, text) if photo is None else self.fake.sends_photo(_FOX, photo)
        await self._taken()

    async def repeats(self) -> None:
        self.fake.says(_FOX, "", number=self._last, again=True)
        await self._taken()

    async def _taken(self) -> None:
        """The bot has asked beyond it: it is stored."""
        await self.fake.until(lambda: not self.bot.queue and self.bot.asked == self.bot.cursor)

    async def texts(self) -> list[str]:
        """Without the words of a video: elsewhere they are its caption, here a message of their own behind it."""
        shown = self.fake.person(_FOX).shown
        before = [None, *shown]
        return [each.text for last, each in zip(before, shown, strict=False) if each.text and not (last and last.video)]

    async def videos(self) -> list[bytes]:
        return self.fake.person(_FOX).videos

    def loses_answers(self) -> None:
        self.fake.fail("sendmessage", "lose_answer", times=99)

    def cuts_files(self) -> None:
        self.fake.fail("download", "cut", times=9)

    def blocks(self) -> None:
        self.fake.person(_FOX).reachable = False
