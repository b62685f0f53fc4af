"""Telegram's stand: the Bot API's fake, asked for updates or calling the webhook."""

import asyncio
from pathlib import Path

from tests.channels.stands.stand import ServerStand
from tests.fakes.botapi import TOKEN, TelegramFake

_PERSON, _GROUP = 42, -100300


class TelegramStand(ServerStand):
    person = str(_PERSON)
    group = str(_GROUP)
    account = TOKEN.partition(":")[0]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake: TelegramFake = TelegramFake(state=folder / "telegram")
        self.fake.world.private(_PERSON)
        self.fake.group(_GROUP)
        self._last = (0, 0)

    @property
    def environment(self) -> dict[str, str]:
        return {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": self.url}

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        chat = _GROUP if group else _PERSON
        self._last = chat, self.fake.user_says(chat, text, photo=photo, sender=_PERSON)
        await self._confirmed()

    async def repeats(self) -> None:
        self.fake.world.update({"message": self.fake.world.messages[self._last]})
        await self._confirmed()

    async def _confirmed(self) -> None:
        await self.fake.until(lambda: self.fake.pending == 0)

    async def texts(self) -> list[str]:
        return self.fake.texts(_PERSON)

    async def videos(self) -> list[bytes]:
        sent = [call for call in self.fake.calls("sendVideo") if call.done]
        return [call.files["video"].path.read_bytes() for call in sent]

    def loses_answers(self) -> None:
        for method in ("sendMessage", "sendVideo"):
            self.fake.fail(method, "lose_answer", times=99)

    def cuts_files(self) -> None:
        self.fake.fail("file", "cut")

    def blocks(self) -> None:
        self.fake.world.blocks(_PERSON)


class TelegramByWebhook(TelegramStand):
    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"TELEGRAM_WEBHOOK": "true"}

    async def _confirmed(self) -> None:
        await self.fake.until(lambda: self.fake.methods.webhook)
        async with asyncio.timeout(10):
            while self.fake.pending:
                await asyncio.to_thread(self.fake.push)
