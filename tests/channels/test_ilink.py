"""Personal WeChat by itself, between the fake and a box: every state of the QR, the pace, polls, hosts, refusals."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels.ilink import MANIFEST
from bot.channels.ilink.accounts import Account
from bot.channels.ilink.channel import ILink
from bot.channels.ilink.crypto import decrypt_file, encrypt, key_of, padded_size
from bot.channels.ilink.pace import Pace
from bot.channels.ilink.parsing import parse
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.ilink.terminal import log_in, log_out
from bot.channels.types import Address, AttachmentRef, Message, SendError, SendOutcome, VideoMessage
from tests.channels.connecting import Box, film_bytes, services
from tests.corpus import jpeg
from tests.fakes.clock import Clock
from tests.fakes.ilink import ILinkFake
from tests.fakes.memory import Keys
from tests.serving import served

FOX = "fox@im.wechat"
ME = Address("ilink", FOX)


class Phone:
    """A terminal and the phone beside it: what was shown, and what is typed."""

    def __init__(self, *typed: str, account: str | None = None) -> None:
        self.lines: list[str] = []
        self.questions: list[str] = []
        self.typed = list(typed)
        self.account = account

    def option(self, name: str) -> str | None:
        assert name == "account"
        return self.account

    def say(self, text: str) -> None:
        self.lines.append(text)

    async def ask(self, question: str) -> str:
        self.questions.append(question)
        return self.typed.pop(0)

    @property
    def codes(self) -> int:
        return sum("█" in line for line in self.lines)


class Made:
    def __init__(self, channel: ILink, fake: ILinkFake, box: Box, keys: Keys, rests: list[float]) -> None:
        self.channel, self.fake, self.box, self.keys, self.rests = channel, fake, box, keys, rests
        self.clock = Clock()
        self.alerts: list[str] = []
        self.folder = Path()

    async def log_in(self, phone: Phone | None = None) -> str:
        said = await log_in(self.channel, phone or Phone())
        await self.channel.is_set_up()
        return said

    async def taken(self) -> None:
        bot = self.fake.world.all_bots[-1]
        await self.fake.until(lambda: not bot.queue and bot.asked == bot.cursor and bot.polling)

    async def says(self, text: str = "hello") -> None:
        self.fake.says(FOX, text)
        await self.taken()

    def film(self, **more: Any) -> VideoMessage:
        path = self.folder / "film.mp4"
        path.write_bytes(film_bytes())
        return replace(VideoMessage(path, "A fox\nK7", 320, 180, 5.2, None, job_id="K3X9Q2A", title="Done"), **more)

    async def refused(self, work: Awaitable[object]) -> SendError:
        with pytest.raises(SendError) as caught:
            await work
        return caught.value


Story = Callable[[Made], Awaitable[None]]


@asynccontextmanager
async def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Made]:
    fake, box, keys, rests = ILinkFake(), Box(), Keys(), list[float]()
    async with served(fake) as fake.url:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        alerts: list[str] = []
        given = replace(
            services(folder, box=box, key_values=keys), alert=lambda _topic, key, **_facts: alerts.append(key)
        )
        clock = Clock()

        async def sleep(seconds: float) -> None:
            rests.append(seconds)
            clock.at_s += seconds
            await asyncio.sleep(0)

        channel = ILink(given, ILinkSettings(), sleep=sleep, now=fake.world.now, clock=clock)
        on = Made(channel, fake, box, keys, rests)
        on.alerts, on.folder, on.clock = alerts, folder, clock
        await channel.start()
        try:
            yield on
        finally:
            await channel.stop_intake()
            await channel.stop()
        assert fake.world.wrong == []


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[..., None]:
    def run(story: Story, *, logged_in: bool = True) -> None:
        async def whole() -> list[str]:
            async with made(tmp_path, monkeypatch) as on:
                if logged_in:
                    await on.log_in()
                    await on.says()
                await story(on)
                return on.fake.secrets

        secrets = asyncio.run(whole())
        assert [secret for secret in secrets if secret in caplog.text] == []

    return run


# The login


def test_a_code_is_scanned_and_confirmed(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        phone = Phone()
        said = await on.log_in(phone)
        bot = on.fake.world.all_bots[-1]
        assert bot.bot_id in said
        assert f"ilink:{FOX}" in said
        assert bot.token not in said
        assert phone.codes == 1
        assert "https://liteapp.weixin.qq.com/q/" in phone.lines[0]
        assert "Scanned" in phone.lines[1]
        assert await on.channel.check() == f"main: {bot.bot_id}, of {FOX}; personal WeChat has no groups"

    play(story, logged_in=False)


def test_the_number_on_the_phone_is_asked_for(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.api.logins.scripts = [["scaned", "need_verifycode", "confirmed"]]
        phone = Phone("1234", "4711")
        await on.log_in(phone)
        assert ["That was not it" in each for each in phone.questions] == [False, True]
        assert phone.codes == 1

    play(story, logged_in=False)


def test_a_number_that_is_wrong_too_often_brings_another_code(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.api.logins.scripts = [["need_verifycode", "confirmed"], ["wait", "confirmed"]]
        phone = Phone("1", "2", "3")
        await on.log_in(phone)
        assert phone.codes == 2
        assert any("too often" in line for line in phone.lines)

    play(story, logged_in=False)


def test_an_expired_code_is_renewed_three_times(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.api.logins.scripts = [["expired"]] * 4
        phone = Phone()
        error = await on.refused(on.log_in(phone))
        assert "nobody has confirmed" in error.reason
        assert phone.codes == 4

    play(story, logged_in=False)


def test_a_redirect_is_followed_to_trusted_hosts_only(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        logins = on.fake.api.logins
        for host, followed in ((on.fake.url.removeprefix("http://").replace("127.0.0.1", "localhost"), False),):
            logins.redirect_host = host
            logins.scripts = [["scaned_but_redirect", "scaned", "confirmed"]]
            await on.log_in()
            asked = list(logins.by_code.values())[-1].asked
            assert (host in asked) is followed
        logins.redirect_host = None
        logins.scripts = [["scaned_but_redirect", "confirmed"]]
        await on.log_in()

    play(story, logged_in=False)


@pytest.mark.parametrize("base", ["https://evil.example.org", "http://ilinkai.weixin.qq.com", "https://xweixin.qq.com"])
def test_a_token_goes_to_trusted_hosts_only(play: Callable[..., None], base: str) -> None:
    async def story(on: Made) -> None:
        on.fake.api.logins.base_url = base
        error = await on.refused(on.log_in())
        assert "unexpected address" in error.reason
        assert await on.channel.accounts.all() == ()

    play(story, logged_in=False)


def test_what_is_bound_already_keeps_its_token(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        (before,) = await on.channel.accounts.all()
        on.fake.api.logins.scripts = [["scaned", "binded_redirect"]]
        said = await on.log_in()
        assert before.bot_id in said
        assert await on.channel.accounts.all() == (before,)
        assert on.fake.api.logins.tokens[-1] == [before.token]
        on.fake.api.logins.scripts = [["binded_redirect"]]
        error = await on.refused(on.log_in(Phone(account="anna")))
        assert "main" in error.reason

    play(story)


def test_trouble_while_a_code_is_asked_about_counts_as_waiting(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("get_qrcode_status", "status", code=524, times=2)
        on.fake.fail("get_qrcode_status", "drop_before", times=2)
        await on.log_in()
        assert len(on.fake.calls("get_qrcode_status")) == 7

    play(story, logged_in=False)


def test_accounts_live_side_by_side_and_one_logs_out(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        await on.log_in(Phone(account="anna"))
        assert [each.name for each in await on.channel.accounts.all()] == ["anna", "main"]
        assert "anna" in await log_out(on.channel, Phone(account="anna"))
        assert [each.name for each in await on.channel.accounts.all()] == ["main"]
        assert "no account anna" in (await on.refused(log_out(on.channel, Phone(account="anna")))).reason
        assert (await on.refused(log_in(on.channel, Phone(account="Änna!")))).outcome is SendOutcome.REJECTED

    play(story)


def test_doctor_judges_each_account_for_itself(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        first = on.fake.world.all_bots[-1]
        await on.log_in(Phone(account="anna"))
        await on.log_in(Phone(account="bert"))
        anna = on.fake.world.all_bots[1]
        for _ in range(2):  # before the poll has learned of it, and after
            anna.alive = False
            assert f"main: {first.bot_id}" in await on.channel.check()
            (found,) = await on.channel.examine([])
            assert (found.name, found.state) == ("ilink anna", "wrong")
            assert "reelbot wechat login --account anna" in found.text
            await on.fake.until(lambda: on.alerts)
        for bot in on.fake.world.all_bots:
            bot.alive = False
        assert "--account main" in (await on.refused(on.channel.check())).reason

    play(story)


def test_plain_http_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILINK_URL", "http://ilink.example.org")
    with pytest.raises(ValidationError, match="ILINK_URL"):
        ILinkSettings()


def test_nothing_shows_a_token() -> None:
    account = Account("main", "61@im.bot", "https://ilinkai.weixin.qq.com", FOX, "61@im.bot:secret")
    assert "secret" not in f"{account!r} {account}"


# What comes in


def test_items_of_one_message_come_one_by_one(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        photo = on.fake.world.photo_item(jpeg(), "raw")
        text = {"type": 1, "text_item": {"text": "让它动\u2006起来\ufeff"}}
        number = on.fake.sends(FOX, photo, text)
        await on.taken()
        _, one, other = on.box.all
        assert (one.event_id, other.event_id) == (str(number), f"{number}.1")
        assert one.attachment is not None
        assert other.text == "让它动 起来"
        assert number > 2**63

    play(story)


def test_what_is_not_a_persons_is_dropped() -> None:
    account = Account("anna", "61@im.bot", "https://x", FOX, "t")
    good = {"message_id": 2**64 - 1, "from_user_id": FOX, "message_type": 1, "item_list": [{"type": 1}]}
    found = parse(good, account)
    assert found is not None
    assert found.incoming[0][0].address == Address("ilink", FOX, "anna")
    assert found.incoming[0][0].event_id == str(2**64 - 1)
    assert found.incoming[0][0].other == "unknown"
    for spoilt in (
        {"message_type": 2}, {"from_user_id": "61@im.bot"}, {"group_id": "g"}, {"message_id": None}, {"item_list": 3},
        {"from_user_id": ["x"]}, {"from_user_id": "a b"}, {"message_id": "x"},
    ):  # fmt: skip
        assert parse(good | spoilt, account) is None
    assert parse([good], account) is None


def test_the_cursor_is_stored_after_the_messages(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        bot = on.fake.world.all_bots[-1]
        before = on.keys.rows[f"ilink:cursor:{bot.bot_id}"]
        on.box.broken = 3
        on.fake.says(FOX, "kept")
        await on.fake.until(lambda: on.box.broken < 3)
        if on.box.broken:
            assert on.keys.rows[f"ilink:cursor:{bot.bot_id}"] == before
        await on.taken()
        assert [each.text for each in on.box.all] == ["hello", "kept"]
        assert on.keys.rows[f"ilink:cursor:{bot.bot_id}"][0] == bot.cursor
        assert (bot.conflicts, bot.resets) == (0, 0)

    play(story)


def test_hours_without_wechat_change_nothing(play: Callable[..., None]) -> None:
    """Asked again and again, every third time after a longer pause; then it goes on at its cursor."""

    async def story(on: Made) -> None:
        bot = on.fake.world.all_bots[-1]
        outage = on.fake.fail("getupdates", "status", code=502, times=330)
        start = on.clock.at_s
        on.fake.says(FOX, "at last")
        await on.fake.until(lambda: not outage.times, 60)
        await on.taken()
        assert on.box.all[-1].text == "at last"
        assert on.clock.at_s - start > 3600
        assert {2.0, 30.0} <= set(on.rests)
        assert on.channel.alive()
        assert bot.resets == 0
        assert on.alerts == []

    play(story)


@pytest.mark.parametrize("name", ["ret", "errcode"])
def test_an_ended_login_is_not_asked_on(play: Callable[..., None], name: Any) -> None:
    async def story(on: Made) -> None:
        on.fake.api.stale_as = name
        bot = on.fake.world.all_bots[-1]
        bot.alive = False
        await on.fake.until(lambda: on.alerts)
        asked = len(on.fake.calls("getupdates"))
        error = await on.refused(on.channel.send_video(ME, on.film()))
        await on.log_in(Phone(account="anna"))
        await on.fake.until(lambda: on.fake.world.all_bots[-1].polling)  # accounts were looked at anew
        assert error.outcome is SendOutcome.MUST_WAIT
        assert error.after_s >= 600
        assert "reelbot wechat login" in error.reason
        assert len([call for call in on.fake.calls("getupdates") if call.token == bot.token]) == asked
        assert on.alerts == ["alert-ilink-login"]
        assert on.channel.alive()

    play(story)


def test_a_foreign_file_address_is_not_asked(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        item = on.fake.world.photo_item(jpeg(), "raw")
        item["image_item"]["media"]["full_url"] = "https://evil.example.org/c2c/full?p=1"
        on.fake.sends(FOX, item)
        await on.taken()
        ref = on.box.all[-1].attachment
        assert ref is not None
        error = await on.refused(on.channel.fetch(ref, on.folder / "photo"))
        assert (error.outcome, "unexpected address" in error.reason) == (SendOutcome.REJECTED, True)

    play(story)


def test_a_key_that_does_not_fit_is_said(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        item = on.fake.world.photo_item(jpeg(), "raw")
        item["image_item"]["aeskey"] = "00" * 16
        on.fake.sends(FOX, item)
        await on.taken()
        ref = on.box.all[-1].attachment
        assert isinstance(ref, AttachmentRef)
        error = await on.refused(on.channel.fetch(ref, on.folder / "photo"))
        assert error.outcome is SendOutcome.REJECTED
        assert list(on.folder.glob("photo*")) == []

    play(story)


# What goes out


def test_a_film_and_its_words(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        number = await on.channel.send_video(ME, on.film())
        fox = on.fake.person(FOX)
        assert fox.videos == [film_bytes()]
        assert number == str(fox.seen[0].number)
        assert fox.texts == ["Done\nA fox\nK7"]

    play(story)


def test_the_words_are_left_out_where_there_is_no_room(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        for number in range(8):
            await on.channel.show(ME, Message(f"{number}", job_id="K3X9Q2A"))
        await on.channel.send_video(ME, on.film())
        assert len(on.fake.person(FOX).videos) == 1
        assert len(on.fake.person(FOX).texts) == 8

    play(story)


def test_small_talk_leaves_room_for_a_film(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        for _ in range(7):
            await on.channel.show(ME, Message("hi"))
        assert (await on.refused(on.channel.show(ME, Message("hi")))).outcome is SendOutcome.MUST_WAIT
        for _ in range(2):
            await on.channel.show(ME, Message("an answer"), reply_to="1")
        assert (await on.refused(on.channel.show(ME, Message("hi"), reply_to="1"))).outcome is SendOutcome.MUST_WAIT
        await on.channel.send_video(ME, on.film())
        assert len(on.fake.person(FOX).videos) == 1
        await on.says("more")
        await on.channel.show(ME, Message("an answer"), reply_to="2")

    play(story)


def test_a_refusal_waits_and_is_probed_rarely(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("sendmessage", "ret", code=-2, times=2)
        for pause_s in (600, 3600):
            error = await on.refused(on.channel.send_video(ME, on.film()))
            assert (error.outcome, round(error.after_s, -1)) == (SendOutcome.MUST_WAIT, pause_s)
            sent = len(on.fake.calls())
            await on.refused(on.channel.send_video(ME, on.film()))
            await on.refused(on.channel.show(ME, Message("hi", job_id="K3X9Q2A")))
            assert [call.path for call in on.fake.calls()[sent:] if call.path != "getupdates"] == []
            on.fake.world.ahead_s += pause_s + 1
        await on.channel.send_video(ME, on.film())
        assert len(on.fake.person(FOX).videos) == 1

    play(story)


def test_the_next_word_ends_the_waiting(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("sendmessage", "ret", code=-2)
        await on.refused(on.channel.send_video(ME, on.film()))
        await on.says("again?")
        await on.channel.send_video(ME, on.film())
        assert on.fake.person(FOX).seen[0].context == list(on.fake.world.contexts)[-1]

    play(story)


@pytest.mark.parametrize(
    ("kind", "delivered"), [("no_id", False), ("empty", False), ("bare_id", True), ("garbage", False)]
)
def test_only_a_number_confirms_a_film(play: Callable[..., None], kind: Any, delivered: bool) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("sendmessage", kind)
        if delivered:
            assert await on.channel.send_video(ME, on.film())
            return
        error = await on.refused(on.channel.send_video(ME, on.film()))
        assert error.outcome is SendOutcome.UNCONFIRMED
        assert len(on.fake.calls("sendmessage")) == 1

    play(story)


@pytest.mark.parametrize("refused_at", ["upload", "sendmessage"])
def test_a_video_that_is_refused_as_such_is_sent_as_a_file(play: Callable[..., None], refused_at: str) -> None:
    async def story(on: Made) -> None:
        if refused_at == "upload":
            on.fake.fail("upload", "status", code=400)
        else:
            on.fake.fail("sendmessage", "ret", code=-3, kind_of="video_item")
        number = await on.channel.send_video(ME, on.film())
        film, words = on.fake.person(FOX).shown
        assert (film.file, film.video, number) == (film_bytes(), None, str(film.number))
        assert words.text == "Done\nA fox\nK7"
        sent = on.fake.calls("sendmessage")[-2].body["msg"]["item_list"][0]["file_item"]
        assert sent["file_name"] == "K3X9Q2A.mp4"
        on.fake.fail("sendmessage", "ret", code=-3, times=2)
        assert (await on.refused(on.channel.send_video(ME, on.film()))).refusal == "file"  # a smaller one may do

    play(story)


def test_an_empty_success_is_enough_for_a_text(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("sendmessage", "empty")
        assert await on.channel.show(ME, Message("hi"))

    play(story)


def test_an_upload_is_tried_three_times_unless_it_is_refused(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.fail("upload", "status", code=500, times=2)
        await on.channel.send_video(ME, on.film())
        assert len(on.fake.calls("upload")) == 3
        on.fake.fail("upload", "status", code=500, times=3)
        assert (await on.refused(on.channel.send_video(ME, on.film()))).outcome is SendOutcome.NOT_SENT
        on.fake.fail("upload", "status", code=400, times=2)  # nor as a file
        error = await on.refused(on.channel.send_video(ME, on.film()))
        assert (error.outcome, error.refusal) == (SendOutcome.REJECTED, "file")
        assert "as the test wants" in error.reason
        assert len(on.fake.person(FOX).videos) == 1

    play(story)


def test_whole_addresses_of_uploads_are_used(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        on.fake.world.full_urls = True
        await on.channel.send_video(ME, on.film())
        assert on.fake.person(FOX).videos == [film_bytes()]

    play(story)


def test_who_has_not_written_is_not_written_to(play: Callable[..., None]) -> None:
    async def story(on: Made) -> None:
        error = await on.refused(on.channel.show(Address("ilink", "nobody@im.wechat"), Message("hi")))
        assert error.outcome is SendOutcome.MUST_WAIT

    play(story)


def test_start_and_stop_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with made(tmp_path, monkeypatch) as on:
            on.fake.fail("msg/notifystart", "status", code=500)  # a warning, and no more
            await on.log_in()
            await on.says()
        calls = [call.path for call in on.fake.calls() if call.path.startswith("msg/")]
        assert calls == ["msg/notifystart", "msg/notifystop"]

    asyncio.run(story())


# Small parts


def test_files_are_padded_as_stated(tmp_path: Path) -> None:
    key = bytes(range(16))
    for size in (0, 1, 15, 16, 17, 100_001):
        plain = bytes(size)
        body = encrypt(plain, key)
        assert len(body) == padded_size(size)
        (tmp_path / "sealed").write_bytes(body)
        decrypt_file(tmp_path / "sealed", tmp_path / "plain", key)
        assert (tmp_path / "plain").read_bytes() == plain
    assert padded_size(100_001) == 100_016
    (tmp_path / "sealed").write_bytes(body[:-1])
    with pytest.raises(ValueError, match="block"):
        decrypt_file(tmp_path / "sealed", tmp_path / "plain", key)


def test_keys_are_read_in_every_form() -> None:
    key = bytes(range(16))
    text = key.hex()
    forms = (base64.b64encode(key).decode(), base64.b64encode(text.encode()).decode(), text, text.upper())
    assert [key_of(form) for form in forms] == [key] * 4
    assert key_of("") == b""
    for wrong in ("AAAA", "!!!!", base64.b64encode(b"x" * 32).decode()):
        with pytest.raises(ValueError, match=r"a key|hexadecimal"):
            key_of(wrong)


def test_the_pace_keeps_to_both_stories() -> None:
    pace = Pace().after_word(0)
    for at in range(9):
        pace = pace.after_success(at * 1000)
    assert (pace.room(9000), pace.probe_s(9000)) == (1, 0.0)
    pace = pace.after_word(10_000)
    assert pace.room(10_000) == 3  # twelve in five minutes
    for at in range(11, 14):
        pace = pace.after_success(at * 1000)
    assert pace.window_s(14_000) == 287.0
    assert pace.room(400_000) == 7
    assert pace.room(10_000 + 24 * 3600 * 1000 + 1) == 0
    refused = pace.after_refusal(500_000)
    assert [round(refused.probe_s(at * 1000)) for at in (500, 800, 1100)] == [600, 300, 0]
    assert refused.after_failure(500_001).room(500_001) == 0
    assert pace.after_failure(400_000).since == pace.since
    assert Pace.read(refused.fields) == refused
    assert Pace.read({"tries": "x", "no": 1}) == Pace()


def test_its_manifest_is_found_under_wechat() -> None:
    assert {(each.word, each.under) for each in MANIFEST.commands} == {("login", "wechat"), ("logout", "wechat")}
