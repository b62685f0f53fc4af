"""A video for several chats: made once for each limit, the original untouched."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError
from core.media import client
from core.media.renditions import RenditionCache
from tests.corpus import clip


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done in children, in order: the real children, only counted."""
    calls: list[str] = []
    child = client._child

    async def counted(module: str, call: str, **more: Any) -> dict[str, Any]:
        calls.append(call)
        return await child(module, call, **more)

    monkeypatch.setattr(client, "_child", counted)
    return calls


def test_a_file_that_plays_and_fits_is_sent_as_it_is(tmp_path: Path, made: list[str]) -> None:
    source = clip(tmp_path / "fine.mp4")
    fitted = asyncio.run(RenditionCache(tmp_path / "work").rendition(source, max_bytes=9_500_000))
    assert fitted.path == source
    assert (fitted.width, fitted.height, fitted.size) == (320, 180, source.stat().st_size)
    assert fitted.thumbnail.stat().st_size < 64_000
    assert "make_playable" not in made


def test_all_who_ask_at_once_share_one_encode(tmp_path: Path, made: list[str]) -> None:
    source = clip(tmp_path / "old.mov", codec="mpeg4")
    before = source.read_bytes()
    fitting = RenditionCache(tmp_path / "work")

    async def story() -> None:
        asks = [fitting.rendition(source, max_bytes=budget) for budget in (9_500_000, 9_500_000, 9_500_000, 49_000_000)]
        results = await asyncio.gather(*asks)
        assert len({each.path for each in results}) == 2
        assert len({each.thumbnail for each in results}) == 1
        assert made.count("make_playable") == 2
        assert made.count("thumbnail") == 1
        await fitting.rendition(source, max_bytes=9_500_000)
        assert made.count("make_playable") == 2
        assert (await media.probe(results[0].path)).playable

    asyncio.run(story())
    assert source.read_bytes() == before
    assert not list((tmp_path / "work").glob(".draft-*"))


def test_one_who_stops_waiting_stops_nobody_else(tmp_path: Path) -> None:
    source = clip(tmp_path / "old.mov", codec="mpeg4", source="testsrc2=s=640x360:r=24", seconds=2)
    fitting = RenditionCache(tmp_path / "work")

    async def story() -> None:
        first, second = (asyncio.create_task(fitting.rendition(source, max_bytes=9_500_000)) for _ in range(2))
        await asyncio.sleep(0.35)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await media.probe((await second).path)).playable

    asyncio.run(story())
    assert not list((tmp_path / "work").glob(".draft-*"))


def test_a_copy_that_a_disk_has_spoilt_is_made_anew(tmp_path: Path) -> None:
    source = clip(tmp_path / "silent.mp4", audio=None)
    fitting = RenditionCache(tmp_path / "work")
    fitted = asyncio.run(fitting.rendition(source, max_bytes=9_500_000))
    fitted.path.write_bytes(b"nothing")
    assert asyncio.run(fitting.rendition(source, max_bytes=9_500_000)).size > 1000


def test_what_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    source = clip(tmp_path / "fine.mp4")
    with pytest.raises(MediaError, match="file_too_large"):
        asyncio.run(RenditionCache(tmp_path / "work").rendition(source, max_bytes=5000))
    assert list((tmp_path / "work").iterdir()) == []


def test_old_copies_go(tmp_path: Path) -> None:
    source = clip(tmp_path / "silent.mp4", audio=None)
    fitting = RenditionCache(tmp_path / "work")
    fitting.remove_old(older_than_s=0)  # nothing was made yet
    fitted = asyncio.run(fitting.rendition(source, max_bytes=9_500_000))
    fitting.remove_old(older_than_s=3600)
    assert fitted.path.exists()
    os.utime(fitted.path, (1, 1))
    fitting.remove_old(older_than_s=3600)
    assert not fitted.path.exists()
    assert source.exists()
