"""The budget of unpaid work: who has spent theirs is told when to come back; nobody else, and nothing paid, waits."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.messages.i18n import error_text
from bot.messages.languages import LANGUAGES
from core import media
from core.errors import MediaError
from core.types import SourceLimits
from tests.corpus import clip
from tests.hostile import giant
from tests.media_jobs import Jobs


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[MediaError]]:
    with pytest.raises(MediaError) as caught:
        yield caught
    assert caught.value.code == "preparation_budget"


def test_what_is_spent_comes_back_as_the_window_moves() -> None:
    clock = Clock()
    budget = media.PreparationBudget(seconds=100, window_s=3600, clock=clock)
    budget.spend("a", 60)
    budget.check("a")
    clock.now += 600
    budget.spend("a", 50)
    budget.check("b")
    with refused() as caught:
        budget.check("a")
    assert caught.value.facts["minutes"] == 50
    clock.now += 2999
    with refused() as caught:
        budget.check("a")
    assert caught.value.facts["minutes"] == 1
    clock.now += 1
    budget.check("a")


def test_one_file_that_takes_it_all_is_waited_for() -> None:
    clock = Clock()
    budget = media.PreparationBudget(seconds=100, window_s=3600, clock=clock)
    budget.spend("a", 30)
    clock.now += 60
    budget.spend("a", 500)
    with refused() as caught:
        budget.check("a")
    assert caught.value.facts["minutes"] == 60
    clock.now += 3600
    budget.check("a")


def test_unpaid_work_is_refused_when_all_is_spent_and_paid_work_never(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=0.2)

    async def story() -> None:
        with media.with_budget(media.PreparationBudget(seconds=0.001)):
            with media.on_behalf_of("a", unpaid=True):
                await media.prepare_video(film, tmp_path / "1.mp4", limits=SourceLimits(), max_bytes=10_000_000)
                with refused():
                    await media.prepare_video(film, tmp_path / "2.mp4", limits=SourceLimits(), max_bytes=10_000_000)
                with refused():
                    await media.probe(film)
            assert not (tmp_path / "2.mp4").exists()
            with media.on_behalf_of("a"):
                await media.make_playable(film, tmp_path / "3.mp4", max_bytes=10_000_000)
            with media.on_behalf_of("b", unpaid=True):
                await media.probe(film)

    asyncio.run(story())


def test_many_files_at_once_do_not_slip_by(tmp_path: Path) -> None:
    """All are let in before the first has cost anything; each looks when its turn has come."""
    film = clip(tmp_path / "film.mp4", seconds=0.2)

    async def story() -> list[object]:
        with (
            media.with_budget(media.PreparationBudget(seconds=0.001)),
            media.on_behalf_of("a", unpaid=True),
        ):
            return list(await asyncio.gather(*(media.probe(film) for _ in range(8)), return_exceptions=True))

    found = asyncio.run(story())
    assert sum(isinstance(each, media.Probe) for each in found) <= 2
    assert all(isinstance(each, media.Probe) or getattr(each, "code", "") == "preparation_budget" for each in found)


def test_a_file_that_is_late_has_cost_what_it_took(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "    time.sleep(60)\n")

    async def story() -> None:
        with media.with_budget(media.PreparationBudget(seconds=0.05)), media.on_behalf_of("a", unpaid=True):
            with pytest.raises(MediaError, match="unreadable_media"):
                await media.fork_child(jobs.script, jobs.job(), wall_s=0.1)
            with refused():
                await media.fork_child(jobs.script, jobs.job(), wall_s=0.1)

    asyncio.run(story())


def test_a_small_file_that_costs_minutes_is_paid_for_by_its_sender_alone(tmp_path: Path) -> None:
    """An index of one picture, named for every moment: what it costs has nothing to do with its size."""
    film = giant(tmp_path / "giant.mp4", side=1024, seconds=20)
    assert film.stat().st_size < 20_000
    into = tmp_path / "into.mp4"

    async def story() -> None:
        with media.with_budget(media.PreparationBudget(seconds=0.01)):
            with media.on_behalf_of("hostile", unpaid=True):
                assert (await media.probe(film)).duration_s == 20
                with refused():
                    await media.prepare_video(film, into, limits=SourceLimits(), max_bytes=10_000_000)
            with media.on_behalf_of("other", unpaid=True):
                await media.probe(clip(tmp_path / "film.mp4", seconds=0.2))

    asyncio.run(story())
    assert not into.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_says_when_to_come_back(language: str) -> None:
    assert "42" in error_text(language, "preparation_budget", {"minutes": 42})
