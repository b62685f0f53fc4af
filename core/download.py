"""From fal's CDN to a checked mp4 on this disk: streamed, capped, resumed only where the server proves it can.

The key is never sent here. A failed download is repeated, never replaced by a link.
"""

import asyncio
import errno
import os
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import aiofiles
import httpx

from core.config import FalSettings
from core.connection import http_client
from core.errors import DownloadFailed
from core.wire import RemoteFile

_TRIES = 5
_TIMEOUT = httpx.Timeout(connect=10, read=30, write=30, pool=10)
_FTYP = slice(4, 8)
_FTYP_BYTES = 12
MAX_BYTES = 2_000_000_000

Sleep = Callable[[float], Awaitable[None]]


def video_filename(
    *, model: str, duration_s: float | None, resolution: str | None, short_id: str, now: datetime
) -> str:
    """`<time>_<model>_<duration>s_<resolution>_<short id>.mp4`, safe on every file system."""
    seconds = f"{duration_s:g}s" if duration_s else None
    parts = [now.strftime("%Y%m%d-%H%M%S"), model, seconds, resolution, short_id]
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", part).strip(".-") for part in parts if part) + ".mp4"


async def download_video(
    file: RemoteFile,
    into: Path,
    *,
    settings: FalSettings,
    max_bytes: int = MAX_BYTES,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Fetch the finished file whole, or raise DownloadFailed ("download_failed", "disk_full"). Free to repeat."""
    part = into.with_name(f"{into.name}.part")
    trouble = DownloadFailed()
    async with http_client(settings, timeout=_TIMEOUT) as client:
        for attempt in range(_TRIES):
            try:
                await _attempt(client, file, part, max_bytes)
                await asyncio.to_thread(_install, part, into)
            except DownloadFailed as error:
                trouble = error
            except httpx.HTTPError as error:
                trouble = DownloadFailed(reason=type(error).__name__)
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                    raise DownloadFailed("disk_full") from None
                raise
            else:
                return
            await sleep(min(10.0, 0.5 * 2**attempt))
    raise trouble


async def _attempt(client: httpx.AsyncClient, file: RemoteFile, part: Path, max_bytes: int) -> None:
    """One request: the rest of the file where the server honours the range, else all of it again."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    async with client.stream("GET", file.url, headers=headers) as reply:
        if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            raise DownloadFailed(reason="range")
        if not reply.is_success:
            raise DownloadFailed(reason="status", status=reply.status_code)
        kind = reply.headers.get("content-type", "").partition(";")[0]
        if not (kind.startswith("video/") or kind in {"application/octet-stream", "binary/octet-stream"}):
            part.unlink(missing_ok=True)
            raise DownloadFailed(reason="type")
        start, total = _range(reply, have)
        if max(total or 0, start) > max_bytes:
            raise DownloadFailed(reason="too large")
        size = await _write(reply, part, start, max_bytes)
    if total is not None and size < total:
        raise DownloadFailed(reason="cut short")
    if not await asyncio.to_thread(_is_mp4, part):
        part.unlink(missing_ok=True)
        raise DownloadFailed(reason="not an mp4")


def _range(reply: httpx.Response, have: int) -> tuple[int, int | None]:
    """Where this body begins in the file, and how long the file is; a 206 that proves nothing starts over."""
    if reply.status_code == httpx.codes.PARTIAL_CONTENT:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", reply.headers.get("content-range", ""))
        if match is None or int(match[1]) != have:
            raise DownloadFailed(reason="range")
        return have, int(match[2])
    length = reply.headers.get("content-length", "")
    told = length.isascii() and length.isdigit() and not reply.headers.get("content-encoding")
    return 0, int(length) if told else None


async def _write(reply: httpx.Response, part: Path, start: int, max_bytes: int) -> int:
    size = start
    async with aiofiles.open(part, "r+b" if start else "wb") as out:
        await out.seek(start)
        async for chunk in reply.aiter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise DownloadFailed(reason="too large")
            await out.write(chunk)
    return size


def _is_mp4(part: Path) -> bool:
    with part.open("rb") as file:
        return file.read(_FTYP_BYTES)[_FTYP] == b"ftyp"


def _install(part: Path, into: Path) -> None:
    """On the disk for good, then under its name: a crash leaves the whole file or none."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(into)
    folder = os.open(into.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
