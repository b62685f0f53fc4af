"""The engine's own promises that the program stands on, and what becomes of the works of 0.1."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from bot import logs
from bot.jobs.engine import Engine
from bot.store.database import Database
from bot.store.leases import Assignment
from bot.store.work import Lease

ONE = Assignment(Lease("JOB1", "run:a", 3), "collect", 2, 1)


@asynccontextmanager
async def started(database: Database, body: Callable[[Assignment], Awaitable[None]]) -> AsyncIterator[Engine]:
    engine = Engine(database)
    engine.register(body)
    await engine.start(owner="tests")
    try:
        yield engine
    finally:
        await engine.stop()


async def nothing(_taken: Assignment) -> None:
    """A work that finds its lease gone."""


def statuses(database: Database) -> dict[str, str]:
    with database.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT workflow_uuid, status FROM workflow_status"))
        return {row.workflow_uuid: row.status for row in rows}


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)


def test_a_work_is_begun_once_with_all_that_was_taken(tmp_path: Path) -> None:
    async def story() -> None:
        database, done = Database(f"sqlite:///{tmp_path}/reelbot.db"), list[Assignment]()

        async def body(taken: Assignment) -> None:
            done.append(taken)

        async with started(database, body) as engine:
            await engine.begin(ONE)
            await engine.begin(ONE)
            await until(lambda: statuses(database) == {"JOB1:3:collect": "SUCCESS"})
        assert done == [ONE]

    asyncio.run(story())


def test_a_work_that_was_stopped_is_begun_again_and_ends(tmp_path: Path) -> None:
    """Its lease is gone by then: nothing is done twice, and nothing stays pending."""

    async def story() -> None:
        database, began = Database(f"sqlite:///{tmp_path}/reelbot.db"), asyncio.Event()

        async def stopped(_taken: Assignment) -> None:
            began.set()
            await asyncio.Event().wait()

        async with started(database, stopped) as engine:
            await engine.begin(ONE)
            await began.wait()
        assert statuses(database) == {"JOB1:3:collect": "PENDING"}
        async with started(database, nothing):
            await until(lambda: statuses(database) == {"JOB1:3:collect": "SUCCESS"})

    asyncio.run(story())


def test_works_of_the_first_design_end_at_the_next_start(tmp_path: Path) -> None:
    """One that ran, and one that waited in its queue: an unregistered name would stay pending for ever."""

    async def story() -> None:
        database = Database(f"sqlite:///{tmp_path}/reelbot.db")
        async with started(database, nothing):
            await DBOS.register_queue_async("jobs")
            client = DBOSClient(
                system_database_engine=database.engine,
                serializer=DBOSPortableJSONSerializer(),
                application_name="reelbot",
                lazy=True,
            )
            for name, queue in (("render_v1", "jobs"), ("deliver_v1", "jobs")):
                given: EnqueueOptions = {
                    "workflow_name": name,
                    "queue_name": queue,
                    "workflow_id": name,
                    "queue_partition_key": "42",
                    "app_version": "1",
                }
                with database.engine.begin() as connection:
                    client.enqueue_in_transaction(connection, given, "JOB1")
            client.destroy()
            with database.engine.begin() as connection:
                running = "SET status = 'PENDING', executor_id = 'local', queue_name = NULL"
                connection.execute(sa.text(f"UPDATE workflow_status {running} WHERE workflow_uuid = 'render_v1'"))
        async with started(database, nothing):
            await until(lambda: set(statuses(database).values()) <= {"SUCCESS", "CANCELLED"})
            assert "jobs" not in {queue.name for queue in await DBOS.list_queues_async()}  # nobody looks into it

    asyncio.run(story())


_REFUSE = {
    "sqlite": ("CREATE TRIGGER no_more BEFORE INSERT ON workflow_input BEGIN SELECT RAISE(ABORT, 'no more'); END",),
    "postgresql": (
        "CREATE FUNCTION no_more() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no more'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER no_more BEFORE INSERT ON dbos.workflow_input FOR EACH ROW EXECUTE FUNCTION no_more()",
    ),
}


def test_an_error_of_the_engines_database_is_logged_without_what_was_to_be_written(
    database_url: str, captured_log: io.StringIO
) -> None:
    """A prompt among the parameters."""
    prompt = "a red fox over our secret wedding"

    async def story() -> None:
        database = Database(database_url)
        async with started(database, nothing) as engine:
            with database.engine.begin() as connection:
                for statement in _REFUSE[connection.dialect.name]:
                    connection.exec_driver_sql(statement)
            try:
                await engine.begin(Assignment(Lease("JOB1", prompt, 3), "collect", 2, 1))
            except Exception:
                logging.getLogger("bot").exception("a work was not begun")
        database.engine.dispose()
        assert "no more" in captured_log.getvalue()
        assert prompt not in captured_log.getvalue()

    asyncio.run(story())


@pytest.fixture
def captured_log() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    logs.configure(json=True, stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
