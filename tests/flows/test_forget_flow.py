"""/forget in WeCom and personal WeChat, to its end: no word, photo or key of the person is left; others keep theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa

from bot.store.passive_tables import memory
from bot.store.people_tables import forgotten
from bot.store.records import State
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.ilink import ILinkFake, Quote
from tests.fakes.wecom import WeComFake
from tests.flows.test_ilink_flow import on_ilink, says
from tests.flows.test_wecom_flow import button, on_wecom, seen
from tests.jobs.test_forgotten_people import WORD, files_with, rows_with

__all__ = ["on_ilink", "on_wecom"]

FOX, WOLF, GROUP = "hu.li@example", "lang", "wrTestGroup-of_the_AI_bot_000001"
Story = Callable[..., Awaitable[None]]


async def left(made: Bench) -> list[str]:
    said = await made.app.store.database.read(lambda tx: rows_with(tx, WORD))
    return said + files_with(made.settings.output_dir, WORD)


async def forgotten_now(made: Bench) -> None:
    """Wait until nothing is left to be done."""
    query = sa.select(forgotten.c.user).where(forgotten.c.done.is_not(None))
    async with asyncio.timeout(30):
        while await made.app.store.database.read(lambda tx: tx.execute(query).first()) is None:
            made.app.parts.forgotten_people.loop.notify()
            await asyncio.sleep(0.05)


async def keys(made: Bench, *patterns: str) -> list[str]:
    query = sa.select(memory.c.key).where(sa.or_(*(memory.c.key.like(each) for each in patterns)))
    return await made.app.store.database.read(lambda tx: list(tx.execute(query).scalars()))


def uploads(made: Bench) -> list[Path]:
    return [path for path in made.settings.uploads_dir.rglob("*") if path.is_file()]


def test_in_wecom(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(WOLF, "另一个人的照片", photo=jpeg((320, 240)))
        await made.settled(State.DELIVERED)
        others = len(uploads(made))
        await fake.says(FOX, f"让狐狸跑起来 {WORD}", photo=jpeg())
        await made.all_settled(2, State.DELIVERED)
        await fake.says(FOX, f"一艘船 {WORD}")  # an offer
        await button(fake, FOX, "$")
        for _ in range(3):  # of which nothing is made
            await fake.says(FOX, photo=jpeg())
        while len(uploads(made)) < others + 4 * 2:
            await asyncio.sleep(0.02)
        await made.at_rest()
        assert await left(made)
        await fake.says(FOX, "忘记我")
        await seen(fake, FOX, "要清除你的全部内容吗")
        await fake.says(FOX, "忘记我 确认")
        await seen(fake, FOX, "正在清除")
        await forgotten_now(made)
        assert await left(made) == []
        assert len(uploads(made)) == others
        assert await keys(made, "wecom:link:%") == []
        assert not any(WORD in logged for logged in await keys(made, "wecom:%"))
        kept = [job for job in await made.jobs() if job.user == f"wecom:{WOLF}"]
        assert [job.state for job in kept] == [State.DELIVERED]

    on_wecom(story)


def test_in_a_group_of_wecom_only_what_was_sent_there(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, photo=jpeg())
        await fake.says(FOX, f"看图 {WORD}？", chat=GROUP, photo=jpeg((320, 240)))
        await fake.says(WOLF, "看图？", chat=GROUP, photo=jpeg((240, 320)))
        while len(uploads(made)) < 6:
            await asyncio.sleep(0.02)
        await made.at_rest()
        await fake.says(FOX, "忘记我", chat=GROUP)
        await seen(fake, GROUP, "要清除你在这个群里做过的内容吗")
        await fake.says(FOX, "忘记我 确认", chat=GROUP)
        await seen(fake, GROUP, "正在清除")
        await forgotten_now(made)
        assert await left(made) == []
        assert len(uploads(made)) == 4

    on_wecom(story)


def test_in_personal_wechat(on_ilink: Callable[..., None]) -> None:
    anna = "anna@im.wechat"

    async def story(made: Bench, fake: ILinkFake) -> None:
        me = "fox@im.wechat"
        bot = fake.world.all_bots[-1]
        await made.app.store.admissions.allow(f"ilink:{anna}", by="test")
        other = fake.says(anna, "帮助", bot=bot)
        await fake.until(lambda: fake.person(anna).texts)
        assert other
        photo = fake.sends_photo(me, jpeg(), bot=bot)
        await fake.until(lambda: fake.person(me).texts)
        fake.says(me, f"视频 让狐狸跑起来 {WORD}", bot=bot)
        await made.settled(State.DELIVERED)
        fake.says(me, f"一艘船 {WORD}", quote=Quote(photo), bot=bot)
        await made.all_settled(2, State.DELIVERED, State.AWAITING_CONFIRMATION)
        await made.at_rest()
        assert await left(made)
        assert await keys(made, f"ilink:said:%:{me}:%", "ilink:file:%")
        assert "要清除你的全部内容吗" in await says(fake, "忘记我", user=me, bot=bot)
        assert "正在清除" in await says(fake, "忘记我 确认", user=me, bot=bot)
        await forgotten_now(made)
        assert await left(made) == []
        said = await keys(made, f"ilink:said:%:{me}:%", "ilink:file:%")
        assert len(said) <= 1, said  # the yes itself
        assert len(await keys(made, f"ilink:said:%:{anna}:%")) == 1

    on_ilink(story)
