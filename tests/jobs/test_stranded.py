"""A database that is away for a moment strands nobody: a step that broke is taken again until it has an end."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest

from bot.jobs.delivery import Delivery
from bot.jobs.steps import STOP, Next
from bot.jobs.workflows import Render, Steps
from bot.settings import Settings
from bot.store import Store

R = TypeVar("R")


class Walk:
    """Steps of a workflow that is only this process; no pause lasts."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """Nobody starts it but the test."""

    async def step(self, name: str, body: Callable[..., Coroutine[Any, Any, R]], *args: Any) -> R:
        self.steps.append(name)
        return await body(*args)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    async def wait(self, topic: str, *, timeout_s: float) -> object:
        return None

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        self.steps.append(f"begin {name}")


class BrokenOnce:
    """The body of a step whose database is away the first two times."""

    def __init__(self, end: Next) -> None:
        self._end = end
        self.calls = 0

    async def __call__(self, _job_id: str) -> Next:
        self.calls += 1
        if self.calls < 3:
            raise ConnectionError("the database is away")
        return self._end


def render_on(engine: Steps) -> Render:
    """All that the order of its steps needs of the program."""
    nothing: Any = None
    needed = dict.fromkeys(("store", "preparer", "submitter", "collector", "doubts", "alerts"), nothing)
    return Render(**needed, engine=engine)


def delivery(engine: Steps, store: Store | None = None) -> Delivery:
    """All that a series of attempts needs of the program; what is None here must not be touched."""
    nothing: Any = None
    needed: Any = {"engine": engine, "store": store}
    return Delivery(
        **needed, channels={}, held_messages=nothing, settings=Settings.offline(), alerts=nothing, fetch_again=nothing
    )


@pytest.mark.parametrize("name", ["look", "park", "give_up"])
def test_a_render_is_not_stranded(name: str) -> None:
    walk, body = Walk(), BrokenOnce(STOP)
    asyncio.run(render_on(walk).surely(name, body, "K7QX2AB"))
    assert walk.steps == [name] * 3
    assert body.calls == 3


def test_a_delivery_is_not_stranded() -> None:
    walk, parked = Walk(), BrokenOnce(STOP)
    made = delivery(walk)

    async def never(_job_id: str) -> Next:
        raise ConnectionError("the database is away")

    made.send = never  # type: ignore[method-assign, assignment]  # what breaks
    made.defer = parked  # type: ignore[method-assign, assignment]
    asyncio.run(made.deliver("K7QX2AB"))
    assert walk.steps == ["send"] * 6 + ["wait"] * 3
