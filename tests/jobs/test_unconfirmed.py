"""An order that fal has not confirmed, and a job that stands parked: its owner hears of it, and may ask for nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.messages import job_messages
from bot.store.records import Job, State
from core.types import RequestHandle
from tests.bench import Bench
from tests.fakes.botapi import buttons
from tests.fakes.wechat import WeChatFake
from tests.store.test_store import accepted, said

OnBench = Callable[..., None]
FOX = "oFox_0123456789abcdefghijkl"


async def standing(made: Bench, state: State) -> Job:
    """A job of person 42 that nobody works on; fal says nothing of its request but 404."""
    made.telegram.user_says(42, "hello")
    await made.until(lambda: made.telegram.texts(42))
    job_id = await accepted(made.app.store, said())
    await made.app.store.submits.claim(job_id)
    if state is not State.SUBMITTING:
        base = f"{made.fal_url}/a/b/requests/none"
        handle = RequestHandle("none", "a/b", f"{base}/status", base, f"{base}/cancel")
        await made.app.store.submits.accepted(job_id, handle)
    await made.app.store.jobs.move(job_id, state)
    job = await made.app.store.jobs.get(job_id)
    assert job is not None
    return job


@pytest.mark.parametrize("kind", ["drop_after", "status"])
def test_its_owner_is_told_once(on_bench: OnBench, kind: Any) -> None:
    async def story(made: Bench) -> None:
        job = await standing(made, State.SUBMITTING)
        made.telegram.fail("sendMessage", kind, times=1 if kind == "drop_after" else 2)
        await made.app.parts.delivery.announce(job, job_messages.unconfirmed(job))
        told = len([text for text in made.telegram.texts(42) if "not confirmed" in text])
        assert told == (0 if kind == "drop_after" else 1)  # it may have arrived: it is not said twice

    on_bench(story)


def test_a_chat_that_is_down_costs_seconds_and_raises_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await standing(made, State.SUBMITTING)
        made.telegram.fail("sendMessage", "html", times=9)
        await made.app.parts.delivery.announce(job, job_messages.unconfirmed(job))
        tries = [call for call in made.telegram.calls("sendMessage") if "not confirmed" in call.params["text"]]
        assert len(tries) == 3  # and no more

    on_bench(story)


def test_wechat_is_told_where_the_bot_may_speak_and_hears_nothing_of_yesterday_where_not(on_bench: OnBench) -> None:
    fake, words = WeChatFake(), "没有确认这一单"

    async def story(made: Bench) -> None:
        await fake.caller.says(FOX, "视频 一只狐狸")
        job = await made.settled(State.DELIVERED)
        await made.app.parts.delivery.announce(job, job_messages.unconfirmed(job))
        assert words in fake.person(FOX).seen[-1].text
        fake.fail("/message/custom/send", "errcode", code=45047)
        await made.app.parts.delivery.announce(job, job_messages.unconfirmed(job))
        seen = await fake.caller.says(FOX, "模型")
        assert seen is not None
        assert words not in seen.text

    on_bench(story, wechat=fake, access=f"wechat:{FOX}")


def test_a_parked_job_is_listed_and_asked_about_for_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await standing(made, State.PARKED)
        await made.app.parts.poller.say_due(job.id)
        await made.until(lambda: any(f"again:{job.id}" in buttons(message) for message in made.telegram.said(42)))
        made.telegram.user_says(42, "/status")
        await made.until(lambda: any(job.id in text and "set it aside" in text for text in made.telegram.texts(42)))
        made.telegram.presses(42, f"again:{job.id}")
        await made.until(lambda: any("costs nothing" in text for text in made.telegram.texts(42)))
        await made.at_rest()
        (parked,) = await made.jobs()
        assert parked.state is State.PARKED
        assert parked.due is not None
        assert made.submits() == 0

    on_bench(story)
