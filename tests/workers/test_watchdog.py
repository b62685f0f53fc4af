"""What is wrong with a process stands in its answers and comes to the admins, and is over when its cause is."""

import asyncio
from pathlib import Path

import httpx
import pytest

from bot.loops import Loop, Problem
from bot.parts import Timing
from bot.store.records import State
from bot.workers.watchdog import Watchdog
from tests.away import heal, refuse
from tests.bench import bench


def test_a_database_that_takes_no_writes_is_no_reason_for_a_restart(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process lives, accepts nothing, tells the admins, and goes on by itself."""

    async def story() -> None:
        timing = Timing(problem_lasts_s=0.0, problem_looks_s=0.1)
        async with (
            bench(tmp_path, monkeypatch, timing=timing, database_url=database_url, admins="telegram:99") as made,
            httpx.AsyncClient() as http,
        ):
            url = f"http://127.0.0.1:{made.settings.port}"
            made.telegram.user_says(99, "hello")
            await made.at_rest()
            await refuse(made.app.store, "NEW.owner IS NOT NULL")
            made.telegram.user_says(42, "/video a fox")
            await made.until(lambda: "jobs loop has failed" in " ".join(made.telegram.texts(99)))
            live, ready = await http.get(f"{url}/healthz"), await http.get(f"{url}/readyz")
            assert (live.status_code, live.json()["status"]) == (200, "problems")
            assert ready.status_code == 503
            assert ready.json()["reason"] in live.json()["problems"]
            await heal(made.app.store)
            await made.settled(State.DELIVERED)
            await made.until(lambda: "The bot does all its work again." in made.telegram.texts(99))
            assert [(await http.get(f"{url}{path}")).status_code for path in ("/healthz", "/readyz")] == [200, 200]
            assert made.submits() == len(made.films()) == 1

    asyncio.run(story())


async def hang() -> None:
    await asyncio.Event().wait()


def test_a_loop_that_hangs_or_has_ended_is_worth_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with bench(tmp_path, monkeypatch) as made, httpx.AsyncClient() as http:
            url, watchdog = f"http://127.0.0.1:{made.settings.port}", made.app.parts.watchdog

            loop = Loop("hung", hang, pause_s=lambda: 0.0, stuck_s=0.0)
            hung, over = asyncio.create_task(loop.run()), asyncio.create_task(asyncio.sleep(0), name="short")
            await over
            watchdog.watch([loop], [over, hung])
            live = await http.get(f"{url}/healthz")
            assert live.status_code == 503
            assert live.json() == {"status": "red", "problems": ["hung loop is stuck", "short loop has ended"]}
            hung.cancel()

    asyncio.run(story())


def test_a_loop_that_hangs_since_the_database_is_silent_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hang after a restart, too; and it goes on when the database answers again."""

    async def story() -> None:
        async with bench(tmp_path, monkeypatch) as made:
            silence = [Problem("the database does not answer", "database silent")]
            watchdog = Watchdog(
                alerts=made.app.parts.alerts,
                channels={},
                runs_elsewhere=lambda _name: False,
                silence=lambda: next(iter(silence), None),
                more=list,
                lasts_s=60.0,
                look_s=10.0,
            )
            loop = Loop("hung", hang, pause_s=lambda: 0.0, stuck_s=0.0)
            hung, over = asyncio.create_task(loop.run()), asyncio.create_task(asyncio.sleep(0), name="short")
            await over
            watchdog.watch([loop], [hung])
            texts = {each.text: each.restart_helps for each in watchdog.problems()}
            assert texts == {"the database does not answer": False, "hung loop is stuck": False}
            silence.clear()
            assert [(each.text, each.restart_helps) for each in watchdog.problems()] == [("hung loop is stuck", True)]
            watchdog.watch([], [over])
            assert [each.restart_helps for each in watchdog.problems()] == [True]
            hung.cancel()

    asyncio.run(story())


async def turned(loop: Loop) -> None:
    """Wait until a turn has begun and ended."""
    turns = loop.turns
    async with asyncio.timeout(10):
        while loop.turns < turns + 2:
            await asyncio.sleep(0.01)


def test_each_lasting_problem_is_told_once_and_short_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text may count; it stays the same problem."""

    async def story() -> None:
        async with bench(tmp_path, monkeypatch, admins="telegram:99") as made:
            now: list[Problem] = []
            made.telegram.user_says(99, "hello")
            await made.at_rest()

            watchdog = Watchdog(
                alerts=made.app.parts.alerts,
                channels={},
                runs_elsewhere=lambda _name: False,
                silence=lambda: None,
                more=lambda: list(now),
                lasts_s=0.0,
                look_s=0.01,
            )
            turning = asyncio.create_task(watchdog.loop.run())
            for text in ("it failed 3 times", "it failed 4 times"):
                now[:] = [Problem(text, "it")]
                await turned(watchdog.loop)
            now.clear()
            await made.until(lambda: "The bot does all its work again." in made.telegram.texts(99))
            told = [text for text in made.telegram.texts(99) if "it failed" in text]
            assert len(told) == 1
            assert "it failed 3 times" in told[0]
            assert "without a restart" in told[0]
            now[:] = [Problem("it hangs", "it hangs", restart_helps=True)]
            await made.until(lambda: any("it hangs. Restart it" in text for text in made.telegram.texts(99)))
            turning.cancel()

    asyncio.run(story())
