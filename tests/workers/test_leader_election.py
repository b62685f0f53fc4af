"""Roles by heartbeat: one holder at a time, a quick successor, calls from one process to another, a database away."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.lease_holder import RENEW_S
from bot.jobs.reconciler import SCAN_S
from bot.loops import MARGIN_S
from bot.store import Store
from bot.store.work import LEASE_MS
from bot.store.workers import TERM_MS, Workers
from bot.workers.leader_election import BEAT_S, LeaderElection
from tests.desk import reelbot
from tests.postgres import Cluster

_TERM_S = 1.0


class Worker:
    """One process's roles, and a loop that tells whether it runs."""

    def __init__(self, store: Store, owner: str) -> None:
        self.store = store
        self.owner = owner
        self.roles = LeaderElection(store.database, owner=owner, beat_s=0.05, term_s=_TERM_S, margin_s=0.3)
        self.runs = False
        self.begun = 0
        self.notified = asyncio.Event()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        self.roles.on_notify("inbox", self.notified.set)
        self.begin("beat", self.roles.loop.run())
        self.begin("inbox", self.roles.run("inbox", self.loop))
        self.begin("calls", self.roles.listen())

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self.tasks[name] = asyncio.create_task(work)

    async def loop(self) -> None:
        self.runs = True
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.runs = False

    async def end(self, *names: str) -> None:
        """End these, or all. What held a role gives nothing back by that."""
        ended = [self.tasks.pop(name) for name in names or list(self.tasks)]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def stop(self) -> None:
        await self.end()
        await self.roles.release()
        await self.roles.close()


@asynccontextmanager
async def workers(url: str, *owners: str) -> AsyncIterator[list[Worker]]:
    """The first has the role before the next one comes."""
    made: list[Worker] = []
    try:
        for owner in owners:
            made.append(Worker(await Store.open(url), owner))
            made[-1].start()
            await until(lambda: made[0].runs)
            await until(lambda: made[-1].runs or made[-1].roles.waiting("inbox"))
        yield made
    finally:
        for each in made:
            await each.end()
            each.store.close()


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def run(story: Awaitable[None]) -> None:
    async def whole() -> None:
        await story

    asyncio.run(whole())


def test_one_has_the_role_and_the_next_takes_it_from_one_that_ends_as_told(postgres: Cluster) -> None:
    async def story() -> None:
        async with workers(postgres.database(), "a", "b") as (first, second):
            assert (first.runs, second.runs) == (True, False)
            assert (first.roles.waiting("inbox"), second.roles.waiting("inbox")) == (False, True)
            await first.stop()
            await until(lambda: second.runs)
            assert not second.roles.waiting("inbox")

    run(story())


def test_the_role_of_one_that_is_silent_is_anothers_after_its_term(postgres: Cluster) -> None:
    async def story() -> None:
        async with workers(postgres.database(), "a", "b") as (first, second):
            await first.end("beat")
            await until(lambda: not first.runs)  # it lets go by itself, before anybody else may believe that it is dead
            assert not second.runs
            await until(lambda: second.runs)
            first.begin("beat", first.roles.loop.run())
            beats = first.roles.loop.turns
            await until(lambda: first.roles.loop.turns > beats + 2)
            assert (first.runs, second.runs) == (False, True)
            await second.stop()
            await until(lambda: first.runs)  # without a restart
            assert first.begun == 2

    run(story())


def test_a_role_is_lost_before_its_term_ends_and_in_less_than_half_a_minute() -> None:
    """The real terms: who freezes loses roles and jobs within 30 seconds, and lets go before others may take them."""
    for term_s, renew_s, look_s in ((TERM_MS / 1000, BEAT_S, BEAT_S), (LEASE_MS / 1000, RENEW_S, SCAN_S)):
        assert term_s + look_s <= 30
        assert MARGIN_S + renew_s < term_s
        assert 3 * renew_s < term_s - MARGIN_S  # two beats may be missed


def test_a_loop_that_ends_with_an_error_ends_the_task_of_its_role(postgres: Cluster) -> None:
    """A loop that is dead is seen as such (/healthz), not taken for one that another process runs."""

    async def story() -> None:
        async with workers(postgres.database(), "a") as (only,):

            async def fails() -> None:
                raise LookupError("a bug")

            with pytest.raises(LookupError):
                async with asyncio.timeout(10):
                    await only.roles.run("broken", fails)

    run(story())


def test_a_call_reaches_the_holder_wherever_it_is(postgres: Cluster) -> None:
    async def story() -> None:
        url = postgres.database()
        async with workers(url, "a", "b") as (first, second):
            await until(lambda: listens(postgres, url, 2))
            for caller in (first, second):
                first.notified.clear()
                caller.roles.notify("inbox")
                async with asyncio.timeout(5):  # nobody here looks by itself
                    await first.notified.wait()
            assert not second.notified.is_set()
            await first.stop()
            await until(lambda: second.runs)
            second.roles.notify("inbox")
            assert second.notified.is_set()

    run(story())


def listens(postgres: Cluster, url: str, count: int) -> bool:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{url.rpartition('/')[2]}' AND query LIKE 'LISTEN%'"
    return postgres.ask(query) == count


def test_whoever_loses_its_connections_goes_on_by_itself(postgres: Cluster) -> None:
    url = postgres.database()

    async def story() -> None:
        async with workers(url, "a", "b") as (first, second):
            await until(lambda: listens(postgres, url, 2))
            name = url.rpartition("/")[2]
            postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            beats = first.roles.loop.turns, second.roles.loop.turns
            await until(lambda: first.roles.loop.turns > beats[0] + 3 and second.roles.loop.turns > beats[1] + 3)
            await until(lambda: first.runs != second.runs)
            assert not any(task.done() for each in (first, second) for task in each.tasks.values())

    run(story())


def test_the_living_are_those_whose_heart_beats(postgres: Cluster) -> None:
    async def story() -> None:
        url = postgres.database()
        async with workers(url, "a") as (first,):
            known, soon = Workers(first.store.database), Workers(first.store.database, term_ms=300)
            for owner in ("a", "b"):
                await known.enter(owner)
            assert await known.living("b") == 1
            await known.leave("a")
            assert await known.living("b") == 0
            assert await known.living("another") == 1
            async with asyncio.timeout(5):
                while await soon.living("another"):
                    await asyncio.sleep(0.02)

    run(story())


def test_on_sqlite_every_role_is_ours_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with workers(f"sqlite:///{tmp_path}/reelbot.db", "a") as (only,):
            assert not only.roles.waiting("inbox")
            only.roles.notify("inbox")
            assert only.notified.is_set()

    run(story())


@pytest.mark.parametrize(
    ("command", "url"),
    [("run", "postgresql://reelbot:pass-word-1@127.0.0.1:9/x"), ("jobs", "mysql://reelbot:pass-word-1@h/x")],
)
def test_a_database_that_is_not_there_is_one_line_on_the_console(command: str, url: str, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "REELBOT_DATABASE_URL": url, "REELBOT_PORT": "0"}
    done = reelbot(command, folder=tmp_path, env=env)
    assert done.code == 1
    assert done.err.startswith("reelbot: ")
    assert done.err.count("\n") == 1
    assert "pass-word-1" not in done.err
