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
        data for message in reversed(made.telegram.said(42)) for data in buttons(message) if data.startswith(f"{kind}:")
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


def test_the_button_buys_once_at_its_price_and_offers_from_then_on(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await film(made)
        data = under(made, "next")
        for _ in range(3):
            made.telegram.presses(42, data)
        await newest(made, 3, State.AWAITING_CONFIRMATION)
        assert made.submits() == 2
        dearer = await film_of(made, "next", "0.01")
        assert dearer.state is State.AWAITING_CONFIRMATION
        assert made.submits() == 2

    on_bench(story)


async def film_of(made: Bench, kind: str, price: str) -> Job:
    """What an old button makes that names another price."""
    shown = made.films()[0]
    data = next(each for each in buttons(shown) if each.startswith(f"{kind}:"))
    job_id = data.partition(":")[2].partition(".")[0]
    first = shown["reply_markup"]["inline_keyboard"][0][0]
    first["callback_data"] = f"{kind}:{job_id}.{price}"
    first.pop("disabled", None)
    made.telegram.presses(42, first["callback_data"])
    await made.at_rest()
    return max(await made.jobs(), key=lambda job: (job.created, job.changed))


def test_words_lead_to_an_offer_that_other_words_change(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        first = await film(made)
        for words in ("continue", "继续", f"continue {first.id} he turns around", "/continue", "续写：他转过身"):
            chat.user_says(42, words)
            await made.at_rest()
            (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
            assert offer.follows == first.id, words
            prompt = {"continue": "a fox", "继续": "a fox"}.get(words)
            assert prompt is None or offer.request.prompt == prompt
            chat.user_says(42, "no")
            await made.at_rest()
        chat.user_says(42, "continue: he turns around")
        await made.at_rest()
        chat.user_says(42, "10s")
        await made.at_rest()
        chat.user_says(42, "he sits down")
        await made.at_rest()
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (offer.request.prompt, offer.request.duration_s) == ("he sits down", 10)
        assert offer.follows == first.id
        assert f"Goes on from {first.id}" in chat.texts(42)[-1]
        chat.user_says(42, "yes")
        async with asyncio.timeout(40):
            while len(made.films()) < 2:
                await asyncio.sleep(0.03)
        assert made.submits() == 2
        assert [job.follows for job in await made.app.store.jobs.find(states=[State.DELIVERED])] == [None, first.id]

    on_bench(story)


def test_a_film_that_cannot_be_joined_comes_as_the_new_part_with_words(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.fal.faults.add("file_404", times=1)
        made.fal.faults.add("status_status", status=502, times=2)
        made.telegram.presses(42, under(made, "next"))
        await newest_state(made, State.RENDERING)
        await made.app.store.jobs.delete(first.id, asked=False)
        after = await newest(made, 2)
        assert after.video is not None
        assert after.video.parts == 1
        assert "could not be joined" in made.films()[-1]["caption"]
        assert made.submits() == 2

    on_bench(story)


async def newest_state(made: Bench, state: State) -> Job:
    async with asyncio.timeout(40):
        while True:
            (job,) = await made.app.store.jobs.find(newest=1)
            if job.state is state:
                return job
            await asyncio.sleep(0.02)


def test_an_enlarged_film_has_its_price_and_is_offered_only_where_it_is_larger(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.telegram.presses(42, f"more:{first.id}")
        await made.at_rest()
        assert under(made, "pixels") == f"pixels:{first.id}.1080p.0.0072"
        made.telegram.presses(42, f"pixels:{first.id}.4k.0.0288")
        job = await newest(made, 2)
        assert (job.follows, job.request.mode, job.request.resolution) == (first.id, "upscale-video", "4k")
        assert bodies(made)[-1]["video_url"].endswith(".mp4")
        assert "prompt" not in bodies(made)[-1]
        assert await spent(made) == CENTS_25 + 28_800
        made.telegram.user_says(42, f"upscale {first.id} 1080p")
        await made.at_rest()
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (offer.request.resolution, offer.follows) == ("1080p", first.id)

    on_bench(story)
