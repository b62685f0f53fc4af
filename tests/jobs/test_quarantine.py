"""Rows that a version cannot read: one never stops the others, and what was paid for is parked, told and kept."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.types import AttachmentRef
from bot.loops import Loop, Problem
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.leases import SlotLimits
from bot.store.records import JobError, State, VideoFile, record
from bot.store.stored import Unreadable, UnreadableJob, restored
from bot.store.tables import jobs, submits
from bot.workers.cleanup import Cleanup
from tests.bench import Bench
from tests.store.test_store import HANDLE, accepted, on_store, said

OnBench = Callable[..., None]
OF_A_NEWER_VERSION: dict[str, Any] = {"mood": "gloomy", "nested": {"of": "tomorrow"}}


async def write(store: Store, statement: sa.Update) -> None:
    def work(connection: Connection) -> None:
        connection.execute(statement)

    await store.database.write(work)


async def spoil(store: Store, job_id: str, **columns: Any) -> None:
    await write(store, jobs.update().where(jobs.c.id == job_id).values(**columns))


async def state_of(store: Store, job_id: str) -> str:
    query = sa.select(jobs.c.state).where(jobs.c.id == job_id)
    return str(await store.database.read(lambda connection: connection.execute(query).scalar_one()))


async def set_aside(store: Store) -> dict[str, str | None]:
    return {row.id: await store.unreadable.set_aside(row) for row in await store.unreadable.find()}


def test_a_noun_is_read_without_what_is_unknown_and_with_what_is_missing() -> None:
    assert restored(VideoFile, {"name": "a.mp4", **OF_A_NEWER_VERSION}, where="video") == VideoFile("a.mp4")
    assert restored(JobError, {"code": "disk_full"}, where="error") == JobError("disk_full", {})


def test_the_reason_names_the_place_and_never_what_a_person_wrote() -> None:
    with pytest.raises(Unreadable, match=r"^video: size int_parsing$") as caught:
        restored(VideoFile, {"name": "a.mp4", "size": "a secret wish"}, where="video")
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_rewrite_keeps_what_a_newer_version_noted(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        job = await store.jobs.get(job_id)
        assert job is not None
        await spoil(store, job_id, request={**record(job.request), **OF_A_NEWER_VERSION})
        await store.jobs.published(job_id, job.request, job.usd)
        raw = sa.select(jobs.c.request).where(jobs.c.id == job_id)
        kept = await store.database.read(lambda connection: connection.execute(raw).scalar_one())
        assert kept == {**json.loads(json.dumps(record(job.request))), **OF_A_NEWER_VERSION}
        assert await store.jobs.get(job_id) == job

    on_store(database_url, story)


@pytest.mark.parametrize(
    "columns",
    [
        {"incoming": {"address": None}},
        {"incoming": []},
        {"request": {"prompt": "a fox"}},
        {"video": {"size": 1}},
        {"error": "broken"},
        {"adjustments": {"not": "a list"}},
        {"question": {"why": 7}},
        {"state": "of-tomorrow"},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_one_bad_row_hides_no_other_and_ends_where_nothing_was_bought(
    database_url: str, columns: dict[str, Any]
) -> None:
    async def story(store: Store) -> None:
        bad, good = await accepted(store, said("bad")), await accepted(store, said("good"))
        await spoil(store, bad, **columns)
        assert [job.id for job in await store.jobs.find()] == [good]
        with pytest.raises(UnreadableJob):
            await store.jobs.get(bad)
        paid = "video" in columns  # a finished video stands there
        assert await set_aside(store) == {bad: "parked" if paid else "failed"}
        assert await set_aside(store) == ({bad: None} if paid else {})
        assert await state_of(store, bad) == (State.PARKED if paid else State.FAILED)
        standing = await store.ledger.standing()
        assert standing.reserved_micro == (1_400_000 if paid else 700_000)
        taken = await store.leases.take("run:a", most=9, limits=SlotLimits(9, 9))
        assert [each.lease.job_id for each in taken] == [good]

    on_store(database_url, story)


def test_a_column_that_is_no_json_hides_no_other(tmp_path: Path) -> None:
    """Only SQLite lets such a thing in."""

    async def story(store: Store) -> None:
        bad, good = await accepted(store, said("bad")), await accepted(store, said("good"))

        def work(connection: Connection) -> None:
            connection.execute(sa.text("UPDATE reelbot_jobs SET request = '{half' WHERE id = :id"), {"id": bad})
            connection.execute(sa.text("UPDATE reelbot_inbox SET incoming = '{half' WHERE chat = 'telegram:1'"))

        await store.inbox.put([said("bad", chat="1"), said("good", chat="2")])
        await store.database.write(work)
        assert [job.id for job in await store.jobs.find()] == [good]
        assert (await store.ledger.standing()).reserved_micro == 1_400_000
        assert await set_aside(store) == {bad: "failed"}
        found = await store.inbox.waiting()
        assert ([queued.chat for queued in found.messages], [each.chat for each in found.unreadable]) == (
            ["telegram:2"],
            ["telegram:1"],
        )

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)


def test_a_paid_one_is_parked_and_one_in_doubt_stays_so(database_url: str) -> None:
    async def story(store: Store) -> None:
        lost, known = await accepted(store, said("lost")), await accepted(store, said("known"))
        for job_id in (lost, known):
            assert await store.submits.claim(job_id, body="{}") == "yours"
        await store.submits.accepted(known, HANDLE)
        for job_id in (lost, known):
            await spoil(store, job_id, incoming={})
        assert await set_aside(store) == {lost: "doubt", known: "parked"}
        assert (await store.ledger.standing()).reserved_micro == 1_400_000
        columns = sa.select(jobs.c.id, jobs.c.outcome_ref, jobs.c.due)
        rows = {row.id: row for row in await store.database.read(lambda tx: tx.execute(columns).all())}
        assert (rows[lost].outcome_ref, rows[lost].due) == ("", None)
        assert rows[known].outcome_ref == ""
        assert rows[known].due > now_ms() + 5 * 60_000  # a later version may read it

    on_store(database_url, story)


def test_a_claim_that_cannot_be_read_parks_its_job(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        assert await store.submits.claim(job_id, body="{}") == "yours"
        await store.submits.accepted(job_id, HANDLE)
        await write(store, submits.update().values(handle={"request_id": 7}))
        with pytest.raises(UnreadableJob):
            await store.submits.read(job_id)
        assert await set_aside(store) == {job_id: "parked"}

    on_store(database_url, story)


def test_an_end_that_cannot_be_told_stays_an_end(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        await store.jobs.fail(job_id, JobError("generation_failed"), charge="none")
        await spoil(store, job_id, incoming={})
        assert await set_aside(store) == {job_id: "over"}
        assert await state_of(store, job_id) == State.FAILED
        assert await set_aside(store) == {}

    on_store(database_url, story)


def test_a_paid_video_is_parked_told_and_comes_home_once_it_can_be_read(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.fal.faults.add("no_stream", times=99)
        made.fal.faults.add("status_status", times=9999, status=404)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.RENDERING)
        store, raw = made.app.store, record(job.incoming)
        await spoil(store, job.id, incoming={**raw, "tap": "of a newer version"})
        made.telegram.user_says(42, "/status")
        made.telegram.user_says(42, f"/status {job.id}")
        await made.until(lambda: any("cannot be read" in text for text in made.telegram.texts(42)))
        await made.app.parts.quarantine.sweep()
        assert await state_of(store, job.id) == State.PARKED
        await made.until(lambda: any(job.id in text and "set aside" in text for text in made.telegram.texts(1)))
        made.telegram.user_says(42, "/help")  # everybody else is served
        await made.until(lambda: any("/video" in text for text in made.telegram.texts(42)))
        await made.app.parts.poller.say_due(job.id)  # asked while it still cannot be read: it stays where it is
        await until_later(store, job.id)
        assert await state_of(store, job.id) == State.PARKED
        made.fal.faults.clear()
        await spoil(store, job.id, incoming=raw)
        await made.app.parts.poller.say_due(job.id)
        await made.settled(State.DELIVERED)
        assert (made.submits(), len(made.films())) == (1, 1)
        assert (await store.ledger.standing()).spent_micro == 700_000

    on_bench(story, admins="telegram:1")


async def until_later(store: Store, job_id: str) -> None:
    """Until it was asked after in vain: its next time has moved."""
    later = (jobs.c.due > now_ms() + 60_000, jobs.c.owner.is_(None))
    query = sa.select(jobs.c.id).where(jobs.c.id == job_id, *later)
    async with asyncio.timeout(20):
        while not await store.database.read(lambda connection: connection.execute(query).scalar()):
            await asyncio.sleep(0.02)


def test_a_finished_video_that_waited_is_sent_without_another_download(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "status", status=403, description="Forbidden: bot was blocked by the user")
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.UNDELIVERED)
        store, raw = made.app.store, record(job.incoming)
        await spoil(store, job.id, incoming={**raw, "tap": "of a newer version"})
        await made.app.parts.quarantine.sweep()
        assert await state_of(store, job.id) == State.PARKED
        await spoil(store, job.id, incoming=raw)
        asked = len(made.fal.log)
        await made.app.parts.poller.say_due(job.id)
        await made.settled(State.DELIVERED)
        assert len(made.films()) == 1
        assert not [call for call in made.fal.log[asked:] if call["path"].endswith(".mp4")]

    on_bench(story)


def test_what_an_unreadable_row_names_is_not_cleared_away(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said(attachment=AttachmentRef("image", "photo-of-somebody")))
        job = await store.jobs.get(job_id)
        assert job is not None
        await spoil(store, job_id, request={**record(job.request), "source_url": "https://x/abc123.jpg", "mode": 7})
        settings = Settings.offline(output_dir=tmp_path)
        kept = [
            settings.assets_dir / "abc123.jpg",
            settings.uploads_dir / "photo-of-somebody.owner",
            settings.videos_dir / f"20260101-fox-{job_id}.mp4",
        ]
        gone = [settings.assets_dir / "unknown.jpg", settings.uploads_dir / "elsewhere"]
        for path in (*kept, *gone):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
            os.utime(path, (time.time() - 10**7,) * 2)
        await Cleanup(store=store, engine=Forgets(), settings=settings).turn()  # type: ignore[arg-type] # one method of it
        assert [path.exists() for path in (*kept, *gone)] == [True] * len(kept) + [False] * len(gone)

    on_store(f"sqlite:///{tmp_path}/reelbot.db", story)


class Forgets:
    """An engine without a history."""

    async def forget(self, *, before_s: float) -> None:
        pass


def test_a_loop_that_fails_three_turns_in_a_row_is_a_health_problem() -> None:
    outcomes = iter([OSError, OSError, None, OSError, OSError, OSError, None])

    async def story() -> None:
        said: list[Problem | None] = []

        async def turn() -> None:
            said.append(loop.problem())
            outcome = next(outcomes, asyncio.CancelledError)
            if outcome is not None:
                raise outcome

        loop = Loop("inbox", turn, pause_s=lambda: 0.0)
        with pytest.raises(asyncio.CancelledError):
            await loop.run()
        assert [each is None for each in said] == [True] * 6 + [False, True]
        assert said[6] is not None
        assert said[6].text.startswith("inbox loop has failed 3 times in a row")
        assert not said[6].restart_helps

    asyncio.run(story())
