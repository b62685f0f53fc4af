"""Many workers on one PostgreSQL, in one process where that suffices: the story, roles, what a dead worker left."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.store.records import State
from tests.bot.bench import Bench, bench
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

    on_postgres(story)
