"""A database that was put back, is older than its folder or is new beside a full one is noticed, said, and served."""

import os
import shutil
import time
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.store import Store
from bot.store.copies import STAMP
from bot.store.records import State
from bot.workers.heartbeat import BEHIND_MS, MARK, Heartbeat, Notice, examine_database
from tests.restoring import OnStage, Stage, job_in, on_stage
from tests.store.test_store import accepted, on_store, said

__all__ = ["on_stage"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings.offline(output_dir=tmp_path / "out")
    made.receipts_dir.mkdir(parents=True)
    made.videos_dir.mkdir(parents=True)
    return made


def receipt(settings: Settings, order: str, *, age_s: float = 0.0) -> None:
    path = settings.receipts_dir / f"{order}.json"
    path.write_text("{}")
    os.utime(path, (time.time() - age_s, time.time() - age_s))


async def served(store: Store, settings: Settings) -> str:
    """A database with one job, served with this folder until now."""
    job_id = await accepted(store, said())
    await Heartbeat(store, settings.output_dir).turn()
    assert await examine_database(store, settings) is None
    return job_id


@pytest.mark.parametrize(("behind_ms", "notice"), [(BEHIND_MS, None), (BEHIND_MS + 1, Notice("older", 0))])
def test_a_database_of_ten_minutes_ago_is_noticed(
    database_url: str, settings: Settings, behind_ms: int, notice: Notice | None
) -> None:
    async def story(store: Store) -> None:
        await served(store, settings)
        mark = settings.output_dir / MARK
        mark.write_text(f"{int(mark.read_text()) + behind_ms}\n")  # the copy was made so long before the last heartbeat
        assert await examine_database(store, settings) == notice
        mark.write_text("what is this")
        assert await examine_database(store, settings) is None

    on_store(database_url, story)


def test_an_order_that_the_database_never_claimed_shows_its_age(database_url: str, settings: Settings) -> None:
    async def story(store: Store) -> None:
        job_id = await served(store, settings)
        for name in (f"{job_id}-one", "0190-abc", "notes-1"):
            receipt(settings, name)  # of the library, or of nobody
        assert await examine_database(store, settings) is None
        receipt(settings, f"{job_id}-1")
        receipt(settings, "K7K7K7K-1")
        assert await examine_database(store, settings) == Notice("older", 2)
        await store.submits.claim(job_id)
        assert await examine_database(store, settings) == Notice("older", 1)
        receipt(settings, "K7K7K7K-1", age_s=BEHIND_MS / 1000 + 60)  # settled by the heartbeats since
        assert await examine_database(store, settings) is None

    on_store(database_url, story)


def test_what_was_noticed_is_served_and_not_noticed_again(database_url: str, settings: Settings) -> None:
    async def story(store: Store) -> None:
        job_id = await served(store, settings)
        receipt(settings, f"{job_id}-1", age_s=1)
        await store.installation.put(STAMP, "1")
        assert await examine_database(store, settings) == Notice("stamped", 0)
        await store.copies.serve_as_copy("stamped")
        assert await examine_database(store, settings) is None
        assert await store.copies.origin_of(job_id) is not None
        assert await store.copies.origin_of(await accepted(store, said("m2"))) is None

    on_store(database_url, story)


def test_a_message_that_waited_in_the_copy_is_of_the_copy(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.inbox.put([said()])
        await store.copies.serve_as_copy("older")
        assert await store.copies.origin_of(await accepted(store, said())) is not None

    on_store(database_url, story)


def test_a_job_that_is_claimed_since_is_as_any_other(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await store.copies.serve_as_copy("older")
        assert await store.copies.origin_of(job_id) is not None
        while True:  # the next millisecond
            await store.submits.claim(job_id)
            if await store.copies.origin_of(job_id) is None:
                break
            await store.submits.not_sent(job_id)

    on_store(database_url, story)


def test_a_database_that_vanished_is_said_and_the_bot_serves(
    on_stage: OnStage, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.telegram.user_says(99, "hello")
            stage.telegram.user_says(42, "/video a fox")
            await job_in(app.store, "a fox", State.DELIVERED)
        lose(stage)
        doctor = await stage.command("doctor")
        assert "warn   copy                     The database is new, but the output folder holds 2" in doctor.out
        async with stage.bot() as app:
            await stage.until(lambda: stage.has_said("The database is new", chat=99))
            assert "not the one that was served last" in caplog.text
            stage.telegram.user_says(42, "/video a hare")
            await job_in(app.store, "a hare", State.DELIVERED)
        caplog.clear()
        async with stage.bot() as app:
            assert "not the one that was served last" not in caplog.text
        assert "served since" in (await stage.command("doctor")).out
        assert stage.buys() == 2

    on_stage(story)


def test_a_new_database_in_a_new_folder_is_nothing_to_speak_of(database_url: str, settings: Settings) -> None:
    async def story(store: Store) -> None:
        assert await examine_database(store, settings) is None
        (settings.videos_dir / "20260101-000000_wan_5s_720p_0190-abc.mp4").write_bytes(b"of the library")
        assert await examine_database(store, settings) is None
        (settings.videos_dir / "20260101-000000_wan_5s_720p_K7K7K7K.mp4").write_bytes(b"of a job")
        assert await examine_database(store, settings) == Notice("new", 1)

    on_store(database_url, story)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plain_copy_from_before_an_order_is_noticed(on_stage: OnStage) -> None:
    """As `cp` makes one of a bot that is stopped."""

    async def story(stage: Stage) -> None:
        async with stage.bot() as app:
            stage.room = 0
            stage.telegram.user_says(42, "/video a fox")
            await job_in(app.store, "a fox", State.QUEUED)
        shutil.copy(stage.out / "reelbot.db", stage.folder / "reelbot.db")
        stage.room = 2**40
        async with stage.bot() as app:
            await job_in(app.store, "a fox", State.DELIVERED)
        stage.put_back(stage.folder)
        async with stage.bot() as app:
            await job_in(app.store, "a fox", State.DELIVERED)
            restored = (await app.store.copies.facts()).restored
        assert restored is not None
        assert restored.origin == "older"
        assert stage.buys() == 1

    on_stage(story)


def lose(stage: Stage) -> None:
    if stage.cluster is not None:
        stage.url = stage.cluster.database()
        return
    for path in stage.out.glob("reelbot.db*"):
        path.unlink()
