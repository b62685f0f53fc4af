"""A person who sends many files at once has few of them fetched at the same time, and all others still have theirs."""

import asyncio
from pathlib import Path

from bot.channels.memory import Memory
from bot.channels.types import AttachmentRef
from bot.channels.wecom.media import Media
from tests.fakes.memory import Keys


class Slow(Keys):
    """A memory that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()

    async def get(self, key: str) -> str | None:
        self.asked.append(key)
        await self.may_answer.wait()
        return await super().get(key)


async def no_rest(_seconds: float) -> None:
    await asyncio.sleep(0)


def test_few_at_once_of_each_and_not_without_end(tmp_path: Path) -> None:
    async def story() -> None:
        keys = Slow()
        memory = Memory(keys, channel="wecom", account="bot", kind="link")
        media = Media(tmp_path, memory, url="ws://127.0.0.1:9", sleep=no_rest)
        before = asyncio.all_tasks()
        for number in range(500):
            media.begin("wecom:fox", AttachmentRef("image", f"{number:032x}"))
        media.begin("wecom:hare", AttachmentRef("image", "f" * 32))
        assert len(asyncio.all_tasks() - before) == 3
        while len(keys.asked) < 3:
            await asyncio.sleep(0)
        assert any(key.endswith("f" * 32) for key in keys.asked)
        keys.may_answer.set()  # no link is known: each is given up at once
        await asyncio.gather(*(asyncio.all_tasks() - before))
        assert len(keys.asked) == 61
        media.begin("wecom:fox", AttachmentRef("image", "e" * 32))  # what is done counts no more
        await asyncio.gather(*(asyncio.all_tasks() - before))
        assert len(keys.asked) == 62
        await media.close()

    asyncio.run(story())
