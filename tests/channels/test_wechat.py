"""The Official Account's channel against the strict API: one token for all, uploads once, pushes, files, the menu."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic_settings import BaseSettings
from starlette.applications import Starlette

from bot.channels.services import Services
from bot.channels.signing_secret import SigningSecret
from bot.channels.types import Address, AttachmentRef, Incoming, Message, Reply, SendError, VideoMessage
from bot.channels.wechat import MANIFEST
from bot.channels.wechat.channel import WeChat
from bot.channels.wechat.errors import REACTIONS, WeChatError, errcode_info
from bot.channels.wechat.settings import WeChatSettings
from bot.messages.i18n import translate
from bot.store import Store
from tests.channels.telegram_bench import NoTranscript, film, jpeg
from tests.fakes.memory import Counts, Keys
from tests.fakes.wechat import APP_ID, SECRET, TOKEN, WeChatFake
from tests.serving import served

FOX = "oFox_0123456789abcdefghijkl"
ME = Address("wechat", FOX)
S = TypeVar("S", bound=BaseSettings)


@dataclass
class Silent:
    """An inbox that takes what comes without a word, or with this video."""

    reply: str | None = None

    async def put(self, incoming: Any, *, remember: Any = None) -> frozenset[str]:
        raise AssertionError("WeChat asks, since its callback carries the answer")

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        return Reply("狐狸", self.reply, "做好了") if self.reply else Reply("")


@dataclass
class Bench:
    fake: WeChatFake
    folder: Path
    keys: Keys = field(default_factory=Keys)
    counts: Counts = field(default_factory=Counts)
    rests: list[float] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    inbox: Silent = field(default_factory=Silent)
    videos_dir: Path | None = None
    public_url: str | None = "https://bot.example.org"

    def alert(self, topic: str, key: str, /, **facts: Any) -> None:
        assert topic.startswith("wechat ")
        self.alerts += [translate(language, key, **facts) for language in ("zh", "en")]

    def channel(self, **more: Any) -> WeChat:
        """One process; all share the memory."""
        own = WeChatSettings.offline(
            **{"app_id": APP_ID, "app_secret": SECRET, "token": TOKEN, "api_url": self.fake.api_url, **more}
        )

        async def short(seconds: float) -> None:
            self.rests.append(seconds)
            await asyncio.sleep(0)

        return WeChat(self.services(own), own, sleep=short, now=self.keys.now)

    def services(self, own: WeChatSettings, *, demo: bool = False) -> Services:
        def load(cls: type[S]) -> S:
            return own  # type: ignore[return-value] # the only class that this channel asks for

        async def no_language(_user: str) -> str | None:
            return None

        return Services(
            inbox=self.inbox, transcript=NoTranscript(), key_values=self.keys,
            send_quota=self.counts, translate=translate,
            alert=self.alert,
            language_of=no_language, secret=SigningSecret(b"s" * 32), videos_dir=self.videos_dir or self.folder,
            uploads_dir=self.folder,
            public_url=self.public_url, port=0, demo=demo, load=load,
        )  # fmt: skip

    def film(self) -> VideoMessage:
        return film(self.folder, title="做好了", job_id="K3X9Q2A")


def on_bench(folder: Path, story: Callable[[Bench, WeChat], Awaitable[None]], **more: Any) -> None:
    async def run() -> None:
        async with bench(folder, **more) as (made, channel):
            await story(made, channel)

    asyncio.run(run())


@asynccontextmanager
async def bench(folder: Path, **more: Any) -> AsyncIterator[tuple[Bench, WeChat]]:
    fake = WeChatFake(**more)
    async with served(fake) as fake.url:
        made = Bench(fake, folder)
        fake.world.spoke(FOX, "message")
        channel = made.channel()
        try:
            yield made, channel
        finally:
            await channel.stop_intake()
            await channel.stop()


async def refused(work: Awaitable[Any]) -> SendError:
    with pytest.raises(SendError) as error:
        await work
    assert SECRET not in str(error.value)
    return error.value


# The token


def test_twenty_calls_of_two_processes_fetch_one_token(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        other = made.channel()
        made.fake.world.person(FOX).allowed["message"] = (40, made.fake.world.now() + 1000)
        word = Message("你好", job_id="K3X9Q2A")
        await asyncio.gather(*(each.show(ME, word) for each in [channel, other] * 10))
        assert len(made.fake.calls("/stable_token")) == 1
        made.fake.world.rotate()
        await asyncio.gather(*(each.show(ME, word) for each in [channel, other] * 10))
        assert len(made.fake.calls("/stable_token")) == 2
        assert len(made.fake.person(FOX).seen) == 40
        await other.stop()

    on_bench(tmp_path, story)


def test_a_token_is_renewed_ahead_of_its_end_and_forced_only_when_it_must_be(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        word = Message("你好", job_id="K3X9Q2A")
        made.fake.world.person(FOX).allowed["message"] = (40, made.fake.world.now() + 99_000)
        await channel.show(ME, word)
        made.fake.world.tokens[-1].until = made.fake.world.now() + 200  # we believe otherwise: WeChat's word counts
        await channel.show(ME, word)
        made.fake.world.distrust()
        made.fake.world.tokens[-1].until += 7000
        await channel.show(ME, word)
        assert len(made.fake.world.forced) == 1
        assert [call.errcode for call in made.fake.calls("/message/custom/send")] == [0, 0, 40001, 0]
        made.fake.world.distrust()
        error = await refused(channel.show(ME, word))  # force is 30 seconds apart: later, then
        assert error.outcome == "not_sent"
        assert len(made.fake.world.forced) == 1

    on_bench(tmp_path, story)


@pytest.mark.parametrize(("broken", "words"), [("ip", "198.51.100.7"), ("secret", "WECHAT_APP_SECRET")])
def test_wrong_set_up_is_said_by_doctor_and_a_video_only_waits(tmp_path: Path, broken: str, words: str) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        if broken == "ip":
            made.fake.world.ip_listed = False
        else:
            made.fake.world.secret = "another"
        error = await refused(channel.check())
        assert words in error.reason
        assert words in made.alerts[0]
        assert words in made.alerts[1]
        error = await refused(channel.send_video(ME, made.film()))
        assert (error.outcome, error.after_s) == ("not_sent", 300.0)
        assert len(made.fake.calls("/media/upload")) == 0

    on_bench(tmp_path, story)


def test_a_persistent_refusal_of_the_token_ends_soon(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/media/upload", "errcode", code=40001, times=99)
        error = await refused(channel.send_video(ME, made.film()))
        assert error.outcome == "not_sent"
        assert len(made.fake.calls("/media/upload")) == 2

    on_bench(tmp_path, story)


# Videos


def test_a_video_is_uploaded_once_and_pushed(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        await channel.send_video(ME, made.film())
        await channel.send_video(ME, made.film())
        upload, *more = made.fake.calls("/media/upload")
        assert more == []
        assert (upload.body["filename"], upload.body["mime"]) == ("video.mp4", "video/mp4")
        assert upload.body["content"] == made.film().path.read_bytes()
        sent = made.fake.calls("/message/custom/send")[0].body
        assert sent["touser"] == FOX
        assert set(sent["video"]) == {"media_id", "title", "description"}  # no thumbnail unless one is asked for
        assert made.counts.spent == {f"wechat:{FOX}": 2}
        made.keys.ahead_s = made.fake.world.ahead_s = 3 * 24 * 3600.0
        made.fake.world.spoke(FOX, "message")
        await channel.send_video(ME, made.film())
        assert [call.errcode for call in made.fake.calls("/media/upload")] == [0, 42001, 0]

    on_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("label", "says"), [("off", None), ("metadata", {"is_ai_msg": 1}), ("visible", {"is_ai_msg": 1})]
)
def test_wechat_is_told_what_ai_has_made(tmp_path: Path, label: str, says: object) -> None:
    """Of videos, also in the tries that follow a refusal; never of the bot's own words."""

    async def story(made: Bench, _channel: WeChat) -> None:
        channel = made.channel(ai_label=label)
        made.fake.fail("/message/custom/send", "errcode", code=40007)
        await channel.send_video(ME, made.film())
        await channel.show(ME, Message("done"))
        *videos, words = [call.body for call in made.fake.calls("/message/custom/send")]
        assert [video.get("aimsgcontext") for video in videos] == [says, says]
        assert (words["msgtype"], "aimsgcontext" in words) == ("text", False)
        await channel.stop()

    on_bench(tmp_path, story)


@pytest.mark.parametrize("codes", [[40007], [40007, 40007], [40012, 40012]])
def test_a_refused_reference_is_made_anew_once_then_with_a_thumbnail(tmp_path: Path, codes: list[int]) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        for code in codes:
            made.fake.fail("/message/custom/send", "errcode", code=code)
        await channel.send_video(ME, made.film())
        assert len(made.fake.person(FOX).videos) == 1
        thumbs = [call for call in made.fake.calls("/message/custom/send") if "thumb_media_id" in call.body["video"]]
        assert len(thumbs) == len(codes) - 1

    on_bench(tmp_path, story)


@pytest.mark.parametrize(
    "code", [48001, 48003, 48004, 45015, 45047, 43004, 40003, 45009, 50002, 50005, 46004, 43019, 48002]
)
def test_what_may_not_be_pushed_waits_uploaded(tmp_path: Path, code: int) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/message/custom/send", "errcode", code=code)
        error = await refused(channel.send_video(ME, made.film()))
        assert error.outcome == "must_wait"
        assert error.uploaded_ref in made.fake.world.media
        assert error.after_s > 2 * 24 * 3600
        assert "rid" in error.reason
        again = made.channel()
        if code in {48001, 48003, 48004}:  # the account's: remembered, by every process
            await refused(again.send_video(ME, made.film()))
            assert (await refused(again.show(ME, Message("词", job_id="K")))).outcome == "must_wait"
            assert len(made.fake.calls("/message/custom/send")) == 1
        else:
            await again.send_video(ME, made.film())
            assert len(made.fake.person(FOX).videos) == 1
        assert len(made.fake.calls("/media/upload")) == 1
        await again.stop()

    on_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "kind", "outcome"),
    [
        ("/message/custom/send", "lose_answer", "unconfirmed"),
        ("/message/custom/send", "garbage", "unconfirmed"),
        ("/message/custom/send", "html", "unconfirmed"),
        ("/message/custom/send", "gateway", "unconfirmed"),
        ("/message/custom/send", "bare", "unconfirmed"),
        ("/media/upload", "gateway", "not_sent"),
        ("/media/upload", "lose_answer", "not_sent"),
        ("/media/upload", "html", "not_sent"),
        ("/media/upload", "garbage", "not_sent"),
        ("/stable_token", "drop_before", "not_sent"),
    ],
)
def test_what_a_lost_answer_means(tmp_path: Path, path: str, kind: Any, outcome: str) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail(path, kind)
        error = await refused(channel.send_video(ME, made.film()))
        assert error.outcome == outcome

    on_bench(tmp_path, story)


@pytest.mark.parametrize("code", ["0", 0])
def test_only_a_zero_is_a_yes_as_a_number_or_as_a_text(tmp_path: Path, code: object) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/message/custom/send", "says", answer={"errcode": code, "errmsg": "ok"})
        assert await channel.send_video(ME, made.film()) == "pushed"

    on_bench(tmp_path, story)


@pytest.mark.parametrize("code", [None, "", "ok", False, True, 0.5, [], {}])
def test_an_errcode_that_is_none_proves_nothing(tmp_path: Path, code: object) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/message/custom/send", "says", answer={"errcode": code})
        assert (await refused(channel.send_video(ME, made.film()))).outcome == "unconfirmed"
        assert made.counts.spent == {}

    on_bench(tmp_path, story)


def test_a_missing_token_is_fetched_again(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/message/custom/send", "errcode", code=41001)
        assert await channel.show(ME, Message("你好", job_id="K3X9Q2A")) == "pushed"
        assert [call.errcode for call in made.fake.calls("/message/custom/send")] == [41001, 0]

    on_bench(tmp_path, story)


def test_busy_is_asked_again_with_pauses_and_not_for_ever(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail("/message/custom/send", "errcode", code=-1, times=2)
        await channel.send_video(ME, made.film())
        assert made.rests == [1.0, 3.0]
        made.fake.fail("/message/custom/send", "errcode", code=-1, times=3)
        assert (await refused(channel.send_video(ME, made.film()))).outcome == "not_sent"

    on_bench(tmp_path, story)


def test_an_account_without_uploads_says_so(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        error = await refused(channel.send_video(ME, made.film()))
        assert (error.outcome, error.uploaded_ref) == ("must_wait", None)
        assert "verified in the console" in (await refused(channel.check())).reason

    on_bench(tmp_path, story, verified=False, may_upload=False)


ODD_VALUES = ("", "{", "null", "[]", '{"until": 9}', '{"token": 1, "id": 1, "until": "soon"}')


@pytest.mark.parametrize("value", ODD_VALUES)
def test_an_odd_stored_value_counts_as_absent(tmp_path: Path, value: str) -> None:
    """The token is fetched and the file uploaded, and both overwrite it: the next ones are not made again."""

    async def story(made: Bench, channel: WeChat) -> None:
        await channel.send_video(ME, made.film())
        for key in made.keys.rows:
            made.keys.rows[key] = (value, None)
        for other in (made.channel(), made.channel()):
            await other.send_video(ME, made.film())
            await other.stop()
        assert len(made.fake.calls("/stable_token")) == 2
        assert len(made.fake.calls("/media/upload")) == 2

    on_bench(tmp_path, story)


def test_fields_of_a_newer_version_are_passed_over(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        await channel.send_video(ME, made.film())
        for key, (value, until) in made.keys.rows.items():
            if value.startswith("{"):
                made.keys.rows[key] = (f'{{"since": 5, {value[1:]}', until)
        other = made.channel()
        await other.send_video(ME, made.film())
        await other.stop()
        assert len(made.fake.calls("/stable_token")) == 1
        assert len(made.fake.calls("/media/upload")) == 1

    on_bench(tmp_path, story)


def test_where_only_permanent_uploads_are_allowed_they_are_taken_away_again(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        error = await refused(channel.send_video(ME, made.film()))
        assert error.outcome == "must_wait"
        assert error.uploaded_ref is not None
        assert made.fake.world.file(error.uploaded_ref, "video").content == made.film().path.read_bytes()
        made.keys.ahead_s = made.fake.world.ahead_s = 4 * 24 * 3600.0
        later = await refused(channel.send_video(ME, made.film()))
        assert later.uploaded_ref not in {None, error.uploaded_ref}
        assert set(made.fake.world.media) == {later.uploaded_ref}

    on_bench(tmp_path, story, verified=False, may_upload=False, may_keep=True)


def test_words_leave_enough_for_a_video(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        for _ in range(3):
            await channel.show(ME, Message("狐狸" * 900))
        assert (await refused(channel.show(ME, Message("一个字")))).outcome == "must_wait"
        await channel.show(ME, Message("任务的话", job_id="K3X9Q2A"))
        await channel.send_video(ME, made.film())
        assert len(made.fake.person(FOX).seen) == 5
        assert (await refused(channel.send_video(ME, made.film()))).outcome == "must_wait"

    on_bench(tmp_path, story)


# What people sent


def test_photos_and_videos_are_fetched(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        photo, clip = jpeg(), made.film().path.read_bytes()
        into = tmp_path / "got"
        await channel.fetch(AttachmentRef("image", made.fake.world.keep("image", photo)), into)
        assert into.read_bytes() == photo
        made.fake.world.fetch_misses = 3
        await channel.fetch(AttachmentRef("video", made.fake.world.keep("video", clip)), into)
        assert into.read_bytes() == clip
        assert made.rests == [1.0, 2.0, 4.0]
        error = await refused(channel.fetch(AttachmentRef("image", "gone"), into))
        assert error.outcome == "rejected"

    on_bench(tmp_path, story)


def test_without_the_right_a_photos_own_address_helps_and_no_other_host_is_asked(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        media_id = made.fake.world.keep("image", jpeg())
        into = tmp_path / "got"
        await channel.fetch(AttachmentRef("image", f"{media_id} {made.fake.url}/cdn/{media_id}"), into)
        assert into.read_bytes() == jpeg()
        foreign = WeChatFake()
        async with served(foreign) as foreign.url:
            elsewhere = foreign.world.keep("image", jpeg())
            for url in (
                f"{foreign.url}/cdn/{elsewhere}",
                f"{foreign.url}/cdn/{elsewhere}?x=.qq.com",
                f"{foreign.url.replace('127.0.0.1', 'localhost')}/cdn/{elsewhere}",
                f"http://x.qq.com@{foreign.url.removeprefix('http://')}/cdn/{elsewhere}",
            ):
                error = await refused(channel.fetch(AttachmentRef("image", f"{media_id} {url}"), into))
                assert error.outcome == "rejected"
                assert not into.exists() or into.read_bytes() != jpeg()

    on_bench(tmp_path, story, may_upload=False)


def test_a_photo_without_a_media_id_comes_by_its_address_from_wechat_only(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        photo = made.fake.world.keep("image", jpeg())
        into = tmp_path / "got"
        await channel.fetch(AttachmentRef("image", f" {made.fake.url}/cdn/{photo}"), into)
        assert into.read_bytes() == jpeg()
        assert made.fake.calls("/media/get") == []
        for url in (
            "http://127.0.0.1:1/x",
            "http://qq.com.example.org/x",
            "http://x.qq.com:99999/",
            "http://[",
            "file:///etc/passwd",
        ):
            error = await refused(channel.fetch(AttachmentRef("image", f" {url}"), into))
            assert error.outcome == "rejected"
            assert not into.exists()

    on_bench(tmp_path, story)


# Around it


def test_the_menu_and_the_check(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        await channel.create_menu()
        assert made.fake.world.menu is not None
        names = [button["name"] for button in made.fake.world.menu["button"]]
        assert names == ["做视频", "我的视频", "更多"]
        errcode_info = await channel.check()
        assert "videos are pushed" in errcode_info
        assert "https://bot.example.org/wechat" in errcode_info

    on_bench(tmp_path, story)


def test_the_menu_of_an_account_without_the_right(tmp_path: Path) -> None:
    async def story(_made: Bench, channel: WeChat) -> None:
        assert "48001" in (await refused(channel.create_menu())).reason

    on_bench(tmp_path, story, verified=False)


def test_a_typing_sign_once_after_a_message(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        caller = made.fake.caller
        async with served(Starlette(routes=list(channel.routes()))) as ours:
            caller.url = f"{ours}/wechat"
            await channel.busy(ME, "rendering")
            await caller.says(FOX, "hello")
            await channel.busy(ME, "rendering")  # not known yet whether the account may
            await channel.send_video(ME, made.film())
            await caller.says(FOX, "hello again")
            for _ in range(3):
                await channel.busy(ME, "rendering")
        assert made.fake.person(FOX).typing == 1

    on_bench(tmp_path, story)


def test_it_is_off_without_settings_and_says_what_is_missing(tmp_path: Path) -> None:
    made = Bench(WeChatFake(), tmp_path)
    assert MANIFEST.connect(made.services(WeChatSettings.offline())) is None
    with pytest.raises(ValueError, match="WECHAT_APP_SECRET, WECHAT_TOKEN"):
        MANIFEST.connect(made.services(WeChatSettings.offline(app_id=APP_ID)))
    whole = WeChatSettings.offline(app_id=APP_ID, app_secret=SECRET, token=TOKEN)
    assert MANIFEST.connect(made.services(whole, demo=True)) is None


@pytest.mark.parametrize("code", sorted(REACTIONS))
def test_every_errcode_has_a_verdict_without_secrets(code: int) -> None:
    error = WeChatError(errcode_info(code, "some words rid: 65f-1-a"))
    assert error.send_error().outcome in {"not_sent", "must_wait", "rejected"}
    assert "65f-1-a" in error.send_error().reason
    assert WeChatError(errcode_info(12345, "?")).send_error().outcome == "rejected"


def test_memory_and_counts_are_shared_by_processes(database_url: str) -> None:
    """The real tables do what the stand-ins of these tests do."""

    async def story() -> None:
        one, two = await Store.open(database_url), await Store.open(database_url)
        won = await asyncio.gather(
            *(each.key_values.swap("k", old=None, new=str(n), for_s=9) for n, each in enumerate([one, two] * 4))
        )
        assert won.count(True) == 1
        now = await one.key_values.get("k")
        assert await two.key_values.swap("k", old=now, new="x")
        assert not await one.key_values.swap("k", old=now, new="y")
        await one.key_values.put("k", "z", for_s=-1)
        assert await two.key_values.get("k") is None
        assert await two.key_values.swap("k", old=None, new="again")
        await one.key_values.sweep()
        assert await two.key_values.get("k") == "again"
        await one.send_quota.opened("u", "message", messages=5, for_s=100)
        await one.send_quota.opened("u", "tap", messages=3, for_s=60)
        for _ in range(4):
            await two.send_quota.spend("u")
        assert await one.send_quota.left("u") == 4
        await one.send_quota.opened("u", "message", messages=5, for_s=-1)
        assert await one.send_quota.left("u") == 0
        await one.send_quota.closed("u")
        await one.send_quota.spend("u")
        one.close()
        two.close()

    asyncio.run(story())
