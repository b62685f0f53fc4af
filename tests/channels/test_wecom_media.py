"""A person who sends many files at once has few of them fetched at the same time, and all others still have theirs."""

import asyncio
from pathlib import Path

import pytest
from starlette.responses import Response

from bot.channels.memory import Memory
from bot.channels.types import AttachmentRef, SendError, SendOutcome
from bot.channels.wecom.media import Media
from bot.channels.wecom.parsing import Link
from tests.fakes.memory import Keys
from tests.serving import served


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


async def is_up() -> bool:
    return True


async def all_done() -> None:
    """Wait for what is fetched in the background; raises what went wrong there."""
    await asyncio.gather(*(each for each in asyncio.all_tasks() if each.get_name() == "wecom file"))


ODD = [
    ("https://[", None),
    ("http://127.0.0.1:70000/", None),
    ("http://127.0.0.1:9/\n", None),
    ("http://127.0.0.1:9/\ud800", None),
    ("{url}/f", "²" * 43),
    ("{url}/f", "A"),
]


def test_a_link_or_key_of_another_shape_is_given_up_and_stops_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with served(Response(b"x" * 32)) as url:
            media = Media(tmp_path, Memory(Keys(), channel="wecom", account="bot", kind="link"), url=url, sleep=no_rest)
            links = [Link(f"{number:032x}", odd.format(url=url), key) for number, (odd, key) in enumerate(ODD)]
            links.append(Link("f" * 32, f"{url}/f", None))
            for link in links:
                await media.note(link, person="wecom:fox", chat="wecom:fox")
                media.begin("wecom:fox", AttachmentRef("image", link.name))
            await all_done()
            assert [each.name for each in tmp_path.iterdir() if each.suffix != ".owner"] == ["f" * 32]
            for link in links[:-1]:
                with pytest.raises(SendError) as refused:
                    await media.fetch(AttachmentRef("image", link.name), tmp_path / "into", is_up=is_up)
                assert refused.value.outcome is SendOutcome.REJECTED
            await media.close()

    asyncio.run(story())


def test_a_person_has_so_much_kept_and_an_order_still_has_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr("bot.channels.upload_quota.MOST_FILES", 2)
        async with served(Response(b"x" * 32)) as url:
            media = Media(tmp_path, Memory(Keys(), channel="wecom", account="bot", kind="link"), url=url, sleep=no_rest)
            names = [f"{number:032x}" for number in range(5)]
            for name in names:
                await media.note(Link(name, f"{url}/f", None), person="wecom:fox", chat="wecom:fox")
                media.begin("wecom:fox", AttachmentRef("image", name))
            await all_done()
            assert [(tmp_path / name).exists() for name in names] == [True, True, False, False, False]
            await media.fetch(AttachmentRef("image", names[4]), tmp_path / "into", is_up=is_up)
            assert (tmp_path / "into").read_bytes() == b"x" * 32
            await media.close()

    asyncio.run(story())
