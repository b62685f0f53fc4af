"""Publishing: content decides, names cannot be guessed, nothing private is fetched, a look proves that it worked."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from core import errors
from core.assets import publish
from core.assets.publish import publish_asset
from core.config import FalSettings
from core.fal import storage
from core.types import Kind, SourceLimits
from tests.corpus import clip, jpeg, phone_photo
from tests.serving import served


@asynccontextmanager
async def hosted(folder: Path, **more: Any) -> AsyncIterator[FalSettings]:
    """An asset folder that is really served, as Caddy or our own server would."""
    (folder / "out" / "fal_assets").mkdir(parents=True)
    app = Starlette(routes=[Mount("/fal-assets", StaticFiles(directory=folder / "out" / "fal_assets"))])
    async with served(app) as base:
        given = {"fal_queue_url": base, "fal_assets_url": f"{base}/fal-assets", "output_dir": folder / "out"}
        yield FalSettings.offline(**(given | more))


def publishing(folder: Path, story: Callable[[FalSettings], Awaitable[None]], **more: Any) -> None:
    async def run() -> None:
        async with hosted(folder, **more) as settings:
            await story(settings)

    asyncio.run(run())


def test_a_photo_is_published_clean_and_unguessable(tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "IMG_1234.jpeg", orientation=6)

    async def story(settings: FalSettings) -> None:
        one, two = await publish_asset(photo, settings=settings), await publish_asset(photo, settings=settings)
        assert one.filename != two.filename
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}\.jpg", one.filename)
        assert one.url == f"{settings.asset_base}/{one.filename}"
        assert (one.kind, one.width, one.height) == (Kind.IMAGE, 640, 400)
        stored = settings.assets_dir / one.filename
        assert stored.stat().st_size == one.size
        assert stored.stat().st_mode & 0o777 == 0o644
        assert b"SecretPhoneMaker" not in stored.read_bytes()
        assert (settings.assets_dir / "index.html").read_text().startswith("<!doctype html>")
        assert not list(settings.assets_dir.glob(".*"))

    publishing(tmp_path, story)


def test_bytes_and_videos_are_published_too(tmp_path: Path) -> None:
    video = clip(tmp_path / "clip.mov")

    async def story(settings: FalSettings) -> None:
        assert (await publish_asset(jpeg(), settings=settings)).kind is Kind.IMAGE
        asset = await publish_asset(str(video), settings=settings)
        assert (asset.kind, asset.filename[-4:]) == (Kind.VIDEO, ".mp4")
        assert asset.duration_s == pytest.approx(1.0, abs=0.1)

    publishing(tmp_path, story)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.jpg", b"<html>not found</html>", "unsupported_media"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_media"),
        ("a.txt", jpeg(), "unsupported_media"),
        ("a.mp4", jpeg(), "unsupported_media"),
        ("a.exe", b"MZ\x90", "unsupported_media"),
        ("a.jpg", jpeg()[:3000], "truncated_media"),
        ("a.jpg", jpeg() + bytes(100_000_000), "file_too_large"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(99), "unreadable_media"),
        ("a.mp4", b"\x00\x00\x00\x18ftypheic" + bytes(99), "unsupported_media"),
    ],
)
def test_what_is_not_allowed_is_refused_before_publishing(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)

    async def story(settings: FalSettings) -> None:
        with pytest.raises(errors.VideoError) as caught:
            await publish_asset(tmp_path / name, settings=settings)
        assert caught.value.code == code
        assert [path.name for path in settings.assets_dir.iterdir()] == ["index.html"]

    publishing(tmp_path, story)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    async def story(settings: FalSettings) -> None:
        with pytest.raises(errors.BadReference, match="source_unavailable"):
            await publish_asset(tmp_path / "no.jpg", settings=settings)

    publishing(tmp_path, story)


def test_hosts_follow_the_settings() -> None:
    public = FalSettings.offline(public_url="https://bot.example")
    assert isinstance(publish.host_from_settings(public), publish.FolderHost)
    assert public.asset_base == "https://bot.example/fal-assets"
    local = FalSettings.offline(fal_queue_url="http://127.0.0.1:1", port=9090)
    assert isinstance(publish.host_from_settings(local), publish.FolderHost)
    assert local.asset_base == "http://127.0.0.1:9090/fal-assets"
    assert isinstance(publish.host_from_settings(FalSettings.offline()), storage.FalStorageHost)
    with pytest.raises(errors.NotConfigured, match="no_asset_host"):
        publish.host_from_settings(FalSettings.offline(asset_host="folder"))


def test_what_a_model_needs_is_mended_and_told(tmp_path: Path) -> None:
    async def story(settings: FalSettings) -> None:
        asset = await publish_asset(jpeg((100, 80)), settings=settings, limits=SourceLimits(min_side=400))
        assert (min(asset.width, asset.height), asset.adjustments[0].field) == (400, "source_padded")
        assert asset.adjustments[0].requested == "100x80"
        wide = await publish_asset(jpeg((640, 480)), settings=settings, widen=True)
        assert (wide.width, wide.height, wide.adjustments) == (640, 360, ())

    publishing(tmp_path, story)
