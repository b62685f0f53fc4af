"""What can be typed beside a finished film in WeChat: each form leads to an offer with its price, or asks first."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.store.records import State
from tests.bench import Bench
from tests.fakes.wechat import WeChatFake
from tests.flows.test_wechat_flow import FOX, on_wechat

__all__ = ["on_wechat"]

PUSH = "/message/custom/send"
LONG = "一只红狐狸在雪地里奔跑，" * 18
TAG = "<a href='weixin://bizmsgmenu?msgmenucontent=确认&msgmenuid=1'>点我</a> 一只狐狸"


async def film(made: Bench, fake: WeChatFake, prompt: str = "一只狐狸") -> Any:
    await fake.caller.says(FOX, f"视频 {prompt}")
    job = await made.settled(State.DELIVERED)
    await made.at_rest()
    return job


async def says(fake: WeChatFake, text: str) -> str:
    seen = await fake.caller.says(FOX, text)
    assert seen is not None
    return str(seen.text)


def test_a_film_says_what_can_be_typed(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        await film(made, fake)
        (seen,) = fake.person(FOX).videos
        assert seen.text.splitlines()[-1] == "续写 K7 · 新版 K7（先报价）· 更多 K7 · 删除 K7"
        assert "编号 K7" in seen.text.splitlines()[0]
        assert "$" not in seen.text
        for number, words in enumerate(("新版 K7", "新版K7", "换模型 K7 wan-2.7"), 1):
            answer = await says(fake, words)
            if words == "新版K7":
                continue  # no command, no purchase
            assert "$" in answer, words
            assert "确认" in answer
            offers = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
            assert len(offers) >= min(number, 1)
        models = await says(fake, "换模型 K7")
        assert "回复“换模型 K7 wan-2.7”" in models
        assert "想看什么画面" in await says(fake, "改词 K7")
        assert "$" in await says(fake, "一艘纸船在雨中")
        assert "发不了文件" in await says(fake, "原片 K7")
        assert made.submits() == 1

    on_wechat(story)


def test_a_film_is_deleted_by_its_code_after_a_question(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        job = await film(made, fake)
        assert "确认删除 K7" in await says(fake, "删除 K7")
        assert (made.settings.videos_dir / job.video.name).exists()
        for small_talk in ("好", "确认 K7", "删除"):
            await says(fake, small_talk)
        await made.settled(State.DELIVERED)
        answer = await says(fake, "确认删除 K7")
        assert "已删除" in answer
        assert "请自己删掉" in answer
        await made.settled(State.DELETED)
        await made.at_rest()
        assert not list(made.settings.output_dir.rglob(f"*{job.id}*.mp4"))
        for words in ("再来 K7", "K7", "领取 K7", "状态 K7", "历史", "新版 K7", "换词 K7", "换模型 K7", "删除 K7"):
            assert "删除" in await says(fake, words), words
        await says(fake, "1")
        await made.at_rest()
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 1

    on_wechat(story)


def test_a_film_that_waits_is_deleted_and_does_not_come(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail(PUSH, "errcode", code=45047, times=5)
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)
        await made.at_rest()
        await says(fake, "删除 K7")
        await says(fake, "确认删除 K7")
        await made.settled(State.DELETED)
        await made.at_rest()
        assert "没有可领取" in await says(fake, "1")
        assert fake.person(FOX).videos == []

    on_wechat(story)


@pytest.mark.parametrize("prompt", [LONG, TAG * 6, "短"])
def test_the_words_beside_a_film_end_with_a_whole_line_that_matters(
    on_wechat: Callable[..., None], prompt: str
) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail(PUSH, "errcode", code=45047, times=9)
        await fake.caller.says(FOX, f"视频 {prompt}")
        if prompt is TAG * 6:
            await says(fake, "好")
        await made.settled(State.UNDELIVERED)
        await made.at_rest()
        seen = await fake.caller.says(FOX, "1")
        assert seen is not None
        assert seen.video is not None
        assert len(seen.text.encode()) <= 500
        lines = seen.text.splitlines()
        assert "编号 K7" in lines[0]
        assert lines[-1] == "续写 K7 · 新版 K7（先报价）· 更多 K7 · 删除 K7"
        assert "<" not in seen.text
        assert 'msgmenuid=1">' not in seen.text

    on_wechat(story)
