"""The engine's own promises that the program stands on, and what becomes of the works of 0.1."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from bot.jobs.engine import Engine
from bot.store.database import Database
from bot.store.leases import Taken
from bot.store.work import Lease

ONE = Taken(Lease("JOB1", "run:a", 3), "collect", 2, 1)


@asynccontextmanager
async def started(database: Database, body: Callable[[Taken], Awaitable[None]]) -> AsyncIterator[Engine]:
    engine = Engine(database)
    engine.register(body)
    await engine.start(owner="tests")
    try:
        yield engine
    finally:
        await engine.stop()


async def nothing(_taken: Taken) -> None:
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
        database, done = Database(f"sqlite:///{tmp_path}/reelbot.db"), list[Taken]()

        async def body(taken: Taken) -> None:
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

        async def stopped(_taken: Taken) -> None:
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
