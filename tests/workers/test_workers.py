"""The story on PostgreSQL, in one process. Two of them: test_crash_workers.py."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from bot.cli import doctor
from bot.store.records import State
from tests.bench import Bench, bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons
from tests.postgres import Cluster

Story = Callable[[Bench], Awaitable[None]]


@pytest.fixture
def on_postgres(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., None]:
    """Run a story on a fresh database; then the log may hold no trouble, and not the database's password."""

    def run(story: Story, **settings: Any) -> None:
        async def whole() -> None:
            async with bench(tmp_path, monkeypatch, database_url=postgres.database(), **settings) as made:
                await story(made)

        logs.configure(json=True, secrets=[])
        asyncio.run(whole())
        logged = capfd.readouterr().err
        assert "Traceback" not in logged, logged
        assert postgres.password not in logged

    return run


def test_words_become_a_native_video_on_postgres(on_postgres: Callable[..., None]) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a red fox running through fresh snow")
        await made.until(made.films)
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(made.films()) == 1
        assert made.app.health.problems() == []
        assert await doctor.check_database(made.settings) == "PostgreSQL; workers that run now: 1"

    on_postgres(story)


def test_a_photo_a_cancel_and_a_lost_answer_on_postgres(on_postgres: Callable[..., None]) -> None:
    """One of each, at once: they share the database, not their fate."""

    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply", match="doubtful")
        made.telegram.user_says(42, "make the flag wave", photo=jpeg())
        made.telegram.user_says(42, "/video sandbox:slow-9 fox")
        made.telegram.user_says(43, "/video a doubtful fox")
        states: dict[str, State] = {}

        async def read() -> dict[str, State]:
            states.update({job.request.prompt: job.state for job in await made.jobs()})
            return states

        async with asyncio.timeout(30):
            while (await read()).get("sandbox:slow-9 fox") is not State.RENDERING:
                await asyncio.sleep(0.05)
            made.telegram.user_says(42, "/cancel")
            while (await read()).get("make the flag wave") is not State.DELIVERED:
                await asyncio.sleep(0.05)
            while (await read())["a doubtful fox"] is not State.DELIVERED:  # fal's list knew it
                await asyncio.sleep(0.05)
        assert made.submits() == 3

    on_postgres(story, access="telegram:42,telegram:43", user_jobs=3)


def test_a_video_that_is_missing_on_this_machine_is_fetched_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        given: dict[str, Any] = {} if database_url.startswith("sqlite") else {"database_url": database_url}
        async with bench(tmp_path, monkeypatch, **given) as made:
            made.telegram.fail("sendVideo", "status", status=403, description="Forbidden: bot was blocked by the user")
            made.telegram.user_says(42, "/video a fox")
            job = await made.settled(State.UNDELIVERED)
            assert job.video is not None
            (made.settings.videos_dir / job.video.name).unlink()
            for left in (made.settings.work_dir / job.id).glob("*"):
                left.unlink()
            made.telegram.heal()
            await made.until(lambda: any(f"again:{job.id}" in buttons(each) for each in made.telegram.said(42)))
            made.telegram.presses(42, f"again:{job.id}")
            await made.settled(State.DELIVERED)
            assert len(made.films()) == 1
            assert (made.settings.videos_dir / job.video.name).exists()
            assert made.submits() == 1

    asyncio.run(story())
