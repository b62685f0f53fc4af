"""What fal keeps of an order is deleted there once nothing needs it, with the admin key, once, and after /forget."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.jobs.payload_removal import PayloadRemoval, is_refused
from bot.parts import Timing
from bot.store.database import now_ms
from bot.store.payloads import payloads
from bot.store.records import State
from core.fal.admin_api import AdminApi
from tests.bench import ADMIN_KEY, Bench
from tests.flows.test_money import said
from tests.jobs.test_crash import ADMIN_KEY as WORLDS_ADMIN_KEY
from tests.jobs.test_crash import World, world
from tests.postgres import Cluster

OnBench = Callable[..., None]
ON = {"fal_admin_key": ADMIN_KEY, "forget_at_fal": True, "admins": "telegram:1", "timing": Timing(payloads_after_s=0)}
IN_WORLD = {"FAL_ADMIN_KEY": WORLDS_ADMIN_KEY, "REELBOT_FORGET_AT_FAL": "true"}


def deletions(made: Bench) -> int:
    return sum(call["method"] == "DELETE" for call in made.fal.log)


def prompts_at_fal(made: Bench) -> list[str]:
    return [str(each.body.get("prompt", "")) for each in made.fal.memory.requests.values() if not each.forgotten]


@asynccontextmanager
async def removing(made: Bench, *, key: str = ADMIN_KEY) -> AsyncIterator[PayloadRemoval]:
    """The loop's turns by hand: on a bench where the bot itself deletes nothing."""
    api = AdminApi(made.settings, key)
    removal = PayloadRemoval(
        store=made.app.store, api=api, alerts=made.app.parts.alerts, videos_dir=made.settings.videos_dir, after_s=0
    )
    try:
        yield removal
    finally:
        await removal.close()


async def films(made: Bench, *words: str) -> None:
    for each in words:
        made.telegram.user_says(42, f"/video {each}")
    await made.all_settled(len(words), State.DELIVERED)
    await made.at_rest()


def test_it_is_deleted_by_itself_once_the_film_is_here(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox")
        assert made.app.parts.payload_removal is not None
        made.app.parts.payload_removal.loop.notify()
        await made.until(lambda: prompts_at_fal(made) == [])
        assert list(made.fal.memory.files.glob("*.mp4")) == []
        assert len(made.films()) == 1
        gone = sa.select(sa.func.count()).where(payloads.c.gone.is_not(None))
        async with asyncio.timeout(30):
            while not await made.app.store.database.read(lambda tx: tx.execute(gone).scalar()):
                await asyncio.sleep(0.02)
        before = deletions(made)
        await made.app.parts.payload_removal.turn(now_ms())
        assert deletions(made) == before  # what is gone is not asked for again
        made.telegram.user_says(42, "/again")  # the film itself is on this disk
        await made.until(lambda: len(made.films()) == 2)
        assert made.submits() == 1

    on_bench(story, **ON)


@pytest.mark.parametrize("more", [{"forget_at_fal": False}, {"fal_admin_key": None}], ids=["off", "no key"])
def test_nothing_is_deleted_unless_it_is_wanted(on_bench: OnBench, more: dict[str, Any]) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox")
        assert made.app.parts.payload_removal is None
        assert "payloads at fal" not in [loop.name for loop, _ in made.app.loops()]
        made.telegram.user_says(42, "/forget")
        await made.until(lambda: said(made, "words and results for about a month"))
        made.telegram.user_says(42, "/forget yes")
        await made.until(lambda: said(made, "At the video service I can delete nothing"))
        assert prompts_at_fal(made) == ["a fox"]

    on_bench(story, **(ON | more))


def test_an_hour_is_waited_for_but_not_after_forget(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox")
        removal = made.app.parts.payload_removal
        assert removal is not None
        await removal.turn(now_ms())
        assert deletions(made) == 0
        made.telegram.user_says(42, "/forget")
        await made.until(lambda: said(made, "its words and results are deleted"))
        made.telegram.user_says(42, "/forget yes")
        await made.until(lambda: said(made, "I have words and results deleted, too"))
        await made.until(lambda: prompts_at_fal(made) == [])

    on_bench(story, **(ON | {"timing": Timing()}))


def test_a_refused_key_rests_for_a_day_and_is_told_once(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/language en")
        await films(made, "a fox", "a hare")
        async with removing(made, key="another-admin-key") as removal:
            for _ in range(3):
                await removal.turn(now_ms())
            await made.until(lambda: said(made, "fal refuses to delete", chat=1))
        assert await is_refused(made.app.store)
        async with removing(made, key="another-admin-key") as removal:  # after a restart
            await removal.turn(now_ms())
        assert deletions(made) == 1
        assert sum("refuses to delete" in text for text in made.telegram.texts(1)) == 1
        assert len(prompts_at_fal(made)) == 2
        async with removing(made) as removal:  # another key is tried at once
            await removal.turn(now_ms())
        assert prompts_at_fal(made) == []

    on_bench(story, **(ON | {"forget_at_fal": False}))


def test_what_fal_does_not_delete_now_holds_no_other_back(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox", "a hare", "a boat")
        first = min(made.fal.memory.requests.values(), key=lambda each: each.completed or 0)
        made.fal.faults.add("payloads_status", match=first.id, times=99, status=500, body={"detail": "no"})
        now = now_ms()
        async with removing(made) as removal:
            for _ in range(3):
                await removal.turn(now)
            assert len(prompts_at_fal(made)) == 1
            made.fal.faults.clear()
            await removal.turn(now + 59_000)
            assert len(prompts_at_fal(made)) == 1
            await removal.turn(now + 61_000)
            assert prompts_at_fal(made) == []

    on_bench(story, **(ON | {"forget_at_fal": False, "user_jobs": 9}))


def test_a_file_that_stays_is_asked_for_again_and_what_is_gone_already_counts(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox")
        made.fal.faults.add("payloads_leave_file")
        now = now_ms()
        async with removing(made) as removal:
            await removal.turn(now)
            assert list(made.fal.memory.files.glob("*.mp4"))
            await removal.turn(now + 61_000)
            assert not list(made.fal.memory.files.glob("*.mp4"))
            clear = payloads.delete()
            await made.app.store.database.write(lambda tx: tx.execute(clear))
            await removal.turn(now + 62_000)  # 404
        (row,) = await made.app.store.database.read(lambda tx: tx.execute(sa.select(payloads)).all())
        assert row.gone is not None
        assert deletions(made) == 3

    on_bench(story, **(ON | {"forget_at_fal": False}))


def test_a_film_that_is_lost_here_stays_at_fal_while_it_can_be_fetched(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await films(made, "a fox")
        for path in made.settings.videos_dir.glob("*.mp4"):
            path.unlink()
        now = now_ms()
        async with removing(made) as removal:
            await removal.turn(now)
            assert deletions(made) == 0
            await removal.turn(now + 7 * 24 * 3600 * 1000 + 60_000)
            assert deletions(made) == 1

    on_bench(story, **(ON | {"forget_at_fal": False}))


def gone(made: World) -> list[Any]:
    return [row.gone for row in made.read(sa.select(payloads.c.gone))]


def forgets(made: World) -> None:
    made.telegram("says", chat=42, text="/video a fox")
    made.until(lambda: set(made.states().values()) == {"delivered"})
    made.telegram("says", chat=42, text="/forget")
    made.until(lambda: any("1 order" in each.get("text", "") for each in made.telegram("said", chat=42)))
    made.telegram("says", chat=42, text="/forget yes")


def asked(made: World) -> int:
    return sum(call["method"] == "DELETE" for call in made.fal("log"))


def test_killed_while_fal_deletes(tmp_path: Path, database_url: str) -> None:
    with world(tmp_path, database_url) as made:
        made.fal("faults", kind="payloads_slow", seconds=60.0)
        made.start_bot(**IN_WORLD)
        forgets(made)
        made.until(lambda: asked(made) == 1)
        made.kill_bot()
        assert gone(made) == []
        made.start_bot(**IN_WORLD)
        made.until(lambda: len(gone(made)) == 1, 100)
        assert gone(made)[0] is not None
        assert asked(made) == 2
        assert made.posts() == 1


def test_two_workers_ask_once(tmp_path: Path, postgres: Cluster) -> None:
    with world(tmp_path, postgres.database()) as made:
        made.start_bot(**IN_WORLD)
        made.start_second(**IN_WORLD)
        forgets(made)
        made.until(lambda: len(gone(made)) == 1, 100)
        assert asked(made) == 1
