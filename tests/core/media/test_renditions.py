"""A video for several chats: checked once, made once for each limit, the original untouched."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError
from core.media.renditions import RenditionCache
from tests.corpus import clip

WECHAT, TELEGRAM = 9_500_000, 49_000_000


class Runs:
    """What is done in children, in order: the real children, only counted. `fails`: calls that run out of time."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails: list[str] = []

    async def __call__(self, script: Path, job: str, **limits: Any) -> dict[str, Any]:
        call = json.loads(job)["call"]
        self.calls.append(call)
        if call in self.fails:
            self.fails.remove(call)
            raise MediaError("unreadable_media", reason="timeout")
        return await media.fork_child(script, job, **limits)


@pytest.fixture
def runs() -> Iterator[Runs]:
    counted = Runs()
    with media.with_runner(counted):
        yield counted


def drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".draft-*")]


def test_a_film_that_plays_and_fits_is_sent_as_it_is(tmp_path: Path, runs: Runs) -> None:
    source = clip(tmp_path / "fine.mp4")
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        probe = await renditions.check(source, max_bytes=WECHAT)
        assert (probe.width, probe.height, probe.playable) == (320, 180, True)
        fitted = await RenditionCache(tmp_path / "work").rendition(source, max_bytes=WECHAT)  # in another process
        assert fitted.path == source
        assert (fitted.width, fitted.height, fitted.size) == (320, 180, source.stat().st_size)
        assert fitted.thumbnail.stat().st_size < 64_000

    asyncio.run(story())
    assert runs.calls == ["check"]


@pytest.mark.parametrize(
    ("name", "made", "calls"),
    [
        ("silent.mp4", {"audio": None}, ["check"]),
        ("late.mov", {"container": "mov"}, ["check"]),
        ("old.mp4", {"codec": "mpeg4"}, ["check", "make_playable"]),
    ],
)
def test_what_was_made_for_one_chat_serves_another(
    tmp_path: Path, runs: Runs, name: str, made: dict[str, Any], calls: list[str]
) -> None:
    source = clip(tmp_path / name, **made)
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        await renditions.check(source, max_bytes=TELEGRAM)
        first = await renditions.rendition(source, max_bytes=TELEGRAM)
        smaller = await renditions.rendition(source, max_bytes=WECHAT)
        assert first.path == smaller.path != source
        assert (await media.verify(first.path)).playable
        assert first.size == first.path.stat().st_size

    asyncio.run(story())
    assert runs.calls == [*calls, "verify"]


def test_all_who_ask_at_once_share_one_encode(tmp_path: Path, runs: Runs) -> None:
    source = clip(tmp_path / "old.mov", codec="mpeg4")
    before = source.read_bytes()
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        asks = [renditions.rendition(source, max_bytes=budget) for budget in (WECHAT, WECHAT, WECHAT, TELEGRAM)]
        results = await asyncio.gather(*asks)
        assert len({each.path for each in results}) == 2  # a larger limit gives a better picture
        assert len({each.thumbnail for each in results}) == 1
        await renditions.rendition(source, max_bytes=WECHAT)
        await renditions.rendition(source, max_bytes=TELEGRAM)

    asyncio.run(story())
    assert runs.calls == ["check", "make_playable", "make_playable"]
    assert source.read_bytes() == before
    assert drafts(tmp_path / "work") == []


def test_one_who_stops_waiting_stops_nobody_else(tmp_path: Path) -> None:
    source = clip(tmp_path / "old.mov", codec="mpeg4", source="testsrc2=s=640x360:r=24", seconds=2)
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        first, second = (asyncio.create_task(renditions.rendition(source, max_bytes=WECHAT)) for _ in range(2))
        async with asyncio.timeout(20):
            while not drafts(tmp_path / "work"):
                await asyncio.sleep(0.005)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await media.probe((await second).path)).playable

    asyncio.run(story())
    assert drafts(tmp_path / "work") == []


def spoil_note(folder: Path) -> None:
    (folder / "silent.json").write_text('{"version": 1}')


def cut_note(folder: Path) -> None:
    note = folder / "silent.json"
    note.write_bytes(note.read_bytes()[:90])


def lose_note(folder: Path) -> None:
    (folder / "silent.json").unlink()


def lose_thumbnail(folder: Path) -> None:
    (folder / "silent.jpg").unlink()


def spoil_thumbnail(folder: Path) -> None:
    (folder / "silent.jpg").write_bytes(b"nothing")


def rewrite_original(folder: Path) -> None:
    source = folder.parent / "silent.mp4"
    source.write_bytes(source.read_bytes())


def another_version(folder: Path) -> None:
    note = folder / "silent.json"
    note.write_text(note.read_text().replace('"version": 1', '"version": 2'))


@pytest.mark.parametrize(
    "harm",
    [spoil_note, cut_note, lose_note, lose_thumbnail, spoil_thumbnail, rewrite_original, another_version],
)
def test_what_is_not_as_it_was_is_made_anew(tmp_path: Path, runs: Runs, harm: Callable[[Path], None]) -> None:
    source = clip(tmp_path / "silent.mp4", audio=None)
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        await renditions.check(source, max_bytes=WECHAT)
        harm(tmp_path / "work")
        fitted = await renditions.rendition(source, max_bytes=WECHAT)
        assert fitted.thumbnail.read_bytes().startswith(b"\xff\xd8")
        assert (await media.verify(fitted.path)).playable

    asyncio.run(story())
    assert runs.calls == ["check", "check", "verify"]


@pytest.mark.parametrize("left", [b"nothing", None])
def test_a_copy_that_a_disk_has_spoilt_is_made_anew(tmp_path: Path, left: bytes | None) -> None:
    source = clip(tmp_path / "old.mp4", codec="mpeg4")
    renditions = RenditionCache(tmp_path / "work")

    async def story() -> None:
        fitted = await renditions.rendition(source, max_bytes=WECHAT)
        fitted.path.unlink()
        if left is not None:
            fitted.path.write_bytes(left)
        assert (await renditions.rendition(source, max_bytes=WECHAT)).size > 1000
        again = await renditions.rendition(source, max_bytes=WECHAT)
        assert again.size == again.path.stat().st_size

    asyncio.run(story())


def broken(path: Path) -> Path:
    whole = clip(path, seconds=3, source="mandelbrot=s=320x180:r=24").read_bytes()
    start = whole.index(b"mdat") + len(whole) // 2
    path.write_bytes(whole[:start] + bytes(3000) + whole[start + 3000 :])
    return path


def test_a_damaged_film_is_refused_and_taken_only_as_what_it_is(tmp_path: Path, runs: Runs) -> None:
    source = broken(tmp_path / "m.mp4")
    renditions = RenditionCache(tmp_path / "work")

    async def refused(work: Awaitable[object]) -> None:
        with pytest.raises(MediaError, match="video_broken"):
            await work

    async def story() -> None:
        await refused(renditions.check(source, max_bytes=WECHAT))
        await refused(renditions.rendition(source, max_bytes=WECHAT))
        assert list((tmp_path / "work").iterdir()) == []
        assert (await renditions.check(source, max_bytes=WECHAT, lenient=True)).playable
        assert (await renditions.rendition(source, max_bytes=WECHAT)).path == source

    asyncio.run(story())
    assert runs.calls == ["check", "check", "check"]


def test_a_check_that_runs_out_of_time_keeps_no_film_back(tmp_path: Path, runs: Runs) -> None:
    source = clip(tmp_path / "fine.mp4")
    runs.fails = ["check"]
    assert asyncio.run(RenditionCache(tmp_path / "work").rendition(source, max_bytes=WECHAT)).path == source
    assert runs.calls == ["check", "check"]


def test_a_note_that_cannot_be_kept_is_no_reason_to_fail(tmp_path: Path, runs: Runs) -> None:
    source = clip(tmp_path / "fine.mp4")
    (tmp_path / "work" / "fine.json").mkdir(parents=True)
    renditions = RenditionCache(tmp_path / "work")
    for _ in range(2):
        assert asyncio.run(renditions.rendition(source, max_bytes=WECHAT)).path == source
    assert runs.calls == ["check", "check"]
    assert drafts(tmp_path / "work") == []


def test_what_does_not_fit_leaves_no_copy_behind(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mp4")
    with pytest.raises(MediaError, match="file_too_large"):
        asyncio.run(RenditionCache(tmp_path / "work").rendition(source, max_bytes=5000))
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["fine.jpg", "fine.json"]


def test_old_copies_go(tmp_path: Path) -> None:
    source = clip(tmp_path / "silent.mp4", audio=None)
    renditions = RenditionCache(tmp_path / "work")
    renditions.remove_old(older_than_s=0)  # nothing was made yet
    fitted = asyncio.run(renditions.rendition(source, max_bytes=WECHAT))
    renditions.remove_old(older_than_s=3600)
    assert fitted.path.exists()
    for path in (tmp_path / "work").iterdir():
        os.utime(path, (1, 1))
    renditions.remove_old(older_than_s=3600)
    assert list((tmp_path / "work").iterdir()) == []
    assert source.exists()
