"""The stand of the throw-away channel."""

import asyncio
from pathlib import Path

from tests.channels.stands.stand import ServerStand
from tests.channels.throwaway.loft import KEY, NAME, Loft


class PigeonStand(ServerStand):
    person = "anna"
    group = "flock-north"
    account = NAME

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fake: Loft = Loft()

    @property
    def environment(self) -> dict[str, str]:
        return {"PIGEON_URL": self.url, "PIGEON_KEY": KEY}

    async def enter(self) -> None:
        self.fake.callback = f"{self.ours}/pigeon"

    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        self.fake.write(self.person, text, photo=photo, loft=self.group if group else None)
        await self.repeats()

    async def repeats(self) -> None:
        async with asyncio.timeout(10):
            while not await self.fake.deliver():
                await asyncio.sleep(0.01)

    async def texts(self) -> list[str]:
        return [note.text for note in self.fake.at(self.person) if note.film is None]

    async def videos(self) -> list[bytes]:
        return [note.film for note in self.fake.at(self.person) if note.film is not None]

    def loses_answers(self) -> None:
        self.fake.loses_answers = True

    def cuts_files(self) -> None:
        self.fake.cuts_files = True

    def blocks(self) -> None:
        self.fake.closed.add(self.person)
