"""Videos that WeChat refuses, through the whole bot: a smaller copy once, then a word to the owner, and no more."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.channels.types import Address, SendError
from bot.store.records import State
from tests.bench import Bench
from tests.fakes.wechat import WeChatFake
from tests.flows.test_wechat_flow import FOX, on_wechat
from tests.postgres import Cluster

__all__ = ["on_wechat"]

PUSH = "/message/custom/send"


@pytest.mark.parametrize(("path", "code"), [(PUSH, 45007), (PUSH, 99999), ("/media/upload", 40006)])
def test_a_refused_file_is_made_smaller_once(on_wechat: Callable[..., None], path: str, code: int) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail(path, "errcode", code=code)
        await fake.caller.says(FOX, "视频 一只狐狸")
        job = await made.settled(State.DELIVERED)
        (seen,) = fake.person(FOX).videos
        assert seen.video is not None
        assert job.video is not None
        assert len(seen.video) < job.video.size
        assert seen.video[4:8] == b"ftyp"
        assert fake.person(FOX).texts == [fake.person(FOX).seen[0].text]  # the order's own answer, and no word on this
        assert made.submits() == 1

    on_wechat(story)


def refused_for_good(on_wechat: Callable[..., None], code: int, words: str, sent: int, **settings: Any) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail(PUSH, "errcode", code=code, times=sent)
        await fake.caller.says(FOX, "视频 一只狐狸")
        job = await made.settled(State.UNDELIVERED)
        await made.at_rest()
        assert len(fake.calls(PUSH)) == sent + 1  # and the word on it
        assert words in fake.person(FOX).texts[-1]
        assert job.id not in fake.person(FOX).texts[-1]
        job = await made.settled(State.UNDELIVERED)
        assert job.due is None  # not tried again by itself
        assert job.video is not None
        assert (made.settings.videos_dir / job.video.name).is_file()

    async def asked(made: Bench, fake: WeChatFake) -> None:
        await made.at_rest()
        assert len(fake.calls(PUSH)) == sent + 1  # nor after a restart
        await fake.caller.says(FOX, "再来 K7")
        await made.settled(State.DELIVERED)
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 0  # in this life

    on_wechat(story, asked, **settings)


@pytest.mark.parametrize(
    ("code", "words", "sent"), [(40011, "再来 K7", 2), (77777, "再来 K7", 2), (87014, "内容审核", 1)]
)
def test_what_is_refused_again_is_kept_and_told_once(
    on_wechat: Callable[..., None], code: int, words: str, sent: int
) -> None:
    refused_for_good(on_wechat, code, words, sent)


def test_it_is_kept_on_postgres_as_well(on_wechat: Callable[..., None], postgres: Cluster) -> None:
    refused_for_good(on_wechat, 45007, "再来 K7", 2, database_url=SecretStr(postgres.database()))


def test_the_word_on_a_refused_file_waits_where_it_may_not_be_pushed(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        for code in (45007, 45007, 45047):
            fake.fail(PUSH, "errcode", code=code)
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)
        await made.at_rest()
        told = await fake.caller.says(FOX, "余额")
        assert told is not None
        assert "没有收下这个文件" in told.text
        again = await fake.caller.says(FOX, "余额")
        assert again is not None
        assert "没有收下这个文件" not in again.text

    on_wechat(story)


def test_what_shows_nothing_is_answered(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        for noise in ("\u200b", "\u3164 \u2060", "\ufeff"):
            seen = await fake.caller.says(FOX, noise)
            assert seen is not None
            assert seen.how == "passive"
            assert "发张照片" in seen.text
        heard = await fake.caller.sends(FOX, "voice", MediaId="m", Format="amr", Recognition="\u200b")
        assert heard is not None
        assert "语音" in heard.text
        assert made.submits() == 0

    on_wechat(story)


@pytest.mark.parametrize("verified", [True, False])
def test_without_uploads_a_link_to_our_page_plays_the_video(
    on_wechat: Callable[..., None], monkeypatch: pytest.MonkeyPatch, verified: bool
) -> None:
    monkeypatch.setenv("WECHAT_LINK", "true")

    async def story(made: Bench, fake: WeChatFake) -> None:
        await fake.caller.says(FOX, "视频 一只狐狸")
        if verified:
            await made.settled(State.DELIVERED)
            text = fake.person(FOX).texts[-1]
        else:
            await made.settled(State.UNDELIVERED)
            seen = await fake.caller.says(FOX, "1")
            assert seen is not None
            text = seen.text
            await made.settled(State.SENT_AS_REPLY)
        link = re.search(r"http://\S+/videos/\S+", text)
        assert link is not None
        job = await made.settled(State.DELIVERED, State.SENT_AS_REPLY)
        assert job.video is not None
        async with httpx.AsyncClient(trust_env=False) as client:
            shown = await client.get(link[0])
            assert (shown.status_code, shown.headers["content-type"]) == (200, "video/mp4")
            assert shown.content == (made.settings.videos_dir / job.video.name).read_bytes()
            assert (await client.get(link[0].partition("?")[0])).status_code == 404
        assert made.submits() == 1

    on_wechat(story, fake=WeChatFake(verified=verified, may_upload=False), public=True)


def test_an_account_that_can_give_nobody_a_video_sells_none(on_wechat: Callable[..., None]) -> None:
    """Neither at once, nor as an offer, nor by the yes to an offer of before."""

    async def offered(_made: Bench, fake: WeChatFake) -> None:
        seen = await fake.caller.says(FOX, "一只狐狸在雪地里")
        assert seen is not None
        assert "确认 K7" in seen.text
        fake.world.may_upload = False

    async def refused(made: Bench, fake: WeChatFake) -> None:
        channel, me = made.app.channels["wechat"], Address("wechat", FOX)
        with pytest.raises(SendError):
            await channel.check()  # as doctor asks, and as the bot itself does every few hours
        assert await channel.obstacle(me) == "no-video-right"
        for text in ("确认 K7", "视频 一只狐狸", "一只猫在跑"):
            seen = await fake.caller.says(FOX, text)
            assert seen is not None
            assert "没有发视频的权限" in seen.text, text
        assert made.submits() == 0
        assert (await made.app.store.ledger.standing()).used_micro == 0

    on_wechat(offered, refused)


def test_an_account_that_can_give_nobody_a_video_says_so_to_the_program(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        channel, me = made.app.channels["wechat"], Address("wechat", FOX)
        async with asyncio.timeout(10):
            while await channel.obstacle(me) is None:
                await asyncio.sleep(0.02)
        assert await channel.obstacle(me) == "no-video-right"
        told = await fake.caller.says(FOX, "余额")
        while told is not None and "认证" not in told.text:  # the alert is on its way
            told = await fake.caller.says(FOX, "余额")
        assert told is not None
        assert "WECHAT_LINK" in told.text

    on_wechat(story, fake=WeChatFake(verified=False, may_upload=False), admins=f"wechat:{FOX}")


def test_one_denies_no_video_that_is_being_sent(on_wechat: Callable[..., None]) -> None:
    """Made, and its sending is tried again: it waits nowhere, and is not denied."""

    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail("/media/upload", "errcode", code=-1, times=100)
        await fake.caller.says(FOX, "视频 一只狐狸")
        while not await made.app.store.outbox.undelivered(f"wechat:{FOX}"):
            await asyncio.sleep(0.02)
        told = await fake.caller.says(FOX, "1")
        assert told is not None
        assert "正在准备视频 K7" in told.text
        fake.api.faults.clear()
        await made.settled(State.DELIVERED)
        told = await fake.caller.says(FOX, "1")
        assert told is not None
        assert "没有可领取的视频" in told.text

    on_wechat(story)
