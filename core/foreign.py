"""Fetching a file from an address that somebody gave us: public http(s) only, at every redirect, and with caps.

The connection goes to the very address that was checked, so a name that resolves differently a moment later gains
nothing.
"""

import asyncio
import ipaddress
import socket
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiofiles
import httpx

from core.config import FalSettings, is_loopback
from core.errors import BadReference, BadRequest

_REDIRECTS = 3
_TIMEOUT = httpx.Timeout(connect=10, read=20, write=10, pool=10)
_TOTAL_S = 120.0
_MOVED = {301, 302, 303, 307, 308}


def require_public_url(url: str, *, settings: FalSettings) -> None:
    """Raises BadRequest ("image_url_not_public") for anything but http(s) to a public host, by its looks alone."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise BadRequest("image_url_not_public")
    if is_loopback(url) and settings.on_loopback:
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or "." not in host or host.endswith((".local", ".internal", ".localhost")):
            raise BadRequest("image_url_not_public") from None
    else:
        if not address.is_global or address.is_multicast:
            raise BadRequest("image_url_not_public")


async def fetch_public(url: str, into: Path, *, settings: FalSettings, max_bytes: int) -> None:
    """Write what is at `url` to `into`. Raises BadRequest, BadReference ("bad_reference" with the reason,
    "file_too_large").
    """
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client:
        try:
            async with asyncio.timeout(_TOTAL_S):
                for _ in range(_REDIRECTS + 1):
                    target = await _fetch(client, url, into, settings=settings, max_bytes=max_bytes)
                    if target is None:
                        return
                    url = urljoin(url, target)
        except TimeoutError:
            raise BadReference("bad_reference", reason="timeout") from None
        except httpx.HTTPError as error:
            raise BadReference("bad_reference", reason=type(error).__name__) from None
    raise BadReference("bad_reference", reason="too many redirects")


async def _fetch(
    client: httpx.AsyncClient, url: str, into: Path, *, settings: FalSettings, max_bytes: int
) -> str | None:
    """One hop: None when the file is written, else where it moved to."""
    require_public_url(url, settings=settings)
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = await public_address(host, settings=settings)
    shown = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    pinned = f"{parts.scheme}://{shown}{port}{parts.path or '/'}{query}"
    request = client.build_request("GET", pinned, headers={"Host": f"{host}{port}", "Accept": "image/*, video/*"})
    request.extensions["sni_hostname"] = host
    reply = await client.send(request, stream=True)
    try:
        if reply.status_code in _MOVED:
            return str(reply.headers.get("location", ""))
        if not reply.is_success:
            raise BadReference("bad_reference", reason="status", status=reply.status_code)
        await _write(reply, into, max_bytes)
    finally:
        await reply.aclose()
    return None


async def _write(reply: httpx.Response, into: Path, max_bytes: int) -> None:
    size = 0
    async with aiofiles.open(into, "wb") as file:
        async for chunk in reply.aiter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise BadReference("file_too_large", max_bytes=max_bytes)
            await file.write(chunk)


async def public_address(host: str, *, settings: FalSettings) -> str:
    """One address of `host`, after all of them were found to be public. Raises BadRequest, BadReference."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise BadReference("bad_reference", reason="dns") from None
    addresses = [str(entry[4][0]) for entry in found]
    for each in addresses:
        address = ipaddress.ip_address(each.partition("%")[0])
        allowed = address.is_global and not address.is_multicast
        if not allowed and not (address.is_loopback and settings.on_loopback):
            raise BadRequest("image_url_not_public", reason="private_address")
    return addresses[0]
