"""What an Official Account may do, probed by doing it; links where it can upload nothing; a clock that is off."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.signing_secret import SigningSecret
from bot.channels.types import Address
from bot.channels.video_links import VideoLinks
from bot.channels.wechat.channel import WeChat
from bot.channels.wechat.clock import Clock
from bot.channels.wechat.rights import RIGHTS, Right
from bot.http.signed_videos import signed_videos
from bot.messages.i18n import translate
from tests.channels.test_wechat import FOX, ME, Bench, bench, on_bench, refused
from tests.serving import served

PUSH = "/message/custom/send"


async def probed(made: Bench, channel: WeChat) -> None:
    """Start the channel, and wait until it has looked at everything once: then it rests."""
    before = len(made.rests)
    await channel.start()
    async with asyncio.timeout(10):
        while len(made.rests) == before:
            await asyncio.sleep(0.005)
    await channel.stop_intake()


@pytest.mark.parametrize(
    ("fake", "outcome", "doctor"),
    [
        ({}, None, "videos are pushed"),
        ({"verified": False}, None, "next message"),
        ({"may_upload": False, "may_keep": True}, None, "uploaded for good"),
        ({"verified": False, "may_upload": False, "may_keep": True}, None, "no menu"),
        ({"may_upload": False}, "no-video-right", None),
        ({"verified": False, "may_upload": False}, "no-video-right", None),
    ],
)
def test_each_kind_of_account_is_known_before_anything_is_sold(
    tmp_path: Path, fake: dict[str, bool], outcome: str | None, doctor: str | None
) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        assert await channel.obstacle(ME) is None  # nothing is known yet
        await probed(made, channel)
        assert await channel.obstacle(ME) == outcome
        assert await made.channel().obstacle(Address("wechat", "oAnother_456789")) == outcome  # of all processes
        assert made.fake.person(FOX).seen == []
        assert all(file.kind != "image" or file.until < 1e12 for file in made.fake.world.media.values())
        if doctor is None:
            told = [translate(each, "alert-wechat-no-video-right") for each in ("zh", "en")]
            assert made.alerts == told
            assert (await refused(channel.check())).reason == told[1]
        else:
            assert made.alerts == []
            assert doctor in await channel.check()

    on_bench(tmp_path, story, **fake)


def test_the_table_names_every_right() -> None:
    assert set(RIGHTS) == set(get_args(Right))
    assert RIGHTS["send"].unverified_subscription == RIGHTS["send"].unverified_service == "no"
    assert {each.verified_service for each in RIGHTS.values()} == {"yes"}


def test_the_admins_hear_of_an_obstacle_once_and_again_when_it_comes_back(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        for _ in range(3):
            await probed(made, channel)
        assert len(made.alerts) == 2  # in two languages
        made.fake.world.may_upload = True
        await probed(made, channel)
        assert await channel.obstacle(ME) is None
        made.fake.world.may_upload = False
        await probed(made, channel)
        assert await channel.obstacle(ME) == "no-video-right"
        assert len(made.alerts) == 4

    on_bench(tmp_path, story, may_upload=False)


def test_doctor_alone_does_not_use_up_the_word_to_the_admins(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        await refused(channel.check())
        assert made.alerts == []
        await probed(made, channel)
        assert len(made.alerts) == 2

    on_bench(tmp_path, story, may_upload=False)


def test_a_barred_account_and_refused_settings_sell_nothing(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        for path in ("/media/upload", "/material/add_material"):
            made.fake.fail(path, "errcode", code=48004, probes=True, times=2)
        await probed(made, channel)
        assert await channel.obstacle(ME) == "no-right"
        assert "barred" in made.alerts[1]
        await probed(made, channel)
        await probed(made, channel)
        assert await channel.obstacle(ME) is None
        made.fake.world.ip_listed = False
        made.keys.ahead_s = made.fake.world.ahead_s = 7200.0
        await probed(made, channel)
        assert made.rests[-1] < 600  # it is looked at again soon
        assert await channel.obstacle(ME) == "no-right"
        assert len([text for text in made.alerts if "198.51.100.7" in text]) == 2
        made.fake.world.ip_listed = True
        await probed(made, channel)
        assert await channel.obstacle(ME) is None

    on_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "kind", "more"),
    [
        ("/media/upload", "errcode", {"code": 45009}),
        ("/media/upload", "errcode", {"code": -1, "times": 3}),
        ("/media/upload", "drop_before", {}),
        ("/media/upload", "html", {}),
        ("/media/upload", "garbage", {}),
        (PUSH, "lose_answer", {}),
    ],
)
def test_what_says_nothing_of_rights_teaches_nothing(
    tmp_path: Path, path: str, kind: Any, more: dict[str, int]
) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail(path, kind, probes=True, **more)
        await probed(made, channel)
        assert await channel.obstacle(ME) is None
        assert [key for key, (value, _) in made.keys.rows.items() if value.startswith("no")] == []

    on_bench(tmp_path, story)


def test_a_call_without_an_answer_does_not_keep_the_others_from_being_tried(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.fake.fail(PUSH, "lose_answer", probes=True)
        made.fake.fail("/menu/get", "html", probes=True)
        await probed(made, channel)
        assert made.rests[-1] < 600
        assert await channel.obstacle(ME) == "no-video-right"
        assert (await refused(channel.check())).outcome == "unreachable"

    on_bench(tmp_path, story, may_upload=False)


def test_a_right_that_is_lost_in_use_is_known_at_once(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        await probed(made, channel)
        made.fake.world.may_upload = False
        error = await refused(channel.send_video(ME, made.film()))
        assert (error.outcome, error.uploaded_ref) == ("must_wait", None)
        assert await channel.obstacle(ME) == "no-video-right"
        assert len(made.alerts) == 2

    on_bench(tmp_path, story)


def test_a_database_that_is_away_is_no_obstacle(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.keys.away = True
        assert await channel.obstacle(ME) is None

    on_bench(tmp_path, story)


# Links


def on_page(tmp_path: Path, story: Callable[[Bench, WeChat, str], Awaitable[None]], **fake: Any) -> None:
    """With WECHAT_LINK, and our page at the public address."""

    async def run() -> None:
        async with bench(tmp_path, **fake) as (made, _):
            page = Starlette(routes=[signed_videos(tmp_path / "videos", VideoLinks(SigningSecret(b"s" * 32)))])
            async with served(page) as url:
                (tmp_path / "videos").mkdir()
                made.videos_dir, made.public_url = tmp_path / "videos", url
                channel = made.channel(link=True)
                await story(made, channel, url)
                await channel.stop_intake()
                await channel.stop()

    asyncio.run(run())


async def opened(text: str, url: str) -> httpx.Response:
    (line,) = [line for line in text.splitlines() if url in line]
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(line[line.index(url) :])


@pytest.mark.parametrize("known", [False, True])
def test_where_links_are_allowed_one_is_pushed_in_place_of_the_file(tmp_path: Path, known: bool) -> None:
    async def story(made: Bench, channel: WeChat, url: str) -> None:
        if known:
            await probed(made, channel)
        assert await channel.obstacle(ME) is None
        assert await channel.send_video(ME, made.film()) == "pushed"
        (text,) = made.fake.person(FOX).texts
        assert "做好了" in text
        assert "A fox" in text
        shown = await opened(text, url)
        assert (shown.status_code, shown.content) == (200, made.film().path.read_bytes())
        assert shown.headers["content-type"] == "video/mp4"
        assert shown.headers["content-disposition"].startswith("inline")
        assert len(made.fake.calls("/media/upload")) == (0 if known else 1)
        assert made.alerts == []
        assert "videos are pushed" in await channel.check()
        assert channel.manifest.serves_files

    on_page(tmp_path, story, may_upload=False)


def test_a_link_that_may_not_be_pushed_is_the_next_answer_and_the_same_for_each_repeat(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat, url: str) -> None:
        error = await refused(channel.send_video(ME, made.film()))
        assert error.outcome == "must_wait"
        assert error.uploaded_ref is not None
        assert "s=" not in error.uploaded_ref  # no signature is stored
        assert error.after_s > 2 * 24 * 3600
        made.inbox.reply = error.uploaded_ref
        caller = made.fake.caller
        async with served(Starlette(routes=list(channel.routes()))) as ours:
            caller.url = f"{ours}/wechat"
            first = await caller.says(FOX, "1")
            again = await caller.says(FOX, "1")
        assert first is not None
        assert again is not None
        assert first.text == again.text
        assert (await opened(first.text, url)).content == made.film().path.read_bytes()

    on_page(tmp_path, story, verified=False, may_upload=False)


def test_an_account_that_can_upload_sends_no_links(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat, url: str) -> None:
        await channel.send_video(ME, made.film())
        assert len(made.fake.person(FOX).videos) == 1
        assert made.fake.person(FOX).texts == []

    on_page(tmp_path, story)


def test_links_need_a_public_address(tmp_path: Path) -> None:
    async def story(made: Bench, _channel: WeChat) -> None:
        made.public_url = None
        channel = made.channel(link=True)
        assert "REELBOT_PUBLIC_URL" in (await refused(channel.check())).reason
        assert await channel.obstacle(ME) == "no-video-right"  # so nothing is sold meanwhile
        await channel.stop()

    on_bench(tmp_path, story, may_upload=False)


def test_a_signed_link_is_of_one_file_and_lapses(tmp_path: Path) -> None:
    async def story() -> None:
        now, links = int(time.time()), VideoLinks(SigningSecret(b"s" * 32))
        (tmp_path / "a.mp4").write_bytes(b"0123456789")
        (tmp_path / "b.mp4").symlink_to(tmp_path / "a.mp4")
        (tmp_path / "c.txt").write_bytes(b"SECRET")
        async with (
            served(Starlette(routes=[signed_videos(tmp_path, links)])) as url,
            httpx.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            good = links.path("a.mp4", lapses=now + 60)
            whole = await client.get(good)
            assert (whole.status_code, whole.content) == (200, b"0123456789")
            assert (await client.get(good, headers={"Range": "bytes=2-4"})).content == b"234"
            for path in (
                links.path("a.mp4", lapses=now - 1),
                links.path("b.mp4", lapses=now + 60),
                links.path("c.txt", lapses=now + 60),
                links.path("none.mp4", lapses=now + 60),
                links.path("none.mp4", lapses=now + 60).replace("none", "a"),
                good.replace(f"e={now + 60}", f"e={now + 61}"),
                VideoLinks(SigningSecret(b"t" * 32)).path("a.mp4", lapses=now + 60),
                "/videos/a.mp4",
                "/videos/a.mp4?e=x&s=y",
                f"/videos/a.mp4?e={now + 60}&s=ä",
            ):
                assert (await client.get(path)).status_code == 404, path

    asyncio.run(story())


# The clock


def test_a_clock_that_is_off_is_told_to_admins_and_doctor(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        made.keys.ahead_s = 2.4 * 3600  # ours; WeChat's is right
        await probed(made, channel)
        assert "快了约 2 小时" in made.alerts[0]
        assert "2 hours ahead of" in made.alerts[1]
        assert len(made.alerts) == 2  # however many answers said so
        assert "2.4 hours ahead of" in (await refused(channel.check())).reason

    on_bench(tmp_path, story)


def test_calls_signed_hours_ago_are_a_replay_where_wechats_own_time_agrees_with_ours(tmp_path: Path) -> None:
    async def story(made: Bench, channel: WeChat) -> None:
        caller = made.fake.caller
        xml = caller.xml(FOX, "text", Content="你好", MsgId=7001)
        async with served(Starlette(routes=list(channel.routes()))) as ours:
            caller.url = f"{ours}/wechat"
            attempt = await caller.post(caller.query(timestamp=int(time.time()) - 5 * 3600), xml)
            assert (attempt.status, made.alerts) == (403, [])
            assert len(made.fake.calls("/stable_token")) == 1  # whose Date was looked at
            forged = {**caller.query(timestamp=5), "signature": "0" * 40}
            assert (await caller.post(forged, xml)).status == 403
            made.keys.ahead_s = -3 * 3600.0  # now it is ours that is off
            await refused(channel.check())
            assert (await caller.post(caller.query(), xml)).status == 403
        assert "慢了约 3 小时" in made.alerts[0]

    on_bench(tmp_path, story)


def test_where_wechat_names_no_time_a_call_that_is_hours_off_tells_it() -> None:
    told: list[str] = []

    def alert(topic: str, key: str, /, **facts: Any) -> None:
        told.append(translate("en", key, **facts))

    clock = Clock(alert=alert, now=lambda: 50_000.0)
    for date in (None, "", "soon", "Sat, 99 Nov 2026 00:00:00 GMT"):
        clock.read(date)
    assert (clock.is_known, clock.problem) == (False, None)
    clock.doubt(-4000.0)
    assert len(told) == 1
    assert told[0].startswith("This machine’s clock is an hour behind WeChat’s, so every message in WeChat is refused.")
    clock.read("Thu, 01 Jan 1970 13:53:00 GMT")
    clock.doubt(-4000.0)
    assert (clock.is_known, clock.problem, len(told)) == (True, None, 1)
