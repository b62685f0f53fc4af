"""Downloads a file from fal's CDN to this disk: streamed, capped, resumed only where the bytes prove it.

The key is never sent here. A failed download is repeated, never replaced by a link.
"""

import asyncio
import errno
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin

import httpx

from core.config import FalSettings
from core.errors import DownloadFailed
from core.fal import protocol
from core.fal.http import http_client
from core.fal.protocol import RemoteFile
from core.io import disk
from core.io.bodies import BodyTooLarge, first_bytes, write_body
from core.io.retrying import RetryPolicy, Sleep, retried
from core.io.unpacking import unpacked

log = logging.getLogger(__name__)

_DOWNLOADING = RetryPolicy(
    DownloadFailed, pauses_s=(0.5, 1.0, 2.0, 4.0), tries=5, only_if=lambda error: error.code != "disk_full"
)
_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them
_ATTEMPT_S = 120.0  # httpx bounds each chunk, not all of them
_TIMEOUT = httpx.Timeout(connect=10, read=30, write=30, pool=10)
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|[*])")
_OVERLAP = 4096
_FTYP = slice(4, 8)
_FTYP_BYTES = 12
MAX_BYTES = 2_000_000_000


def video_filename(
    *, model: str, duration_s: float | None, resolution: str | None, short_id: str, now: datetime
) -> str:
    """Name the file `<time>_<model>_<duration>s_<resolution>_<short id>.mp4`, safe on every file system."""
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
    """Download the finished file whole. Raises DownloadFailed ("download_failed", "disk_full"). Free to repeat."""
    part = into.with_name(f"{into.name}.part")
    async with http_client(settings, timeout=_TIMEOUT, files=True) as client:
        fetch = _Fetch(client, file.url, part, queue_url=settings.fal_queue_url, max_bytes=max_bytes)
        await retried(lambda: _attempt(fetch, part, into), _DOWNLOADING, sleep=sleep)


async def _attempt(fetch: "_Fetch", part: Path, into: Path) -> None:
    """Try the download once.

    Raises DownloadFailed; what came until then stays, and the next attempt goes on from it.
    """
    try:
        async with asyncio.timeout(_ATTEMPT_S):
            await fetch.attempt()
        await asyncio.to_thread(disk.install, part, into)
    except TimeoutError:
        raise fetch.failed(DownloadFailed(reason="too slow")) from None
    except DownloadFailed as error:
        raise fetch.failed(error) from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise fetch.failed(DownloadFailed(reason=type(error).__name__)) from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DownloadFailed("disk_full") from None
        raise


class _NoResume(Exception):
    """A reply that does not continue the bytes that are here."""


class _Fetch:
    """One download to `part`. What is known of the file outlives a broken attempt."""

    def __init__(self, client: httpx.AsyncClient, url: str, part: Path, *, queue_url: str, max_bytes: int) -> None:
        self._client = client
        self._url = url
        self._part = part
        self._queue_url = queue_url
        self._max_bytes = max_bytes
        self._etag: str | None = None
        self._size: int | None = None
        self._attempts = 0

    def failed(self, error: DownloadFailed) -> DownloadFailed:
        log.warning("a download failed", extra={**error.facts, "attempt": self._attempts})
        return error

    async def attempt(self) -> None:
        """Fetch the rest where the server proves that it continues what is here, else all of it, at once."""
        self._attempts += 1
        have = self._part.stat().st_size if self._part.exists() else 0
        if have > _OVERLAP:
            try:
                await self._get(have)
            except _NoResume as error:
                log.warning("a download starts over", extra={"reason": str(error)})
                self._forget()
            else:
                return
        await self._get(0)

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._etag = self._size = None

    async def _get(self, have: int) -> None:
        """Send one request, with the last known bytes asked for once more: they prove that both are the same file."""
        start = max(0, have - _OVERLAP)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        if start and self._etag is not None:
            headers["If-Range"] = self._etag
        async with self._followed(headers) as reply:
            if start and reply.status_code in {
                httpx.codes.PARTIAL_CONTENT,
                httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE,
            }:
                total: int | None = self._range(reply, start, have)
            else:
                start, total = 0, self._whole(reply)
            if (total or 0) > self._max_bytes:
                raise DownloadFailed(reason="too large")
            size = await self._write(reply, start, total)
        if total is not None and size != total:
            raise DownloadFailed(reason="cut short")

    @asynccontextmanager
    async def _followed(self, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """Yield the reply at the end of the redirects. Each of them stays on fal's hosts."""
        url = self._url
        for _ in range(_REDIRECTS + 1):
            async with self._client.stream("GET", url, headers=headers) as reply:
                if reply.status_code not in _MOVED:
                    yield reply
                    return
                target = _joined(url, reply.headers.get("location", ""))
            allowed = protocol.file_address(target, queue_url=self._queue_url)
            if allowed is None:
                raise DownloadFailed(reason="redirected to a foreign host", host=protocol.host_of(target))
            url = allowed
        raise DownloadFailed(reason="too many redirects")

    def _range(self, reply: httpx.Response, start: int, have: int) -> int:
        """Return the size of the file when this is the range that was asked for. Raises _NoResume when it is not."""
        match = _RANGE.fullmatch(reply.headers.get("content-range", ""))
        if reply.status_code != httpx.codes.PARTIAL_CONTENT or match is None or int(match[1]) != start:
            raise _NoResume("another range")
        if reply.headers.get("content-encoding", "identity").lower() != "identity":
            raise _NoResume("a range of a packed copy")
        end = int(match[2]) + 1
        size = (self._size or end) if match[3] == "*" else int(match[3])
        if not start < end <= size or _length(reply) not in {None, end - start}:
            raise _NoResume("a range that contradicts itself")
        if size < have or self._size not in {None, size}:
            raise _NoResume("another size")
        return size

    def _whole(self, reply: httpx.Response) -> int | None:
        if not reply.is_success or reply.status_code == httpx.codes.PARTIAL_CONTENT:
            raise DownloadFailed(reason="status", status=reply.status_code)
        return None if reply.headers.get("content-encoding") else _length(reply)

    def _remember(self, reply: httpx.Response, total: int | None) -> None:
        etag = reply.headers.get("etag", "")
        strong = etag.startswith('"') and not reply.headers.get("content-encoding")  # a weak one proves no bytes
        self._etag = etag if strong else None
        self._size = total

    async def _write(self, reply: httpx.Response, start: int, total: int | None) -> int:
        """Write the body and return the size of what is here now.

        Earlier bytes are touched only by bytes that belong to a film.
        """
        chunks = unpacked(reply)
        first = await _head(chunks, self._known(start))
        self._remember(reply, total)
        try:
            return await write_body(chunks, self._part, most_bytes=self._max_bytes, head=first, start=start)
        except BodyTooLarge:
            raise DownloadFailed(reason="too large") from None

    def _known(self, start: int) -> bytes:
        if not start:
            return b""
        with self._part.open("rb") as file:
            file.seek(start)
            return file.read()


async def _head(chunks: AsyncIterator[bytes], known: bytes) -> bytes:
    """Return the first bytes: known ones of a continued file, an mp4's of a new one, whatever type is declared."""
    enough = len(known) or _FTYP_BYTES
    head = await first_bytes(chunks, enough=enough)
    if known:
        if len(head) < enough:
            raise DownloadFailed(reason="cut short")
        if not head.startswith(known):
            raise _NoResume("other bytes")
    elif head[_FTYP] != b"ftyp" or len(head) < enough:
        raise DownloadFailed(reason="not an mp4")
    return head


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _length(reply: httpx.Response) -> int | None:
    text = reply.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else None
