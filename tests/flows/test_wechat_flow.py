"""The story in WeChat through the whole bot: passive answers, photos before words, pushes, and videos that wait."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot import logs
from bot.channels.types import Address, Incoming
from bot.cli.main import main
from bot.store.passive_tables import answers
from bot.store.records import ACTIVE, State
from tests.bench import KEY, Bench, bench
from tests.corpus import clip, phone_photo
from tests.fakes.wechat import AES_KEY, SECRET, TOKEN, WeChatFake
from tests.postgres import Cluster
from tests.serving import served_in_thread

FOX = "oFox_0123456789abcdefghijkl"
OTHER = "oOther_123456789abcdefghijk"
Story = Callable[[Bench, WeChatFake], Awaitable[None]]


@pytest.fixture
def on_wechat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., None]:
    """Run stories, each with a bot of its own on the same disk: one after the other is a restart. Then nothing that was
    ever said, sent or logged may hold a secret or an address of fal."""

    def run(*stories: Story, fake: WeChatFake | None = None, **settings: Any) -> None:
        wechat = fake or WeChatFake()

        async def life(story: Story) -> None:
            given = {"access": f"wechat:{FOX}", **settings}
            async with bench(tmp_path, monkeypatch, wechat=wechat, **given) as made:
                await story(made, wechat)
                async with asyncio.timeout(30):  # what is cut off in the middle of a step says so in the log
                    while await made.app.store.jobs.find(states=ACTIVE):
                        await asyncio.sleep(0.05)

        tokens = [SECRET, TOKEN, AES_KEY, KEY]
        logs.configure(json=True, secrets=[KEY])
        for story in stories:
            asyncio.run(life(story))
        seen = [[seen.text, seen.title] for person in wechat.world.people.values() for seen in person.seen]
        sent = [call.body for call in wechat.calls() if call.path not in {"/stable_token", "/media/upload"}]
        said = json.dumps([seen, sent], ensure_ascii=False)
        logged = capfd.readouterr().err
        assert "Traceback" not in logged, logged
        for secret in [*tokens, *(token.value for token in wechat.world.tokens), "fal.media", "/files/b/sandbox"]:
            assert secret not in said
            assert secret not in logged

    return run


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_words_become_a_video_in_the_chat(on_wechat: Callable[..., None], mode: Any) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        seen = await fake.caller.says(FOX, "视频 一只红狐狸在雪地里奔跑")
        assert seen is not None
        assert "$0.70" in seen.text
        assert "K7" in seen.text
        job = await made.settled(State.DELIVERED)
        (video,) = fake.person(FOX).videos
        assert video.how == "pushed"
        assert video.title == "你的视频做好了"
        assert "$" not in video.text
        assert "一只红狐狸" in video.text
        assert "K7" in video.text
        assert video.video is not None
        assert video.video[4:8] == b"ftyp"
        assert made.submits() == 1
        assert job.id not in seen.text
        assert len([one for one in fake.person(FOX).seen if one.how == "pushed"]) == 1  # no progress messages
        assert max(attempt.seconds for attempt in fake.caller.attempts) < 2

    on_wechat(story, fake=WeChatFake(mode=mode))


def test_a_photo_then_words_is_animated_and_its_place_stays_secret(
    on_wechat: Callable[..., None], tmp_path: Path
) -> None:
    photo = phone_photo(tmp_path / "p.jpg", orientation=6).read_bytes()

    async def story(made: Bench, fake: WeChatFake) -> None:
        seen = await fake.caller.sends_photo(FOX, photo)
        assert seen is not None
        assert seen.text.startswith("照片收到")
        assert made.submits() == 0
        seen = await fake.caller.says(FOX, "让旗子飘起来，高级")
        assert seen is not None
        assert "确认 K7" in seen.text
        assert "让旗子飘起来" in seen.text
        assert made.submits() == 0
        await fake.caller.says(FOX, "好的")
        await made.settled(State.DELIVERED)
        request = next(iter(made.fal.memory.requests.values()))
        assert request.endpoint == "bytedance/seedance-2.0/fast/image-to-video"
        assert request.body["prompt"] == "让旗子飘起来"
        published = (made.settings.assets_dir / request.body["image_url"].rpartition("/")[2]).read_bytes()
        assert b"SecretPhoneMaker" not in published
        assert b"Exif" not in published
        again = await fake.caller.says(FOX, "再让它停下")  # the photo is used up: an offer from words alone
        assert again is not None
        assert "确认 R4" in again.text
        assert [job.incoming.attachment is None for job in await made.jobs()] == [False, True]
        assert made.submits() == 1

    on_wechat(story)


def test_a_render_of_18_mb_arrives_within_what_wechat_takes(on_wechat: Callable[..., None], tmp_path: Path) -> None:
    noisy = "testsrc2=s=1920x1080:r=24,noise=alls=30:allf=t"
    rate = {"preset": "ultrafast", "b": "50000000", "minrate": "50000000", "maxrate": "50000000", "bufsize": "25000000"}
    large = clip(tmp_path / "large.mp4", source=noisy, seconds=3, options=rate)
    assert 17_000_000 < large.stat().st_size < 22_000_000

    async def story(made: Bench, fake: WeChatFake) -> None:
        made.fal.faults.add("file_other", body=str(large))
        await fake.caller.says(FOX, "视频 一只红狐狸")
        job = await made.settled(State.DELIVERED)
        (film,) = fake.person(FOX).videos
        assert film.video is not None
        assert 4_000_000 < len(film.video) < 9_500_000
        assert job.video is not None
        assert (made.settings.videos_dir / job.video.name).stat().st_size == large.stat().st_size  # the original stays
        assert made.submits() == 1

    on_wechat(story)


def test_three_attempts_and_forgeries_buy_one_video(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        caller = fake.caller
        fake.world.spoke(FOX, "message")
        xml = caller.xml(FOX, "text", Content="视频 一只狐狸", MsgId=7001)
        calls = [caller.call(xml) for _ in range(3)]
        answers = await asyncio.gather(*(caller.post(*call) for call in calls))
        assert len({answer.body.partition("<CreateTime>")[0] for answer in answers}) == 1
        assert all("K7" in answer.body for answer in answers)
        query, body = calls[0]
        replayed = await caller.post(query, body)
        assert "K7" in replayed.body
        forged = {**query, "signature": "0" * 40}
        stale = caller.query(timestamp=int(fake.world.now()) - 4000)
        refused = [
            await caller.post(forged, body),
            await caller.post(stale, body),
            await caller.post(query, body.replace("狐狸", "猫").replace("7001", "7002")),
            await caller.post({}, body),
            await caller.post(caller.query(), LAUGHS),
            await caller.post(caller.query(), b"x" * 9_000_000),
            await caller.post(caller.query(), b"<xml>" + b"<a>" * 15_000),
            await caller.post(caller.query(), '{"MsgType": "text"}'),
        ]
        assert [attempt.status for attempt in refused] == [403, 403, 403, 400, 400, 413, 400, 400]
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(await made.jobs()) == 1
        assert len(fake.person(FOX).videos) == 1
        tap = caller.xml(FOX, "event", Event="CLICK", EventKey="reelbot:status")
        first, second = [await caller.post(*caller.call(tap)) for _ in range(2)]
        assert first.body.partition("<CreateTime>")[0] == second.body.partition("<CreateTime>")[0]

    on_wechat(story)


def test_a_signature_that_carried_no_message_carries_none_later(on_wechat: Callable[..., None]) -> None:
    """Whoever reads a log of addresses has signatures: those of the handshake and of refused calls are used up, too."""

    async def story(made: Bench, fake: WeChatFake) -> None:
        caller = fake.caller
        forged = caller.xml(FOX, "text", Content="视频 一只狐狸", MsgId=7009).encode()
        greeting, refused = caller.query(), [caller.query() for _ in range(3)]
        async with httpx.AsyncClient(trust_env=False) as web:
            for _ in range(2):  # the console may ask twice
                answer = await web.get(caller.url, params={**greeting, "echostr": "5837"})
                assert (answer.status_code, answer.text) == (200, "5837")
        bodies: list[bytes] = [LAUGHS.encode(), b"x" * 70_000, b"<xml></xml>"]
        for query, body, status in zip(refused, bodies, (400, 413, 400), strict=True):
            assert (await caller.post(query, body)).status == status
        assert [(await caller.post(query, forged)).status for query in (greeting, *refused)] == [403] * 4
        assert await made.jobs() == []
        assert "K7" in (await caller.post(caller.query(), forged)).body  # under a signature of its own it counts

    on_wechat(story)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or chr(0)};".replace(chr(0), "") * 10}">' for n in range(1, 9))
    + "]><xml><ToUserName>&lol8;</ToUserName></xml>"
)


@pytest.mark.parametrize("refusal", ["48001", "45047"])
def test_a_refused_push_waits_and_the_next_message_fetches_it(on_wechat: Callable[..., None], refusal: str) -> None:
    waits_and_is_fetched(on_wechat, refusal)


def test_the_same_on_postgres(on_wechat: Callable[..., None], postgres: Cluster) -> None:
    waits_and_is_fetched(on_wechat, "48001", database_url=SecretStr(postgres.database()))


def waits_and_is_fetched(on_wechat: Callable[..., None], refusal: str, **settings: Any) -> None:
    async def ordered(made: Bench, fake: WeChatFake) -> None:
        if refusal != "48001":
            fake.fail("/message/custom/send", "errcode", code=int(refusal), times=9)
        await made.until(lambda: fake.calls("/menu/get", probes=True))  # by then it is known who may push
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)
        assert len(fake.calls("/message/custom/send")) == (0 if refusal == "48001" else 1)  # never again by itself
        assert fake.person(FOX).videos == []

    async def fetched(made: Bench, fake: WeChatFake) -> None:
        asked = await fake.caller.says(FOX, "状态")
        assert asked is not None
        assert "回复“1”领取" in asked.text
        fake.world.spoke(FOX, "message")
        xml = fake.caller.xml(FOX, "text", Content="好了吗", MsgId=91)
        seen = await fake.caller.deliver(FOX, xml)
        assert seen is not None
        assert seen.how == "passive"
        job = await made.settled(State.SENT_AS_REPLY)
        assert job.video is not None
        assert seen.video is not None
        assert seen.video[4:8] == b"ftyp"
        assert len(seen.video) > 1000
        assert "K7" in seen.text
        again = await fake.caller.deliver(FOX, xml)  # WeChat repeats: the same answer
        assert again == seen
        talk = await fake.caller.says(FOX, "谢谢")
        assert talk is not None
        assert talk.video is None
        listed = await fake.caller.says(FOX, "历史")
        assert listed is not None
        assert "K7" in listed.text
        once_more = await fake.caller.says(FOX, "k7")
        assert once_more is not None
        assert once_more.video == seen.video
        assert len(fake.calls("/media/upload")) == 1
        assert made.submits() == 0  # of this life; the one before bought it

    on_wechat(ordered, fetched, fake=WeChatFake(verified=refusal != "48001"), **settings)


def test_several_that_wait_go_oldest_first_and_photos_in_order(on_wechat: Callable[..., None], tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "p.jpg", orientation=1).read_bytes()
    film = clip(tmp_path / "v.mp4", seconds=3).read_bytes()

    async def story(made: Bench, fake: WeChatFake) -> None:
        caller = fake.caller
        await caller.sends_photo(FOX, photo)
        fake.world.fetch_misses = 1
        one = await caller.says(FOX, "第一个动起来")
        assert one is not None
        assert "确认 K7" in one.text
        await caller.says(FOX, "确认 K7")
        kept = await caller.sends_video(FOX, film, kind="shortvideo")
        assert kept is not None
        assert kept.text.startswith("视频收到")
        async with asyncio.timeout(10):
            while not await _measured(made):
                await asyncio.sleep(0.05)
        two = await caller.says(FOX, "/video 第二个变成夜晚")
        assert two is not None
        assert "R4" in two.text
        assert "$1.12" in two.text  # its 3 seconds were looked at meanwhile, and one is added
        await made.until(lambda: len(fake.calls("/media/upload")) == 2)
        endpoints = [request.endpoint for request in made.fal.memory.requests.values()]
        assert [each.rpartition("/")[2] for each in sorted(endpoints)] == ["image-to-video", "video-edit"]

        async def waiting() -> int:
            return len([job for job in await made.jobs() if job.state is State.UNDELIVERED])

        async with asyncio.timeout(20):
            while await waiting() < 2:
                await asyncio.sleep(0.05)
        helped = await caller.says(FOX, "帮助")
        assert helped is not None
        assert "有 2 个视频做好了" in helped.text
        first = await caller.says(FOX, "1")
        second = await caller.says(FOX, "在吗")
        assert first is not None
        assert second is not None
        assert {first.text[-40:].count("还有 1 个"), second.text.count("还有")} == {1, 0}
        assert first.video is not None
        assert second.video is not None
        assert first.video != second.video
        none = await caller.says(FOX, "1")
        assert none is not None
        assert none.video is None
        foreign = await caller.says(OTHER, "K7")  # codes are a person's own
        assert foreign is not None
        assert foreign.video is None

    on_wechat(story, fake=WeChatFake(verified=False), access=f"wechat:{FOX},wechat:{OTHER}")


async def _measured(made: Bench) -> bool:
    """Whether the video on the table has been looked at."""
    asked = Incoming(Address("wechat", FOX), "account", "look", FOX)
    dialogue = await made.app.store.dialogues.of(asked)
    return bool(dialogue.draft.sources) and dialogue.draft.sources[0].attachment.duration_s is not None


def test_a_bad_day_at_wechat_still_ends_in_one_whole_video(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail("/media/upload", "errcode", code=40001)
        fake.fail("/media/upload", "errcode", code=-1)
        fake.fail("/message/custom/send", "errcode", code=-1)
        fake.fail("/message/custom/send", "errcode", code=42001)
        fake.fail("/message/custom/send", "errcode", code=40007)
        await fake.caller.says(FOX, "视频 一只狐狸")
        job = await made.settled(State.DELIVERED)
        (seen,) = fake.person(FOX).videos
        assert job.video is not None
        assert seen.video is not None
        assert seen.video == fake.calls("/media/upload")[-1].body["content"]
        assert seen.video[4:8] == b"ftyp"
        assert b"moov" in seen.video
        assert made.submits() == 1
        assert len(fake.calls("/stable_token")) <= 4
        assert len(fake.world.forced) == 1

    on_wechat(story)


def test_no_answer_to_a_push_is_doubt_and_its_owner_decides(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.fail("/message/custom/send", "lose_answer")
        fake.fail("/message/custom/send", "errcode", code=45047)  # the word on it
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.until(lambda: len(fake.calls("/message/custom/send")) == 2)
        await made.at_rest()
        assert len(fake.person(FOX).videos) == 1  # it did arrive; it is not sent again by itself
        told = await fake.caller.says(FOX, "怎么样了")
        assert told is not None
        assert "没有收到确认" in told.text
        assert "再来 K7" in told.text
        again = await fake.caller.says(FOX, "再来 K7")
        assert again is not None
        assert "K7" in again.text
        await made.until(lambda: len(fake.person(FOX).videos) == 2)
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(fake.calls("/media/upload")) == 1

    on_wechat(story)


def test_a_failure_is_told_at_once_or_with_the_next_answer(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        made.fal.faults.add("result_error")
        await fake.caller.says(FOX, "视频 一只狐狸")
        await made.settled(State.FAILED)
        await made.until(lambda: fake.calls("/message/custom/send"))
        assert "审核" in fake.person(FOX).texts[-1]
        made.fal.faults.add("result_error")
        fake.fail("/message/custom/send", "errcode", code=45047)
        before = len(fake.person(FOX).seen)
        await fake.caller.says(FOX, "视频 一只猫")
        await made.until(lambda: len(fake.calls("/message/custom/send")) == 2)
        await made.at_rest()
        assert len(fake.person(FOX).seen) == before + 1
        told = await fake.caller.says(FOX, "怎么样了")
        assert told is not None
        assert "审核" in told.text
        later = await fake.caller.says(FOX, "好的")
        assert later is not None
        assert "审核" not in later.text

    on_wechat(story)


def test_what_a_person_can_say(on_wechat: Callable[..., None], tmp_path: Path) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        async def said(text: str) -> str:
            seen = await fake.caller.says(FOX, text)
            assert seen is not None
            assert seen.how == "passive"
            return seen.text

        follow = await fake.caller.follows(FOX)
        assert follow is not None
        assert "发一张照片" in follow.text
        for text, words in SAID.items():
            answer = await said(text)
            assert words in answer, (text, answer)
        assert "没有扣费" in await said("不要")  # what the last line has offered
        for key, words in TAPPED.items():
            tapped = await fake.caller.taps(FOX, f"reelbot:{key}")
            assert tapped is not None
            assert words in tapped.text, (key, tapped.text)
        assert "位置" in str(await fake.caller.sends(FOX, "location", Location_X="23.1", Label="]]><x>"))
        assert "链接" in str(await fake.caller.sends(FOX, "link", Url="http://a.example", Title="t"))
        assert "语音" in str(await fake.caller.sends(FOX, "voice", MediaId="m", Format="amr"))
        assert "用不了" in str(await fake.caller.says(FOX, "【收到不支持的消息类型，暂无法显示】"))
        assert "用不了" in str(await fake.caller.sends(FOX, "sticker"))
        assert await fake.caller.leaves(FOX) is None
        assert made.submits() == 0
        fake.world.person(FOX).follows = True
        heard = await fake.caller.sends(FOX, "voice", MediaId="m", Format="amr", Recognition="视频，一只狐狸。")
        assert heard is not None
        assert "确认 R4" in heard.text  # heard, not typed: offered
        assert "取消 R4" in heard.text
        assert "R4" in await said("状态 R4")
        assert "不做了" in await said("取消 r4")
        assert "English" in await said("/language en")
        assert "in the works" in await said("help") or "status" in await said("help")
        photo = phone_photo(tmp_path / "p.jpg", orientation=1).read_bytes()
        kept = await fake.caller.sends_photo(FOX, photo)
        assert kept is not None
        assert kept.text.startswith("Got the photo")
        text_only = await fake.caller.says(FOX, "文生视频 一只猫")
        assert text_only is not None
        assert "V9" in text_only.text
        assert "👉 To stop it: send “cancel V9”" in text_only.text
        stranger = await fake.caller.says("oStranger_123456789abcdefg", "视频 一只猫")
        assert stranger is not None
        assert "wechat:oStranger_123456789abcdefg" in stranger.text
        jobs = await made.jobs()
        assert {job.user for job in jobs} == {f"wechat:{FOX}"}
        assert all(job.incoming.attachment is None for job in jobs)

    on_wechat(story)


def test_who_writes_in_traditional_characters_is_answered_in_them(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        async def said(text: str) -> str:
            seen = await fake.caller.says(FOX, text)
            assert seen is not None
            return seen.text

        assert "回覆「影片＋想看的畫面」" in await said("幫助")
        helped = await said("帮助")
        assert "回复“视频＋想看的画面”" in helped
        assert "声音文件" not in helped  # nobody can send one here
        assert "🎬 已接單" in await said("影片 一隻紅狐狸在雪地裡奔跑")
        (job,) = await made.jobs()
        assert job.language == "zh-hant-x-words"
        assert "繁體中文" in await said("语言 繁体中文")
        assert "回覆「狀態」" in await said("取消 Z9")  # neither script, so the one that was chosen

    on_wechat(story)


def test_what_is_dear_is_asked_about_and_the_caps_hold(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        async def said(text: str) -> str:
            seen = await fake.caller.says(FOX, text)
            assert seen is not None
            return seen.text

        assert "（或回复“确认 K7”）\n👉 不想做了，回复“取消 K7”" in await said("视频 城市的早晨，veo 3.1，8秒，1080p")
        assert "“确认 R4”" in await said("视频 小镇的早晨，veo 3.1，8秒，1080p")
        assert made.submits() == 0
        assert "已下单，编号 K7" in await said("确认 k7")
        assert "$5.00" in await said("确认 R4")  # over what one person may spend in a day
        assert "没有扣费" in await said("取消 R4")
        assert "$3.20" in await said("余额")
        assert "K7" in await said("状态 K7")
        await made.until(lambda: fake.person(FOX).videos)
        assert made.submits() == 1
        over = await said("视频 田野的早晨，veo 3.1，6秒")
        assert "额度" in over  # what a cap forbids is not offered
        assert "确认" not in over

    on_wechat(story)


SAID = {
    "帮助": "回复“视频＋想看的画面”",
    "/help": "回复“视频＋想看的画面”",
    "状态": "没有正在做的视频",
    "历史": "还没有做过视频",
    "模型": "Happy Horse",
    "价格": "$",
    "/price premium 10s": "$",
    "取消": "没有可以取消的视频",
    "取消 Z9": "没有找到编号 Z9",
    "语言": "回复“语言 繁體中文”",
    "/vidio 猫": "你是想用“视频”吗",
    "你好": "你好",
    "视频": "想看什么画面",
    "1": "没有可领取的视频",
    "]]> <xml>": "确认",
}
TAPPED = {
    "make": "想看什么画面",
    "status": "没有正在做的视频",
    "history": "还没有做过视频",
    "next": "没有可领取的视频",
    "models": "Happy Horse",
    "price": "$",
    "help": "回复“视频＋想看的画面”",
    "unheard-of": "回复“视频＋想看的画面”",
}


def test_a_database_that_does_not_answer_is_no_answer_and_the_repeat_buys_once(on_wechat: Callable[..., None]) -> None:
    """WeChat hears nothing, sends it again, and gets the answer; the job is bought once, also with a late commit."""

    async def story(made: Bench, fake: WeChatFake) -> None:
        fake.caller.cut_s = 3.5
        locked = sqlite3.connect(made.settings.database_file, isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        asked = asyncio.create_task(fake.caller.says(FOX, "视频 一只狐狸"))
        await made.until(lambda: fake.caller.attempts, seconds=8)
        locked.execute("ROLLBACK")
        locked.close()
        assert fake.caller.attempts[0].status in {0, 503}
        seen = await asked
        assert seen is not None
        assert "K7" in seen.text
        assert seen.how == "passive"
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(fake.person(FOX).videos) == 1

    on_wechat(story)


def test_an_answer_that_nobody_waits_for_is_said_later(on_wechat: Callable[..., None]) -> None:
    """The bot died between storing and answering, and WeChat gave up: after the restart it speaks first, or it waits
    for the next message."""

    async def stored(made: Bench, fake: WeChatFake) -> None:
        made.app.parts.inbox.close()  # what comes now is not decided in this life
        for number, words in enumerate(("状态", "历史")):
            incoming = Incoming(Address("wechat", FOX), "wx1", f"m{number}", FOX, words, language="zh")
            await made.app.store.callback_replies.expect(incoming)
        early = answers.update().values(at=answers.c.at - 20_000)
        await made.app.store.database.write(lambda connection: connection.execute(early))
        fake.world.spoke(FOX, "message")
        await made.app.store.send_quota.opened(f"wechat:{FOX}", "message", messages=3, for_s=100)

    async def said(made: Bench, fake: WeChatFake) -> None:
        async with asyncio.timeout(25):
            while (await made.app.store.inbox.waiting()).messages:
                await asyncio.sleep(0.02)
        await made.until(lambda: fake.person(FOX).seen)
        assert [one.how for one in fake.person(FOX).seen] == ["pushed"]
        assert "没有正在做" in fake.person(FOX).texts[0]
        seen = await fake.caller.says(FOX, "模型")  # the other one was kept, so that a video could still be pushed
        assert seen is not None
        assert "Happy Horse" in seen.text
        assert "还没有做过视频" in seen.text

    on_wechat(stored, said)


def test_the_console_makes_the_menu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = WeChatFake()
    monkeypatch.setenv("REELBOT_OUTPUT_DIR", str(tmp_path / "out"))
    assert main(["wechat", "menu"]) == 1
    assert "WECHAT_APP_ID" in capsys.readouterr().err
    with served_in_thread(fake) as fake.url:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        assert main(["wechat", "menu"]) == 0
        fake.world.verified = False
        assert main(["wechat", "menu"]) == 1
    assert fake.world.menu is not None
    assert "48001" in capsys.readouterr().err


def test_a_failed_video_is_ordered_anew_once_by_its_code(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        made.fal.faults.add("result_error", body="internal_server_error")
        await fake.caller.says(FOX, "视频 一只猫")
        first = await made.settled(State.FAILED)
        offered = await fake.caller.says(FOX, "再来 K7")
        assert offered is not None
        assert "确认 R4" in offered.text
        told = await fake.caller.says(FOX, "再来 K7")
        assert told is not None
        assert "确认 R4" in told.text  # the offer that stands
        await fake.caller.says(FOX, "确认 R4")
        await made.all_settled(2, State.FAILED, State.DELIVERED)
        await fake.caller.says(FOX, "确认 R4")
        told = await fake.caller.says(FOX, "再来 K7")
        assert told is not None
        assert "确认 V9" in told.text  # a fresh offer, at its price
        assert (made.submits(), len(await made.jobs())) == (2, 3)
        assert {job.again_of for job in await made.jobs()} == {None, first.id}

    on_wechat(story)
