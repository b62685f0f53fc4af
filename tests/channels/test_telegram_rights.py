"""What keeps the bot from a chat: said by a refusal, remembered, or asked beforehand; and who runs a group."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.types import Address, Message, Obstacle, SendError
from tests.channels.telegram_bench import ME, Bench, bench, film

GROUP = Address("telegram", "-100300")
TOPIC = Address("telegram", "-100300", "7")
OTHER_TOPIC = Address("telegram", "-100300", "8")
ASKING = ("getChatMember", "getChat", "getChatAdministrators")


def on_the_bench(folder: Path, story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
    async def play() -> None:
        async with bench(folder, **more) as on:
            on.telegram.world.private(42)
            on.telegram.group(-100300, topics={7, 8})
            await story(on)

    asyncio.run(play())


async def error_of(work: Awaitable[object]) -> SendError:
    with pytest.raises(SendError) as caught:
        await work
    return caught.value


def asked(on: Bench) -> list[str]:
    return [call.method for call in on.telegram.calls() if call.method in ASKING]


# Refusals

REFUSALS: list[tuple[int, str, Obstacle | None]] = [
    (400, "Bad Request: not enough rights to send videos to the chat", "no-video-right"),
    (400, "Bad Request: CHAT_SEND_VIDEOS_FORBIDDEN", "no-video-right"),
    (400, "Bad Request: CHAT_SEND_MEDIA_FORBIDDEN", "no-video-right"),
    (400, "Bad Request: not enough rights to send text messages to the chat", "no-right"),
    (400, "Bad Request: have no rights to send a message", "no-right"),
    (400, "Bad Request: need administrator rights in the channel chat", "no-right"),
    (400, "Bad Request: CHAT_RESTRICTED", "no-right"),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", "no-right"),
    (403, "Forbidden: CHAT_WRITE_FORBIDDEN", "no-right"),
    (400, "Bad Request: TOPIC_CLOSED", "topic-closed"),
    (400, "Bad Request: TOPIC_DELETED", "topic-closed"),
    (400, "Bad Request: message thread not found", "topic-closed"),
    (400, "Bad Request: chat not found", "removed"),
    (400, "Bad Request: group chat was deactivated", "removed"),
    (403, "Forbidden: bot was kicked from the supergroup chat", "removed"),
    (403, "Forbidden: bot is not a member of the supergroup chat", "removed"),
    (403, "Forbidden: bot was blocked by the user", "removed"),
    (403, "Forbidden: user is deactivated", "removed"),
    (401, "Unauthorized", None),
]


@pytest.mark.parametrize(("status", "words", "obstacle"), REFUSALS, ids=str)
@pytest.mark.parametrize("what", ["sendMessage", "sendVideo"])
def test_a_refusal_tells_what_stands_in_the_way(
    tmp_path: Path, what: str, status: int, words: str, obstacle: Obstacle | None
) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail(what, "status", status=status, description=words)
        work = on.channel.send_video(TOPIC, film(tmp_path)) if what == "sendVideo" else None
        error = await error_of(work or on.channel.show(TOPIC, Message("hello")))
        assert (error.outcome, error.obstacle) == ("unreachable", obstacle)
        assert on.telegram.said(-100300) == []
        assert len(on.telegram.calls(what)) == 1
        assert await on.again().obstacle(TOPIC) == obstacle
        elsewhere = None if obstacle == "topic-closed" else obstacle
        assert await on.channel.obstacle(OTHER_TOPIC) == elsewhere

    on_the_bench(tmp_path, story)


def test_a_gateways_page_is_no_obstacle(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendMessage", "gateway", status=403)
        error = await error_of(on.channel.show(ME, Message("hello")))
        assert error.obstacle is None
        assert await on.channel.obstacle(ME) is None

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("how", ["closed", "gone"])
def test_what_was_asked_in_a_topic_is_not_posted_to_all(tmp_path: Path, how: str) -> None:
    async def story(on: Bench) -> None:
        chat = on.telegram.world.chats[-100300]
        chat.closed |= {7} if how == "closed" else set()
        chat.topics = {8} if how == "gone" else chat.topics
        assert (await error_of(on.channel.send_video(TOPIC, film(tmp_path)))).obstacle == "topic-closed"
        assert (await error_of(on.channel.show(TOPIC, Message("hello")))).obstacle == "topic-closed"
        assert on.telegram.said(-100300) == []
        await on.channel.send_video(OTHER_TOPIC, film(tmp_path))
        assert await on.channel.obstacle(OTHER_TOPIC) is None

    on_the_bench(tmp_path, story)


def test_the_general_topic_may_be_closed_as_well(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendVideo", "status", status=400, description="Bad Request: TOPIC_CLOSED")
        assert (await error_of(on.channel.send_video(GROUP, film(tmp_path)))).obstacle == "topic-closed"
        assert [await on.channel.obstacle(place) for place in (GROUP, TOPIC)] == ["topic-closed", None]

    on_the_bench(tmp_path, story)


def test_in_a_persons_own_chat_a_topic_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.send_video(Address("telegram", "42", "5"), film(tmp_path))
        (message,) = on.telegram.videos(42)
        assert "message_thread_id" not in message

    on_the_bench(tmp_path, story)


def test_a_topic_that_is_opened_again_or_takes_a_video_is_no_obstacle(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.start()
        chat = on.telegram.world.chats[-100300]
        for reopened in (True, False):
            chat.closed.add(7)
            await error_of(on.channel.show(TOPIC, Message("hello")))
            assert await on.channel.obstacle(TOPIC) == "topic-closed"
            chat.closed.clear()
            if reopened:
                on.telegram.user_says(-100300, sender=7, thread=7, extra={"forum_topic_reopened": {}})
                await on.telegram.until(lambda: on.telegram.pending == 0)
            else:
                await on.channel.send_video(TOPIC, film(tmp_path))
            assert await on.channel.obstacle(TOPIC) is None

    on_the_bench(tmp_path, story)


# Asked beforehand


@pytest.mark.parametrize(
    ("permissions", "member", "obstacle"),
    [
        ({}, {"status": "member"}, None),
        ({"can_send_videos": False}, {"status": "member"}, "no-video-right"),
        ({"can_send_messages": False}, {"status": "member"}, "no-right"),
        ({"can_send_videos": False}, {"status": "administrator"}, None),
        ({"can_send_videos": False}, {"status": "creator"}, None),
        ({}, {"status": "restricted", "is_member": True, "can_send_videos": False}, "no-video-right"),
        ({}, {"status": "restricted", "is_member": True, "can_send_messages": False}, "no-right"),
        ({"can_send_videos": False}, {"status": "restricted", "is_member": True}, "no-video-right"),
        ({}, {"status": "restricted", "is_member": True}, None),
        ({}, {"status": "restricted", "is_member": False}, "removed"),
        ({}, {"status": "left"}, "removed"),
        ({}, {"status": "kicked", "until_date": 0}, "removed"),
    ],
)
def test_a_group_is_asked_what_the_bot_may_do(
    tmp_path: Path, permissions: dict[str, bool], member: dict[str, Any], obstacle: Obstacle | None
) -> None:
    async def story(on: Bench) -> None:
        chat = on.telegram.world.chats[-100300]
        chat.permissions |= permissions
        chat.member = member
        assert await on.channel.obstacle(GROUP) == obstacle
        count = len(asked(on))
        assert await on.again().obstacle(TOPIC) == obstacle
        assert len(asked(on)) == count
        chat.permissions, chat.member = {**chat.permissions, "can_send_videos": True}, {"status": "administrator"}
        on.key_values.ahead_s = 601.0
        assert await on.channel.obstacle(GROUP) is None
        assert len(asked(on)) == count + 1

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("kind", ["html", "drop_after", "garbage", "lose_answer"])
def test_a_question_that_gets_no_answer_is_no_obstacle(tmp_path: Path, kind: Any) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.chats[-100300].permissions["can_send_videos"] = False
        on.telegram.fail("getChatMember", kind)
        assert await on.channel.obstacle(GROUP) is None
        assert await on.channel.obstacle(GROUP) is None
        assert asked(on) == ["getChatMember"]  # for a minute it is not asked again
        on.key_values.ahead_s = 61.0
        assert await on.channel.obstacle(GROUP) == "no-video-right"

    on_the_bench(tmp_path, story)


def test_a_group_that_has_put_the_bot_out_says_so(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.chats[-100300].blocked = True
        assert await on.channel.obstacle(GROUP) == "removed"

    on_the_bench(tmp_path, story)


def test_nobody_asks_about_a_persons_own_chat(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert await on.channel.obstacle(ME) is None
        assert on.telegram.calls() == []

    on_the_bench(tmp_path, story)


def test_coming_and_going_is_remembered(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.start()
        for place, chat in ((ME, 42), (GROUP, -100300)):
            for blocked in (True, False):
                on.telegram.world.blocks(chat, blocked=blocked)
                await on.telegram.until(lambda: on.telegram.pending == 0)
                assert await on.again().obstacle(place) == ("removed" if blocked else None)
        assert [each.membership for each in on.box.all] == ["removed", "unblocked", "removed", "added"]

    on_the_bench(tmp_path, story)


def test_who_writes_can_be_reached(tmp_path: Path) -> None:
    """The news that they let the bot write again may have been lost."""

    async def story(on: Bench) -> None:
        await on.channel.start()
        on.telegram.world.chats[42].blocked = True
        await error_of(on.channel.show(ME, Message("hello")))
        assert await on.channel.obstacle(ME) == "removed"
        on.telegram.world.chats[42].blocked = False
        on.telegram.user_says(42, "/start")
        await on.telegram.until(lambda: on.box.all)
        assert await on.channel.obstacle(ME) is None

    on_the_bench(tmp_path, story)


def test_a_right_that_was_given_meanwhile_shows_by_the_video(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        chat = on.telegram.world.chats[-100300]
        chat.permissions["can_send_videos"] = False
        assert (await error_of(on.channel.send_video(GROUP, film(tmp_path)))).obstacle == "no-video-right"
        chat.permissions["can_send_videos"] = True
        assert await on.channel.obstacle(GROUP) == "no-video-right"  # known for ten minutes
        await on.channel.send_video(GROUP, film(tmp_path))
        assert await on.channel.obstacle(GROUP) is None

    on_the_bench(tmp_path, story)


def test_without_the_database_nothing_is_known_and_nothing_raised(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.key_values.away = True
        assert await on.channel.obstacle(GROUP) is None
        on.telegram.world.chats[-100300].permissions["can_send_videos"] = False
        assert await on.channel.obstacle(TOPIC) == "no-video-right"
        assert not await on.channel.is_admin_of(GROUP, "7")

    on_the_bench(tmp_path, story)


# Who runs a group


def test_admins_are_asked_for_once_in_five_minutes(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        chat = on.telegram.world.chats[-100300]
        chat.admins = [7]
        assert await on.channel.is_admin_of(TOPIC, "7")
        assert not await on.again().is_admin_of(GROUP, "8")
        assert asked(on) == ["getChatAdministrators"]
        chat.admins = [8]
        on.key_values.ahead_s = 301.0
        assert await on.channel.is_admin_of(GROUP, "8")
        assert not await on.channel.is_admin_of(GROUP, "7")

    on_the_bench(tmp_path, story)


def test_who_speaks_for_the_group_runs_it_and_nobody_runs_a_chat_of_two(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert await on.channel.is_admin_of(GROUP, "-100300")
        assert not await on.channel.is_admin_of(ME, "42")
        assert on.telegram.calls() == []

    on_the_bench(tmp_path, story)


def test_when_nobody_says_who_runs_it_nobody_does_and_it_is_asked_again(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.world.chats[-100300].admins = [7]
        on.telegram.fail("getChatAdministrators", "html")
        assert not await on.channel.is_admin_of(GROUP, "7")
        assert await on.channel.is_admin_of(GROUP, "7")

    on_the_bench(tmp_path, story)


def test_a_persons_own_chat_has_their_id(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert on.channel.private("42") == ME
        assert on.channel.private("-100300") is None

    on_the_bench(tmp_path, story)
