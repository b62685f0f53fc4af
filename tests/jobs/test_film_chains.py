"""A film that goes on while the film before it is away, for a moment or for good: what was paid is never lost."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.collect import ODD_MS, Collector
from bot.store.database import now_ms
from bot.store.records import Job, State, record
from core import media
from core.errors import ResultExpired
from core.fal.receipts import FolderReceipts
from tests.bench import Bench
from tests.corpus import clip
from tests.flows.test_after_films import chain, film, newest, newest_state, under
from tests.rows import set_columns

OnBench = Callable[..., None]
LASTS = 1000
NARROW = "testsrc2=s=120x600:r=24"


def path_of(made: Bench, job: Job) -> Path:
    assert job.video is not None
    return made.settings.videos_dir / job.video.name


async def read(made: Bench, job: Job) -> Job:
    found = await made.app.store.jobs.get(job.id)
    assert found is not None
    return found


def collector(made: Bench) -> Collector:
    parts, receipts = made.app.parts, FolderReceipts(made.settings.receipts_dir)
    return Collector(
        store=made.app.store, queue=parts.queue, receipts=receipts, settings=made.settings, alerts=parts.alerts
    )


async def going_on(made: Bench, first: Job) -> Job:
    """The next part, paid and downloaded, while the film before it is neither here nor, for now, at fal."""
    (at_fal,) = made.fal.memory.files.glob("*.mp4")
    made.fal.faults.add("status_status", status=502, times=2)
    made.telegram.presses(42, under(made, "next"))
    await newest_state(made, State.RENDERING)
    path_of(made, first).unlink()
    made.fal.faults.add("file_404", match=at_fal.name, times=LASTS)
    job = await newest_state(made, State.DOWNLOADING)
    async with asyncio.timeout(40):
        while job.odd_since is None:
            await asyncio.sleep(0.03)
            job = await read(made, job)
    return job


def test_a_film_that_is_away_is_waited_for_and_after_ten_minutes_the_part_comes_alone(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await going_on(made, await film(made))
        assert job.state is State.DOWNLOADING
        await set_columns(made.app.store, job.id, odd_since=now_ms() - ODD_MS)
        after = await newest(made, 2)
        assert after.video is not None
        assert after.video.parts == 1
        assert "could not be joined" in made.films()[-1]["caption"]
        assert made.submits() == 2

    on_bench(story)


@pytest.mark.parametrize("left", [0, 10, None])
def test_of_a_damaged_chain_that_cannot_be_made_again_the_part_is_left_and_says_so(
    on_bench: OnBench, left: int | None
) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.telegram.presses(42, under(made, "next"))
        job = await chain(made, 2)
        await made.app.store.jobs.delete(first.id, asked=False)
        await made.until(lambda: not path_of(made, first).exists())
        assert job.video is not None
        size = job.video.size
        if left is None:
            path_of(made, job).unlink()
        else:
            os.truncate(path_of(made, job), left)
        files = collector(made).files
        message = await files.rendition(job, max_bytes=2 * size)
        now = (await read(made, job)).video
        assert now is not None
        assert now.parts == 1
        assert now.size == path_of(made, job).stat().st_size
        assert "could not be joined" in message.caption
        assert made.submits() == 2

    on_bench(story)


def test_what_was_changed_about_the_last_frame_is_told(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        narrow = clip(path_of(made, first), source=NARROW)
        facts = replace(first.video, size=narrow.stat().st_size) if first.video is not None else None
        await set_columns(made.app.store, first.id, video=record(facts))
        made.telegram.presses(42, under(made, "next"))
        after = await newest(made, 2)
        assert [each.field for each in after.adjustments] == ["source_padded"]
        assert (await media.probe(path_of(made, after))).duration_s > 1

    on_bench(story)


def test_what_was_deleted_at_fal_is_not_waited_for(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        handle = (await made.app.store.submits.read(first.id)).handle
        assert handle is not None
        await made.app.store.payloads.gone(handle.request_id)
        path_of(made, first).unlink()
        with pytest.raises(ResultExpired):
            await collector(made).files.original(first)
        made.telegram.presses(42, under(made, "next"))
        after = await newest(made, 2, State.FAILED)
        assert (after.error and after.error.code, after.charge) == ("film_gone", "none")
        assert made.submits() == 1

    on_bench(story)


def test_an_enlarged_film_of_two_parts_goes_on_as_the_third(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await film(made)
        made.telegram.presses(42, under(made, "next"))
        second = await chain(made, 2)
        made.telegram.presses(42, f"more:{second.id}")
        await made.at_rest()
        made.telegram.presses(42, under(made, "pixels"))
        await newest(made, 3)
        made.telegram.presses(42, under(made, "next"))
        await newest(made, 4)
        assert "1+2+3" in made.films()[-1]["caption"]

    on_bench(story)
