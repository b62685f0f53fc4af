"""A model that has left the catalogue: its films are told, listed, delivered and sent again all the same.

What a chat would not take waits; meanwhile the model goes, as with a newer version of the bot.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.channels.types import Address, Incoming
from bot.cli.main import main
from bot.messages import job_messages
from bot.settings import Settings
from bot.store import Store
from bot.store.records import Job, State, record
from core import pricing
from core.errors import BadRequest
from tests.bench import Bench
from tests.fakes.botapi import TelegramFake
from tests.fakes.wechat import WeChatFake
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, said

OnBench = Callable[..., None]
FOX = "oFox_0123456789abcdefghijkl"
BLOCKED: dict[str, Any] = {"status": 403, "description": "Forbidden: bot was blocked by the user"}
NAMED = pytest.mark.parametrize("name", ["Gone with the Wind 1", None], ids=["named in the row", "a row of before"])


async def gone(made: Bench, job: Job, name: str | None) -> None:
    request = record(replace(job.request, model="gone-1"))
    await set_columns(made.app.store, job.id, request=request, model_name=name, usual_render_s=None)


def test_every_word_on_such_a_job_can_be_said(database_url: str) -> None:
    with pytest.raises(BadRequest):
        pricing.find("gone-1")

    async def story(store: Store) -> None:
        job = await store.jobs.get(await accepted(store, said()))
        assert job is not None
        job = replace(job, request=replace(job.request, model="gone-1"), rendering_since=1)
        named = replace(job, model_name="Gone 1", usual_render_s=45.0)
        of_before = replace(job, model_name=None, usual_render_s=None)
        for each, state, language in product((named, of_before), State, ("en", "zh")):
            every_word_on(replace(each, state=state, language=language))

    on_store(database_url, story)


def every_word_on(job: Job) -> None:
    name = job.model_name or "gone-1"
    shown = job_messages.status(job, place=1, now_ms=45_001)
    assert name in shown.text
    assert job_messages.caption(job).startswith(name)
    assert job_messages.outcome(job).text
    if job.state is State.RENDERING:
        assert shown.progress == (0.85 if job.usual_render_s else 0.47)  # half of 90 s, where nobody knows better


@NAMED
def test_telegram_gets_it(on_bench: OnBench, name: str | None) -> None:
    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "status", **BLOCKED)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.UNDELIVERED)
        await gone(made, job, name)
        for asked in ("/status", "/history", f"/again {job.id}"):
            made.telegram.user_says(42, asked)
        await made.settled(State.DELIVERED)
        assert made.films()[0]["caption"].startswith(name or "gone-1")

        def listed() -> list[str]:
            texts = (text for text in made.telegram.texts(42) if "On it" not in text)  # its card names it, too
            return [text for text in texts if job.id in text and "a fox" in text]

        await made.until(lambda: len(listed()) >= 2)
        assert len(listed()) == 2
        made.telegram.user_says(42, f"/again {job.id}")
        await made.until(lambda: len(made.films()) == 2)
        assert await asyncio.to_thread(shell, made.settings, "job", job.id) == 0

    on_bench(story)


def shell(settings: Settings, *arguments: str) -> int:
    Path(".env").write_text(f"REELBOT_OUTPUT_DIR={settings.output_dir}\n", encoding="utf-8")
    return main(list(arguments))


@NAMED
def test_wechat_gets_it(on_bench: OnBench, name: str | None) -> None:
    fake = WeChatFake()

    async def story(made: Bench) -> None:
        fake.fail("/message/custom/send", "errcode", code=45047)
        await fake.caller.says(FOX, "视频 一只狐狸")
        job = await made.settled(State.UNDELIVERED)
        await gone(made, job, name)
        for asked in ("历史", "状态"):
            seen = await fake.caller.says(FOX, asked)
            assert seen is not None
            assert "K7" in seen.text
        await fake.caller.says(FOX, "1")
        job = await made.settled(State.SENT_AS_REPLY)
        (video,) = fake.person(FOX).videos
        assert (name or "gone-1") in video.text
        await fake.caller.says(FOX, "再来 K7")
        await made.until(lambda: len(fake.person(FOX).videos) == 2)

    on_bench(story, wechat=fake, access=f"wechat:{FOX}")


@NAMED
def test_the_web_chat_gets_it(on_bench: OnBench, monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    async def with_a_page(_settings: Settings, _telegram: TelegramFake) -> None:
        monkeypatch.setenv("REELBOT_WEB_TOKEN", "a-token-of-the-web-chat")

    async def story(made: Bench) -> None:
        async def says(event: str, text: str) -> None:
            await made.app.parts.intake.put([Incoming(Address("web", "s1"), "web", event, "s1", text, language="en")])

        async def entries(kind: str, words: str = "") -> list[Any]:
            found = await made.app.store.transcript.read("s1")
            return [each for each in found if each["kind"] == kind and words in each["text"]]

        await says("m1", "/video a fox")
        job = await made.settled(State.DELIVERED)
        await gone(made, job, name)
        await says("m2", f"/again {job.id}")
        await says("m3", "/history")
        async with asyncio.timeout(10):
            while len(await entries("video")) < 2 or not await entries("text", "Your latest videos"):
                await asyncio.sleep(0.03)
        assert (await entries("video"))[-1]["text"].startswith(name or "gone-1")

    on_bench(story, access="web:s1", before=with_a_page)
