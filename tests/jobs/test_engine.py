"""The engine's own promises that the program stands on."""

import asyncio
from pathlib import Path

from bot.jobs.engine import Engine
from bot.store.database import Database


def test_a_message_of_this_process_is_heard_at_once(tmp_path: Path) -> None:
    """Much sooner than SQLite is looked at: many waiting jobs cost next to nothing, and none is late for it."""
    heard: list[object] = []
    woken = sent = 0

    async def story() -> None:
        nonlocal woken, sent
        engine = Engine(Database(f"sqlite:///{tmp_path}/reelbot.db"), listen_s=2.0)

        async def body(_job_id: str) -> None:
            while woken < 10:
                heard.append(await engine.wait("topic", timeout_s=600))

        engine.register("patient", body)
        await engine.start(owner="one", user_jobs=1, all_jobs=1)
        await engine.begin("patient", "one", "one")
        async with asyncio.timeout(10):  # looked for every two seconds, ten messages would take twice as long
            while woken < 10:  # a message that comes before its wait is found by it, and wakes nobody
                woken += await engine.wake("one", "topic", {"number": sent})
                sent += 1
                while len(heard) < sent:
                    await asyncio.sleep(0.005)
        assert heard == [{"number": number} for number in range(sent)]
        assert not await engine.wake("nobody", "topic", {"done": True})
        await engine.stop()

    asyncio.run(story())


def test_what_begins_while_it_stops_goes_on_at_the_next_start(tmp_path: Path) -> None:
    """Such a workflow would meet a closed engine in the middle."""
    ran: list[str] = []

    async def late(job_id: str) -> None:
        ran.append(job_id)

    async def nothing(_job_id: str) -> None:
        """What was stopped has nothing left to do."""

    async def story() -> None:
        database = Database(f"sqlite:///{tmp_path}/reelbot.db")
        engine, began = Engine(database), asyncio.Event()

        async def stopped(_job_id: str) -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:  # by `stop`
                await engine.begin("late", "one", "one")

        engine.register("stopped", stopped)
        engine.register("late", late)
        await engine.start(owner="one", user_jobs=1, all_jobs=1)
        await engine.begin("stopped", "first", "first")
        await began.wait()
        await engine.stop()
        assert ran == []
        again = Engine(database)
        again.register("stopped", nothing)
        again.register("late", late)
        await again.start(owner="one", user_jobs=1, all_jobs=1)
        async with asyncio.timeout(10):
            while not ran:
                await asyncio.sleep(0.02)
        await again.stop()
        assert ran == ["one"]

    asyncio.run(story())
