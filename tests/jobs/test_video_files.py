"""A file that is damaged on this disk is fetched again from fal, once in each series of attempts."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
import sqlalchemy as sa

from bot.jobs.video_files import VideoFiles, checks
from bot.store.database import now_ms
from bot.store.records import Job, State, VideoFile, record
from bot.store.tables import history
from core import media
from core.errors import DownloadFailed, Unavailable, VideoError
from tests.bench import Bench
from tests.jobs.test_delivery_receipts import Made, on_delivery
from tests.rows import set_columns

OnBench = Callable[..., None]
BLOCKED: dict[str, Any] = {"status": 403, "description": "Forbidden: bot was blocked by the user"}


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * (path.stat().st_size // 2))


@pytest.mark.parametrize("harm", [cut_short, overwritten])
def test_a_damaged_film_is_fetched_again_and_delivered_whole(
    database_url: str, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        assert job.video is not None
        path = made.settings.videos_dir / job.video.name
        whole = path.read_bytes()
        path.with_suffix(".at-fal").write_bytes(whole)
        harm(path)
        await made.deliver(job.id)
        assert (await made.job(job.id)).state is State.DELIVERED
        assert made.telegram.calls("sendVideo")[0].files["video"].path.read_bytes() == whole
        assert made.fetched == [job.id]

    on_delivery(database_url, tmp_path, story)


def test_a_film_that_plays_and_is_smaller_than_it_came_is_fetched_again(database_url: str, tmp_path: Path) -> None:
    """What its end held cannot be known: the size alone tells, and nothing is probed."""

    async def story(made: Made) -> None:
        job = await made.finished()
        assert job.video is not None
        path = made.settings.videos_dir / job.video.name
        whole = path.read_bytes() + b"\0\0\0\x10free12345678"
        path.with_suffix(".at-fal").write_bytes(whole)
        await set_columns(made.store, job.id, video=record(replace(job.video, size=len(whole))))
        await made.deliver(job.id)
        assert (await made.job(job.id)).state is State.DELIVERED
        assert made.telegram.calls("sendVideo")[0].files["video"].path.read_bytes() == whole

    on_delivery(database_url, tmp_path, story)


def test_a_film_that_comes_damaged_from_fal_is_parked_and_the_admins_hear_of_it(
    database_url: str, tmp_path: Path
) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        assert job.video is not None
        path = made.settings.videos_dir / job.video.name
        overwritten(path)
        path.with_suffix(".at-fal").write_bytes(path.read_bytes())
        await made.deliver(job.id)
        job = await made.job(job.id)
        assert (job.state, made.fetched) == (State.UNDELIVERED, [job.id])
        assert job.due is not None
        await made.telegram.until(lambda: any(job.id in text for text in made.telegram.texts(42)))
        assert made.films() == 0

    on_delivery(database_url, tmp_path, story)


DAY_MS = 24 * 3600 * 1000


@pytest.mark.parametrize("days", [1, 8])
@pytest.mark.parametrize("error", [DownloadFailed(status=404), DownloadFailed(status=410), Unavailable(status=404)])
def test_a_film_that_is_nowhere_is_lost_only_after_the_time_for_which_fal_keeps_it(
    database_url: str, tmp_path: Path, error: VideoError, days: int
) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        await set_columns(made.store, job.id, rendering_since=now_ms() - days * DAY_MS)
        assert job.video is not None
        (made.settings.videos_dir / job.video.name).unlink()
        made.at_fal.append(error)
        await made.deliver(job.id)
        job = await made.job(job.id)
        assert job.state is (State.FAILED if days == 8 else State.UNDELIVERED)
        assert (job.outcome_ref is None) == (days == 1)

    on_delivery(database_url, tmp_path, story)


def test_a_chat_that_takes_no_film_is_no_damage(database_url: str, tmp_path: Path) -> None:
    """What cannot be made small enough is as fal made it: it is not fetched again."""

    async def never(job: Job) -> VideoFile:
        raise AssertionError(f"{job.id} is fetched again")

    async def story(made: Made) -> None:
        job = await made.finished()
        with pytest.raises(Exception, match="file_too_large"):
            await VideoFiles(settings=made.settings, fetch_again=never).rendition(job, max_bytes=1000)

    on_delivery(database_url, tmp_path, story)


def test_a_film_that_waited_and_lost_its_end_comes_whole(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "status", **BLOCKED)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.UNDELIVERED)
        assert job.video is not None
        cut_short(made.settings.videos_dir / job.video.name)
        made.telegram.user_says(42, f"/again {job.id}")
        await made.settled(State.DELIVERED)
        assert made.telegram.calls("sendVideo")[-1].files["video"].size == job.video.size
        assert made.submits() == 1

    on_bench(story)


def test_a_damaged_film_that_fal_has_no_more_is_sent_as_far_as_it_goes(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        assert job.video is not None
        path = made.settings.videos_dir / job.video.name
        whole = path.read_bytes()
        start = whole.index(b"mdat") + 3 * (len(whole) - whole.index(b"mdat")) // 4
        path.write_bytes(whole[:start] + bytes(300) + whole[start + 300 :])
        made.at_fal.append(DownloadFailed(status=404))
        await made.deliver(job.id)
        assert (await made.job(job.id)).state is State.DELIVERED
        assert made.telegram.calls("sendVideo")[0].files["video"].path.read_bytes() == path.read_bytes() != whole

    on_delivery(database_url, tmp_path, story)


def test_one_run_takes_a_film_from_the_disk_to_the_chat(database_url: str, tmp_path: Path) -> None:
    """A film that plays as it is: its delivery starts no child."""
    calls: list[str] = []

    async def counted(script: Path, job: str, **limits: Any) -> dict[str, Any]:
        calls.append(json.loads(job)["call"])
        return await media.fork_child(script, job, **limits)

    async def story(made: Made) -> None:
        job = await made.finished()
        assert job.video is not None
        check = checks(made.settings, made.channels)(job)
        await check(made.settings.videos_dir / job.video.name, lenient=False)
        await made.deliver(job.id)
        assert (await made.job(job.id)).state is State.DELIVERED
        assert made.films() == 1

    with media.with_runner(counted):
        on_delivery(database_url, tmp_path, story)
    assert calls == ["check"]


@pytest.mark.parametrize("label", ["metadata", "visible"])
def test_what_is_sent_and_what_is_kept_say_that_ai_has_made_them(on_bench: OnBench, label: str) -> None:
    """The film that a chat is sent is encoded for the mark only; the original has the record, and is what it was."""

    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.video is not None
        original = made.settings.videos_dir / job.video.name
        sent = made.telegram.calls("sendVideo")[-1].files["video"].path
        corners = []
        for path in (original, sent):
            with av.open(str(path)) as container:
                told = json.loads(container.metadata["AIGC"])
                frame = next(container.decode(video=0)).to_ndarray(format="gray").astype(int)
            assert (told["Label"], told["ProduceID"]) == ("1", original.stem)
            corners.append(frame[: frame.shape[0] // 6, : frame.shape[1] // 5])
        apart = abs(corners[0] - corners[1]).mean()
        assert apart > 15 if label == "visible" else apart == 0
        assert (sent.read_bytes() == original.read_bytes()) == (label == "metadata")
        assert original.stat().st_size == job.video.size
        assert [path.suffix for path in original.parent.iterdir()] == [".mp4"]

    on_bench(story, ai_label=label)


def test_what_the_delivery_needs_is_there_when_the_film_is(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.video is not None
        query = sa.select(history.c.at).where(history.c.job_id == job.id, history.c.state == State.READY)
        ready = await made.app.store.database.read(lambda connection: connection.execute(query).scalar_one())
        note = made.settings.output_dir / "fitted" / f"{Path(job.video.name).stem}.json"
        assert note.stat().st_mtime_ns // 1_000_000 <= ready

    on_bench(story)
