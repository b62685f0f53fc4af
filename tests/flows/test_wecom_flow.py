"""The story in WeCom, alone and in groups: photo, words, offer, yes, film, by real buttons over the long connection."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from bot.store.records import ACTIVE, State
from core.pricing import list_models
from core.types import Mode
from tests.bench import KEY, Bench, bench
from tests.corpus import clip, jpeg, voice
from tests.fakes.wecom import SECRET, WeComFake

FOX, WOLF, GROUP = "hu.li@example", "lang", "wrTestGroup-of_the_AI_bot_000001"
Story = Callable[[Bench, WeComFake], Awaitable[None]]


@pytest.fixture
def on_wecom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Run stories, each with a bot of its own on the same disk. Then no rule of WeCom has been broken, and nothing that
    was said, sent or logged holds a secret or an address of fal."""

    def run(*stories: Story, fake: WeComFake | None = None, **settings: Any) -> None:
        wecom = fake or WeComFake()

        async def life(story: Story) -> None:
            given = {"access": f"wecom:{FOX},wecom:{WOLF},wecom:{GROUP}", **settings}
            async with bench(tmp_path, monkeypatch, wecom=wecom, **given) as made:
                await wecom.until(lambda: wecom.line)
                await story(made, wecom)
                async with asyncio.timeout(30):
                    while await made.app.store.jobs.find(states=ACTIVE):
                        await asyncio.sleep(0.05)

        logs.configure(json=True, secrets=[KEY])
        for story in stories:
            asyncio.run(life(story))
        assert wecom.violations == []
        sent = [
            frame for frame in wecom.lines.frames if frame["cmd"] != "aibot_subscribe" and "chunk" not in frame["cmd"]
        ]
        said, logged = json.dumps(sent, ensure_ascii=False), capfd.readouterr().err
        assert "Traceback" not in logged, logged
        for secret in (SECRET, KEY, *wecom.files.keys, "fal.media", "/files/"):
            assert secret not in said
            assert secret not in logged

    return run


async def seen(fake: WeComFake, chat: str, words: str) -> None:
    await fake.until(lambda: any(words in text for text in fake.texts(chat)), s=20)


async def button(fake: WeComFake, chat: str, label: str) -> None:
    await fake.until(lambda: any(label in each for each in fake.buttons(chat)), s=20)


def test_a_photo_with_words_is_a_caption_and_becomes_a_film(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "让狐狸跑起来", photo=jpeg())
        await made.settled(State.DELIVERED)
        (film,) = fake.videos(FOX)
        assert film[4:8] == b"ftyp"
        assert made.submits() == 1
        assert next(iter(made.fal.memory.requests.values())).endpoint.endswith("image-to-video")
        await button(fake, FOX, "再来一版")

    on_wecom(story)


def test_words_are_offered_and_a_pressed_button_buys_once(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "一只红狐狸在雪地里奔跑 sandbox:slow-4")
        await button(fake, FOX, "$0.70")
        assert made.submits() == 0
        card = next(said.card for said in fake.said(FOX) if said.card is not None)
        await fake.presses(FOX, "$0.70")
        await fake.until(lambda: card.card["button_list"][0]["text"].startswith("✓"))
        await fake.presses_key(FOX, card.task_id, card.card["button_list"][0]["key"])  # the ticked one
        await button(fake, FOX, "取消")  # the card of the job stands below the offer
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(fake.videos(FOX)) == 1

    on_wecom(story)


def test_help_is_for_people_without_slashes_and_captions(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "帮助")
        await seen(fake, FOX, "回复“视频＋想看的画面”")
        await fake.says(FOX, "/状况")
        await seen(fake, FOX, "没有“状况”")
        said = "\n".join(fake.texts(FOX))
        assert re.search(r"/[a-z]|说明文字|--[a-z]", said) is None
        assert made.submits() == 0

    on_wecom(story)


def test_a_film_is_priced_by_its_length_which_wecom_does_not_say(on_wecom: Callable[..., None], tmp_path: Path) -> None:
    film = clip(tmp_path / "c.mp4", seconds=3).read_bytes()

    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, video=film)
        await seen(fake, FOX, "最多 $1.12")
        await fake.says(FOX, "变成水彩画")
        await button(fake, FOX, "$1.12")
        await fake.says(FOX, "不要")
        await made.settled(State.CANCELLED)
        quoted = {"msgtype": "video", "video": fake.files.keep(fake.url, film)}
        await fake.says(FOX, "继续", quote=quoted)
        await seen(fake, FOX, "认不出是哪一个。请带上它的编号")
        await fake.says(FOX, "变成油画", quote=quoted)
        await fake.until(lambda: sum("$1.12" in str(each.card) for each in fake.said(FOX)) == 2, s=20)
        await fake.says(FOX, "不要")
        await made.at_rest()
        assert made.submits() == 0

    on_wecom(story)


def test_a_song_as_a_file_is_filmed_to_words(on_wecom: Callable[..., None], tmp_path: Path) -> None:
    song = voice(tmp_path / "song.mp3", seconds=3, codec="libmp3lame", rate=44_100).read_bytes()

    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, file=song)
        await seen(fake, FOX, "录音收到！")
        await fake.says(FOX, "海边的歌手")
        await seen(fake, FOX, "用你的录音作声音。")
        assert made.submits() == 0
        await fake.says(FOX, "好")
        await made.settled(State.DELIVERED)
        request = next(iter(made.fal.memory.requests.values()))
        assert set(request.body) == {"prompt", "audio_url", "aspect_ratio"}
        assert len(fake.videos(FOX)) == 1

    on_wecom(story)


def test_a_photo_waits_for_its_words_beyond_the_life_of_its_link(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, photo=jpeg())
        await fake.until(lambda: fake.texts(FOX) and fake.files.fetched)
        fake.world.ahead_s += 400
        await fake.says(FOX, "让它眨眼")
        await button(fake, FOX, "$")
        await fake.presses(FOX, "$")
        await made.settled(State.DELIVERED)
        assert next(iter(made.fal.memory.requests.values())).endpoint.endswith("image-to-video")

    on_wecom(story)


def test_two_order_at_once_in_a_group_and_press_each_others_buttons(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await asyncio.gather(fake.says(FOX, "一只狐狸", chat=GROUP), fake.says(WOLF, "一只狼", chat=GROUP))
        await fake.until(lambda: len(cards(fake)) == 2, s=20)
        by_words = {"狐狸" if "狐狸" in each.text else "狼": each.card for each in cards(fake)}
        for person, other in ((FOX, "狼"), (WOLF, "狐狸")):
            card = by_words[other]
            before = len(fake.said(GROUP))
            await fake.presses_key(person, card.task_id, card.card["button_list"][0]["key"], chat=GROUP)
            while person not in card.own:
                await asyncio.sleep(0.01)
            assert "button_list" in card.shown_to(person)
            assert len(fake.said(GROUP)) == before  # nobody else sees anything
        await made.at_rest()
        assert made.submits() == 0
        for person, own in ((FOX, "狐狸"), (WOLF, "狼")):
            card = by_words[own]
            await fake.presses_key(person, card.task_id, card.card["button_list"][0]["key"], chat=GROUP)
        await made.all_settled(2, State.DELIVERED)
        assert made.submits() == 2
        assert len(fake.videos(GROUP)) == 2
        assert fake.said(FOX) == fake.said(WOLF) == []

    on_wecom(story)


def cards(fake: WeComFake) -> list[Any]:
    return [each for each in fake.said(GROUP) if each.card is not None]


def test_in_a_group_a_photo_comes_with_its_words_or_by_a_quote(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "视频 让它跑", chat=GROUP, quote=fake.quoted_photo(jpeg()))
        await made.settled(State.DELIVERED)
        await fake.says(WOLF, "视频 让它跳", chat=GROUP, photo=jpeg())
        await made.all_settled(2, State.DELIVERED)
        endpoints = [each.endpoint for each in made.fal.memory.requests.values()]
        assert len(endpoints) == 2
        assert all(each.endswith("image-to-video") for each in endpoints)

    on_wecom(story)


def test_in_a_group_it_says_how_a_photo_can_come(on_wecom: Callable[..., None]) -> None:
    """A photo by itself never reaches the bot there, so it is no good to ask for one."""

    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "让这张照片动起来", chat=GROUP)
        await seen(fake, GROUP, "单独发的照片到不了我这里")
        await button(fake, GROUP, "$0.70")  # it may still be meant without one
        await fake.says(FOX, "不要", chat=GROUP)
        await made.settled(State.CANCELLED)
        await fake.says(FOX, "视频 把这张照片变成水彩画", chat=GROUP)  # nor is that bought without it
        await fake.until(lambda: sum("单独发的照片" in text for text in fake.texts(GROUP)) == 2, s=20)
        await made.at_rest()
        assert made.submits() == 0
        await fake.says(FOX, "不要", chat=GROUP)
        await fake.says(WOLF, "图生视频 让狼跑", chat=GROUP)
        await seen(fake, GROUP, "引用那张照片再 @我，收到就开始做")
        await fake.says(WOLF, chat=GROUP, photo=jpeg())  # the photo and a mention, no words
        await fake.until(lambda: made.submits() == 1, s=20)
        assert next(iter(made.fal.memory.requests.values())).endpoint.endswith("image-to-video")
        await fake.until(lambda: fake.videos(GROUP), s=20)
        await fake.says(FOX, "让这张照片动起来")  # in the chat of two it may come alone
        await button(fake, FOX, "$0.70")
        assert not any("单独发的" in text for text in fake.texts(FOX))
        await fake.says(FOX, "不要")
        await made.at_rest()

    on_wecom(story)


def test_a_stranger_is_told_the_id_and_a_greeting_comes_once(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.enters("wang.wu")
        await seen(fake, "wang.wu", "你好")
        await fake.says("wang.wu", "一只猫")
        await seen(fake, "wang.wu", "wecom:wang.wu")
        await made.at_rest()
        assert await made.jobs() == []

    on_wecom(story)


def test_a_mention_without_words_is_answered_and_no_words_stand_twice(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, chat=GROUP)
        await seen(fake, GROUP, "说说想看什么画面")
        await fake.says(FOX, "忘记我", chat=GROUP)
        await button(fake, GROUP, "全部清除")
        whole, card = fake.said(GROUP)[-2:]
        assert "会留下的" in whole.text
        assert card.text.startswith("要清除你在这个群里做过的内容吗？")
        assert "会留下的" not in card.text
        await fake.says(FOX, "不要", chat=GROUP)
        await made.at_rest()

    on_wecom(story)


def test_the_models_are_a_table(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "/models")
        await seen(fake, FOX, "| --- |")
        head, empty, *rows = fake.texts(FOX)[0].splitlines()
        assert head.startswith("所有模型")
        assert empty == ""
        assert rows[0] == "| 模型 | 约 5 秒的价格 | 秒数 | 声音 | 照片 | 擅长 | 怎么选 |"
        assert {each.count("|") for each in rows} == {8}
        assert any("Happy Horse" in each and "均衡" in each and "$0.70" in each for each in rows)
        assert any("Wan 3.0" in each and "2–30" in each and "首尾帧、参考图 10 张" in each for each in rows)
        told = {Mode.IMAGE_TO_VIDEO, Mode.TEXT_TO_VIDEO, Mode.EXTEND_VIDEO}
        films = [each for each in list_models() if told & set(each.modes)]
        assert len(rows) == len(films) + 2

    on_wecom(story)


def test_a_voice_is_shown_whole_and_offered(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, voice="一只纸船在雨中")
        await button(fake, FOX, "$0.70")
        assert any("一只纸船在雨中" in text for text in fake.texts(FOX))
        await fake.says(FOX, "不要")
        await made.settled(State.CANCELLED)

    on_wecom(story)


def test_a_dropped_line_delays_and_loses_nothing(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        fake.fail("aibot_upload_media_finish", "half")
        fake.fail("aibot_upload_media_chunk", "drop")
        await fake.says(FOX, "视频 一只狐狸")
        await made.settled(State.DELIVERED)
        assert len(fake.videos(FOX)) == 1
        assert fake.lines.subscriptions >= 3

    on_wecom(story)


def test_a_lost_answer_to_the_film_sends_it_no_second_time(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        fake.fail("aibot_send_msg:video", "lose_answer")
        await fake.says(FOX, "视频 一只狐狸")
        await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.at_rest()
        assert len(fake.videos(FOX)) == 1

    on_wecom(story)


def test_a_quoted_film_is_what_the_words_are_about(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(FOX, "一只红狐狸")
        await button(fake, FOX, "$0.70")
        offer = next(each for each in fake.said(FOX) if "狐狸" in each.text)
        await fake.says(FOX, "好", quote={"msgtype": "text", "text": {"content": offer.text}})
        await made.settled(State.DELIVERED)

    on_wecom(story)


def test_a_render_of_18_mb_arrives_within_what_wecom_takes(on_wecom: Callable[..., None], tmp_path: Path) -> None:
    noisy = "testsrc2=s=1920x1080:r=24,noise=alls=30:allf=t"
    rate = {"preset": "ultrafast", "b": "50000000", "minrate": "50000000", "maxrate": "50000000", "bufsize": "25000000"}
    large = clip(tmp_path / "large.mp4", source=noisy, seconds=3, options=rate)
    assert 17_000_000 < large.stat().st_size < 22_000_000

    async def story(made: Bench, fake: WeComFake) -> None:
        made.fal.faults.add("file_other", body=str(large))
        fake.fail("aibot_upload_media_chunk", "drop", times=2)
        await fake.says(FOX, "视频 一只红狐狸")
        job = await made.settled(State.DELIVERED)
        (film,) = fake.videos(FOX)
        assert 4_000_000 < len(film) < 9_500_000
        assert job.video is not None
        assert (made.settings.videos_dir / job.video.name).stat().st_size == large.stat().st_size  # the original stays
        assert len(fake.world.uploads) == 1
        assert fake.lines.count("aibot_upload_media_chunk") > 8

    on_wecom(story)
