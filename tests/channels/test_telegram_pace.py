"""Every call goes through the pace: who waits, who is refused without a call, and what a 429 does."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram.budget import Budget, Kind, Rate, Rates
from bot.channels.telegram.pace import NoRoom, Pace
from bot.channels.types import Address, Incoming, Message, SendError, Toast
from bot.store import Store
from bot.store.call_counts import CallCounts
from tests.channels.telegram_bench import ME, Bench, bench, film
from tests.channels.test_telegram import error_of
from tests.fakes.clock import Clock
from tests.store.test_store import on_store

GROUP, JOB = Address("telegram", "-100300"), "K7QX2AB"
ALL = {(Kind.VIDEO, Kind.PRESS, Kind.TEXT): Rate(100, 1.0), (Kind.EDIT, Kind.SIGN): Rate(100, 1.0)}


def few(*, texts: int = 100, edits: int = 100, seconds: float = 60.0) -> Rates:
    chat = {(Kind.VIDEO, Kind.TEXT): Rate(texts, seconds), (Kind.EDIT,): Rate(edits, seconds)}
    return Rates(overall=ALL, private=chat, group=chat)


def on_the_bench(folder: Path, pace: Pace, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        async with bench(folder, pace=pace) as on:
            on.telegram.world.private(42)
            on.telegram.group(-100300)
            await story(on)

    asyncio.run(run())


def status(text: str) -> Message:
    return Message(text, job_id=JOB)


def test_an_edit_without_room_is_refused_at_once_and_no_call_is_made(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        card = await on.channel.show(ME, status("queued"))
        await on.channel.show(ME, status("rendering"), replace=card)
        error = await error_of(on.channel.show(ME, status("done"), replace=card))
        assert error.outcome == "not_sent"
        assert 59 < error.after_s < 61
        assert len(on.telegram.calls("editMessageText")) == 1
        assert (await error_of(on.channel.remove(ME, card))).outcome == "not_sent"  # deletions count, too
        assert on.telegram.calls("deleteMessage") == []
        await on.channel.show(ME, status("a text"))  # has its own share
        await on.channel.send_video(ME, film(tmp_path))

    on_the_bench(tmp_path, Pace(Budget(few(edits=1))), story)


def test_an_edit_that_answers_a_press_waits_like_an_answer(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        page = await on.channel.show(ME, Message("settings"))
        await on.channel.show(ME, Message("model"), replace=page)
        assert on.telegram.texts(42) == ["model"]
        assert len(on.telegram.calls("editMessageText")) == 1

    on_the_bench(tmp_path, Pace(Budget(few(texts=1, edits=0, seconds=0.05))), story)


def test_a_text_waits_for_its_turn_and_is_then_sent(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await asyncio.gather(*(on.channel.show(ME, Message(f"text {number}")) for number in range(4)))
        assert on.telegram.texts(42) == [f"text {number}" for number in range(4)]

    on_the_bench(tmp_path, Pace(Budget(few(texts=1, seconds=0.05))), story)


def test_what_would_wait_too_long_is_not_sent_and_says_when(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.show(GROUP, Message("one"))
        error = await error_of(on.channel.show(GROUP, Message("two")))
        assert error.outcome == "not_sent"
        assert 190 < error.after_s < 202
        video = await error_of(on.channel.send_video(GROUP, film(tmp_path)))
        assert (video.outcome, on.telegram.calls("sendVideo")) == ("not_sent", [])
        await on.channel.show(ME, Message("elsewhere"))

    on_the_bench(tmp_path, Pace(Budget(few(texts=1, seconds=200.0))), story)


def test_what_is_sent_within_a_turn_leaves_at_once_and_counts_once(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        async with on.channel.turn(GROUP):
            await on.channel.show(GROUP, Message("one"))
        async with on.channel.turn(GROUP):
            pass  # not used: given back
        await on.channel.show(GROUP, Message("two"))
        assert (await error_of(on.channel.show(GROUP, Message("three")))).outcome == "not_sent"
        with pytest.raises(SendError) as refusal:
            async with on.channel.turn(GROUP):
                pass
        assert refusal.value.outcome == "not_sent"

    on_the_bench(tmp_path, Pace(Budget(few(texts=2, seconds=200.0))), story)


def test_telegrams_own_pause_holds_that_chat_back_without_more_calls(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        card = await on.channel.show(ME, status("queued"))
        on.telegram.flood("editMessageText", retry_after=90)
        assert (await error_of(on.channel.show(ME, status("rendering"), replace=card))).after_s > 90
        before = len(on.telegram.calls())
        for again in (on.channel.show(ME, status("done"), replace=card), on.channel.show(ME, Message("a text"))):
            error = await error_of(again)
            assert error.outcome == "not_sent"
            assert 89 < error.after_s < 92
        await on.channel.busy(ME, "rendering")
        assert len(on.telegram.calls()) == before
        await on.channel.show(GROUP, Message("elsewhere"))

    on_the_bench(tmp_path, Pace(Budget(few())), story)


def test_a_toast_without_room_is_not_shown_and_may_be_later(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.flood("answerCallbackQuery", retry_after=90)
        await on.channel.show(ME, Message("choose"))
        assert not await on.channel.toast(_press("1"), Toast("no"))
        assert not await on.channel.toast(_press("2"), Toast("no"))
        assert len(on.telegram.calls("answerCallbackQuery")) == 1

    on_the_bench(tmp_path, Pace(Budget(few())), story)


def _press(query: str) -> Incoming:
    return Incoming(ME, "77", f"press-{query}", "42", pressed="yes:K7QX2AB")


def test_who_gives_up_waiting_leaves_the_line() -> None:
    async def story() -> None:
        clock = Clock()
        pace = Pace(Budget(few(texts=1, seconds=10.0)), clock=clock)
        async with pace.call("sendMessage", "1"):
            waiting = [asyncio.create_task(pace.turn("1").__aenter__()) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.gather(waiting[0], return_exceptions=True)
        clock.at_s += 10.0
        async with pace.call("sendMessage", "2"):
            await asyncio.gather(waiting[1])
        pace.close()

    asyncio.run(story())


def test_nobody_waits_for_a_turn_when_the_process_is_to_end() -> None:
    async def story() -> None:
        pace = Pace(Budget(few(texts=1, seconds=10.0)), clock=Clock())
        async with pace.call("sendMessage", "1"):
            waiting = [asyncio.create_task(pace.turn("1").__aenter__()) for _ in range(2)]
            await asyncio.sleep(0)
            pace.hurry()
            refusals = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in refusals] == [NoRoom, NoRoom]
        with pytest.raises(NoRoom):
            await pace.turn("1").__aenter__()
        async with pace.turn("2"), pace.call("sendMessage", "2"):
            pass  # there is room
        pace.close()

    asyncio.run(story())


def test_several_processes_share_a_groups_minute(database_url: str) -> None:
    async def story(store: Store) -> None:
        clock = Clock()
        both = [
            Pace(Budget(few(texts=5, edits=2)), counts=CallCounts(store.database, processes=lambda: 2), clock=clock)
            for _ in range(2)
        ]
        made = 0
        for number in range(8):
            try:
                async with both[number % 2].call("editMessageText", "-100"):
                    made += 1
            except NoRoom as refusal:
                assert 0 < refusal.retry_after_s <= 61
        assert made == 2
        async with both[0].call("sendMessage", "-100"), both[1].call("sendMessage", "-200"):
            pass

    on_store(database_url, story)


def test_a_database_that_is_away_keeps_no_message_back() -> None:
    class Away:
        def processes(self) -> int:
            return 2

        async def take(self, key: str, rates: Any) -> float:
            raise OSError("away")

    async def story() -> None:
        made = 0
        async with Pace(counts=Away()).call("sendMessage", "-100"):
            made += 1
        assert made == 1

    asyncio.run(story())
