"""Publishes a photo, video or sound as a file that anybody can fetch, by an address that nobody can guess.

Content decides, not the name. Photos and sounds are always re-encoded, videos stripped of metadata; then a host makes
the file public: our folder under a public base, or fal's storage fed from that folder.
"""

import asyncio
import secrets
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import aiofiles

from core import media
from core.assets.reachability import check_public
from core.assets.safe_fetch import fetch_public
from core.config import FalSettings
from core.errors import BadReference, MediaError, NotConfigured, arguments
from core.fal.storage import FalStorageHost, KeyValues
from core.io import disk
from core.types import Asset, Kind, SourceLimits

_ONE_BY_ONE = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
_IN_BOXES = {".heic", ".heif", ".heics", ".heifs", ".hif", ".avif", ".avifs"}
IMAGE_SUFFIXES = frozenset(_ONE_BY_ONE | _IN_BOXES)
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".webm", ".mkv", ".m4v"})
AUDIO_SUFFIXES = frozenset({".mp3", ".m4a", ".m4b", ".wav", ".ogg", ".oga", ".opus", ".flac", ".aac", ".amr"})
_SUFFIXES = {Kind.IMAGE: IMAGE_SUFFIXES, Kind.VIDEO: VIDEO_SUFFIXES, Kind.AUDIO: AUDIO_SUFFIXES}
_READY = {Kind.IMAGE: ".jpg", Kind.VIDEO: ".mp4", Kind.AUDIO: ".wav"}
MAX_BYTES = {
    Kind.IMAGE: 100_000_000,
    Kind.VIDEO: 100_000_000,
    Kind.AUDIO: 100_000_000,
}  # a photo of 200 megapixels has 60 MB
_PUBLISHED_PHOTO_BYTES = 10_000_000
ANY_MODEL = SourceLimits()
_INDEX = "<!doctype html><html><body><h1>fal asset host</h1></body></html>\n"
_PAGE = "index.html"


@runtime_checkable
class AssetHost(Protocol):
    """A host that makes a file of the asset folder public."""

    async def publish(self, path: Path) -> str:
        """Publish this file and return its https address. Raises NotConfigured, Unavailable."""


class FolderHost:
    """An asset folder that is served under `base` by our own server, by Caddy, or by anything else."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def publish(self, path: Path) -> str:
        """Return the file's address; the server needs no upload."""
        return f"{self._base}/{path.name}"


def host_from_settings(settings: FalSettings, *, key_values: KeyValues | None = None) -> AssetHost:
    """Choose the host by REELBOT_ASSET_HOST: the folder when its public base is known, else fal's storage.

    Raises NotConfigured.
    """
    if not settings.assets_from_folder:
        return FalStorageHost(settings, key_values=key_values)
    if settings.asset_base is None:
        raise NotConfigured("no_asset_host")
    return FolderHost(settings.asset_base)


async def publish_asset(
    path_or_bytes_or_url: Path | str | bytes,
    *,
    settings: FalSettings | None = None,
    host: AssetHost | None = None,
    limits: SourceLimits = ANY_MODEL,
    widen: bool = False,
    sound: bool = False,
) -> Asset:
    """Publish a local file, bytes, or the file at an http(s) URL, and check that anybody can fetch it.

    Images: .jpg .jpeg .png .webp .gif .bmp .heic .heif .avif, videos: .mp4 .mov .webm .mkv .m4v, sounds: .mp3 .m4a .wav
    .ogg .opus .flac .aac .amr, up to 100 MB, by content as well as by a local file's name. `limits` is what the model
    takes: a photo outside them is padded, a video cut or scaled, a sound cut, and `adjustments` of the asset names it.
    `widen`: a photo is made 16:9, the fallback for a model that fails on it. `sound`: a video's box is opened for its
    sound alone, as browsers and phones record one. Raises BadReference, MediaError, NotConfigured, AssetHostDown,
    Unavailable.
    """
    arguments.source("path_or_bytes_or_url", path_or_bytes_or_url, optional=False)
    arguments.of_type("settings", settings, FalSettings)
    arguments.of_type("host", host, AssetHost)
    arguments.of_type("limits", limits, SourceLimits, optional=False)
    arguments.of_type("widen", widen, bool, optional=False)
    arguments.of_type("sound", sound, bool, optional=False)
    settings = settings or FalSettings()
    host = host or host_from_settings(settings)
    await asyncio.to_thread(prepare_folder, settings.assets_dir)
    workshop = settings.output_dir / "work"  # which the bot's clean-up looks after, should this process be killed
    await asyncio.to_thread(workshop.mkdir, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="asset-", dir=workshop) as folder:
        source = await _source(path_or_bytes_or_url, Path(folder), settings)
        kind = await asyncio.to_thread(check_file, source, sound=sound)
        ready = Path(folder) / f"{secrets.token_urlsafe(24)}{_READY[kind]}"
        asset = await _clean_copy(source, ready, kind, limits, widen=widen)
        path = settings.assets_dir / ready.name
        await asyncio.to_thread(_install, ready, path)
    try:
        url = await host.publish(path)
        await check_public(url, settings=settings, path=path)
    except BaseException:  # what nobody can use is not left for the world to find
        path.unlink(missing_ok=True)
        raise
    return replace(asset, filename=path.name, url=url, size=path.stat().st_size)


def prepare_folder(folder: Path) -> None:
    """Create the asset folder with its placeholder page, as the fal-assets preview expects it."""
    disk.make_folder(folder.parent, mode=disk.PASSED_THROUGH)
    disk.make_folder(folder, mode=disk.OPEN_FOLDER)  # something else may serve it
    index = folder / _PAGE
    if not index.exists():
        index.write_text(_INDEX, encoding="ascii")
        index.chmod(0o644)


async def _source(source: Path | str | bytes, folder: Path, settings: FalSettings) -> Path:
    """Return a local file of what was given. Bytes and downloads have no name that could be wrong."""
    if isinstance(source, bytes):
        path = folder / "given"
        async with aiofiles.open(path, "wb") as file:
            await file.write(source)
        return path
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        path = folder / "fetched"
        await fetch_public(source, path, settings=settings, max_bytes=MAX_BYTES[Kind.VIDEO])
        return path
    return Path(source)


def check_file(source: Path, *, sound: bool = False) -> Kind:
    """Detect the kind by content; size and name must not contradict it. Raises BadReference, MediaError.

    `sound`: it is to be one, and a video's box may hold it.
    """
    size = source.stat().st_size
    if size > MAX_BYTES[Kind.VIDEO]:
        raise BadReference("file_too_large", max_bytes=MAX_BYTES[Kind.VIDEO])
    kind = media.sniff_kind(source)
    if size > MAX_BYTES[kind]:
        raise BadReference("file_too_large", max_bytes=MAX_BYTES[kind])
    suffix = source.suffix.lower()
    if kind is Kind.VIDEO and (sound or suffix in AUDIO_SUFFIXES):
        kind = Kind.AUDIO
    allowed = _SUFFIXES[kind] | (VIDEO_SUFFIXES if kind is Kind.AUDIO else frozenset())  # the boxes are the same
    if suffix and suffix not in allowed:
        what = "a video named as a photo" if suffix in IMAGE_SUFFIXES else suffix[:12]
        raise MediaError("unsupported_media", what=what)
    return kind


async def _clean_copy(source: Path, ready: Path, kind: Kind, limits: SourceLimits, *, widen: bool) -> Asset:
    """Write the clean file to `ready` and return its facts, without name and address."""
    if kind is Kind.AUDIO:
        sound = await media.prepare_sound(source, ready, limits=limits)
        return Asset("", "", kind, sound.size, 0, 0, sound.duration_s, sound.adjustments)
    if kind is Kind.VIDEO:
        clip, adjustments = await media.prepare_video(source, ready, limits=limits, max_bytes=MAX_BYTES[kind])
        return Asset("", "", kind, clip.size, clip.width, clip.height, clip.duration_s, adjustments)
    make = media.to_widescreen if widen else media.normalise_photo
    photo = await make(source, ready, limits=limits, max_bytes=limits.max_bytes or _PUBLISHED_PHOTO_BYTES)
    return Asset("", "", kind, photo.size, photo.width, photo.height, None, photo.adjustments)


def _install(ready: Path, path: Path) -> None:
    """Move the file into the served folder in one step, readable by whatever serves it."""
    with disk.whole(path) as draft:
        shutil.copyfile(ready, draft)
        draft.chmod(0o644)
