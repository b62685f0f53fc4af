"""Requests from one process to another: taken at most once, answered, or certainly not taken."""

import asyncio
from collections.abc import Callable

from bot.store import Store
from bot.store.relay import Relay
from tests.store.test_store import on_store


class Calls:
    """Calls between processes; `lost`: they do not arrive."""

    def __init__(self, *, lost: bool = False) -> None:
        self._lost = lost
        self._listeners: dict[str, Callable[[], None]] = {}

    def notify(self, name: str) -> None:
        if not self._lost and name in self._listeners:
            self._listeners[name]()

    def on_notify(self, name: str, notified: Callable[[], None]) -> None:
        self._listeners[name] = notified


def relay(store: Store, *, lost: bool = False) -> Relay:
    calls = Calls(lost=lost)
    return Relay(store.database, notify=calls.notify, on_notify=calls.on_notify)


def test_each_request_is_carried_out_once_also_by_two_who_serve_and_where_calls_are_lost(database_url: str) -> None:
    async def story(store: Store) -> None:
        done: list[str] = []

        async def answer(request: str) -> str:
            done.append(request)
            return request.upper()

        passes = relay(store, lost=True)
        serving = [asyncio.create_task(passes.serve("wecom", answer)) for _ in range(2)]
        asked = [passes.ask("wecom", f"frame {number}", wait_s=10, answer_s=10) for number in range(12)]
        assert await asyncio.gather(*asked) == [f"FRAME {number}" for number in range(12)]
        assert sorted(done) == sorted(f"frame {number}" for number in range(12))
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    on_store(database_url, story)


def test_what_nobody_takes_is_never_carried_out_later(database_url: str) -> None:
    async def story(store: Store) -> None:
        done: list[str] = []

        async def answer(request: str) -> str:
            done.append(request)
            return ""

        passes = relay(store)
        assert await passes.ask("wecom", "too early", wait_s=0.0, answer_s=1) is None
        serving = asyncio.create_task(passes.serve("wecom", answer))
        await passes.ask("wecom", "now", wait_s=10, answer_s=10)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert done == ["now"]

    on_store(database_url, story)


def test_what_was_taken_and_got_no_answer_is_in_doubt(database_url: str) -> None:
    async def story(store: Store) -> None:
        taken = asyncio.Event()

        async def answer(_request: str) -> str:
            taken.set()
            await asyncio.Event().wait()
            return ""

        passes = relay(store)
        serving = asyncio.create_task(passes.serve("wecom", answer))
        asked = asyncio.create_task(passes.ask("wecom", "a frame", wait_s=10, answer_s=-9.5))
        async with asyncio.timeout(10):
            await taken.wait()
        serving.cancel()
        assert await asked == ""
        await asyncio.gather(serving, return_exceptions=True)

    on_store(database_url, story)
