"""A backup that is put back buys nothing twice: what went on after it in the original is found, or its owner asked."""

import asyncio
import shutil

import pytest

from bot.app import App
from bot.store import Store
from bot.store.records import ACTIVE, JobDraft, State
from core.pricing import plan
from tests.corpus import jpeg
from tests.restoring import OnStage, Stage, job_in, on_stage
from tests.rows import set_columns
from tests.store.test_store import CAPS, said

__all__ = ["on_stage"]

QUEUED, PREPARING, SUBMITTING, RENDERING, READY = "a fox", "a hare", "an owl", "a wolf", "a lynx"
ALL = (QUEUED, PREPARING, SUBMITTING, RENDERING, READY)


async def order(stage: Stage, app: App, prompt: str, *states: State) -> None:
    stage.telegram.user_says(42, f"/video {prompt}")
    await job_in(app.store, prompt, *states)


async def ordered(store: Store, prompt: str, event: str) -> str:
    """A job of chat 42, without the question on a twin."""
    new = JobDraft(said(event), "en", plan(prompt, model="balanced", duration=5))
    made = await store.jobs.accept(new, inbox_id=None, caps=CAPS)
    assert isinstance(made, str)
    return made


async def in_each_state(stage: Stage, app: App) -> None:
    """One job that is delivered soon, one that renders, one whose order is out, two that wait for room."""
    stage.fal.faults.add("status_drop", times=10_000, match=RENDERING)
    await order(stage, app, RENDERING, State.RENDERING)
    stage.fal.faults.add("submit_slow", seconds=5.0, match=SUBMITTING)
    await order(stage, app, SUBMITTING, State.SUBMITTING)
    stage.telegram.fail("sendVideo", "status", times=10_000, status=502)
    await order(stage, app, READY, State.READY, State.UPLOADING)
    stage.room = 0
    await order(stage, app, QUEUED, State.QUEUED)
    await order(stage, app, PREPARING, State.QUEUED)


async def go_on(stage: Stage, app: App) -> None:
    """The cause is gone: all of them are delivered."""
    stage.room = 2**40
    stage.fal.faults.clear()
    stage.telegram.heal()
    for prompt in ALL:
        await job_in(app.store, prompt, State.DELIVERED)


def test_what_went_on_after_the_copy_is_not_bought_again(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(99, "hello")
            await in_each_state(stage, app)
            copy = await stage.backup()
            await go_on(stage, app)
        assert stage.buys() == len(ALL)
        stage.put_back(copy)
        async with stage.store() as store:  # as one whose source was being fetched when the copy was made
            job = await job_in(store, PREPARING, State.QUEUED)
            await set_columns(store, job.id, state=State.PREPARING)
        async with stage.bot() as app:
            for prompt in ALL:
                assert (await job_in(app.store, prompt, State.DELIVERED)).charge == "yes"
            await stage.until(lambda: stage.has_said("is a backup that was put back", chat=99))
        assert stage.buys() == len(ALL)

    on_stage(story)


@pytest.mark.parametrize("left", ["receipts", "videos", "list"])
def test_each_kind_of_evidence_is_enough(on_stage: OnStage, left: str) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            await order(stage, app, QUEUED, State.QUEUED)
            copy = await stage.backup()
            stage.room = 2**40
            await job_in(app.store, QUEUED, State.DELIVERED)
        stage.put_back(copy)
        for folder in {"receipts", "videos"} - {left}:
            shutil.rmtree(stage.out / folder)
        if left != "list":
            stage.fal.faults.add("list_status", times=10_000, status=502)
        async with stage.bot() as app:
            job = await job_in(app.store, QUEUED, State.DELIVERED)
            assert (job.charge, job.reserved_micro) == ("yes", 0)
        assert stage.buys() == 1

    on_stage(story)


def test_where_nobody_can_say_its_owner_is_asked_and_a_yes_buys_once(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            await order(stage, app, QUEUED, State.QUEUED)
            await order(stage, app, PREPARING, State.QUEUED)
            copy = await stage.backup()
        stage.put_back(copy)
        async with stage.store() as store:  # of hours ago: the offer begins when it is made
            for job in await store.jobs.find():
                await set_columns(store, job.id, created=job.created - 2 * 3600 * 1000)
        stage.room = 2**40
        stage.fal.faults.add("list_status", times=10_000, status=502)
        async with stage.bot() as app:
            for prompt in (QUEUED, PREPARING):
                assert (await job_in(app.store, prompt, State.AWAITING_CONFIRMATION)).reserved_micro == 0
            await stage.until(lambda: stage.has_said("restored from a backup") >= 2)
            assert stage.has_said("$0.70, and if it was bought before, it is paid twice") >= 2
            assert (stage.buys(), (await app.store.ledger.standing()).used_micro) == (0, 0)
            yes, no = [await job_in(app.store, prompt, State.AWAITING_CONFIRMATION) for prompt in (QUEUED, PREPARING)]
            stage.telegram.presses(42, f"yes:{yes.id}")
            stage.telegram.presses(42, f"cancel:{no.id}")
            await job_in(app.store, QUEUED, State.DELIVERED)
            assert (await job_in(app.store, PREPARING, State.CANCELLED)).charge == "none"
            assert (await app.store.ledger.standing()).reserved_micro == 0
        assert stage.buys() == 1

    on_stage(story)


async def without_evidence_here(stage: Stage) -> None:
    """As on a new machine: fal's list alone knows what was bought."""
    for folder in ("receipts", "videos"):
        shutil.rmtree(stage.out / folder)


def test_a_photo_has_another_address_each_time_so_its_owner_is_asked(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            stage.telegram.user_says(42, QUEUED, photo=jpeg())
            await job_in(app.store, QUEUED, State.QUEUED)
            copy = await stage.backup()
            stage.room = 2**40
            await job_in(app.store, QUEUED, State.DELIVERED)
        stage.put_back(copy)
        await without_evidence_here(stage)
        async with stage.bot() as app:
            await job_in(app.store, QUEUED, State.AWAITING_CONFIRMATION)
            await stage.until(lambda: stage.has_said("restored from a backup"))
        assert stage.buys() == 1

    on_stage(story)


def test_one_request_of_two_in_the_same_words_is_adopted_once(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            for event in ("m1", "m2"):
                job_id = await ordered(app.store, QUEUED, event)
            copy = await stage.backup()
            assert await app.store.jobs.ask_cancel(job_id) == "free"
            stage.room = 2**40
            async with asyncio.timeout(30):
                while await app.store.jobs.ids([State.QUEUED, *ACTIVE]):
                    await asyncio.sleep(0.03)
        assert stage.buys() == 1
        stage.put_back(copy)
        await without_evidence_here(stage)
        async with stage.bot() as app, asyncio.timeout(30):
            while len(await app.store.jobs.ids([State.DELIVERED, State.UNDELIVERED])) < 2:
                await asyncio.sleep(0.03)
        assert stage.buys() == 2  # the one that was cancelled after the copy stands in it as it stood then

    on_stage(story)


def test_a_message_that_waited_in_the_copy_is_not_bought_again(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            copy = await stage.backup()
            stage.telegram.user_says(42, f"/video {QUEUED}")
            first = await job_in(app.store, QUEUED, State.DELIVERED)
        stage.put_back(copy)
        async with stage.store() as store:
            await store.inbox.put([first.incoming])
        async with stage.bot() as app:
            again = await job_in(app.store, QUEUED, State.DELIVERED)
            assert again.id != first.id
        assert stage.buys() == 1

    on_stage(story)


def test_what_was_surely_not_bought_goes_on(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            await order(stage, app, QUEUED, State.QUEUED)
            copy = await stage.backup()
        stage.put_back(copy)
        stage.room = 2**40
        async with stage.bot() as app:
            await job_in(app.store, QUEUED, State.DELIVERED)
            stage.telegram.user_says(42, f"/video {READY}")  # of after it: nothing is looked for
            stage.fal.faults.add("list_status", times=10_000, status=502)
            await job_in(app.store, READY, State.DELIVERED)
        assert stage.buys() == 2

    on_stage(story)
