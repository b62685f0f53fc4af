"""The way back to the chat: each series of attempts counts once, and nothing is lost between two of them."""

import asyncio
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from bot.jobs import delivery
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ENDED, Job, State, VideoFile
from bot.store.tables import results
from tests.bench import Bench
from tests.jobs.test_stranded import Walk
from tests.jobs.test_stranded import delivery as series
from tests.rows import set_columns
from tests.store.test_store import accepted, on_store, said

OnBench = Callable[..., None]
BLOCKED: dict[str, Any] = {"status": 403, "description": "Forbidden: bot was blocked by the user"}
VIDEO = VideoFile("a.mp4", 1000, 320, 180, 1.0)


class Dies(Walk):
    """A process that ends before it has begun a workflow."""

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        raise asyncio.CancelledError


async def undelivered(store: Store) -> Job:
    job_id = await accepted(store, said())
    await store.jobs.move(job_id, State.RENDERING)
    await store.jobs.finish(job_id, VIDEO)
    await store.jobs.move(job_id, State.UNDELIVERED)
    return await read(store, job_id)


async def read(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


def test_a_word_that_came_too_late_does_not_count_for_what_came_after_it(database_url: str) -> None:
    """While Telegram still answers to the word on a doubt, its owner has pressed the button under it."""

    async def story(store: Store) -> None:
        in_doubt = await undelivered(store)
        assert await series(Walk(), store).redeliver(in_doubt)
        await store.jobs.tell(in_doubt.id, in_doubt.state, "message-7")
        job = await read(store, in_doubt.id)
        assert (job.state, job.told, job.sendings) == (State.READY, None, 1)
        assert job.state not in ENDED
        await store.jobs.tell(job.id, job.state, "message-8")
        assert (await read(store, job.id)).told == "message-8"

    on_store(database_url, story)


def test_who_asks_is_heard_while_the_word_before_is_written_down(database_url: str) -> None:
    """The press comes between the chat's word on the doubt and its row: as it was read, nothing had been told."""

    async def story(store: Store) -> None:
        engine, job = Walk(), await undelivered(store)
        await store.jobs.tell(job.id, job.state, "message-7")
        assert await series(engine, store).redeliver(job)  # of its own accord: that was told
        assert (await read(store, job.id)).sendings == 0
        assert await series(engine, store).redeliver_for_owner(job)
        now = await read(store, job.id)
        assert (now.sendings, now.state, now.told) == (1, State.READY, None)
        assert await series(engine, store).redeliver_for_owner(job)  # the second press meets the first one's series
        assert (await read(store, job.id)).sendings == 1

    on_store(database_url, story)


def test_two_presses_begin_one_series(database_url: str) -> None:
    async def story(store: Store) -> None:
        engine, job = Walk(), await undelivered(store)
        assert await series(engine, store).redeliver(job)
        assert await series(engine, store).redeliver(job)
        assert engine.steps == ["begin deliver_v1"]
        assert (await read(store, job.id)).send_after is None

    on_store(database_url, story)


def test_a_series_whose_process_died_before_it_began_is_made_up_for(database_url: str) -> None:
    async def story(store: Store) -> None:
        job = await undelivered(store)
        with pytest.raises(asyncio.CancelledError):
            await series(Dies(), store).redeliver(job)
        assert await store.jobs.waiting_to_be_told(now_ms()) == []
        [waiting] = await store.jobs.waiting_to_be_told(now_ms() + delivery.BEGUN_WITHIN_MS)
        engine = Walk()
        assert await series(engine, store).redeliver(waiting)
        assert engine.steps == ["begin deliver_v1"]
        later = await read(store, job.id)
        assert (later.state, later.sendings, later.send_after) == (State.READY, 2, None)

    on_store(database_url, story)


def test_asked_for_again_at_once_it_comes_once_more_and_not_twice(on_bench: OnBench) -> None:
    """The series that met the doubt is about to say so when its owner's wish begins the next one."""

    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "lose_answer")
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERY_DOUBT)
        made.telegram.fail("sendVideo", "slow", delay_s=2.0)
        made.telegram.user_says(42, "/again")
        await made.settled(State.DELIVERED)
        await made.at_rest()
        assert len(made.films()) == 2

    on_bench(story)


def test_a_video_that_is_nowhere_any_more_is_said_to_be_gone(on_bench: OnBench) -> None:
    """Neither on this disk nor at fal, a day after fal was asked to keep it: it stays paid for, and it is not promised
    any longer. Its result was not kept, as before 0.2.
    """

    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "status", **BLOCKED)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.UNDELIVERED)
        assert job.video is not None
        (made.settings.videos_dir / job.video.name).unlink()
        await set_columns(made.app.store, job.id, rendering_since=now_ms() - 8 * 24 * 3600 * 1000)
        await made.app.store.database.write(lambda connection: connection.execute(results.delete()).close())
        shutil.rmtree(made.settings.receipts_dir)
        made.fal.faults.add("result_status", times=99, status=404, body={"detail": "Not Found"})
        made.telegram.user_says(42, f"/again {job.id}")
        await made.until(lambda: any("no longer has this video" in text for text in made.telegram.texts(42)))
        job = await made.settled(State.FAILED)
        assert job.error is not None
        assert (job.error.code, job.charge, job.video) == ("result_expired", "yes", None)
        assert len(made.films()) == 0

    on_bench(story)
