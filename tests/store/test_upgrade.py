"""A database of the first version that holds jobs in flight is upgraded, on both databases, and its jobs go on.

The rows are written as that version wrote them, into the tables as they were then; never by today's code.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bot.jobs.workflows import RENDER
from dbos import DBOS

from bot.jobs.engine import Engine
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Database, now_ms
from bot.store.records import JobError, State, record
from bot.store.reorders import AlreadyOrdered
from core.fal.client import FalQueue
from core.types import Adjustment, Mode, RequestHandle, VideoRequest
from tests.bench import bench
from tests.fakes.botapi import TelegramFake
from tests.postgres import Cluster
from tests.store.test_ledger import WIDE
from tests.store.test_store import new_job, said

FIRST = "0001"
# A process that is gone had begun it.
_BEGUN = "UPDATE {}workflow_status SET status = 'PENDING', executor_id = 'local' WHERE workflow_uuid = 'RENDER2'"


def incoming(prompt: str, event: str) -> dict[str, Any]:
    return {
        "address": {"channel": "telegram", "chat_id": "42", "thread_id": None},
        "account": "123456",
        "event_id": event,
        "sender_id": "42",
        "text": f"/video {prompt}",
        "language": "en",
        "attachment": None,
        "direct": True,
        "reply_to": None,
        "pressed": None,
    }


def request(prompt: str) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "model": "happy-horse",
        "mode": "text-to-video",
        "endpoint": "alibaba/happy-horse/text-to-video",
        "duration_s": 5,
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "seed": None,
        "source_url": None,
    }


def job(job_id: str, prompt: str, state: str) -> dict[str, Any]:
    at = now_ms() - 60_000
    return {
        "id": job_id,
        "origin": f"telegram:123456:42:{job_id}",
        "user": "telegram:42",
        "incoming": incoming(prompt, job_id),
        "language": "en",
        "request": request(prompt),
        "adjustments": [],
        "price_micro": 700_000,
        "price_up_to": False,
        "state": state,
        "cancel_asked": False,
        "sendings": 0,
        "created": at,
        "changed": at,
        "rendering_since": at if state == "rendering" else None,
    }


async def old_database(settings: Settings, telegram: TelegramFake) -> None:
    """Three wishes: one not yet read, one in the queue, one that fal is rendering."""
    telegram.user_says(42, "/help")  # the chat exists
    handle = await bought(settings, "the rendering fox")
    database = Database(settings.store_url)
    await database.migrate(revision=FIRST)
    await asyncio.to_thread(DBOS.migrate, settings.store_url)
    engine = Engine(database)

    def work(connection: sa.Connection) -> None:
        then = sa.MetaData()
        then.reflect(connection, only=lambda name, _: name.startswith("reelbot_"))
        rows = [job("QUEUED2", "the queued fox", "queued"), job("RENDER2", "the rendering fox", "rendering")]
        connection.execute(then.tables["reelbot_jobs"].insert(), rows)
        claim: dict[str, Any] = {"job_id": "RENDER2", "state": "accepted", "attempt": 1, "handle": record(handle)}
        claim |= {"request_id": handle.request_id, "created": now_ms(), "changed": now_ms()}
        connection.execute(then.tables["reelbot_submits"].insert(), [claim])
        queued: dict[str, Any] = {
            "origin": "telegram:123456:42:m9",
            "chat": "telegram:42",
            "incoming": incoming("the new fox", "m9"),
        }
        queued |= {"state": "new", "attempts": 0, "not_before": 0, "created": now_ms()}
        connection.execute(then.tables["reelbot_inbox"].insert(), [queued])
        for row in rows:
            engine.enqueue_tx(connection, RENDER, row["id"], row["user"])
        connection.execute(sa.text(_BEGUN.format("" if database.is_sqlite else "dbos.")))

    await database.write(work)
    database.close()


async def bought(settings: Settings, prompt: str) -> RequestHandle:
    queue = FalQueue.from_settings(settings)
    try:
        wish = VideoRequest(**{**request(prompt), "mode": Mode.TEXT_TO_VIDEO})
        return (await queue.submit(wish, webhook_url=None)).handle
    finally:
        await queue.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/out/reelbot.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.database(template="template1")


def test_jobs_in_flight_live_through_an_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_url: str
) -> None:
    async def story() -> None:
        given: dict[str, Any] = {} if empty_url.startswith("sqlite") else {"database_url": empty_url}
        async with bench(tmp_path, monkeypatch, before=old_database, **given) as made:
            await made.until(lambda: len(made.films()) == 3)
            async with asyncio.timeout(10):
                while {found.state for found in await made.jobs()} != {State.DELIVERED}:
                    await asyncio.sleep(0.03)
            prompts = sorted(each.body["prompt"] for each in made.fal.memory.requests.values())
            assert prompts == ["the new fox", "the queued fox", "the rendering fox"]
            assert len(made.films()) == 3

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
