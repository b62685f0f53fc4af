"""The one connection: who has it, who sends through it, who stands back, and what doctor is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.budget import Budget, Kind, Rate
from bot.channels.pace import Pace
from bot.channels.services import Services
from bot.channels.types import Address, Message, SendError, SendOutcome, VideoMessage
from bot.channels.wecom.cards import plain
from bot.channels.wecom.channel import WeCom
from bot.channels.wecom.errors import NoRoom
from bot.channels.wecom.limits import UPLOADS, WeComRates
from bot.channels.wecom.parsing import without_mention
from bot.channels.wecom.settings import WeComSettings
from bot.store import Store
from tests.channels.connecting import Box, film_bytes, services
from tests.fakes.memory import Keys
from tests.fakes.wecom import BOT_ID, SECRET, WeComFake
from tests.serving import served
from tests.store.test_relay import relay
from tests.store.test_store import on_store

FOX = Address("wecom", "hu.li")


class Bench:
    """Channels on one fake. Pauses are shortened a thousand times; each is noted."""

    def __init__(self, folder: Path, fake: WeComFake, url: str) -> None:
        self.fake, self.box, self.keys, self.pauses = fake, Box(), Keys(), list[float]()
        self.alerts: list[str] = []
        environment = fake.environment(url)
        self.settings = WeComSettings.offline(
            bot_id=environment["WECOM_BOT_ID"], secret=environment["WECOM_BOT_SECRET"], url=environment["WECOM_BOT_URL"]
        )
        self.services = replace(services(folder, box=self.box, key_values=self.keys), alert=self.alert)
        self.film = VideoMessage(folder / "film.mp4", "A fox", 320, 180, 5.2, None, job_id="K3X9Q2A", title="Done")
        self.film.path.write_bytes(film_bytes())

    def alert(self, _topic: str, key: str, **_facts: Any) -> None:
        self.alerts.append(key)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(seconds / 1000)

    @asynccontextmanager
    async def channel(self, given: Services | None = None, **more: Any) -> AsyncIterator[WeCom]:
        made = WeCom(given or self.services, self.settings, **{"sleep": self.sleep, **more})
        await made.start()
        try:
            yield made
        finally:
            await made.stop_intake()
            await made.stop()


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    fake = WeComFake()
    async with served(fake) as url:
        fake.world.spoken.add(FOX.chat_id)
        yield Bench(folder, fake, url)


async def never_ours(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    del name, loop
    await asyncio.Event().wait()


def test_a_process_without_the_connection_sends_through_the_one_that_has_it(database_url: str, tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        async with bench(tmp_path) as on:
            passes = relay(store)
            ours = replace(on.services, relay=passes)
            async with on.channel(ours), on.channel(replace(ours, run_alone=never_ours)) as other:
                await on.fake.until(lambda: on.fake.line)
                await other.show(FOX, Message("On it"))
                await other.send_video(FOX, on.film)
                on.fake.fail("aibot_send_msg", "errcode", code=81013)
                with pytest.raises(SendError) as refused:
                    await other.show(FOX, Message("On it"))
                assert refused.value.outcome is SendOutcome.UNREACHABLE
                assert on.fake.texts(FOX.chat_id) == ["On it"]
                assert on.fake.videos(FOX.chat_id) == [film_bytes()]
                assert on.fake.lines.subscriptions == 1
                assert "running bot" in await other.check()
            assert on.fake.violations == []

    on_store(database_url, story)


def test_who_is_thrown_out_does_not_fight_back(tmp_path: Path) -> None:
    async def story() -> None:
        stays = asyncio.Event()

        async def for_ever(_seconds: float) -> None:
            await stays.wait()

        async with bench(tmp_path) as on, on.channel(sleep=for_ever) as first:
            await on.fake.until(lambda: on.fake.line)
            async with on.channel() as second:
                await on.fake.until(lambda: on.fake.lines.subscriptions == 2)
                await second.show(FOX, Message("On it"))
                with pytest.raises(SendError) as refused:
                    await first.show(FOX, Message("On it"))
                assert refused.value.outcome in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}  # if not yet read
                assert first.alive()
                assert (on.fake.texts(FOX.chat_id), on.fake.lines.subscriptions) == (["On it"], 2)

    asyncio.run(story())


def test_after_it_was_thrown_out_the_admins_hear_and_it_comes_back_late(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel() as channel:
            await on.fake.until(lambda: on.fake.line)
            assert on.fake.line is not None
            on.pauses.clear()
            await on.fake.lines.throw_out(on.fake.line)
            await on.fake.until(lambda: on.fake.lines.subscriptions == 2)
            assert on.alerts == ["alert-wecom-thrown-out"]
            assert sum(on.pauses) > 60 + 0.8 * 600
            await channel.show(FOX, Message("On it"))

    asyncio.run(story())


def test_a_wrong_secret_is_said_once_and_doctor_does_not_connect_beside_the_bot(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on:
            on.fake.lines.refuses = 853000
            async with on.channel():
                await on.fake.until(lambda: on.alerts)
                attempts = on.fake.lines.attempts
                doctor = WeCom(on.services, on.settings)
                with pytest.raises(SendError, match="853000") as refused:
                    await doctor.check()
                assert SECRET not in str(refused.value)
                assert on.fake.lines.attempts - attempts <= 1  # at most the bot's own next try

    asyncio.run(story())


class LateKeys(Keys):
    """Nothing is written before it is `open`."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def put(self, key: str, value: str | None, *, for_s: float | None = None) -> None:
        await self.open.wait()
        await super().put(key, value, for_s=for_s)


def test_who_is_just_connecting_is_not_asked_by_a_second_connection(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on:
            late = LateKeys()
            async with on.channel(replace(on.services, key_values=late)) as channel:
                await on.fake.until(lambda: on.fake.line)
                checking = asyncio.create_task(channel.check())
                await asyncio.sleep(0)
                late.open.set()
                assert await checking == f"{BOT_ID}: connected"
                assert on.fake.lines.subscriptions == 1

    asyncio.run(story())


def test_doctor_tries_the_secret_where_no_bot_runs_and_asks_nothing_where_one_does(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on:
            doctor = WeCom(on.services, on.settings)
            assert "right" in await doctor.check()
            assert on.fake.lines.subscriptions == 1
            async with on.channel():
                await on.fake.until(lambda: any(value == "connected" for value, _ in on.keys.rows.values()))
                assert "running bot" in await doctor.check()
                assert on.fake.lines.subscriptions == 2

    asyncio.run(story())


def test_two_pings_without_an_answer_end_a_dead_connection(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel(answer_s=0.2):
            await on.fake.until(lambda: on.fake.line)
            on.fake.lines.deaf = True
            await on.fake.until(lambda: on.fake.lines.attempts >= 2)
            on.fake.lines.deaf = False
            await on.fake.until(lambda: on.fake.lines.subscriptions == 2)

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["drop", "no_ack", "lose_answer", "half"])
@pytest.mark.parametrize("cmd", ["aibot_upload_media_init", "aibot_upload_media_chunk", "aibot_upload_media_finish"])
def test_an_upload_goes_on_whatever_becomes_of_the_line(tmp_path: Path, cmd: str, kind: Any) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel(answer_s=0.3) as channel:
            await on.fake.until(lambda: on.fake.line)
            on.film.path.write_bytes(film_bytes() + bytes(2 * 512 * 1024))
            on.fake.fail(cmd, kind)
            sending = asyncio.create_task(channel.send_video(FOX, on.film))
            try:
                await sending
            except SendError as error:
                assert error.outcome is SendOutcome.NOT_SENT
                await channel.send_video(FOX, on.film)
            assert on.fake.videos(FOX.chat_id) == [on.film.path.read_bytes()]
            await channel.send_video(FOX, on.film)  # its name is known
            assert on.fake.lines.count("aibot_upload_media_init") <= 2
            assert on.fake.violations == []

    asyncio.run(story())


def test_a_message_is_kept_until_it_could_be_stored_and_one_bad_one_stops_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel():
            await on.fake.until(lambda: on.fake.line)
            on.box.broken = 4
            await on.fake.says("hu.li", "first")
            assert on.fake.line is not None
            broken = {"msgid": "M", "msgtype": "mixed", "from": {"userid": "hu.li"}, "mixed": {"msg_item": 7}}
            await on.fake.line.send({"cmd": "aibot_msg_callback", "headers": {"req_id": "r"}, "body": broken})
            await on.fake.says("hu.li", "second")
            await on.fake.until(lambda: len(on.box.all) == 2)
            assert [each.text for each in on.box.all] == ["first", "second"]

    asyncio.run(story())


def test_an_odd_frame_neither_ends_the_line_nor_is_tried_for_ever(database_url: str, tmp_path: Path) -> None:
    """What is JSON of another shape, or holds what no database takes, stops nothing that comes after it."""

    async def story(store: Store) -> None:
        async with bench(tmp_path) as on, on.channel(replace(on.services, key_values=store.key_values)):
            await on.fake.until(lambda: on.fake.line)
            assert on.fake.line is not None
            photo = {"msgtype": "image", "image": {"url": "https://[", "aeskey": "\ud800"}}
            said = {"chattype": "single", "msgtype": "text", "text": {"content": "odd"}}
            for odd in (
                {"cmd": {}, "headers": {"req_id": "r"}},
                {"cmd": ["aibot_msg_callback"], "headers": {"req_id": "r"}},
                {"headers": {"req_id": "r" * 5000}},
                *(
                    {
                        "cmd": "aibot_msg_callback",
                        "headers": {"req_id": f"r{sign}"},
                        "body": {**said, **photo, "msgid": f"{sign}1", "from": {"userid": f"hu{sign}li"}},
                    }
                    for sign in ("\0", "\ud800")
                ),
            ):
                await on.fake.line.send_text(json.dumps(odd))
            await on.fake.says("hu.li", "first")
            await on.fake.until(lambda: any(each.text == "first" for each in on.box.all))
            assert all("\0" not in each.user for each in on.box.all)
            assert on.fake.lines.subscriptions == 1

    on_store(database_url, story)


@pytest.mark.parametrize("code", ["²", "--5", "9" * 5000, [], True])
def test_a_code_that_nobody_can_read_is_a_refusal(tmp_path: Path, code: Any) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel() as channel:
            await on.fake.until(lambda: on.fake.line)
            on.fake.fail("aibot_send_msg", "errcode", code=code)
            with pytest.raises(SendError):
                await channel.show(FOX, Message("On it"))

    asyncio.run(story())


def test_who_writes_while_it_stops_is_asked_to_write_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel() as channel:
            await on.fake.until(lambda: on.fake.line)
            await channel.stop_intake()
            await on.fake.says("hu.li", "too late")
            await on.fake.until(lambda: on.fake.texts("hu.li"))
            assert "再发一次" in on.fake.texts("hu.li")[0]
            assert on.box.all == []

    asyncio.run(story())


def test_the_first_answer_is_a_stream_and_the_next_is_pushed(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel() as channel:
            await on.fake.until(lambda: on.fake.line)
            msgid = await on.fake.says("hu.li", "a fox")
            await on.fake.until(lambda: on.box.all)
            for text in ("one", "two"):
                await channel.show(FOX, Message(text), reply_to=msgid)
            assert [(each.kind, each.text) for each in on.fake.said("hu.li")] == [
                ("stream", "one"),
                ("markdown", "two"),
            ]
            assert all(each.finished for each in on.fake.said("hu.li"))

    asyncio.run(story())


def test_several_pictures_in_one_message_are_an_album(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as on, on.channel():
            await on.fake.until(lambda: on.fake.line)
            pictures = [on.fake.quoted_photo(b"\xff\xd8\xff" + bytes([number])) for number in range(3)]
            words = {"msgtype": "text", "text": {"content": "@机器人 let it run"}}
            body = on.fake.world.message("hu.li", "wrGroupOfTheLineTest000001", None)
            body |= {"msgtype": "mixed", "mixed": {"msg_item": [words, *pictures]}}
            await on.fake.deliver("aibot_msg_callback", body)
            await on.fake.until(lambda: len(on.box.all) == 3)
            first, *more = on.box.all
            assert (first.text, first.private) == ("let it run", False)
            assert {each.album for each in on.box.all} == {first.event_id}
            assert all(each.attachment and not each.text for each in more)
            assert len({each.origin for each in on.box.all}) == 3
            json.dumps([each.event_id for each in on.box.all])

    asyncio.run(story())


def test_films_have_room_when_texts_have_used_theirs_up() -> None:
    budget = Budget(WeComRates())
    texts = 0
    while budget.at_once(Kind.TEXT, "hu.li", 0.0) is not None:
        texts += 1
    assert texts == 22
    assert [budget.at_once(Kind.VIDEO, "hu.li", 0.0) is not None for _ in range(7)] == [True] * 6 + [False]
    assert budget.at_once(Kind.TEXT, "wolf", 0.0) is not None
    assert budget.at_once(Kind.VIDEO, UPLOADS, 0.0) is not None
    assert WeComRates().of("hu.li")[(Kind.VIDEO, Kind.TEXT)] == Rate(28, 60.0)


def test_two_hours_of_writing_stay_below_what_wecom_counts() -> None:
    """As fast as our windows allow, against the fake's own count of 30 a minute and 1,000 an hour."""
    budget, world, sent = Budget(WeComRates()), WeComFake().world, list[float]()
    world.spoke("hu.li", None)
    for second in range(2 * 3600):
        world.ahead_s = float(second)
        for kind in (Kind.VIDEO, Kind.TEXT):
            place = budget.at_once(kind, "hu.li", second)
            if place is not None:
                body = {"chatid": "hu.li", "chat_type": 1, "msgtype": "markdown", "markdown": {"content": "On it"}}
                world.obey("aibot_send_msg", f"own-{second}-{kind}", body)  # raises where it is too much
                budget.end(place, second)
                sent.append(second)
    assert [sum(from_s <= each < from_s + 3600 for each in sent) for from_s in (0, 3600)] == [960, 960]


def test_its_own_pause_holds_that_chat_back(tmp_path: Path) -> None:
    async def story() -> None:
        pace = Pace(Budget(WeComRates()), name="wecom", no_room=NoRoom)
        async with bench(tmp_path) as on, on.channel(pace=pace) as channel:
            await on.fake.until(lambda: on.fake.line)
            on.fake.fail("aibot_send_msg", "errcode", code=45009)
            for _ in range(2):
                with pytest.raises(SendError) as refused:
                    await channel.show(FOX, Message("On it"))
                assert refused.value.outcome is SendOutcome.NOT_SENT
                assert refused.value.after_s > 50
            assert on.fake.lines.count("aibot_send_msg") == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("@RobotA a fox", None, "a fox"),
        ("@小电影 视频 一只狐狸", None, "视频 一只狐狸"),
        ("@reel bot\u2005a fox", None, "a fox"),
        ("@reel bot a fox", "reel bot", "a fox"),
        ("make it night @Reel Bot please", "reel bot", "make it night please"),
        ("一只狐狸 @小电影", None, "一只狐狸"),
        ("@小电影 @li.si 一只狐狸", None, "@li.si 一只狐狸"),
        ("@小电影", None, ""),
        ("mail fox@example.com", None, "mail fox@example.com"),
    ],
)
def test_the_mention_is_removed(text: str, name: str | None, expected: str) -> None:
    assert without_mention(text, name) == expected


def test_words_of_people_are_no_links() -> None:
    assert "](" not in plain("[free](https://example.com)")
    assert plain("On it, wecom:li_si") == "On it, wecom:li_si"


@pytest.mark.parametrize(
    ("url", "problem"),
    [("ws://example.com", "loopback"), ("https://example.com", "wss://"), ("wss://me:pw@example.com", "user name")],
)
def test_the_secret_goes_over_tls_or_stays_here(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        WeComSettings.offline(url=url)
