"""What stands under a finished film: it goes on, each part for its own price, and all of it is one film."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.jobs.film_chains import part_of
from bot.store.records import Job, State
from core import media
from tests.bench import Bench
from tests.fakes.botapi import buttons

OnBench = Callable[..., None]
CENTS_25 = 250_000


async def film(made: Bench, text: str = "/video a fox, budget") -> Job:
    made.telegram.user_says(42, text)
    return await newest(made, 1)


async def newest(made: Bench, count: int, *states: State) -> Job:
    """The newest of so many jobs, once it is in one of these states, and all is quiet."""
    async with asyncio.timeout(40):
        while True:
            found = await made.app.store.jobs.find(newest=count + 1)
            if len(found) == count and found[0].state in (states or (State.DELIVERED,)):
                break
            await asyncio.sleep(0.03)
    await made.at_rest()
    return found[0]


def under(made: Bench, kind: str) -> str:
    """The data of the newest button of this kind."""
    return next(
        data
        for message in reversed(made.telegram.said(42))
        for data in buttons(message)
        if data.startswith(f"{kind}:")
    )


async def spent(made: Bench) -> int:
    return int((await made.app.store.ledger.standing()).spent_micro)


async def seconds_of(made: Bench, job: Job) -> float:
    assert job.video is not None
    return (await media.probe(made.settings.videos_dir / job.video.name)).duration_s


def bodies(made: Bench) -> list[dict[str, Any]]:
    return [request.body for request in made.fal.memory.requests.values()]


def test_a_film_goes_on_three_times_and_is_one_film(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        lengths = [await seconds_of(made, job)]
        for count in (2, 3, 4):
            data = under(made, "next")
            assert data.startswith(f"next:{job.id}.")
            made.telegram.presses(42, data)
            after = await newest(made, count)
            assert (after.follows, after.step and after.step.kind) == (job.id, "continue")
            assert after.video is not None
            assert after.video.parts == count
            assert made.films()[-1]["caption"].splitlines()[-1].startswith("All of it: " + "+".join("1234"[:count]))
            lengths.append(await seconds_of(made, after))
            assert part_of(made.settings.videos_dir / after.video.name).exists()
            job = after
        assert lengths == sorted(lengths)
        assert lengths[-1] > 3 * lengths[0]
        assert made.submits() == 4
        assert await spent(made) == 4 * CENTS_25
        assert all("image_url" in body for body in bodies(made)[1:])
        made.telegram.user_says(42, "/history")
        await made.until(lambda: any("1+2+3+4" in text for text in made.telegram.texts(42)))

    on_bench(story)
