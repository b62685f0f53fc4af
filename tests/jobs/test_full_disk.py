"""No room for a while: whatever could not be written is written when there is room again, without a restart.

The bot's process may make no file longer, which is what a full disk does to everything that it writes: the database,
the films and what the log is written to. Its limit is set from outside, and lifted again.
"""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from bot.store.records import State
from bot.store.tables import jobs, submits
from tests.bench import Bench
from tests.jobs.test_crash import World, delivered
from tests.serving import WEB
from tests.workers.test_frozen_workers import quick_world

_SIX = [f"sandbox:slow-1 fox number {number}" for number in range(6)]


@contextmanager
def no_room(made: World) -> Iterator[None]:
    assert made.bot is not None
    _, most = resource.prlimit(made.bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(made.bot.pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.prlimit(made.bot.pid, resource.RLIMIT_FSIZE, (most, most))


def results_asked_for(made: World) -> int:
    paths = {call["path"] for call in made.fal("log") if call["method"] == "GET"}
    ids = [row.request_id for row in made.read(sa.select(submits.c.request_id))]
    return sum(any(path.endswith(each) for path in paths) for each in ids)


def status(made: World, page: str) -> int:
    return WEB.get(f"http://127.0.0.1:{made.port}/{page}").status_code


def test_six_films_on_their_way_home_arrive_when_there_is_room_again(tmp_path: Path, database_url: str) -> None:
    """Nothing is bought again, and nothing waits for a restart."""
    with quick_world(tmp_path, database_url) as made:
        made.fal("faults", kind="file_slow", times=6, seconds=5.0)
        made.start_bot(REELBOT_USER_JOBS="6", REELBOT_USER_DAILY_USD="100")
        for prompt in _SIX:
            made.telegram("says", chat=42, text=f"/video {prompt}")
        made.until(lambda: [row.state for row in made.read(sa.select(submits.c.state))] == ["accepted"] * 6)
        made.until(lambda: "downloading" in made.states().values())
        with no_room(made):
            if database_url.startswith("sqlite"):  # not even that a work has ended can be written
                made.until(lambda: status(made, "readyz") == 503, 60)
            else:
                made.until(lambda: results_asked_for(made) == 6, 60)
            assert status(made, "healthz") == 200  # a restart makes no room
            assert set(made.states().values()) <= {"downloading", "rendering"}
            assert made.films() == []
        made.until(lambda: delivered(made), 60)
        assert sorted(made.submits()) == _SIX
        assert len(made.films()) == 6
        assert made.read(sa.select(jobs.c.id).where(jobs.c.owner.is_not(None))) == []
        made.until(lambda: status(made, "readyz") == 200)


def test_a_folder_of_videos_that_was_deleted_is_made_again(on_bench: Callable[..., None]) -> None:
    """The jobs go on without a restart."""

    async def story(made: Bench) -> None:
        shutil.rmtree(made.settings.videos_dir)
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        assert len(made.films()) == 1

    on_bench(story)


def test_a_folder_of_videos_that_cannot_be_used_is_said_to_be_that(on_bench: Callable[..., None]) -> None:
    """Nothing is ordered until it can be used, and then all goes on by itself."""

    async def story(made: Bench) -> None:
        folder = made.settings.videos_dir
        while not folder.is_file():  # a look for room, in its thread, makes it anew
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(IsADirectoryError):
                folder.write_bytes(b"no folder")
        await made.until(made.app.health.problems)
        (problem,) = made.app.health.problems()
        assert problem.text == "the folder of the videos cannot be used (File exists), so nothing is ordered"
        assert not problem.restart_helps
        made.telegram.user_says(42, "/video a fox")
        await made.until(lambda: "has no room for the video" in " ".join(made.telegram.texts(42)))
        assert made.submits() == 0
        folder.unlink()
        await made.settled(State.DELIVERED)
        assert made.app.health.problems() == []

    on_bench(story)
