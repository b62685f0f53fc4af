"""Turns among people: nobody is held up by another's many files, long work leaves a place, nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.media.fair_semaphore import FairSemaphore


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(5):
            await story()

    asyncio.run(bounded())


class Work:
    """Pieces of work that end when told, and the order in which they began."""

    def __init__(self, count: int) -> None:
        self.places = FairSemaphore(count)
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, *names: str, long: bool = False) -> None:
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._do(name, long=long))
            await asyncio.sleep(0)

    async def _do(self, name: str, *, long: bool) -> None:
        async with self.places.turn(name[0], long=long):
            self.begun.append(name)
            await self.ends[name].wait()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await asyncio.gather(self.tasks[name])
        await asyncio.sleep(0)


def test_the_turn_goes_round_among_people() -> None:
    async def story() -> None:
        work = Work(1)
        await work.add("a1", "a2", "a3", "b1", "c1", "b2")
        for name in ("a1", "b1", "c1", "a2", "b2", "a3"):
            assert work.begun[-1] == name
            await work.end(name)

    run(story)


def test_no_more_than_there_are_places_and_none_is_lost() -> None:
    async def story() -> None:
        work = Work(2)
        await work.add(*(f"{owner}{number}" for number in range(5) for owner in "ab"))
        while len(work.begun) < 10 or not all(task.done() for task in work.tasks.values()):
            running = [name for name in work.begun if not work.tasks[name].done()]
            assert len(running) == min(2, 10 - len(work.begun) + len(running))
            await work.end(running[0])
        assert sorted(work.begun) == sorted(work.tasks)

    run(story)


def test_long_work_leaves_a_place_for_short() -> None:
    async def story() -> None:
        work = Work(2)
        await work.add("a1", "a2", "b1", long=True)
        assert work.begun == ["a1"]
        await work.add("c1", "a3")
        assert work.begun == ["a1", "c1"]  # passes those that may not begin yet
        await work.end("c1")
        assert work.begun == ["a1", "c1", "a3"]
        await work.end("a1")
        assert work.begun[-1] == "b1"  # whose first it is

    run(story)


def test_who_stops_waiting_takes_no_place_along() -> None:
    async def story() -> None:
        work = Work(1)
        await work.add("a1", "b1", "c1")
        work.tasks["b1"].cancel()  # while it waits
        await work.end("a1")
        assert work.begun == ["a1", "c1"]
        await work.add("d1", "e1")
        work.ends["c1"].set()
        await asyncio.sleep(0)
        work.tasks["d1"].cancel()  # just as its turn comes
        for name in ("c1", "d1"):
            await asyncio.gather(work.tasks[name], return_exceptions=True)
        await asyncio.sleep(0)
        assert work.begun[-1] == "e1"
        await work.end("e1")
        await work.add("f1")
        assert work.begun[-1] == "f1"
        await work.end("f1")
        assert work.places.is_idle

    run(story)


def test_work_that_fails_gives_its_place_back() -> None:
    async def story() -> None:
        places = FairSemaphore(1)
        with pytest.raises(ValueError, match="broken"):
            async with places.turn("a"):
                raise ValueError("broken")
        async with places.turn("a"):
            pass

    run(story)
