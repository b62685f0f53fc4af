"""What version 0.1.0 released stays as it is: the order of each workflow's calls, and a database with a job in flight.

A job that an earlier version began is replayed by this one from the recorded results: another order of calls would
strand it, perhaps paid. A change is a new workflow (`render_v2`) for new jobs, beside the old one.
"""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from bot.jobs.steps import Next

from tests.jobs.test_crash import World
from tests.jobs.test_stranded import delivery, render_on

RELEASED = Path(__file__).parent.parent / "samples" / "released"
GO, STOP, WAIT, DOUBT, RETRY = ({"next": each} for each in ("go", "stop", "wait", "doubt", "retry"))
LATER = {"next": "retry", "after": 7.0}

# What each step answers, one after the other (the last one stands).
STORIES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "a video": {"prepare": [GO], "submit": [GO], "look": [WAIT, GO], "download": [STOP]},
    "a source that comes late": {"prepare": [LATER, GO], "submit": [GO], "look": [GO], "download": [LATER, STOP]},
    "no source": {"prepare": [STOP]},
    "fal away, then refused": {"prepare": [GO], "submit": [LATER, LATER, STOP]},
    "in doubt and found": {
        "prepare": [GO], "submit": [DOUBT], "find submitted": [STOP, GO], "look": [GO], "download": [STOP],
    },
    "in doubt and parked": {"prepare": [GO], "submit": [DOUBT], "find submitted": [STOP], "park": [STOP]},
    "not done after all": {"prepare": [GO], "submit": [GO], "look": [GO, GO], "download": [WAIT, STOP]},
}  # fmt: skip
DELIVERIES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "sent": {"send": [STOP]},
    "sent at the third time": {"send": [LATER, LATER, STOP]},
    "not taken": {"send": [LATER], "wait": [STOP]},
}


class Recorder:
    """The engine's face: answers by the script, and keeps what was called with what."""

    def __init__(self, script: dict[str, list[dict[str, Any]]]) -> None:
        self._script = {name: list(answers) for name, answers in script.items()}
        self.calls: list[str] = []

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """The test calls the bodies itself."""

    async def step(self, name: str, body: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        self.calls.append(f"step {name}")
        answers = self._script[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def sleep(self, seconds: float) -> None:
        self.calls.append(f"sleep {seconds:g}")

    async def wait(self, topic: str, *, timeout_s: float) -> object:
        self.calls.append(f"wait {topic}")
        return None

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        self.calls.append(f"begin {name} {workflow_id}")


def walked() -> dict[str, list[str]]:
    found = {}
    for name, script in STORIES.items():
        recorder = Recorder(script)
        asyncio.run(render_on(recorder).render("JOB"))
        found[f"render_v1: {name}"] = recorder.calls
    recorder = Recorder(STORIES["a video"])
    asyncio.run(render_on(recorder).collect("JOB"))
    found["collect_v1"] = recorder.calls
    for name, script in DELIVERIES.items():
        recorder = Recorder(script)
        asyncio.run(delivery(recorder).deliver("JOB"))
        found[f"deliver_v1: {name}"] = recorder.calls
    return found


@pytest.mark.parametrize("version", sorted(path.name for path in RELEASED.iterdir()))
def test_the_order_of_calls_is_as_it_was_released(version: str) -> None:
    released = json.loads((RELEASED / version / "calls.json").read_text())
    now = walked()
    assert {name: now.get(name) for name in released} == released


@pytest.mark.parametrize("version", sorted(path.name for path in RELEASED.iterdir()))
def test_a_job_that_a_release_left_in_flight_is_finished(version: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    shutil.copyfile(RELEASED / version / "reelbot.db", tmp_path / "out" / "reelbot.db")
    shutil.copytree(RELEASED / version / "requests", tmp_path / "fal" / "requests")
    made = World(tmp_path, f"sqlite:///{tmp_path}/out/reelbot.db")
    try:
        made.telegram("says", chat=42, text="/status")
        assert made.states() == {"a fox in flight": "rendering"}
        made.start_bot()
        made.until(lambda: made.states() == {"a fox in flight": "delivered"})
        assert made.posts() == 0
        assert len(made.films()) == 1
    finally:
        made.close()


def test_results_are_read_as_they_were_written() -> None:
    """The recorded shapes: engine rows of a release hold these, and nothing else may be needed of them."""
    assert set(Next.__annotations__) == {"next", "after"}
