"""A database of an earlier version that holds jobs in flight is upgraded, on both databases, and its jobs go on.

The rows are written as that version wrote them, into the tables as they were then; never by today's code.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from filelock import FileLock

from bot.channels.types import Address
from bot.settings import Settings
from bot.store import Store, schema
from bot.store.database import Database, lock_number, now_ms
from bot.store.evidence import RequestTaken
from bot.store.first_version import OldWorkers
from bot.store.records import SHELL, JobError, State
from bot.store.reorders import AlreadyOrdered
from bot.store.session import owner_lock
from bot.store.workers import Workers
from core.types import Adjustment
from tests.bench import bench
from tests.corpus import clip
from tests.desk import reelbot
from tests.fakes.botapi import TelegramFake
from tests.postgres import Cluster
from tests.store.old_database import DEAD, OldDatabase, Workflow, bought, claim, incoming, job, workflows
from tests.store.test_ledger import WIDE
from tests.store.test_store import HANDLE, new_job, said

BEFORE = "0009"
"""The last version of the tables in which a workflow was at each job; 0.1.0 had "0004"."""
ORDERED = {  # told, so that nothing is due of itself: what else makes each of them go on
    "NEW": "the new fox",
    "QUEUED2": "the queued fox",
    "PREPAR2": "the prepared fox",
    "NOTSENT": "the fox that was not sent",
}
AT_FAL = {
    "SENDING": ("submitting", "sending"),
    "RENDER2": ("rendering", "accepted"),
    "DOWNLO2": ("downloading", "accepted"),
    "READY22": ("ready", "accepted"),
    "UPLOAD2": ("uploading", "accepted"),
    "UNDELI2": ("undelivered", "accepted"),
    "DOUBT22": ("doubt", "sending"),
    "PARKED2": ("parked", "accepted"),
}
ENDED = {
    "DELIVE2": ("delivered", State.DELIVERED),
    "ASKING2": ("asking", State.AWAITING_CONFIRMATION),
    "DELDOU2": ("delivery-doubt", State.DELIVERY_UNCONFIRMED),
    "HANDED2": ("handed-over", State.SENT_AS_REPLY),
}


def prompt_of(job_id: str) -> str:
    """Return what was wished for: fal is not done with DOWNLO2 after all, as a gateway had said."""
    return ORDERED.get(job_id, f"the fox {job_id}" if job_id != "DOWNLO2" else "sandbox:slow-2 fox")


async def in_flight(settings: Settings, telegram: TelegramFake, revision: str) -> None:
    """A job in every state of 0.1, some with a workflow that ran, some with one that waited in the queue."""
    telegram.user_says(42, "/help")  # the chat exists
    old = OldDatabase(settings.store_url, revision)
    film = clip(settings.videos_dir / "film.mp4")
    facts = {"name": film.name, "size": film.stat().st_size, "width": 320, "height": 180, "duration_s": 1.0}
    row: dict[str, Any] = {"origin": "telegram:123456:42:m9", "chat": "telegram:42", "state": "new", "attempts": 0}
    old.add("inbox", row | {"incoming": incoming(prompt_of("NEW"), "m9"), "not_before": 0, "created": now_ms()})
    old.add("jobs", job("QUEUED2", prompt_of("QUEUED2"), "queued"))
    old.add("jobs", job("PREPAR2", prompt_of("PREPAR2"), "preparing"))
    old.add("jobs", job("NOTSENT", prompt_of("NOTSENT"), "preparing"))
    old.add("submits", claim("NOTSENT", "not_sent", None))
    for job_id, (state, claimed) in AT_FAL.items():
        if state == "parked" and revision < "0005":
            continue
        more: dict[str, Any] = {"video": facts} if state in {"ready", "uploading", "undelivered"} else {}
        more |= {"told": "7"} if state in {"doubt", "parked"} else {}
        more |= {"send_after": now_ms()} if state == "undelivered" else {}
        more |= {"ask_after": now_ms()} if state == "parked" else {}
        handle = await bought(settings, prompt_of(job_id))
        old.add("jobs", job(job_id, prompt_of(job_id), state, **more))
        old.add("submits", claim(job_id, claimed, handle if claimed == "accepted" else None))
    for job_id, (state, _) in ENDED.items():
        old.add("jobs", job(job_id, prompt_of(job_id), state, told="7"))
    old.add("jobs", job("FAILED2", prompt_of("FAILED2"), "failed", error={"code": "generation_failed", "facts": {}}))
    old.workflows = [
        Workflow("render_v1", "QUEUED2", "QUEUED2", running=False),
        *(Workflow("render_v1", each, each, running=True) for each in ("PREPAR2", "NOTSENT", "SENDING", "RENDER2")),
        Workflow("collect_v1", "DOWNLO2:collect:1", "DOWNLO2", running=True),
        Workflow("deliver_v1", "READY22:tell:1", "READY22", running=False),
        Workflow("deliver_v1", "UPLOAD2:tell:1", "UPLOAD2", running=True),
    ]
    await old.write()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        (tmp_path / "out").mkdir(exist_ok=True)
        return f"sqlite:///{tmp_path}/out/reelbot.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.database(template="template1")


@pytest.mark.parametrize("revision", ["0004", BEFORE])
def test_jobs_in_flight_live_through_an_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_url: str, revision: str
) -> None:
    """Each goes on from where it was, nothing is bought twice, and no workflow of 0.1 stays pending."""
    given: dict[str, Any] = {} if empty_url.startswith("sqlite") else {"database_url": empty_url}
    at_fal = [each for each in AT_FAL if each != "PARKED2" or revision >= "0005"]

    async def before(settings: Settings, telegram: TelegramFake) -> None:
        settings.videos_dir.mkdir(parents=True, exist_ok=True)
        await in_flight(settings, telegram, revision)

    async def story() -> None:
        async with bench(tmp_path, monkeypatch, before=before, user_jobs=20, user_daily_usd=100, **given) as made:
            films = len(ORDERED) + len(at_fal)
            await made.until(lambda: len(made.films()) == films, 60)
            await made.at_rest()
            states = {each.id: each.state for each in await made.jobs()}
            assert {states.pop(each) for each in [*at_fal, *list(ORDERED)[1:]]} == {State.DELIVERED}
            assert {each: states.pop(each) for each in ENDED} == {each: state for each, (_, state) in ENDED.items()}
            assert states.pop("FAILED2") is State.FAILED
            assert list(states.values()) == [State.DELIVERED]  # the new one
            prompts = sorted(each.body["prompt"] for each in made.fal.memory.requests.values())
            assert prompts == sorted([*ORDERED.values(), *(prompt_of(each) for each in at_fal)])
            assert len(made.films()) == films
            assert {status for _, status in (await workflows(made.app.store.database)).values()} <= {
                "SUCCESS",
                "CANCELLED",
            }
            async with asyncio.timeout(30):  # it may be told just now
                while [job for job in await made.jobs() if job.id == "FAILED2" and job.outcome_ref is None]:
                    await asyncio.sleep(0.02)

    asyncio.run(story())


def test_the_workflows_of_01_that_are_recovered_end_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite the engine begins them again by itself; by the names under which they are known."""

    async def before(settings: Settings, _telegram: TelegramFake) -> None:
        old = OldDatabase(settings.store_url, BEFORE)
        for number, name in enumerate(("render_v1", "collect_v1", "deliver_v1")):
            old.add("jobs", job(f"DONE{number}", "a fox", "delivered", told="7"))
            old.workflows.append(Workflow(name, f"DONE{number}", f"DONE{number}", running=True))
        await old.write()

    async def story() -> None:
        async with bench(tmp_path, monkeypatch, before=before) as made:
            async with asyncio.timeout(10):
                while {"PENDING", "ENQUEUED"} & {
                    status for _, status in (await workflows(made.app.store.database)).values()
                }:
                    await asyncio.sleep(0.02)
            assert sorted(name for name, _ in (await workflows(made.app.store.database)).values()) == [
                "collect_v1",
                "deliver_v1",
                "render_v1",
            ]
            assert made.films() == []

    asyncio.run(story())


def test_a_command_of_01_that_works_on_a_job_keeps_it_for_as_long_as_it_had_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_url: str
) -> None:
    """Then its film is brought home to the disk, and no chat is told."""
    given: dict[str, Any] = {} if empty_url.startswith("sqlite") else {"database_url": empty_url}

    async def before(settings: Settings, _telegram: TelegramFake) -> None:
        old = OldDatabase(settings.store_url, BEFORE)
        address = {"channel": SHELL, "chat_id": "root", "thread_id": None}
        wish = incoming("a fox", "e1") | {"address": address, "account": "console", "sender_id": "root"}
        held = {"incoming": wish, "user": f"{SHELL}:root", "held_until": now_ms() + 1500}
        old.add("jobs", job("SHELL22", "a fox", "rendering", **held))
        old.add("submits", claim("SHELL22", "accepted", await bought(settings, "a fox")))
        await old.write()

    async def story() -> None:
        async with bench(tmp_path, monkeypatch, before=before, **given) as made:
            job = await made.settled(State.DELIVERED)
            assert job.video is not None
            assert (made.settings.videos_dir / job.video.name).exists()
            assert made.films() == []
            assert len(made.fal.memory.requests) == 1

    asyncio.run(story())


@contextmanager
def serving_01(url: str, owner: str) -> Iterator[None]:
    """A worker of 0.1 lives: on SQLite it holds the file beside the database, on PostgreSQL a lock of its name."""
    if url.startswith("sqlite"):
        path = Path(f"{url.removeprefix('sqlite:///')}.lock")
        with FileLock(path):
            path.write_text("4711")
            yield
        return
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [lock_number(owner_lock(owner))])
        yield


def old_with_worker(url: str) -> OldDatabase:
    old = OldDatabase(url, BEFORE)
    old.add("jobs", job("QUEUED2", "a fox", "queued"))
    for owner, stopped in ((DEAD, None), ("run:ended", now_ms())):
        old.add("workers", {"owner": owner, "started": now_ms(), "stopped": stopped, "buried": None})
    return old


@pytest.mark.parametrize("command", ["run", "jobs", "doctor"])
def test_beside_a_worker_of_01_nothing_is_upgraded_and_one_line_says_what_to_do(
    empty_url: str, tmp_path: Path, command: str
) -> None:
    """Its tables would be changed under it, and both would do the same jobs."""
    asyncio.run(old_with_worker(empty_url).write())
    env = {"PATH": os.environ["PATH"], "REELBOT_PORT": "0", "FAL_KEY": f"{'k' * 36}:{'s' * 32}"}
    env |= {} if empty_url.startswith("sqlite") else {"REELBOT_DATABASE_URL": empty_url}
    env |= {"REELBOT_OUTPUT_DIR": str(tmp_path / "out")}
    with serving_01(empty_url, DEAD):
        done = reelbot(command, folder=tmp_path, env=env)
    said_last = (done.err or done.out).strip()
    assert done.code == 1, said_last
    assert "stop every worker of it, then start this one" in done.err + done.out
    assert "Traceback" not in done.err
    if command != "doctor":
        assert done.err.count("\n") == 1
        assert done.err.startswith("reelbot: ")
    database = Database(empty_url)
    assert asyncio.run(database.read(schema.current)) == BEFORE
    database.close()


def test_a_dead_worker_of_01_keeps_nobody_from_the_upgrade(empty_url: str) -> None:
    async def story() -> None:
        await old_with_worker(empty_url).write()
        store = await Store.open(empty_url)
        try:
            assert [each.id for each in await store.jobs.find()] == ["QUEUED2"]
            if not store.database.is_sqlite:  # where there is one process alone
                await Workers(store.database).enter("run:new")
        finally:
            store.close()

    asyncio.run(story())


def test_a_worker_of_01_that_came_between_is_refused_at_the_start(postgres: Cluster) -> None:
    """One that had looked at the tables before they were upgraded: it enters itself without a heartbeat."""
    url = postgres.database()

    async def story() -> None:
        store = await Store.open(url)
        enter = sa.text("INSERT INTO reelbot_workers (owner, started) VALUES (:owner, 0)")
        try:
            await store.database.write(lambda tx: tx.execute(enter, {"owner": DEAD}).rowcount)
            with serving_01(url, DEAD), pytest.raises(OldWorkers, match=DEAD):
                await Workers(store.database).enter("run:new")
            await Workers(store.database).enter("run:new")
        finally:
            store.close()

    asyncio.run(story())


def test_claims_of_the_version_before_are_read_after_the_upgrade(empty_url: str) -> None:
    """One that renders, one in doubt: how the first became known is not known, so nothing takes it away."""

    async def story() -> None:
        old = OldDatabase(empty_url, "0006")
        old.add("jobs", job("RENDER2", "a fox", "rendering"))
        old.add("submits", claim("RENDER2", "accepted", HANDLE))
        old.add("jobs", job("DOUBT22", "a fox", "doubt"))
        old.add("submits", claim("DOUBT22", "sending", None))
        await old.write()
        store = await Store.open(empty_url)
        other = replace(HANDLE, request_id="req-2")
        try:
            assert (await store.submits.read("RENDER2")).known_by is None
            with pytest.raises(RequestTaken):
                await store.submits.accepted("DOUBT22", HANDLE)
            assert await store.submits.accepted("DOUBT22", other, by="webhook") is None
            assert {each.state for each in await store.jobs.find()} == {State.RENDERING}
        finally:
            store.close()

    asyncio.run(story())


def test_stored_words_that_have_changed_are_rewritten(empty_url: str) -> None:
    wrote = 'a fox that says "asked": and "code": "not_delivered"'

    async def story() -> None:
        database = Database(empty_url)
        await database.migrate(revision="0007")
        failed = job("FAILED2", wrote, "failed") | {"error": {"code": "not_delivered", "facts": {"said": wrote}}}
        failed |= {"adjustments": [{"field": "prompt", "asked": wrote, "used": None}], "told": "17"}
        other = job("OTHER22", wrote, "failed") | {"error": {"code": "disk_full", "facts": {}}, "told": "18"}

        def work(tx: sa.Connection) -> None:
            then = sa.MetaData()
            then.reflect(tx, only=["reelbot_jobs"])
            tx.execute(then.tables["reelbot_jobs"].insert(), [failed])
            tx.execute(then.tables["reelbot_jobs"].insert(), [other])

        await database.write(work)
        database.close()
        store = await Store.open(empty_url)
        try:
            found = {each.id: each for each in await store.jobs.find()}
        finally:
            store.close()
        assert found["FAILED2"].error == JobError("submit_not_sent", {"said": wrote})
        assert found["FAILED2"].adjustments == (Adjustment("prompt", wrote, None),)
        assert found["FAILED2"].request.prompt == wrote
        assert found["OTHER22"].error == JobError("disk_full")

    asyncio.run(story())


def test_a_reorder_in_flight_keeps_its_fallback_and_is_not_bought_again(empty_url: str) -> None:
    async def story() -> None:
        database = Database(empty_url)
        await database.migrate(revision="0008")
        rows = [
            job("FAILED2", "a fox", "failed") | {"error": {"code": "generation_failed", "facts": {}}, "told": "17"},
            job("WIDER22", "a fox", "rendering") | {"again_of": "FAILED2", "remedy": "wide-photo"},
            job("SHORT22", "a fox", "asking") | {"again_of": "FAILED2", "remedy": "shorter-prompt"},
            job("SAME222", "a fox", "queued") | {"again_of": "FAILED2", "remedy": None},
        ]

        def work(tx: sa.Connection) -> None:
            then = sa.MetaData()
            then.reflect(tx, only=["reelbot_jobs"])
            for row in rows:
                tx.execute(then.tables["reelbot_jobs"].insert(), [row])

        await database.write(work)
        database.close()
        store = await Store.open(empty_url)
        try:
            found = {each.id: each.fallback for each in await store.jobs.find()}
            repeated = replace(new_job(said("m1")), again_of="FAILED2", fallback="wide-photo")
            with pytest.raises(AlreadyOrdered) as again:
                await store.jobs.accept(repeated, inbox_id=None, caps=WIDE)
        finally:
            store.close()
        assert found == {"FAILED2": None, "WIDER22": "wide-photo", "SHORT22": "shorter-prompt", "SAME222": None}
        assert again.value.existing.id == "WIDER22"

    asyncio.run(story())


def test_messages_that_show_a_film_are_known_after_the_upgrade(empty_url: str) -> None:
    """So that a film of before can be deleted with its message; a word, or another chat's number, is no film."""

    async def story() -> None:
        old = OldDatabase(empty_url, BEFORE)
        old.add("jobs", job("DELIVE2", "a fox", "delivered") | {"told": "17"})
        old.add("jobs", job("FAILED2", "a fox", "failed") | {"told": "18"})
        old.add("jobs", job("HANDED2", "a fox", "handed-over") | {"told": "telegram:1:42:19"})
        await old.write()
        store = await Store.open(empty_url)
        try:
            films = [await store.message_map.films(each) for each in ("DELIVE2", "FAILED2", "HANDED2")]
            assert films == [[(Address("telegram", "42"), "17")], [], []]
            assert await store.message_map.job_of(Address("telegram", "42"), "18") == "FAILED2"
        finally:
            store.close()

    asyncio.run(story())
