"""The way back to the chat: each series of attempts counts once, and nothing is lost between two of them."""

import shutil
from collections.abc import Callable
from typing import Any

from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ENDED, Job, State, VideoFile
from bot.store.tables import results
from tests.bench import Bench
from tests.rows import set_columns
from tests.store.test_leases import take
from tests.store.test_store import accepted, on_store, said

OnBench = Callable[..., None]
BLOCKED: dict[str, Any] = {"status": 403, "description": "Forbidden: bot was blocked by the user"}
VIDEO = VideoFile("a.mp4", 1000, 320, 180, 1.0)


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
        assert await store.jobs.send_again(in_doubt.id)
        await store.jobs.tell(in_doubt.id, in_doubt.state, "message-7")
        job = await read(store, in_doubt.id)
        assert (job.state, job.outcome_ref, job.due is not None) == (State.READY, None, True)
        assert job.state not in ENDED
        await store.jobs.tell(job.id, job.state, "message-8")
        assert (await read(store, job.id)).outcome_ref == "message-8"

    on_store(database_url, story)


def test_two_presses_begin_one_sending_and_one_that_died_is_made_up_for(database_url: str) -> None:
    async def story(store: Store) -> None:
        job = await undelivered(store)
        await store.jobs.tell(job.id, job.state, "message-7")
        assert await store.jobs.send_again(job.id)
        assert await store.jobs.send_again(job.id)
        (taken,) = await take(store)
        assert (taken.work, taken.attempt) == ("deliver", 1)
        assert await take(store) == []
        await set_columns(store, job.id, lease_until=1)  # its worker has died
        assert len(await take(store)) == 1

    on_store(database_url, story)


def test_a_press_during_a_sending_sends_once_more_after_it(database_url: str) -> None:
    async def story(store: Store) -> None:
        job = await undelivered(store)
        (taken,) = await take(store)
        assert await store.jobs.send_again(job.id)
        await store.jobs.move(job.id, State.DELIVERED, outcome_ref="message-7", lease=taken.lease)
        await store.leases.conclude(taken.lease, due_in_s=None, progress=True)
        assert await take(store) == []  # it has come: what is delivered asks for nothing
        assert await store.jobs.send_again(job.id)
        assert len(await take(store)) == 1

    on_store(database_url, story)


def test_asked_for_again_at_once_it_comes_once_more_and_not_twice(on_bench: OnBench) -> None:
    """The series that met the doubt is about to say so when its owner's wish begins the next one."""

    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "lose_answer")
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERY_UNCONFIRMED)
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
