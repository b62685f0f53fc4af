"""Files that Telegram holds already, messages that are deleted, and a Bot API server in local mode."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Action, Address, AttachmentRef, Message, SendError, VideoMessage
from tests.channels.telegram_bench import ME, Bench, bench, film, jpeg
from tests.fakes.botapi import TOKEN, buttons

GROUP = Address("telegram", "-100300")
CANCEL = (Action("Cancel", "cancel:K3X", danger=True),)


def on_the_bench(folder: Path, story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
    async def play() -> None:
        async with bench(folder, **more) as on:
            on.telegram.world.private(42)
            on.telegram.world.private(43)
            on.telegram.group(-100300)
            await story(on)

    asyncio.run(play())


async def error_of(work: Awaitable[object]) -> SendError:
    with pytest.raises(SendError) as caught:
        await work
    assert TOKEN.partition(":")[2] not in f"{caught.value!r} {caught.value.reason}"
    return caught.value


def uploads(on: Bench) -> list[bool]:
    """Of each call for a video whether it brought the file."""
    return ["video" in call.files for call in on.telegram.calls("sendVideo")]


# Files that Telegram holds


def test_a_video_is_uploaded_once(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        asked = on.telegram.user_says(-100300, "/again", sender=42)
        video = film(tmp_path)
        await on.channel.send_video(ME, video)
        again = replace(video, caption="Once more", actions=CANCEL)
        sent = await on.again().send_video(GROUP, again, reply_to=str(asked))
        assert uploads(on) == [True, False]
        (first,), (second,) = on.telegram.videos(42), on.telegram.videos(-100300)
        assert first["video"] == second["video"]
        assert (second["caption"], buttons(second), str(second["message_id"])) == ("Once more", ["cancel:K3X"], sent)
        assert second["reply_to_message"]["message_id"] == asked

    on_the_bench(tmp_path, story)


def test_another_file_is_another_upload(tmp_path: Path) -> None:
    """A smaller copy of the same film, or another film of the same size."""

    async def story(on: Bench) -> None:
        video = film(tmp_path)
        await on.channel.send_video(ME, video)
        whole = video.path.read_bytes()
        other = tmp_path / "other.mp4"
        other.write_bytes(whole)
        await on.channel.send_video(ME, replace(video, path=other))
        video.path.write_bytes(whole + b"\0" * 8)
        await on.channel.send_video(ME, video)
        assert uploads(on) == [True, True, True]
        on.key_values.ahead_s = 31 * 86_400.0
        await on.channel.send_video(ME, video)
        assert uploads(on)[3:] == [True]

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: wrong file identifier/HTTP URL specified",
        "Bad Request: wrong remote file identifier specified: can't unserialize it",
        "Bad Request: FILE_REFERENCE_EXPIRED",
        "Bad Request: BUTTON_DATA_INVALID",
    ],
)
def test_a_file_that_telegram_refuses_by_name_is_uploaded(tmp_path: Path, words: str) -> None:
    async def story(on: Bench) -> None:
        video = film(tmp_path, actions=CANCEL)
        await on.channel.send_video(ME, video)
        on.telegram.fail("sendVideo", "status", status=400, description=words)
        await on.channel.send_video(ME, video)
        assert uploads(on) == [True, False, True]
        assert [buttons(message) for message in on.telegram.videos(42)] == [["cancel:K3X"]] * 2
        await on.channel.send_video(ME, video)
        assert uploads(on)[3:] == [False]

    on_the_bench(tmp_path, story)


def test_a_file_that_the_server_has_lost_is_uploaded(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.send_video(ME, film(tmp_path))
        on.telegram.world.videos.clear()
        await on.channel.send_video(ME, film(tmp_path))
        assert uploads(on) == [True, False, True]
        assert len(on.telegram.videos(42)) == 2

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(
    ("kind", "more", "outcome", "arrived"),
    [
        ("lose_answer", {}, "unconfirmed", 2),
        ("drop_after", {}, "unconfirmed", 1),
        ("gateway", {"status": 502}, "unconfirmed", 2),
        ("status", {"status": 429, "description": "Too Many Requests"}, "not_sent", 1),
        ("status", {"status": 403, "description": "Forbidden: bot was blocked by the user"}, "unreachable", 1),
    ],
)
def test_by_name_it_may_be_in_doubt_as_well(
    tmp_path: Path, kind: Any, more: dict[str, Any], outcome: str, arrived: int
) -> None:
    """What may have arrived is not uploaded on top of that."""

    async def story(on: Bench) -> None:
        await on.channel.send_video(ME, film(tmp_path))
        on.telegram.fail("sendVideo", kind, **more)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == outcome
        assert (len(on.telegram.videos(42)), uploads(on)) == (arrived, [True, False])

    on_the_bench(tmp_path, story)


def test_a_server_that_breaks_on_the_name_gets_the_file_next_time(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.send_video(ME, film(tmp_path))
        on.telegram.fail("sendVideo", "status", status=500)
        assert (await error_of(on.channel.send_video(ME, film(tmp_path)))).outcome == "not_sent"
        await on.channel.send_video(ME, film(tmp_path))
        assert uploads(on) == [True, False, True]

    on_the_bench(tmp_path, story)


def test_a_database_that_is_away_stops_no_video(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.key_values.away = True
        for _ in range(2):
            await on.channel.send_video(ME, film(tmp_path))
        assert uploads(on) == [True, True]
        assert await on.channel.remove(ME, str(on.telegram.videos(42)[0]["message_id"]))

    on_the_bench(tmp_path, story)


# Messages that are deleted


def test_a_message_of_ours_is_deleted_with_what_is_kept_of_its_file(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message("On it"))
        sent = await on.channel.send_video(ME, film(tmp_path))
        assert await on.channel.remove(ME, status)
        assert await on.again().remove(ME, sent)
        assert on.telegram.said(42) == []
        assert await on.channel.remove(ME, sent)  # it is gone, as it should be
        await on.channel.send_video(ME, film(tmp_path))
        assert uploads(on) == [True, True]

    on_the_bench(tmp_path, story)


def test_after_two_days_a_message_stays_and_the_file_is_forgotten(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        sent = await on.channel.send_video(ME, film(tmp_path))
        on.telegram.world.ahead_s = 48 * 3600 + 60
        assert not await on.channel.remove(ME, sent)
        assert len(on.telegram.videos(42)) == 1
        await on.channel.send_video(ME, film(tmp_path))
        assert uploads(on) == [True, True]

    on_the_bench(tmp_path, story)


def test_what_cannot_be_deleted_and_what_can_another_time(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        theirs = on.telegram.user_says(42, "hello")
        assert not await on.channel.remove(ME, str(theirs))
        assert not await on.channel.remove(ME, "web:5")
        status = await on.channel.show(ME, Message("On it"))
        on.telegram.fail("deleteMessage", "html")
        assert (await error_of(on.channel.remove(ME, status))).outcome == "not_sent"
        on.telegram.fail("deleteMessage", "lose_answer")
        assert (await error_of(on.channel.remove(ME, status))).outcome == "not_sent"
        assert await on.channel.remove(ME, status)
        on.telegram.world.blocks(42)
        assert not await on.channel.remove(ME, status)

    on_the_bench(tmp_path, story)


# A server in local mode


def ref_of(on: Bench, content: bytes, **more: Any) -> AttachmentRef:
    return AttachmentRef("image", on.telegram.world.keep(content, "photos.jpg").file_id, **more)


def test_a_local_servers_files_are_read_from_its_disk(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        content, into = jpeg(), tmp_path / "photo.jpg"
        await on.channel.fetch(ref_of(on, content), into)
        assert into.read_bytes() == content
        assert await on.channel.check() == "@reelbot"

    on_the_bench(tmp_path, story, local=True, server_local=True)


def test_local_limits_are_its_own(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert on.channel.limits.video_bytes == 1_990_000_000
        assert on.channel.limits.source_video_bytes == 2_000_000_000
        into = tmp_path / "big"
        await on.channel.fetch(ref_of(on, b"\0" * 30_000_000, size=30_000_000), into)
        assert into.stat().st_size == 30_000_000
        await on.channel.send_video(ME, heavy(tmp_path, 60_000_000))
        assert on.telegram.videos(42)[0]["video"]["file_size"] == 60_000_000
        error = await error_of(on.channel.fetch(AttachmentRef("video", "x", 2_000_000_001), into))
        assert error.outcome == "rejected"

    on_the_bench(tmp_path, story, local=True, server_local=True)


def heavy(folder: Path, size: int) -> VideoMessage:
    video = film(folder)
    with video.path.open("ab") as file:
        file.truncate(size)
    return video


def test_a_local_server_that_takes_less_is_believed(tmp_path: Path) -> None:
    """It may have a limit of its own, or a gateway before it, or be none: then the video is made smaller at once."""

    async def story(on: Bench) -> None:
        on.telegram.world.video_bytes = 50_000_000
        error = await error_of(on.channel.send_video(ME, heavy(tmp_path, 60_000_000)))
        assert (error.outcome, error.after_s) == ("not_sent", 0.0)
        assert on.channel.limits.video_bytes == 49_000_000
        assert on.channel.limits.source_video_bytes == 2_000_000_000
        other = on.again()
        await other.start()
        await on.telegram.until(lambda: other.limits.video_bytes == 49_000_000)
        on.telegram.world.video_bytes = 10_000_000
        error = await error_of(on.channel.send_video(ME, heavy(tmp_path, 20_000_000)))
        assert error.outcome == "rejected"

    on_the_bench(tmp_path, story, local=True, server_local=True)


def test_a_local_server_that_gives_less_is_believed(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        file = on.telegram.world.keep(b"\0" * 30_000_000, "videos.mp4")
        error = await error_of(on.channel.fetch(AttachmentRef("video", file.file_id), tmp_path / "v"))
        assert error.outcome == "rejected"
        assert on.channel.limits.source_video_bytes == 20_000_000
        assert on.channel.limits.video_bytes == 1_990_000_000

    on_the_bench(tmp_path, story, local=True)  # but the server is Telegram's own kind


def test_telegrams_own_server_is_not_believed_to_change(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.video_bytes = 10_000_000
        error = await error_of(on.channel.send_video(ME, heavy(tmp_path, 20_000_000)))
        assert error.outcome == "rejected"
        assert on.channel.limits == on.channel.manifest.limits

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("setting", [False, True])
def test_files_that_cannot_be_read_are_said_to_the_operator(
    tmp_path: Path, setting: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The setting is missing, or the server's disk is another machine's."""
    needed = "TELEGRAM_LOCAL=true" if not setting else "under the same path"

    async def story(on: Bench) -> None:
        ref, into = ref_of(on, jpeg()), tmp_path / "photo.jpg"
        file = on.telegram.world.files[ref.file_id]
        if setting:
            on.telegram.world.files[ref.file_id] = replace(file, path=Path(f"/srv/nowhere/{TOKEN}/photo.jpg"))
        error = await error_of(on.channel.fetch(ref, into))
        assert error.outcome == "rejected"
        assert needed in error.reason
        assert not into.exists()
        assert needed in (await error_of(on.again().check())).reason
        said = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [needed in record.getMessage() for record in said] == [True]
        assert TOKEN.partition(":")[2] not in caplog.text
        assert TOKEN.partition(":")[2] not in str(on.key_values.rows)
        if setting:
            on.telegram.world.files[ref.file_id] = file
            await on.channel.fetch(ref, into)
            assert await on.channel.check() == "@reelbot"

    on_the_bench(tmp_path, story, local=setting, server_local=True)


def test_what_was_mended_is_no_longer_said(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.key_values.put("telegram:files:7000000001:trouble", "unset")
        assert await on.channel.check() == "@reelbot"

    on_the_bench(tmp_path, story, local=True, server_local=True)


def test_a_setting_that_is_hardly_meant_is_said() -> None:
    def warnings(**given: Any) -> list[str]:
        return TelegramSettings.offline(**given).warnings

    token = f"12345:{'x' * 35}"
    assert warnings(local=True) == ["TELEGRAM_LOCAL: does nothing without TELEGRAM_BOT_TOKEN"]
    (warning,) = warnings(token=token, local=True)
    assert "TELEGRAM_API_URL" in warning
    assert warnings(token=token, local=True, api_url="http://127.0.0.1:8081") == []
