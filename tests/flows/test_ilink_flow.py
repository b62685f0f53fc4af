"""The story in personal WeChat through the whole bot: login by QR, photos, words, offers, films, and the pace."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot import logs
from bot.channels.ilink.accounts import DEFAULT, Account, Accounts
from bot.channels.ilink.channel import ILink
from bot.channels.ilink.login import Viewer
from bot.channels.ilink.memory import Memory
from bot.channels.types import SendError
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ACTIVE, State
from bot.store.tables import history, jobs
from tests.bench import KEY, Bench, bench
from tests.corpus import clip, jpeg, phone_photo
from tests.fakes.ilink import Bot, ILinkFake, Quote
from tests.fresh import fresh_sqlite
from tests.postgres import Cluster
from tests.serving import served_in_thread

FOX = "fox@im.wechat"
ANNA = "anna@im.wechat"
Story = Callable[[Bench, ILinkFake], Awaitable[None]]


class Phone:
    """The viewer of a login: keeps what was shown, and types the numbers."""

    def __init__(self, *numbers: str) -> None:
        self.codes: list[str] = []
        self.states: list[str] = []
        self.numbers = list(numbers)
        self.wrong: list[bool] = []

    async def show(self, content: str) -> None:
        self.codes.append(content)

    async def state(self, word: str) -> None:
        self.states.append(word)

    async def number(self, *, wrong: bool) -> str:
        self.wrong.append(wrong)
        return self.numbers.pop(0)


def channel_of(made: Bench) -> ILink:
    channel = made.app.found["ilink"]
    assert isinstance(channel, ILink)
    return channel


async def log_in(made: Bench, fake: ILinkFake, *, owner: str = FOX, name: str = "main") -> None:
    """As `reelbot wechat login` does it; its code is confirmed at once. Then until the bot asks for messages."""
    fake.api.logins.owner = owner
    fake.api.logins.scripts = [["confirmed"]]
    viewer: Viewer = Phone()
    await channel_of(made).log_in(name, viewer)
    bot = fake.world.all_bots[-1]
    await fake.until(lambda: bot.polling)


def scanned_before(fake: ILinkFake, database_url: SecretStr | None) -> Callable[[Settings, Any], Awaitable[None]]:
    """What runs before the bot starts: FOX has logged in in an earlier life of it, so that no test waits for that."""

    async def before(settings: Settings, _telegram: Any) -> None:
        bot = fake.bot(FOX)
        if database_url is None:
            fresh_sqlite(settings.database_file)
        store = await Store.open(settings.store_url)
        accounts = Accounts(store.key_values, on_token=lambda _token: None)
        await accounts.put(Account(DEFAULT, bot.bot_id, fake.url, FOX, bot.token))
        store.close()

    return before


@pytest.fixture
def on_ilink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Run stories, each with a bot of its own on the same disk: one after the other is a restart. `logged_in`: FOX has
    done that before. Then nothing that was said or logged, and no row of a job, may hold a secret."""

    def run(*stories: Story, fake: ILinkFake | None = None, logged_in: bool = True, **settings: Any) -> None:
        ilink = fake or ILinkFake()

        async def life(story: Story, *, first: bool, last: bool) -> None:
            before = scanned_before(ilink, settings.get("database_url")) if logged_in and first else None
            async with bench(tmp_path, monkeypatch, ilink=ilink, before=before, **settings) as made:
                if logged_in:
                    await ilink.until(lambda: ilink.world.all_bots[-1].polling)
                await story(made, ilink)
                async with asyncio.timeout(30):
                    while last and await made.app.store.jobs.find(states=ACTIVE):
                        await asyncio.sleep(0.05)

        logs.configure(json=True, secrets=[KEY])
        with served_in_thread(ilink) as ilink.url:
            for number, story in enumerate(stories):
                asyncio.run(life(story, first=number == 0, last=story is stories[-1]))
        said = json.dumps([seen.text for person in ilink.world.people.values() for seen in person.seen])
        logged = capfd.readouterr().err
        assert "Traceback" not in logged, logged
        assert ilink.world.wrong == []
        for secret in [KEY, *ilink.secrets, "fal.media", "/files/b/sandbox"]:
            assert secret not in said
            assert secret not in logged
        assert not settings or "database_url" in settings or secrets_in_jobs(tmp_path, ilink) == []

    return run


def secrets_in_jobs(folder: Path, fake: ILinkFake) -> list[str]:
    with sqlite3.connect(next((folder / "out").glob("*.db"))) as database:
        rows = str(database.execute("select * from reelbot_jobs").fetchall())
        rows += str(database.execute("select * from reelbot_inbox").fetchall())
    return [secret for secret in fake.secrets if secret in rows]


async def told(fake: ILinkFake, user: str, count: int) -> list[str]:
    """The texts of this person's chat, once there are so many."""
    await fake.until(lambda: len(fake.person(user).texts) >= count)
    return fake.person(user).texts


async def says(fake: ILinkFake, text: str, *, user: str = FOX, **more: Any) -> str:
    """What the bot answers first to this."""
    before = len(fake.person(user).texts)
    fake.says(user, text, **more)
    return (await told(fake, user, before + 1))[before]


def test_a_yes_that_came_before_the_offer_is_not_to_it(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        await says(fake, "一只狐狸")
        fake.says(FOX, "高级 10秒")
        fake.says(FOX, "好")
        assert all("$2.42" in text for text in (await told(fake, FOX, 3))[1:])
        assert made.submits() == 0
        await says(fake, "好")
        await made.until(lambda: made.submits() == 1)

    on_ilink(story)


async def five_minutes_pass(made: Bench, fake: ILinkFake) -> None:
    """For WeChat, which counts messages in that time, and for the bot, which counts them, too."""
    fake.world.ahead_s += 301
    memory = Memory(made.app.store.key_values)
    for bot in fake.world.all_bots:
        for user in list(fake.world.people):
            await memory.change_pace(bot.bot_id, user, lambda pace: replace(pace, tries=()))


def test_words_become_a_video_in_the_chat(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        made.fal.faults.add("status_status", status=502, times=2)  # the film takes its time
        ack = await says(fake, "视频 一只红狐狸在雪地里奔跑")
        assert "$0.70" in ack
        assert "K7" in ack
        await made.until(lambda: fake.person(FOX).typing)
        await made.settled(State.DELIVERED)
        fox = fake.person(FOX)
        (film,) = fox.videos
        assert film[4:8] == b"ftyp"
        assert len(film) <= 10_000_000
        assert len(fox.shown) == 3  # the order's answer, the film, its words: no progress
        assert "一只红狐狸" in fox.texts[1]
        assert "K7" in fox.texts[1]
        assert "$" not in fox.texts[1]
        assert made.submits() == 1
        assert fox.typing in ([1], [1, 2])

    on_ilink(story)


def test_a_photo_words_an_offer_a_yes_and_the_film(on_ilink: Callable[..., None], tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "p.jpg", orientation=6).read_bytes()

    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.sends_photo(FOX, photo)
        assert (await told(fake, FOX, 1))[0].startswith("照片收到")
        offer = await says(fake, "让旗子飘起来，高级")
        assert "确认 K7" in offer
        assert "让旗子飘起来" in offer
        assert made.submits() == 0
        await says(fake, "好的")
        await made.settled(State.DELIVERED)
        request = next(iter(made.fal.memory.requests.values()))
        assert request.endpoint.endswith("image-to-video")
        published = (made.settings.assets_dir / request.body["image_url"].rpartition("/")[2]).read_bytes()
        assert b"SecretPhoneMaker" not in published
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 1

    on_ilink(story, daily_usd=20)


def test_words_before_their_photo_in_one_message_are_not_ordered_without_it(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        words = {"type": 1, "text_item": {"text": "视频 让它跑起来"}}
        fake.sends(FOX, words, fake.world.photo_item(jpeg(), "raw"))
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert next(iter(made.fal.memory.requests.values())).body.get("image_url")

    on_ilink(story)


@pytest.mark.parametrize("encoding", ["raw", "hex", "field", "plain"])
def test_a_photo_is_opened_by_whatever_key_it_comes_with(on_ilink: Callable[..., None], encoding: Any) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.sends_photo(FOX, jpeg(), encoding=encoding, full_url=encoding == "hex")
        await told(fake, FOX, 1)
        await says(fake, "视频 让它动起来")
        await says(fake, "好的")
        await made.settled(State.DELIVERED)
        assert next(iter(made.fal.memory.requests.values())).body.get("image_url")

    on_ilink(story)


def test_a_quoted_photo_is_animated_and_a_quoted_film_is_that_film(
    on_ilink: Callable[..., None], tmp_path: Path
) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        number = fake.sends_photo(FOX, jpeg())
        await told(fake, FOX, 1)
        await says(fake, "取消")
        ack = await says(fake, "视频 让它动起来", quote=Quote(number))
        assert "K7" in ack
        await made.settled(State.DELIVERED)
        assert next(iter(made.fal.memory.requests.values())).body.get("image_url")
        film = next(seen for seen in fake.person(FOX).shown if seen.video is not None)
        await told(fake, FOX, 4)
        offer = await says(fake, "换成夜晚", quote=Quote(film.number))
        assert "换成夜晚" in offer
        assert "确认" in offer
        assert made.submits() == 1

    on_ilink(story)


def test_a_clip_and_a_voice(on_ilink: Callable[..., None], tmp_path: Path) -> None:
    film = clip(tmp_path / "c.mp4", seconds=3).read_bytes()

    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.sends_voice(FOX)
        assert "打字" in (await told(fake, FOX, 1))[0]
        fake.sends_voice(FOX, "一只猫在弹钢琴")
        offer = (await told(fake, FOX, 2))[1]
        assert "一只猫在弹钢琴" in offer
        assert "确认" in offer
        await says(fake, "不要")
        fake.sends_video(FOX, film)
        await told(fake, FOX, 4)
        await says(fake, "变成水彩画")
        await says(fake, "好的")
        await made.all_settled(2, State.DELIVERED, State.CANCELLED)
        assert made.submits() == 1
        assert next(iter(made.fal.memory.requests.values())).body.get("video_url")

    on_ilink(story)


def test_what_wechat_refuses_for_now_waits_for_the_next_word(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        refusal = fake.fail("sendmessage", "ret", code=-2, times=1, kind_of="video_item")
        await says(fake, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)
        await made.at_rest()
        assert fake.person(FOX).videos == []
        assert refusal.times == 0
        job = await made.settled(State.UNDELIVERED)
        assert job.due is not None
        assert job.due > now_ms() + 500_000  # probed, but rarely
        await says(fake, "你好")
        await made.settled(State.DELIVERED)
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 1

    on_ilink(story)


def test_one_fetches_by_a_number_what_waits(on_ilink: Callable[..., None]) -> None:
    async def waits(made: Bench, fake: ILinkFake) -> None:
        fake.fail("sendmessage", "ret", code=-2, times=1, kind_of="video_item")
        await says(fake, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)

    async def fetched(made: Bench, fake: ILinkFake) -> None:
        assert "正在准备视频 K7" in await says(fake, "1")
        await made.settled(State.DELIVERED)
        assert "没有可领取的视频" in await says(fake, "1")
        assert len(fake.person(FOX).videos) == 1

    on_ilink(waits, fetched)


def test_an_answer_that_is_refused_for_now_is_said_with_the_next(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.fail("sendmessage", "ret", code=-2)
        fake.says(FOX, "一只狐狸在雪地里奔跑")
        await fake.until(lambda: any(call.code == -2 for call in fake.calls("sendmessage")))
        await made.at_rest()
        assert fake.person(FOX).texts == []
        said = await says(fake, "余额")
        assert "确认 K7" in said
        assert "$0.70" in said
        assert "确认 K7" not in await says(fake, "余额")

    on_ilink(story)


@pytest.mark.parametrize("kind", ["no_id", "empty", "lose_answer"])
def test_a_film_that_nobody_confirmed_is_asked_about_once(on_ilink: Callable[..., None], kind: Any) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.fail("sendmessage", kind, kind_of="video_item")
        await says(fake, "视频 一只狐狸")
        await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.at_rest()
        assert len([each for each in fake.person(FOX).seen if each.video]) == 1  # not sent again
        assert len(fake.person(FOX).texts) == 1  # nor spoken of
        assert "没收到？回复“再来 K7”" in await says(fake, "余额")
        assert "没收到" not in await says(fake, "余额")
        await made.app.store.jobs.close_unconfirmed("ilink", after_s=3600)
        await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.app.store.jobs.close_unconfirmed("ilink", after_s=-1)  # an hour later
        await made.settled(State.DELIVERED)
        await says(fake, "再来 K7")
        await fake.until(lambda: len([each for each in fake.person(FOX).seen if each.video]) == 2)
        await made.settled(State.DELIVERED)
        assert made.submits() == 1

    on_ilink(story)


def test_an_unconfirmed_film_of_one_who_writes_no_more_is_closed_and_still_asked_about(
    on_ilink: Callable[..., None],
) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        made.telegram.world.private(42)
        fake.fail("sendmessage", "no_id", kind_of="video_item")
        await says(fake, "视频 一只狐狸")
        job = await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.at_rest()
        sent = len(fake.calls("sendmessage"))
        await made.app.store.database.write(
            lambda tx: tx.execute(jobs.update().values(changed=jobs.c.changed - 3_601_000))
        )
        sweeper = next(loop for loop, _ in made.app.loops() if loop.name == "sweeper")
        sweeping = asyncio.create_task(sweeper.run())
        await made.settled(State.DELIVERED)
        await made.until(lambda: any(job.id in text and "never confirmed" in text for text in made.telegram.texts(42)))
        sweeping.cancel()
        await made.at_rest()
        assert len(fake.calls("sendmessage")) == sent  # nothing more is said to who has not written
        rows = await made.app.store.database.read(
            lambda tx: tx.execute(sa.select(history.c.why).order_by(history.c.id)).all()
        )
        assert rows[-1].why == "its owner has not written since"
        assert "没收到？回复“再来" in await says(fake, "余额")
        assert "没收到" not in await says(fake, "余额")
        await says(fake, "再来 K7")
        await fake.until(lambda: len(fake.person(FOX).videos) == 1)
        await made.settled(State.DELIVERED)
        assert made.submits() == 1

    on_ilink(story, admins="telegram:42")


def test_who_scans_is_let_in_and_is_an_admin_and_nobody_else_is(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        assert "ilink" not in made.app.channels  # nobody is logged in
        await log_in(made, fake)
        assert "ilink" in made.app.channels
        report = await says(fake, "管理")
        assert "只看这个微信账号" in report
        assert "管理 允许 ilink:…" in report  # in words that are typed there, of people of that chat
        assert "/admin" not in report
        await log_in(made, fake, owner=ANNA, name="anna")
        fake.says(ANNA, "视频 一只猫", bot=fake.world.all_bots[-1])
        await made.settled(State.DELIVERED)
        assert len(fake.person(ANNA).videos) == 1
        stranger = "stranger@im.wechat"
        fake.person(stranger)
        assert f"ilink:{stranger}" in await says(fake, "视频 一只狗", user=stranger, bot=fake.world.all_bots[0])
        assert made.submits() == 1
        await channel_of(made).log_out("anna")
        anna = fake.world.all_bots[-1]
        await fake.until(lambda: not anna.polling)
        assert made.app.parts.owners.all == {f"ilink:{FOX}"}

    on_ilink(story, logged_in=False)


def test_who_has_scanned_is_admin_of_that_account_and_of_nothing_else(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        main = fake.world.all_bots[-1]
        await log_in(made, fake, owner=ANNA, name="anna")
        annas = fake.world.all_bots[-1]
        await says(fake, "视频 一只狐狸 sandbox:slow-3", bot=main)
        (foxs,) = await made.jobs()
        made.telegram.world.private(42)

        async def anna_says(text: str, bot: Bot) -> str:
            return await says(fake, text, user=ANNA, bot=bot)

        assert "制作中：0" in await anna_says("管理", annas)  # the job of the other account is none of hers
        assert foxs.id not in await anna_says("管理 任务", annas)
        for words in (f"管理 停止 {foxs.id}", "管理 暂停", "管理 花费", "管理 名单", "管理 允许 telegram:7"):
            assert "整个机器人的管理员" in await anna_says(words, annas), words
        assert "管理员用的" in await anna_says("管理", main)  # that one is FOX's
        assert "制作中：1" in await says(fake, "管理", bot=main)
        await made.settled(State.DELIVERED)
        assert "ilink:bert@im.wechat" in await anna_says("管理 允许 ilink:bert@im.wechat", annas)
        await five_minutes_pass(made, fake)
        remove = "管理 移除 ilink:bert@im.wechat"
        assert "不是你允许的" in await says(fake, remove, bot=main)  # whom one owner lets in, no other shuts out
        assert "不是你允许的" not in await anna_says(remove, annas)
        await made.at_rest()
        assert made.telegram.texts(42) == []  # who is an admin of the bot hears of its trouble, and these two do not
        made.app.parts.alerts.tell("a test", "alert-works-again")
        await made.until(lambda: made.telegram.texts(42))
        assert not any("fal 又可以下单" in text for user in (FOX, ANNA) for text in fake.person(user).texts)

    on_ilink(story, admins="telegram:42", user_daily_usd=20)


@pytest.mark.parametrize("same", [True, False])
def test_a_login_that_ends_loses_no_job(on_ilink: Callable[..., None], same: bool) -> None:
    """`same`: the new login is into the same bot of iLink's, or into another one."""

    async def story(made: Bench, fake: ILinkFake) -> None:
        first = fake.world.all_bots[0]
        made.telegram.world.private(42)
        fake.fail("sendmessage", "errcode", code=-14, kind_of="video_item")
        await says(fake, "视频 一只狐狸")
        await made.settled(State.UNDELIVERED)
        first.alive = False
        await fake.until(lambda: not first.polling)
        asked = len(fake.calls("getupdates"))
        with pytest.raises(SendError, match="reelbot wechat login"):
            await channel_of(made).check()
        await made.until(lambda: any("reelbot wechat login" in text for text in made.telegram.texts(42)))
        fake.api.logins.bot_id = first.bot_id if same else None
        await log_in(made, fake)
        assert first.token not in fake.api.logins.tokens[-1]
        assert len([call for call in fake.calls("getupdates") if call.token == first.token]) == asked  # never polled on
        await says(fake, "你好")
        await made.settled(State.DELIVERED)
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 1

    on_ilink(story, admins="telegram:42")


def test_what_could_not_be_answered_before_a_restart_is_answered_after_it(on_ilink: Callable[..., None]) -> None:
    async def asked(made: Bench, fake: ILinkFake) -> None:
        fake.fail("sendmessage", "status", code=403, times=99)
        fake.says(FOX, "视频 一只狐狸")
        await fake.until(lambda: any("video_item" in str(call.body) for call in fake.calls("sendmessage")))

    async def answered(made: Bench, fake: ILinkFake) -> None:
        fake.api.faults.clear()
        await made.settled(State.DELIVERED)
        await told(fake, FOX, 1)
        assert any("K7" in text for text in fake.person(FOX).texts)
        assert len(fake.person(FOX).videos) == 1
        assert made.submits() == 0  # in this life
        assert fake.world.all_bots[0].resets == 0  # it goes on where it was

    on_ilink(asked, answered)


def test_a_render_of_18_mb_arrives_within_what_wechat_takes(on_ilink: Callable[..., None], tmp_path: Path) -> None:
    noisy = "testsrc2=s=1920x1080:r=24,noise=alls=30:allf=t"
    rate = {"preset": "ultrafast", "b": "50000000", "minrate": "50000000", "maxrate": "50000000", "bufsize": "25000000"}
    large = clip(tmp_path / "large.mp4", source=noisy, seconds=3, options=rate)
    assert 17_000_000 < large.stat().st_size < 22_000_000

    async def story(made: Bench, fake: ILinkFake) -> None:
        made.fal.faults.add("file_other", body=str(large))
        await says(fake, "视频 一只红狐狸")
        await made.settled(State.DELIVERED)
        (film,) = fake.person(FOX).videos
        assert 4_000_000 < len(film) < 9_500_000
        assert made.submits() == 1

    on_ilink(story)


def test_it_runs_on_postgres_as_well(on_ilink: Callable[..., None], postgres: Cluster) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        await says(fake, "视频 一只狐狸")
        await made.settled(State.DELIVERED)
        assert len(fake.person(FOX).videos) == 1

    on_ilink(story, database_url=SecretStr(postgres.database()))
