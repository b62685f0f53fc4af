"""The engine's own promises that the program stands on."""

import asyncio
import time
from pathlib import Path

from bot.jobs.engine import Engine
from bot.store.database import Database


def test_a_message_of_this_process_is_heard_at_once(tmp_path: Path) -> None:
    """Much sooner than SQLite is looked at: many waiting jobs cost next to nothing, and none is late for it."""
    waited: list[float] = []
    waiting = asyncio.Event()

    async def story() -> None:
        engine = Engine(Database(f"sqlite:///{tmp_path}/reelbot.db"))

        async def body(_job_id: str) -> None:
            for _ in range(5):
                waiting.set()
                await engine.wait("topic", timeout_s=30)
                waited.append(time.monotonic())

        engine.register("patient", body)
        await engine.start(owner="one", user_jobs=1, all_jobs=1)
        await engine.begin("patient", "one", "one")
        late = []
        for number in range(5):
            await waiting.wait()
            await asyncio.sleep(0.3)  # it stands in its wait now
            waiting.clear()
            sent = time.monotonic()
            await engine.wake("one", "topic", {"done": True})
            async with asyncio.timeout(5):
                while len(waited) <= number:
                    await asyncio.sleep(0.005)
            late.append(waited[number] - sent)
        await engine.wake("nobody", "topic", {"done": True})
        await engine.stop()
        assert sorted(late)[2] < 0.3

    asyncio.run(story())


def test_what_begins_while_it_stops_goes_on_at_the_next_start(tmp_path: Path) -> None:
    """Such a workflow would meet a closed engine in the middle."""
    ran: list[str] = []

    async def body(job_id: str) -> None:
        ran.append(job_id)

    async def story() -> None:
        database = Database(f"sqlite:///{tmp_path}/reelbot.db")
        engine = Engine(database)
        engine.register("late", body)
        await engine.start(owner="one", user_jobs=1, all_jobs=1)
        engine._stopping = True  # as `stop` does first
        await engine.begin("late", "one", "one")
        await asyncio.sleep(0.3)
        assert ran == []
        await engine.stop()
        again = Engine(database)
        again.register("late", body)
        await again.start(owner="one", user_jobs=1, all_jobs=1)
        async with asyncio.timeout(10):
            while not ran:
                await asyncio.sleep(0.02)
        await again.stop()
        assert ran == ["one"]

    asyncio.run(story())
