"""The tables: one transaction from message to job, claims that are given once, a cancel that meets the claim."""

import asyncio
import math
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.store import Store
from bot.store.database import Connection, Database, now_ms
from bot.store.ledger import Caps
from bot.store.records import JobDraft, State
from bot.store.tables import metadata
from core.types import Adjustment, Mode, Plan, Quote, RequestHandle, VideoRequest
from tests.postgres import Cluster
from tests.rows import set_columns

CAPS = Caps(all_micro=1_000_000_000, user_micro=1_000_000_000)
HANDLE = RequestHandle("req-1", "owner/app/text-to-video", "https://q/s", "https://q/r", "https://q/c")


def said(event: str = "m1", *, chat: str = "42", attachment: AttachmentRef | None = None) -> Incoming:
    return Incoming(Address("telegram", chat), "77", event, chat, "/video a fox", attachment=attachment)


def new_job(incoming: Incoming) -> JobDraft:
    request = VideoRequest("a fox", "happy-horse", Mode.TEXT_TO_VIDEO, "a/b", 5, "720p")
    plan = Plan(request, Quote(Decimal("0.70"), "a/b"), (Adjustment("duration", "4", "5"),))
    return JobDraft(incoming, "en", plan)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    try:
        yield store
    finally:
        store.close()


def on_store(url: str, story: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(url) as store:
            await story(store)

    asyncio.run(run())


def backwards(store: Store) -> None:
    """SQLite gives rows the other way round where no order is asked for: one that is forgotten shows."""

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA reverse_unordered_selects = ON")

    if store.database.is_sqlite:
        sa.event.listen(store.database.engine, "connect", prepare)
        store.database.engine.dispose()


async def accepted(store: Store, incoming: Incoming) -> str:
    job_id = await store.jobs.accept(new_job(incoming), inbox_id=None, caps=CAPS)
    assert isinstance(job_id, str)
    return job_id


def test_the_migrations_make_the_tables_we_read(database_url: str) -> None:
    async def story(store: Store) -> None:
        found = await store.database.read(lambda connection: sa.inspect(connection).get_table_names())
        assert set(metadata.tables) <= set(found)
        for table in metadata.tables.values():

            def columns(connection: Connection, name: str = table.name) -> set[str]:
                return {column["name"] for column in sa.inspect(connection).get_columns(name)}

            assert await store.database.read(columns) == {column.name for column in table.columns}

    on_store(database_url, story)


def test_opening_twice_migrates_once(database_url: str) -> None:
    async def story(_store: Store) -> None:
        async with opened(database_url) as second:
            assert await second.jobs.find() == []

    on_store(database_url, story)


def test_a_file_that_another_process_still_writes_to_is_opened_when_it_is_done(tmp_path: Path) -> None:
    """Two commands that start at once beside a new folder: SQLite itself refuses the second one's switch at once."""
    file = tmp_path / "reelbot.db"
    writer = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE other (id)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO other VALUES (1)")
    done = threading.Timer(0.3, writer.commit)
    done.start()
    database = Database(f"sqlite:///{file}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("SELECT count(*) FROM other").scalar_one() == 1
    done.join()
    writer.close()


def test_a_message_becomes_one_job_however_often_it_comes(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.inbox.put([said(), said()])
        messages = (await store.inbox.waiting()).messages
        assert len(messages) == 1
        first = await store.jobs.accept(new_job(said()), inbox_id=messages[0].id, caps=CAPS)
        again = await store.jobs.accept(new_job(said()), inbox_id=messages[0].id, caps=CAPS)
        assert first is not None
        assert again is None
        assert (await store.inbox.waiting()).messages == []

    on_store(database_url, story)


def test_a_job_that_is_not_stored_whole_leaves_its_message_unread(database_url: str) -> None:
    def refuse(_connection: Connection, _job_id: str) -> None:
        raise RuntimeError("what belongs to it is not stored")

    async def story(store: Store) -> None:
        await store.inbox.put([said()])
        queued = (await store.inbox.waiting()).messages[0]
        with pytest.raises(RuntimeError):
            await store.jobs.accept(new_job(said()), inbox_id=queued.id, caps=CAPS, within=refuse)
        assert await store.jobs.find() == []
        assert [each.id for each in (await store.inbox.waiting()).messages] == [queued.id]

    on_store(database_url, story)


def test_a_job_is_read_back_as_it_was_written(database_url: str) -> None:
    incoming = said(attachment=AttachmentRef("video", "file-9", 123, 4.5))

    async def story(store: Store) -> None:
        job = await store.jobs.get(await accepted(store, incoming))
        assert job is not None
        assert job.incoming == incoming
        assert job.request == new_job(incoming).plan.request
        assert job.adjustments == (Adjustment("duration", "4", "5"),)
        assert (job.usd, job.state) == (Decimal("0.70"), State.QUEUED)

    on_store(database_url, story)


def test_the_claim_is_given_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        claims = await asyncio.gather(*(store.submits.claim(job_id) for _ in range(8)))
        assert sorted(claims) == ["taken"] * 7 + ["yours"]

    on_store(database_url, story)


def test_a_proven_non_delivery_frees_the_claim_and_nothing_else_does(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        assert await store.submits.claim(job_id) == "yours"
        await store.submits.not_sent(job_id)
        assert await store.submits.claim(job_id) == "yours"
        assert (await store.submits.read(job_id)).attempt == 2
        await store.submits.accepted(job_id, HANDLE)
        await store.submits.not_sent(job_id)
        assert await store.submits.claim(job_id) == "taken"
        assert (await store.submits.read(job_id)).handle == HANDLE
        assert await store.submits.job_of("req-1") == (job_id, HANDLE)

    on_store(database_url, story)


def test_cancel_before_the_claim_is_free_and_final(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        assert await store.jobs.ask_cancel(job_id) == "free"
        assert await store.submits.claim(job_id) == "cancelled"
        job = await store.jobs.get(job_id)
        assert job is not None
        assert job.state is State.CANCELLED

    on_store(database_url, story)


def test_cancel_after_the_claim_does_not_pretend_to_be_free(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        assert await store.submits.claim(job_id) == "yours"
        assert await store.jobs.ask_cancel(job_id) == "running"
        await store.submits.accepted(job_id, HANDLE)
        job = await store.jobs.get(job_id)
        assert job is not None
        assert job.state is State.RENDERING

    on_store(database_url, story)


def test_a_cancel_during_the_order_reaches_fal_as_soon_as_its_request_is_known(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id, other = await accepted(store, said()), await accepted(store, said("m2"))
        for number, each in enumerate((job_id, other)):
            assert await store.submits.claim(each) == "yours"
            await set_columns(store, each, due=None)
            if each == job_id:
                assert await store.jobs.ask_cancel(each) == "running"
                waits = await store.jobs.get(each)
                assert waits is not None
                assert waits.due is None  # the search for it has its own pace
            await store.submits.accepted(each, replace(HANDLE, request_id=f"req-{number}"))
        asked, left = await store.jobs.get(job_id), await store.jobs.get(other)
        assert asked is not None
        assert left is not None
        assert (asked.due or math.inf) <= now_ms() < (left.due or 0)

    on_store(database_url, story)


def test_cancel_and_claim_at_once_agree(database_url: str) -> None:
    async def story(store: Store) -> None:
        for number in range(10):
            job_id = await accepted(store, said(f"m{number}"))
            claim, verdict = await asyncio.gather(store.submits.claim(job_id), store.jobs.ask_cancel(job_id))
            assert (claim, verdict) in {("yours", "running"), ("cancelled", "free")}

    on_store(database_url, story)


def test_states_change_only_from_where_they_may(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await accepted(store, said())
        assert not await store.jobs.move(job_id, State.READY, only_from={State.DOWNLOADING})
        assert await store.jobs.move(job_id, State.PREPARING, only_from={State.QUEUED}, why="its turn")
        assert [(state, why) for _, state, why in await store.jobs.story(job_id)] == [
            ("queued", None),
            ("preparing", "its turn"),
        ]

    on_store(database_url, story)


def test_the_journal_tells_what_is_new(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await store.transcript.add("me", {"text": "a"})
        await store.transcript.add("me", {"text": "b"})
        await store.transcript.add("somebody", {"text": "x"})
        seen = max(int(entry["change"]) for entry in await store.transcript.read("me"))
        await store.transcript.replace("me", first, {"text": "c"})
        assert [entry["text"] for entry in await store.transcript.read("me", after_change=seen)] == ["c"]
        assert [entry["text"] for entry in await store.transcript.read("me")] == ["c", "b"]

    on_store(database_url, story)


def test_the_secret_stays_the_same(database_url: str) -> None:
    async def story(store: Store) -> None:
        secret = await store.installation.secret()
        assert len(secret) == 32
        assert await store.installation.secret() == secret

    on_store(database_url, story)


def on_two_workers(url: str, story: Callable[[Store, Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(url) as one, opened(url) as two:
            await story(one, two)

    asyncio.run(run())


def test_two_workers_and_one_message_make_one_job_and_one_claim(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        for number in range(10):
            incoming = said(f"m{number}", chat=f"{number}")
            await asyncio.gather(*(store.inbox.put([incoming]) for store in (one, two)))
            both = [store.jobs.accept(new_job(incoming), inbox_id=None, caps=CAPS) for store in (one, two)]
            made = [job_id for job_id in await asyncio.gather(*both) if isinstance(job_id, str)]
            assert len(made) == 1
            claims = await asyncio.gather(*(store.submits.claim(made[0]) for store in (one, two, one, two)))
            assert sorted(claims) == ["taken", "taken", "taken", "yours"]
            assert (await one.submits.read(made[0])).attempt == 1
        assert len((await two.inbox.waiting()).messages) == 10

    on_two_workers(database_url, story)


def test_two_workers_take_a_proven_non_delivery_again_once(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        job_id = await accepted(one, said())
        assert await one.submits.claim(job_id) == "yours"
        for attempt in range(2, 12):
            await one.submits.not_sent(job_id)
            claims = await asyncio.gather(*(store.submits.claim(job_id) for store in (one, two, one, two)))
            assert sorted(claims) == ["taken", "taken", "taken", "yours"]
            assert (await two.submits.read(job_id)).attempt == attempt

    on_two_workers(database_url, story)


def test_two_workers_cancel_and_claim_and_agree(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        seen = set()
        for number in range(20):
            job_id = await accepted(one, said(f"m{number}"))
            first, second = (one, two) if number % 2 else (two, one)
            claim, verdict = await asyncio.gather(first.submits.claim(job_id), second.jobs.ask_cancel(job_id))
            seen.add((claim, verdict))
            job = await one.jobs.get(job_id)
            assert job is not None
            assert job.state is (State.CANCELLED if claim == "cancelled" else State.SUBMITTING)
        assert seen <= {("yours", "running"), ("cancelled", "free")}

    on_two_workers(database_url, story)


def test_two_workers_write_one_journal_and_a_page_misses_nothing(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        await asyncio.gather(*((one, two)[n % 2].transcript.add("me", {"text": str(n)}) for n in range(20)))
        changes = [int(entry["change"]) for entry in await one.transcript.read("me")]
        assert sorted(changes) == list(range(1, 21))

    on_two_workers(database_url, story)


def test_two_workers_that_start_at_once_share_one_secret_and_one_schema(postgres: Cluster) -> None:
    url = postgres.database(template="template1")

    async def run() -> None:
        stores = await asyncio.gather(*(Store.open(url) for _ in range(3)))
        secrets = await asyncio.gather(*(store.installation.secret() for store in stores))
        assert len(set(secrets)) == 1
        for store in stores:
            store.close()

    asyncio.run(run())


def test_a_persons_language_is_the_last_they_chose(database_url: str) -> None:
    async def story(one: Store, two: Store) -> None:
        assert await one.people.language("telegram:42") is None
        await asyncio.gather(*(store.people.choose_language("telegram:42", "zh") for store in (one, two)))
        await two.people.choose_language("telegram:42", "en")
        assert await one.people.language("telegram:42") == "en"

    on_two_workers(database_url, story)
