"""The channel against a strict Telegram over real HTTP: what it sends, what it makes of every way to fail, fetching."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels.telegram import MANIFEST
from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Action, Address, AttachmentRef, Message, SendError
from tests.channels.telegram_bench import ME, Bench, Box, bench, film, jpeg, services, settings
from tests.fakes.botapi import TOKEN, buttons
from tests.serving import free_port

GROUP = Address("telegram", "-100300", "7")
CANCEL = (Action("Cancel", "cancel:K3X", danger=True),)


def on_the_bench(folder: Path, story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
    """Person 42 has spoken to the bot before, and it is in a forum with topic 7."""

    async def play() -> None:
        async with bench(folder, **more) as on:
            on.telegram.user_says(42, "hello")
            on.telegram.group(-100300, topics={7})
            await story(on)

    asyncio.run(play())


async def error_of(work: Awaitable[object]) -> SendError:
    with pytest.raises(SendError) as caught:
        await work
    assert TOKEN.partition(":")[2] not in f"{caught.value!r} {caught.value.reason}"
    return caught.value


# Texts


def test_a_text_with_buttons_in_its_topic_as_a_reply(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        asked = on.telegram.user_says(-100300, "/video a fox", sender=42, thread=7)
        shown = await on.channel.show(GROUP, Message("On it: https://example.org <b>", CANCEL), reply_to=str(asked))
        (message,) = on.telegram.said(-100300)
        assert str(message["message_id"]) == shown
        assert message["text"] == "On it: https://example.org <b>"
        assert message["message_thread_id"] == 7
        assert message["reply_to_message"]["message_id"] == asked
        assert buttons(message) == ["cancel:K3X"]
        params = on.telegram.calls("sendMessage")[0].params
        assert params["link_preview_options"] == {"is_disabled": True}
        assert "parse_mode" not in params

    on_the_bench(tmp_path, story)


def test_a_deleted_question_does_not_stop_an_answer(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.show(GROUP, Message("hello"), reply_to="999")
        (message,) = on.telegram.said(-100300)
        assert "reply_to_message" not in message

    on_the_bench(tmp_path, story)


def test_a_status_is_changed_in_place(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        first = await on.channel.show(ME, Message("queued", CANCEL))
        assert await on.channel.show(ME, Message("rendering", CANCEL), replace=first) == first
        assert await on.channel.show(ME, Message("rendering", CANCEL), replace=first) == first  # not modified: fine
        assert await on.channel.show(ME, Message("done"), replace=first) == first
        (message,) = on.telegram.said(42)
        assert message["text"] == "done"
        assert buttons(message) == []
        on.telegram.world.deletes(42, int(first))
        error = await error_of(on.channel.show(ME, Message("over"), replace=first))
        assert error.outcome == "rejected"  # somebody did not want it: it is not posted again
        assert on.telegram.texts(42) == []

    on_the_bench(tmp_path, story)


def test_an_edit_is_never_in_doubt(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        first = await on.channel.show(ME, Message("queued"))
        on.telegram.fail("editMessageText", "lose_answer")
        error = await error_of(on.channel.show(ME, Message("rendering"), replace=first))
        assert error.outcome == "not_sent"
        assert await on.channel.show(ME, Message("rendering"), replace=first) == first

    on_the_bench(tmp_path, story)


def test_long_texts_come_in_parts(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        asked = on.telegram.user_says(42, "/history")
        text = "\n".join(f"{number} 🦊 a line of the history" for number in range(400))
        shown = await on.channel.show(ME, Message(text, CANCEL), reply_to=str(asked))
        parts = on.telegram.said(42)
        assert len(parts) == 3
        assert "".join("".join(part["text"] for part in parts).split()) == "".join(text.split())
        assert ["reply_to_message" in part for part in parts] == [True, False, False]
        assert [buttons(part) for part in parts] == [[], [], ["cancel:K3X"]]
        assert shown == str(parts[-1]["message_id"])
        assert await on.channel.show(ME, Message(text), replace=shown) == shown  # cut, as one message must stay one

    on_the_bench(tmp_path, story)


# Videos


def test_a_video_arrives_as_a_video(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        asked = on.telegram.user_says(-100300, "/video a fox", sender=42, thread=7)
        video = film(tmp_path, actions=CANCEL)
        sent = await on.channel.send_video(GROUP, video, reply_to=str(asked))
        (message,) = on.telegram.videos(-100300)
        assert str(message["message_id"]) == sent
        assert message["caption"] == "A fox"
        assert message["message_thread_id"] == 7
        assert message["reply_to_message"]["message_id"] == asked
        assert buttons(message) == ["cancel:K3X"]
        shape = {name: message["video"][name] for name in ("width", "height", "duration", "mime_type", "file_name")}
        assert shape == {
            "width": 320,
            "height": 180,
            "duration": 5,
            "mime_type": "video/mp4",
            "file_name": "film.mp4",
        }
        assert message["video"]["thumbnail"]["width"] == 320
        (call,) = on.telegram.calls("sendVideo")
        assert call.params["supports_streaming"] is True
        assert call.files["video"].path.read_bytes() == video.path.read_bytes()

    on_the_bench(tmp_path, story)


def test_captions_and_durations_are_made_to_fit(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.send_video(ME, film(tmp_path, caption="🦊" * 1000, duration_s=0.2, thumbnail=None))
        (message,) = on.telegram.videos(42)
        assert message["video"]["duration"] == 1
        assert message["caption"].endswith("🦊…")

    on_the_bench(tmp_path, story)


def test_uploads_at_once_are_bounded(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendVideo", "slow", times=6, delay_s=0.2)
        work = [asyncio.create_task(on.channel.send_video(ME, film(tmp_path))) for _ in range(6)]
        at_once: list[int] = []

        def all_sent() -> bool:
            at_once.append(len(on.telegram.calls("sendVideo")) - sum(task.done() for task in work))
            return all(task.done() for task in work)

        await on.telegram.until(all_sent)
        assert max(at_once) == 4
        await asyncio.gather(*work)
        assert len(on.telegram.videos(42)) == 6

    on_the_bench(tmp_path, story)


# Ways to fail

TAKEN = ("unconfirmed", 0.0, 1)
OWN_504 = {"status": 504, "description": "Gateway Timeout"}
Expected = tuple[str, float, int]
FAULTS: list[tuple[str, dict[str, Any], Expected, Expected]] = [
    # fault, more, then for a text and for a video: (verdict, pause, messages that arrived)
    ("html", {}, ("not_sent", 2.0, 0), ("unconfirmed", 0.0, 0)),
    ("gateway", {"status": 500}, ("not_sent", 2.0, 1), TAKEN),
    ("gateway", {"status": 502}, ("not_sent", 2.0, 1), TAKEN),
    ("gateway", {"status": 503}, ("not_sent", 2.0, 1), TAKEN),
    ("gateway", {"status": 504}, TAKEN, TAKEN),
    ("gateway", {"status": 524}, ("not_sent", 2.0, 1), TAKEN),
    ("status", OWN_504, ("unconfirmed", 0.0, 0), ("unconfirmed", 0.0, 0)),
    *[
        (kind, more, expected, expected)
        for kind, more, expected in (
            ("status", {"status": 500}, ("not_sent", 2.0, 0)),
            ("status", {"status": 502, "description": "Bad Gateway"}, ("not_sent", 2.0, 0)),
            ("status", {"status": 408, "description": "Request Timeout"}, ("not_sent", 2.0, 0)),
            (
                "status",
                {"status": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}},
                ("not_sent", 7.5, 0),
            ),
            ("status", {"status": 429, "description": "Too Many Requests"}, ("not_sent", 2.5, 0)),
            ("status", {"status": 401, "description": "Unauthorized"}, ("unreachable", 0.0, 0)),
            ("status", {"status": 403, "description": "Forbidden: bot was kicked"}, ("unreachable", 0.0, 0)),
            ("status", {"status": 413, "description": "Request Entity Too Large"}, ("rejected", 0.0, 0)),
            (
                "status",
                {"status": 400, "description": "Bad Request: not enough rights to send"},
                ("unreachable", 0.0, 0),
            ),
            ("status", {"status": 400, "description": "Bad Request: wrong file", "times": 2}, ("rejected", 0.0, 0)),
            ("status", {"status": 200, "description": "odd", "times": 2}, ("rejected", 0.0, 0)),
            ("drop_after", {}, ("unconfirmed", 0.0, 0)),
            ("lose_answer", {}, TAKEN),
            ("garbage", {}, TAKEN),
        )
    ],
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]} {fault[1].get('status', '')}")
@pytest.mark.parametrize("what", ["sendMessage", "sendVideo"])
def test_every_failure_has_its_verdict(
    tmp_path: Path, what: str, fault: tuple[Any, dict[str, Any], Expected, Expected]
) -> None:
    kind, more, of_a_text, of_a_video = fault

    async def story(on: Bench) -> None:
        on.telegram.fail(what, kind, **more)
        if what == "sendVideo":
            error = await error_of(on.channel.send_video(ME, film(tmp_path)))
        else:
            error = await error_of(on.channel.show(ME, Message("hello")))
        expected = of_a_video if what == "sendVideo" else of_a_text
        assert (error.outcome, error.after_s, len(on.telegram.said(42))) == expected

    on_the_bench(tmp_path, story)


def test_a_text_whose_connection_ends_is_in_doubt(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendMessage", "drop_before")
        assert (await error_of(on.channel.show(ME, Message("hello")))).outcome == "unconfirmed"

    on_the_bench(tmp_path, story)


def test_an_upload_that_was_cut_off_is_surely_not_taken(tmp_path: Path) -> None:
    """The connection ends before the file has been read to its end: that is no doubt."""
    video = film(tmp_path)
    with video.path.open("ab") as file:
        file.truncate(30_000_000)

    async def story(on: Bench) -> None:
        on.telegram.fail("sendVideo", "drop_before")
        assert (await error_of(on.channel.send_video(ME, video))).outcome == "not_sent"
        assert on.telegram.videos(42) == []

    on_the_bench(tmp_path, story)


# What goes with a video, and is refused

SINKS = [
    ("thumbnail", "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    ("thumbnail", "Bad Request: IMAGE_PROCESS_FAILED"),
    ("thumbnail", "Bad Request: wrong file identifier/HTTP URL specified"),
    ("reply_parameters", "Bad Request: message to be replied not found"),
    ("reply_parameters", "Bad Request: REPLY_MESSAGE_ID_INVALID"),
    ("reply_parameters", "Bad Request: QUOTE_TEXT_INVALID"),
    ("reply_markup", "Bad Request: BUTTON_DATA_INVALID"),
    ("caption", "Bad Request: can't parse entities in message caption"),
    ("thumbnail", "Bad Request: SOMETHING_NOBODY_HAS_HEARD_OF"),
]


@pytest.mark.parametrize(("sinks", "words"), SINKS)
def test_a_video_goes_without_what_is_refused(tmp_path: Path, sinks: str, words: str) -> None:
    async def story(on: Bench) -> None:
        asked = on.telegram.user_says(42, "/video a fox")
        on.telegram.fail("sendVideo", "status", times=9, status=400, description=words, only_with=sinks)
        video = film(tmp_path, actions=CANCEL)
        sent = await on.channel.send_video(ME, video, reply_to=str(asked))
        (message,) = on.telegram.videos(42)
        assert str(message["message_id"]) == sent
        assert message.get("caption") == (None if sinks == "caption" else "A fox")
        assert message["video"]["file_size"] == video.path.stat().st_size
        assert len(on.telegram.calls("sendVideo")) == 2

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("words", "outcome", "calls"),
    [
        ("Bad Request: VIDEO_CONTENT_TYPE_INVALID", "rejected", 1),
        ("Bad Request: chat not found", "unreachable", 1),
        ("Bad Request: IMAGE_PROCESS_FAILED", "rejected", 2),
    ],
)
def test_a_video_is_tried_once_bare_and_not_where_that_cannot_help(
    tmp_path: Path, words: str, outcome: str, calls: int
) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendVideo", "status", times=9, status=400, description=words)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == outcome
        assert len(on.telegram.calls("sendVideo")) == calls

    on_the_bench(tmp_path, story)


def test_a_text_goes_without_the_reply_or_the_buttons_that_are_refused(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        asked = str(on.telegram.user_says(42, "/video a fox"))
        words = "Bad Request: REPLY_MESSAGE_ID_INVALID"
        fault = on.telegram.fail("sendMessage", "status", status=400, description=words, only_with="reply_parameters")
        await on.channel.show(ME, Message("On it", CANCEL), reply_to=asked)
        assert fault.times == 0
        words = "Bad Request: BUTTON_DATA_INVALID"
        on.telegram.fail("sendMessage", "status", times=9, status=400, description=words, only_with="reply_markup")
        await on.channel.show(ME, Message("Done", CANCEL))
        assert [(message["text"], buttons(message)) for message in on.telegram.said(42)] == [
            ("On it", ["cancel:K3X"]),
            ("Done", []),
        ]

    on_the_bench(tmp_path, story)


def test_an_answer_that_comes_too_late_is_doubt(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendVideo", "slow", delay_s=1.0)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == "unconfirmed"
        assert len(on.telegram.videos(42)) == 1

    on_the_bench(tmp_path, story, answer_s=0.2)


@pytest.mark.parametrize("what", ["sendMessage", "sendVideo"])
def test_an_answer_that_is_understood_in_part_is_a_yes(tmp_path: Path, what: str) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail(what, "bare")
        if what == "sendVideo":
            sent = await on.channel.send_video(ME, film(tmp_path))
        else:
            sent = await on.channel.show(ME, Message("hello"))
        assert sent == str(on.telegram.said(42)[0]["message_id"])

    on_the_bench(tmp_path, story)


def test_nobody_there_is_certainly_not_sent(tmp_path: Path) -> None:
    async def story() -> None:
        own = settings(f"http://127.0.0.1:{free_port()}")
        channel = Telegram(services(Box(), own, tmp_path), own)
        assert (await error_of(channel.show(ME, Message("hello")))).outcome == "not_sent"
        assert (await error_of(channel.send_video(ME, film(tmp_path)))).outcome == "not_sent"
        assert (await error_of(channel.check())).outcome == "not_sent"
        await channel.busy(ME, "rendering")
        await channel.stop()

    asyncio.run(story())


def test_people_who_are_gone(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert (await error_of(on.channel.show(Address("telegram", "777"), Message("hello")))).outcome == "unreachable"
        on.telegram.world.blocks(42)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == "unreachable"

    on_the_bench(tmp_path, story)


def test_a_group_that_moved_is_followed(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.group(-5)
        old = Address("telegram", "-5")
        status = await on.channel.show(old, Message("queued"))
        on.telegram.world.migrates(-5, -100777)
        error = await error_of(on.channel.show(old, Message("rendering"), replace=status))
        assert (error.outcome, error.moved_to) == ("not_sent", "-100777")
        await on.channel.send_video(old, film(tmp_path))
        assert len(on.telegram.videos(-100777)) == 1

    on_the_bench(tmp_path, story)


def test_a_file_that_is_no_film_is_refused(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        (tmp_path / "film.mp4").write_bytes(b"<html>" * 100)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == "rejected"

    on_the_bench(tmp_path, story)


def test_signs_of_activity_never_fail(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.busy(GROUP, "rendering")
        await on.channel.busy(ME, "uploading")
        on.telegram.fail("sendChatAction", "html")
        await on.channel.busy(ME, "uploading")
        on.telegram.fail("sendChatAction", "drop_after")
        await on.channel.busy(ME, "uploading")
        actions = [(call.params["action"], call.params.get("message_thread_id")) for call in on.telegram.calls()]
        assert actions == [("record_video", 7), *[("upload_video", None)] * 3]

    on_the_bench(tmp_path, story)


# What people attached


def photo_of(on: Bench, content: bytes) -> AttachmentRef:
    number = on.telegram.user_says(42, "x", photo=content)
    largest = on.telegram.world.messages[42, number]["photo"][-1]
    return AttachmentRef("image", largest["file_id"], largest["file_size"])


def test_a_photo_is_fetched(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        content, into = jpeg(), tmp_path / "photo.jpg"
        await on.channel.fetch(photo_of(on, content), into)
        assert into.read_bytes() == content

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "kind", "more", "outcome"),
    [
        ("getFile", "html", {}, "not_sent"),
        ("getFile", "drop_after", {}, "not_sent"),
        ("getFile", "status", {"status": 400, "description": "Bad Request: file is too big"}, "rejected"),
        ("file", "status", {"status": 502}, "not_sent"),
        ("file", "status", {"status": 404}, "not_sent"),
        ("file", "status", {"status": 302}, "rejected"),
        ("file", "drop_before", {}, "not_sent"),
    ],
)
def test_a_photo_that_does_not_come(tmp_path: Path, method: str, kind: Any, more: dict[str, Any], outcome: str) -> None:
    async def story(on: Bench) -> None:
        ref, into = photo_of(on, jpeg()), tmp_path / "photo.jpg"
        on.telegram.fail(method, kind, **more)
        assert (await error_of(on.channel.fetch(ref, into))).outcome == outcome
        assert not into.exists()
        await on.channel.fetch(ref, into)
        assert into.exists()

    on_the_bench(tmp_path, story)


def test_files_beyond_the_limit_are_not_asked_for(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        error = await error_of(on.channel.fetch(AttachmentRef("video", "x", 20_000_001), tmp_path / "v"))
        assert error.outcome == "rejected"
        assert on.telegram.calls() == []

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("size", [20_000_001, 20_971_521])
def test_files_that_turn_out_larger_are_not_kept(tmp_path: Path, size: int) -> None:
    async def story(on: Bench) -> None:
        file = on.telegram.world.keep(b"\0" * size, "videos.mp4")
        error = await error_of(on.channel.fetch(AttachmentRef("video", file.file_id), tmp_path / "v"))
        assert error.outcome == "rejected"
        assert not (tmp_path / "v").exists()

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("path", ["http://127.0.0.1:1/x", "../../bot1:A/getMe", "a/../b", ""])
def test_only_files_of_this_telegram_are_fetched(tmp_path: Path, path: str) -> None:
    async def story(on: Bench) -> None:
        file = on.telegram.world.keep(b"x", "videos.mp4")
        on.telegram.world.files[file.file_id] = replace(file, name=path)
        error = await error_of(on.channel.fetch(AttachmentRef("video", file.file_id), tmp_path / "v"))
        assert error.outcome == "rejected"

    on_the_bench(tmp_path, story)


# Settings and secrets


def test_who_are_we(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert await on.channel.check() == "@reelbot"
        wrong = settings(on.telegram.url, token="7000000001:wrong")
        stranger = Telegram(services(Box(), wrong, tmp_path), wrong)
        error = await error_of(stranger.check())
        assert "TELEGRAM_BOT_TOKEN" in error.reason
        await stranger.stop()

    on_the_bench(tmp_path, story)


def test_when_it_is_connected(tmp_path: Path) -> None:
    box, url = Box(), "https://api.telegram.org"
    assert MANIFEST.connect(services(box, settings(url, token=None), tmp_path)) is None
    assert MANIFEST.connect(services(box, settings(url), tmp_path, demo=True)) is None
    with pytest.raises(ValueError, match="REELBOT_PUBLIC_URL"):
        MANIFEST.connect(services(box, settings(url, webhook=True), tmp_path))
    channel = MANIFEST.connect(services(box, settings(url), tmp_path))
    assert channel is not None
    assert channel.name == "telegram"
    assert channel.limits.video_bytes == 49_000_000
    assert list(channel.routes()) == []


def test_a_token_that_is_none_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:abc/../secret")
    with pytest.raises(ValidationError) as caught:
        TelegramSettings()
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", " 123:abc ")
    assert TelegramSettings().account == "123"


def test_the_token_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, without the redaction of bot/logs.py."""
    for name in (None, "httpx", "httpcore", "telegram"):  # whatever an earlier test has made of them
        caplog.set_level(logging.DEBUG, logger=name)

    async def story(on: Bench) -> None:
        await on.channel.start()
        await on.telegram.until(lambda: on.telegram.calls("getUpdates"))
        ref = photo_of(on, jpeg())
        await on.channel.fetch(ref, tmp_path / "photo.jpg")
        for kind in ("html", "drop_after", "garbage", "status"):
            on.telegram.fail("sendMessage", kind)
            await error_of(on.channel.show(ME, Message("hello")))
        on.telegram.fail("file", "drop_before")
        await error_of(on.channel.fetch(ref, tmp_path / "photo.jpg"))
        on.telegram.fail("getUpdates", "html", times=2)
        await on.telegram.until(lambda: on.rests)

    on_the_bench(tmp_path, story)
    assert "getUpdates" in caplog.text
    assert TOKEN.partition(":")[2] not in caplog.text
