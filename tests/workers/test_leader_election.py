"""Roles: one holder at a time, a quick successor, calls from one process to another; and what ends a process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.store.database import Database
from bot.store.session import SessionLost
from bot.workers.leader_election import Roles
from tests.postgres import Cluster


class Worker:
    """One process's roles, and a loop that tells whether it runs."""

    def __init__(self, url: str, owner: str) -> None:
        self.database = Database(url)
        self.roles = Roles(self.database, owner=owner)
        self.runs = False
        self.kicked = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.roles.open()
        self.roles.on_kick("inbox", self.kicked.set)
        self.tasks = [asyncio.create_task(self.roles.run("inbox", self.loop)), asyncio.create_task(self.roles.watch())]

    async def loop(self) -> None:
        self.runs = True
        try:
            await asyncio.Event().wait()
        finally:
            self.runs = False

    async def end_loops(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def stop(self) -> None:
        await self.end_loops()
        await self.roles.close()
        self.database.close()


@asynccontextmanager
async def workers(url: str, *owners: str) -> AsyncIterator[list[Worker]]:
    made = [Worker(url, owner) for owner in owners]
    try:
        for each in made:
            await each.start()
            await until(lambda: made[0].runs)  # before the next one comes
            await until(lambda each=each: each.runs or each.roles.waiting("inbox"))  # type: ignore[misc]
        yield made
    finally:
        for each in made:
            await each.stop()


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def run(story: Awaitable[None]) -> None:
    async def whole() -> None:
        await story

    asyncio.run(whole())


def test_one_has_the_role_and_the_next_takes_it_soon(postgres: Cluster) -> None:
    async def story() -> None:
        async with workers(postgres.database(), "a", "b") as (first, second):
            await until(lambda: first.runs)
            assert not second.runs
            assert (first.roles.waiting("inbox"), second.roles.waiting("inbox")) == (False, True)
            await first.stop()
            await until(lambda: second.runs)
            assert not second.roles.waiting("inbox")

    run(story())


def test_a_process_that_stops_gives_its_roles_back_before_its_jobs(postgres: Cluster) -> None:
    async def story() -> None:
        async with workers(postgres.database(), "a", "b") as (first, second):
            await until(lambda: first.runs)
            await first.end_loops()
            await first.roles.give_back()
            await until(lambda: second.runs)

    run(story())


def test_a_kick_reaches_the_holder_wherever_it_is(postgres: Cluster) -> None:
    async def story() -> None:
        async with workers(postgres.database(), "a", "b") as (first, second):
            await until(lambda: first.runs)
            for caller in (first, second):
                first.kicked.clear()
                caller.roles.kick("inbox")
                async with asyncio.timeout(5):  # nobody here looks by itself
                    await first.kicked.wait()
            assert not second.kicked.is_set()
            await first.stop()
            await until(lambda: second.runs)
            second.roles.kick("inbox")
            assert second.kicked.is_set()

    run(story())


def test_whoever_loses_its_connection_must_end(postgres: Cluster) -> None:
    url = postgres.database()

    async def story() -> None:
        async with workers(url, "a", "b") as (first, second):
            await until(lambda: first.runs)
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reelbot a'"
            )
            with pytest.raises(SessionLost):
                await first.tasks[1]
            await until(lambda: second.runs)
            assert not second.tasks[1].done()

    run(story())


def test_on_sqlite_every_role_is_ours_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with workers(f"sqlite:///{tmp_path}/reelbot.db", "a") as (only,):
            await until(lambda: only.runs)
            assert not only.roles.waiting("inbox")
            only.roles.kick("inbox")
            assert only.kicked.is_set()

    run(story())


@pytest.mark.parametrize(
    ("command", "url"),
    [("run", "postgresql://reelbot:pass-word-1@127.0.0.1:9/x"), ("jobs", "mysql://reelbot:pass-word-1@h/x")],
)
def test_a_database_that_is_not_there_is_one_line_on_the_console(command: str, url: str, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "REELBOT_DATABASE_URL": url, "REELBOT_PORT": "0"}
    program = [sys.executable, "-m", "bot", command]
    done = subprocess.run(program, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("reelbot: ")
    assert done.stderr.count("\n") == 1
    assert "pass-word-1" not in done.stderr
