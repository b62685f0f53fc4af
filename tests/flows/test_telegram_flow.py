"""The story in Telegram, from message to native mp4, with every bad day on the way: one submit, one video."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.poller import PollerPauses
from bot.parts import Timing
from bot.store.records import State
from tests.bench import Bench
from tests.corpus import clip, jpeg, phone_photo
from tests.fakes.botapi import buttons
from tests.samples import BUSY


def test_words_become_a_native_video(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        asked = made.telegram.user_says(42, "/video sandbox:slow-2 a red fox running through fresh snow")
        await made.until(made.films)
        job = await made.settled(State.DELIVERED)
        assert made.submits() == 1
        film = made.films()[0]
        assert (film["video"]["width"], film["video"]["height"], film["video"]["duration"]) == (320, 180, 1)
        assert film["reply_to_message"]["message_id"] == asked
        assert "$" not in film["caption"]  # captions travel when a video is passed on
        assert "a red fox" in film["caption"]
        assert any("$0.70" in text and job.id in text for text in made.telegram.ever_said)  # on its card, now gone
        sent = made.telegram.calls("sendVideo")[0]
        assert sent.files["video"].path.read_bytes()[4:8] == b"ftyp"
        assert made.telegram.calls("sendChatAction")

    on_bench(story)


def test_a_photo_with_a_caption_is_animated_and_its_place_stays_secret(
    on_bench: Callable[..., None], tmp_path: Path
) -> None:
    photo = phone_photo(tmp_path / "p.jpg", orientation=6).read_bytes()

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "make the flag wave, premium", photo=photo)
        await made.settled(State.DELIVERED)
        request = next(iter(made.fal.memory.requests.values()))
        assert request.endpoint == "bytedance/seedance-2.0/fast/image-to-video"
        assert request.body["prompt"] == "make the flag wave"
        assert request.body["image_url"].startswith(f"http://127.0.0.1:{made.settings.port}/fal-assets/")
        published = (made.settings.assets_dir / request.body["image_url"].rpartition("/")[2]).read_bytes()
        assert b"SecretPhoneMaker" not in published
        assert b"Exif" not in published
        assert made.submits() == 1
        assert len(made.films()) == 1

    on_bench(story)


@pytest.mark.parametrize("how", ["reply", "document", "video", "topic"])
def test_the_other_ways_to_ask(on_bench: Callable[..., None], tmp_path: Path, how: str) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        if how == "reply":
            photo = fake.user_says(42, photo=jpeg())
            await made.until(lambda: fake.texts(42))
            fake.user_says(42, "/video@ReelBot zoom in", reply_to=photo)
        elif how == "document":
            fake.user_says(42, "zoom in", document=jpeg(), mime="image/png")
        elif how == "video":
            fake.user_says(42, "make it night", video=clip(tmp_path / "v.mp4", seconds=3).read_bytes())
        else:
            fake.group(-100500, topics={7})
            fake.user_says(-100500, "/video a fox", thread=7)
        job = await made.settled(State.DELIVERED)
        endpoint = next(iter(made.fal.memory.requests.values())).endpoint
        expected = {"video": "video-edit", "topic": "text-to-video"}.get(how, "image-to-video")
        assert endpoint.endswith(expected)
        if how == "topic":
            assert [str(call.params["message_thread_id"]) for call in fake.calls("sendVideo")] == ["7"]
        if how == "video":
            assert job.request.duration_s is None

    on_bench(story, access="telegram:42,telegram:-100500")


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("status_status", {"status": 502}),
        ("status_drop", {}),
        ("requeue", {}),
        ("result_status", {"status": 503}),
        ("file_truncated", {}),
        ("file_html", {}),
        ("file_lies", {}),
        ("file_404", {}),
        ("videos_list_shape", {}),
    ],
)
def test_a_bad_day_at_fal_still_ends_in_one_video(
    on_bench: Callable[..., None], fault: str, more: dict[str, Any]
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add(fault, times=2 if fault.startswith("file") else 1, **more)
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(made.films()) == 1

    on_bench(story)


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("status", {"status": 429, "parameters": {"retry_after": 1}}),
        ("status", {"status": 502, "description": "Bad Gateway"}),
        ("status", {"status": 400, "description": "Bad Request: IMAGE_PROCESS_FAILED", "only_with": "thumbnail"}),
        ("drop_before", {}),
    ],
)
def test_a_bad_day_at_telegram_still_ends_in_one_video(
    on_bench: Callable[..., None], fault: Any, more: dict[str, Any]
) -> None:
    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", fault, **more)
        made.telegram.user_says(42, "/video a fox")
        if fault == "drop_before":
            job = await made.settled(State.DELIVERED, State.DELIVERY_UNCONFIRMED)
            if job.state is State.DELIVERY_UNCONFIRMED:
                return  # bytes may have left: not repeated by itself (the next test presses the button)
        await made.settled(State.DELIVERED)
        assert len(made.films()) == 1
        assert made.submits() == 1

    on_bench(story)


@pytest.mark.parametrize(("kind", "more"), [("lose_answer", {}), ("gateway", {"status": 504, "times": 3})])
def test_no_answer_after_the_upload_is_doubt_and_a_button(
    on_bench: Callable[..., None], kind: Any, more: dict[str, Any]
) -> None:
    async def story(made: Bench) -> None:
        fake = made.telegram
        fake.fail("sendVideo", kind, **more)
        fake.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.until(lambda: any(f"again:{job.id}" in buttons(message) for message in fake.said(42)))
        await made.at_rest()
        assert len(made.films()) == 1  # it did arrive; it is not sent again by itself
        fake.heal()
        fake.presses(42, f"again:{job.id}")
        await made.settled(State.DELIVERED)
        assert len(made.films()) == 2
        assert made.submits() == 1

    on_bench(story)


@pytest.mark.parametrize(
    ("fault", "more", "words"),
    [
        ("submit_status", {"status": 402, "body": {"error": "insufficient_credits"}}, "credit"),
        ("submit_status", {"status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}}, "credit"),
        ("submit_status", {"status": 403, "body": {"error": "endpoint_not_allowed"}}, "model"),
        ("submit_status", {"status": 422, "body": {"detail": [{"type": "value_error", "input": "hush"}]}}, ""),
        ("result_error", {}, "rule"),
        ("result_error", {"body": "downstream_service_error"}, ""),
    ],
)
def test_each_refusal_gives_one_clear_sentence(
    on_bench: Callable[..., None], fault: str, more: dict[str, Any], words: str
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_late", seconds=1.0)  # so that the order's own message comes first
        made.fal.faults.add(fault, **more)
        made.telegram.user_says(42, "/video hush hush")
        job = await made.settled(State.FAILED)
        assert job.error is not None
        await made.until(lambda: len(made.telegram.calls("sendMessage")) >= 2)
        await made.at_rest()
        said = made.telegram.calls("sendMessage")
        assert len(said) == 2  # the order's own message, and the word on what happened
        assert words in said[1].params["text"].lower()
        assert "hush" not in said[1].params["text"]
        assert made.submits() == 1
        assert made.films() == []

    on_bench(story)


def test_a_lost_submit_reply_is_never_bought_again_and_found_in_the_list(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply")
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(made.films()) == 1

    on_bench(story)


def test_a_lost_submit_reply_that_cannot_be_found_is_parked_and_told(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply")
        made.fal.faults.add("list_status", times=1000, status=403, body={"detail": "no"})
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.SUBMIT_UNCONFIRMED)
        await made.until(lambda: len(made.telegram.calls("sendMessage")) == 2)
        await made.at_rest()
        asked = made.lists()
        await made.until(lambda: made.lists() >= asked + 3)  # and goes on being looked for
        assert made.submits() == 1
        assert made.films() == []

    looks = PollerPauses(scan_s=0.1)
    on_bench(story, timing=Timing(resolve_looks_s=(0.1, 0.1), search_s=0.1, watch=looks))


def test_fal_down_at_the_submit_is_waited_out(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_status", times=1, status=429, body=BUSY, headers={"Retry-After": "1"})
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        assert made.submits() == 2  # the first was refused: nothing was bought
        assert len(made.fal.memory.requests) == 1

    on_bench(story)


def test_a_stranger_learns_the_id_and_nothing_said_is_stored(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(666, "/video a fox")
        await made.until(lambda: made.telegram.texts(666))
        assert "telegram:666" in made.telegram.texts(666)[0]
        assert await made.jobs() == []
        assert (await made.app.store.inbox.waiting()).messages == []
        assert made.submits() == 0
        made.telegram.world.update({"callback_query": stranger_presses("lang:zh")})
        await made.at_rest()
        assert await made.app.store.people.language("telegram:666") is None

    on_bench(story)


def stranger_presses(data: str) -> dict[str, Any]:
    chat = {"id": 666, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "text": "x"}
    person = {"id": 666, "is_bot": False, "first_name": "Stranger"}
    return {"id": "1", "from": person, "chat_instance": "1", "message": message, "data": data}


def test_talk_in_a_group_is_none_of_our_business(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-5)
        made.telegram.user_says(-5, "did you see that video?")
        made.telegram.user_says(-5, "/video@another_bot a fox")
        made.telegram.user_says(-5, "nice view", photo=jpeg())
        await made.at_rest()
        assert made.telegram.calls("sendMessage") == []
        assert await made.jobs() == []

    on_bench(story)


def test_the_same_update_twice_is_one_job(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        asked = made.telegram.user_says(42, "/video a fox")
        again = {"message": made.telegram.world.messages[42, asked]}
        made.telegram.world.update(again)
        await made.settled(State.DELIVERED)
        made.telegram.world.update(again)
        await made.at_rest()
        assert len(await made.jobs()) == 1
        assert made.submits() == 1

    on_bench(story)


def test_cancel_while_it_renders_tells_the_truth(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.RENDERING)
        made.telegram.user_says(42, "/cancel")
        await made.until(lambda: any(request.cancelled for request in made.fal.memory.requests.values()))
        await made.until(lambda: len(made.telegram.calls("sendMessage")) >= 2)

    on_bench(story)


@pytest.mark.parametrize("command", ["help", "start", "models", "price", "status", "history", "language", "cancel"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_command_answers_in_the_persons_language(
    on_bench: Callable[..., None], command: str, language: str
) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, f"/{command}", language=language)
        await made.until(lambda: made.telegram.texts(42))
        answer = made.telegram.texts(42)[0]
        first = answer.splitlines()[0]
        share = sum("\u4e00" <= letter <= "\u9fff" for letter in first) / len(first)
        assert (share > 0.2) == (language != "en"), answer
        assert "{" not in answer

    on_bench(story)


def test_a_wish_that_becomes_another_is_said(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video sandbox:slow-2 a fox --model veo-3.1-fast 7s")
        await made.until(lambda: made.telegram.texts(42))
        order = made.telegram.texts(42)[0]  # goes when the film has come
        assert "7" in order
        assert "8" in order
        assert "$1.20" in order
        await made.settled(State.DELIVERED)
        assert json.loads(json.dumps(next(iter(made.fal.memory.requests.values())).body))["duration"] == "8s"

    on_bench(story)


@pytest.mark.parametrize("turns", range(4))
def test_loops_end_when_they_are_stopped_in_the_moment_of_news(on_bench: Callable[..., None], turns: int) -> None:
    async def story(made: Bench) -> None:
        names = {loop.name for loop, _ in made.app.loops()}
        tasks = [task for task in asyncio.all_tasks() if task.get_name() in names]
        assert len(tasks) == len(names)
        parts = made.app.parts
        await made.until(
            lambda: parts.poller.loop.turns and parts.status_messages.loop.turns and parts.inbox.loop.turns
        )
        parts.poller.notify()  # every loop waits for news
        parts.status_messages.notify()
        parts.inbox.loop.notify()
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        done, pending = await asyncio.wait(tasks, timeout=3)
        assert not pending
        assert all(task.cancelled() for task in done)

    on_bench(story)


def test_prices_are_of_what_would_be_made(on_bench: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        def said(words: str) -> bool:
            return any(words in text for text in made.telegram.texts(42))

        made.telegram.user_says(42, "/price premium 4k")
        await made.until(lambda: said("This model cannot make 4k; the nearest it can is 720p."))
        made.telegram.user_says(42, "/models")
        await made.until(lambda: said("Veo 3.1 Fast $0.90 (6 s) 4/6/8 as you like 1, first and last 4k, continuing"))
        assert said("Wan 2.5 $0.25 5/10 no 1 low price budget")
        made.telegram.user_says(42, "/language 中文")
        made.telegram.user_says(42, "模型")
        await made.until(lambda: said("$0.90（6 秒）"))

    on_bench(story)
