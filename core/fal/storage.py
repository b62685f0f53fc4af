"""fal's own storage as the asset host: works behind NAT, needs a key with the storage right.

POST storage/upload/initiate with the key, then PUT the bytes without it (fal docs, storage). All of it is free, so it
is repeated; a key without the right is asked once an hour, not for each photo.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiofiles
import httpx

from core.config import FalSettings, is_loopback
from core.errors import NotConfigured, OutOfCredits, Unavailable, VideoError
from core.fal import error_map, protocol
from core.fal.http import http_client
from core.io.retrying import RetryPolicy, Sleep, retried

_UPLOADING = RetryPolicy(Unavailable, pauses_s=(1.0, 3.0, 8.0), tries=4)
_CHUNK = 256 * 1024
_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=10)
_TOTAL_S = 600.0
_KEEP_S = 24 * 3600
_REFUSED_S = 3600
_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4", ".wav": "audio/wav"}


class KeyValues(Protocol):
    """A store of facts that outlive one call; the bot keeps them in its database."""

    async def get(self, name: str) -> str | None:
        """Return the stored value, or None."""

    async def put(self, name: str, value: str | None) -> bool:
        """Store the value; None removes it. Returns whether that changed anything."""


@dataclass(slots=True)
class ProcessKeyValues:
    """A store of facts for as long as the process lives: for the library and the shell."""

    facts: dict[str, str]

    async def get(self, name: str) -> str | None:
        """Return the stored value, or None."""
        return self.facts.get(name)

    async def put(self, name: str, value: str | None) -> bool:
        """Store the value; None removes it. Returns whether that changed anything."""
        changed = self.facts.get(name) != value
        if value is None:
            self.facts.pop(name, None)
        else:
            self.facts[name] = value
        return changed


_HERE = ProcessKeyValues({})


class FalStorageHost:
    """A host that uploads the file from the asset folder; the address is fal's."""

    def __init__(
        self,
        settings: FalSettings,
        *,
        key_values: KeyValues | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._key_values = key_values or _HERE
        self._sleep = sleep

    async def publish(self, path: Path) -> str:
        """Upload the file and return its address.

        Raises NotConfigured ("not_configured", "storage_not_allowed"), Unavailable.
        """
        if await self.refused():
            raise NotConfigured("storage_not_allowed", remembered=True)
        return await retried(lambda: self._publish(path), _UPLOADING, sleep=self._sleep)

    async def refused(self) -> bool:
        """Return whether fal has lately said that this very key may not upload."""
        since = await self._key_values.get(self._fact())
        with suppress(ValueError):  # what another version wrote
            return since is not None and time.time() - float(since) < _REFUSED_S
        return False

    def _fact(self) -> str:
        """Name the stored fact of this key and address, so that another one is asked again.

        The key itself is stored nowhere.
        """
        key = self._settings.fal_key.get_secret_value() if self._settings.fal_key else ""
        mark = hashlib.sha256(f"{key}|{self._settings.rest_url}|{self._settings.fal_proxy_url}".encode()).hexdigest()
        return f"fal-storage-refused:{mark[:16]}"

    async def _publish(self, path: Path) -> str:
        try:
            async with asyncio.timeout(_TOTAL_S), http_client(self._settings, timeout=_TIMEOUT) as client:
                upload_url, file_url = await self._initiate(client, path)
                await self._put(client, upload_url, path)
        except TimeoutError:
            raise Unavailable(reason="timeout") from None
        except httpx.HTTPError as error:
            raise Unavailable(reason=type(error).__name__) from None
        return file_url

    async def _initiate(self, client: httpx.AsyncClient, path: Path) -> tuple[str, str]:
        reply = await client.post(
            f"{self._settings.rest_url}/storage/upload/initiate",
            params={"storage_type": "fal-cdn-v3"},
            json={"content_type": _TYPES[path.suffix], "file_name": path.name},
            headers=self._headers(),
        )
        parsed = protocol.parsed(reply.content)
        if reply.status_code in {401, 402, 403}:
            raise await self._not_allowed(reply, parsed)
        if not reply.is_success or not isinstance(parsed, dict):
            raise Unavailable(status=reply.status_code)
        await self._key_values.put(self._fact(), None)
        upload_url, file_url = parsed.get("upload_url"), parsed.get("file_url")
        if not (self._allowed(upload_url) and self._allowed(file_url)):
            raise Unavailable(reason="storage named an unexpected address")
        return str(upload_url), str(file_url)

    async def _not_allowed(self, reply: httpx.Response, parsed: Any) -> VideoError:
        """Build the error of a refused upload.

        An account that is locked or empty is no missing right: that is mended elsewhere, and not remembered.
        """
        error = error_map.error_from(reply.status_code, reply.headers, parsed)
        if isinstance(error, OutOfCredits) or error.code == "key_locked":
            return error
        await self._key_values.put(self._fact(), str(time.time()))
        return NotConfigured("storage_not_allowed")

    def _headers(self) -> dict[str, str]:
        key = self._settings.fal_key
        if key is None and self._settings.fal_proxy_url is None:
            raise NotConfigured("not_configured")
        lifecycle = json.dumps({"expiration_duration_seconds": _KEEP_S})
        return {
            "Authorization": f"Key {key.get_secret_value() if key else 'injected-by-the-proxy'}",
            # fal's two clients spell it in two ways.
            "X-Fal-Object-Lifecycle": lifecycle,
            "X-Fal-Object-Lifecycle-Preference": lifecycle,
        }

    def _allowed(self, url: object) -> bool:
        if not isinstance(url, str):
            return False
        return urlsplit(url).scheme == "https" or (self._settings.on_loopback and is_loopback(url))

    async def _put(self, client: httpx.AsyncClient, url: str, path: Path) -> None:
        """Upload the file as a stream, with its length: presigned addresses take no chunked body."""
        headers = {"Content-Type": _TYPES[path.suffix], "Content-Length": str(path.stat().st_size)}
        reply = await client.put(url, content=_chunks(path), headers=headers)
        if not reply.is_success:
            raise Unavailable(status=reply.status_code)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    async with aiofiles.open(path, "rb") as file:
        while chunk := await file.read(_CHUNK):
            yield chunk
