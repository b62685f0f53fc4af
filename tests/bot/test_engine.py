"""The engine's own promises that the program stands on."""

import asyncio
import time
from pathlib import Path

from bot.engine import Engine
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
