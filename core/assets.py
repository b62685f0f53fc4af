"""publish_asset: a photo or video becomes a file the world can fetch, by an address nobody can guess.

Content decides, not the name; photos are always written anew, videos stripped of metadata; then a host makes it public:
our folder under a public base, or fal's storage fed from that folder.
"""

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiofiles
import httpx

from core import media, wire
from core.config import FalSettings, is_loopback
from core.connection import http_client
from core.errors import AssetHostDown, BadReference, MediaError, NotConfigured, Unavailable
from core.foreign import fetch_public
from core.types import Asset, Kind

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".webm", ".mkv", ".m4v"})
MAX_BYTES = {Kind.IMAGE: 10_000_000, Kind.VIDEO: 100_000_000}
_INDEX = "<!doctype html><html><body><h1>fal asset host</h1></body></html>\n"
_LOOKS = 3
_LOOK_GAP_S = 1.0
_UPLOADS = 3
_KEEP_S = 24 * 3600
_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


class AssetHost(Protocol):
    """Makes a file of the asset folder public."""

    async def publish(self, path: Path) -> str:
        """The https address of this file. Raises NotConfigured, Unavailable."""


class FolderHost:
    """The folder is served under `base` by our own server, by Caddy, or by anything else."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def publish(self, path: Path) -> str:
        return f"{self._base}/{path.name}"


class FalStorageHost:
    """The file is uploaded to fal's storage: works behind NAT, needs a key with the storage right.

    POST storage/upload/initiate with the key, then PUT the bytes without it (fal docs, storage).
    """

    def __init__(self, settings: FalSettings) -> None:
        self._settings = settings

    async def publish(self, path: Path) -> str:
        for attempt in range(_UPLOADS):
            try:
                return await self._publish(path)
            except Unavailable:
                if attempt == _UPLOADS - 1:
                    raise
                await asyncio.sleep(2.0**attempt)
        raise Unavailable

    async def _publish(self, path: Path) -> str:
        async with http_client(self._settings, timeout=httpx.Timeout(10, read=60, write=60)) as client:
            try:
                upload_url, file_url = await self._initiate(client, path)
                await self._put(client, upload_url, path)
            except httpx.HTTPError as error:
                raise Unavailable(reason=type(error).__name__) from None
        return file_url

    async def _initiate(self, client: httpx.AsyncClient, path: Path) -> tuple[str, str]:
        key = self._settings.fal_key
        if key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        reply = await client.post(
            f"{self._settings.rest_url}/storage/upload/initiate",
            params={"storage_type": "fal-cdn-v3"},
            json={"content_type": _TYPES[path.suffix], "file_name": path.name},
            headers={
                "Authorization": f"Key {key.get_secret_value() if key else 'injected-by-the-proxy'}",
                "X-Fal-Object-Lifecycle": f'{{"expiration_duration_seconds": {_KEEP_S}}}',
            },
        )
        if reply.status_code in {401, 403}:
            raise NotConfigured("storage_not_allowed")
        parsed = wire.parsed(reply.content)
        if not reply.is_success or not isinstance(parsed, dict):
            raise Unavailable(status=reply.status_code)
        upload_url, file_url = parsed.get("upload_url"), parsed.get("file_url")
        if not (self._allowed(upload_url) and self._allowed(file_url)):
            raise Unavailable(reason="storage named an unexpected address")
        return str(upload_url), str(file_url)

    def _allowed(self, url: object) -> bool:
        if not isinstance(url, str):
            return False
        return urlsplit(url).scheme == "https" or (self._settings.on_loopback and is_loopback(url))

    async def _put(self, client: httpx.AsyncClient, url: str, path: Path) -> None:
        async with aiofiles.open(path, "rb") as file:
            body = await file.read()
        reply = await client.put(url, content=body, headers={"Content-Type": _TYPES[path.suffix]})
        if not reply.is_success:
            raise Unavailable(status=reply.status_code)


def host_from_settings(settings: FalSettings) -> AssetHost:
    """REELBOT_ASSET_HOST: the folder when its public base is known, else fal's storage. Raises NotConfigured."""
    if not settings.assets_from_folder:
        return FalStorageHost(settings)
    if settings.asset_base is None:
        raise NotConfigured("no_asset_host")
    return FolderHost(settings.asset_base)


async def publish_asset(
    path_or_bytes_or_url: Path | str | bytes,
    *,
    settings: FalSettings | None = None,
    host: AssetHost | None = None,
    min_side: int = 300,
    max_ratio: float = 2.5,
) -> Asset:
    """Publish a local file, bytes, or what lies at an http(s) URL, and look whether the world can fetch it.

    Images: .jpg .jpeg .png .webp .gif .bmp up to 10 MB; videos: .mp4 .mov .webm .mkv .m4v up to 100 MB, by content as
    well as by name. `min_side` (pixels) and `max_ratio` (long by short side) are what the model takes of a photo; a
    photo outside them is padded. Raises BadReference, MediaError, NotConfigured, AssetHostDown, Unavailable.
    """
    settings = settings or FalSettings()
    host = host or host_from_settings(settings)
    await asyncio.to_thread(prepare_folder, settings.assets_dir)
    with tempfile.TemporaryDirectory(prefix="reelbot-asset-", dir=settings.output_dir) as folder:
        source = await _source(path_or_bytes_or_url, Path(folder), settings)
        kind = await asyncio.to_thread(_checked_kind, source)
        ready = Path(folder) / f"{secrets.token_urlsafe(24)}{'.jpg' if kind is Kind.IMAGE else '.mp4'}"
        asset = await _made(source, ready, kind, min_side=min_side, max_ratio=max_ratio)
        path = settings.assets_dir / ready.name
        await asyncio.to_thread(_install, ready, path)
    url = await host.publish(path)
    await check_public(url, settings=settings)
    return Asset(path.name, url, kind, path.stat().st_size, asset.width, asset.height, asset.duration_s)


def prepare_folder(folder: Path) -> None:
    """The asset folder with its placeholder page, as the fal-assets preview expects it."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    if not index.exists():
        index.write_text(_INDEX, encoding="ascii")


async def _source(given: Path | str | bytes, folder: Path, settings: FalSettings) -> Path:
    if isinstance(given, bytes):
        path = folder / "given"
        async with aiofiles.open(path, "wb") as file:
            await file.write(given)
        return path
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        path = folder / f"fetched{Path(urlsplit(given).path).suffix.lower()[:6]}"
        await fetch_public(given, path, settings=settings, max_bytes=MAX_BYTES[Kind.VIDEO])
        return path
    path = Path(given)
    if not await asyncio.to_thread(path.is_file):
        raise BadReference("source_unavailable", reason="no such file")
    return path


def _checked_kind(source: Path) -> Kind:
    """What it is by content, which its name must not deny. Raises BadReference, MediaError."""
    size = source.stat().st_size
    if size > MAX_BYTES[Kind.VIDEO]:
        raise BadReference("file_too_large", max_bytes=MAX_BYTES[Kind.VIDEO])
    kind = media.sniff_kind(source)
    if size > MAX_BYTES[kind]:
        raise BadReference("file_too_large", max_bytes=MAX_BYTES[kind])
    suffix = source.suffix.lower()
    allowed = IMAGE_SUFFIXES if kind is Kind.IMAGE else VIDEO_SUFFIXES
    if suffix and suffix not in allowed:
        what = "a video named as a photo" if suffix in IMAGE_SUFFIXES else suffix[:12]
        raise MediaError("unsupported_media", what=what)
    return kind


async def _made(source: Path, ready: Path, kind: Kind, *, min_side: int, max_ratio: float) -> Asset:
    if kind is Kind.IMAGE:
        photo = await media.normalise_photo(
            source, ready, min_side=min_side, max_ratio=max_ratio, max_bytes=MAX_BYTES[kind]
        )
        return Asset(ready.name, "", kind, photo.size, photo.width, photo.height)
    clip = await media.clean_video(source, ready)
    return Asset(ready.name, "", kind, clip.size, clip.width, clip.height, clip.duration_s)


def _install(ready: Path, path: Path) -> None:
    """Into the served folder in one step, readable by whatever serves it."""
    draft = path.with_name(f".{path.name}")
    shutil.copyfile(ready, draft)
    draft.chmod(0o644)
    draft.replace(path)


async def check_public(url: str, *, settings: FalSettings) -> None:
    """Look at the asset once as fal would: anonymously, and it must be a picture or a film.

    Raises AssetHostDown with the fact `reason`: dns, tls, refused, timeout, status, type. Not done when
    REELBOT_ASSET_CHECK is false.
    """
    if not settings.asset_check:
        return
    trouble = AssetHostDown()
    for attempt in range(_LOOKS):
        try:
            await _look(url)
        except AssetHostDown as error:
            trouble = error
            await asyncio.sleep(_LOOK_GAP_S * attempt)
        else:
            return
    raise trouble


async def _look(url: str) -> None:
    async with httpx.AsyncClient(timeout=10, trust_env=False, follow_redirects=True, max_redirects=3) as client:
        try:
            async with client.stream("GET", url, headers={"Range": "bytes=0-15"}) as reply:
                if reply.status_code not in {200, 206}:
                    raise AssetHostDown(reason="status", status=reply.status_code)
                kind = reply.headers.get("content-type", "")
                if not kind.startswith(("image/", "video/")):
                    raise AssetHostDown(reason="type", type=kind[:40])
        except httpx.TimeoutException:
            raise AssetHostDown(reason="timeout") from None
        except httpx.ConnectError as error:
            raise AssetHostDown(reason=_connect_reason(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AssetHostDown(reason=type(error).__name__) from None


def _connect_reason(error: httpx.ConnectError) -> str:
    text = str(error).lower()
    if "certificate" in text or "ssl" in text:
        return "tls"
    return "dns" if "name" in text or "address" in text else "refused"
