"""Fetches a file from a foreign address: public http(s) only, at every redirect, and with caps.

The connection goes to the very address that was checked, so a name that resolves differently a moment later gains
nothing; the name itself stays in Host and in TLS.
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx

from core.assets.ip_ranges import Resolve, is_loopback_address, is_public, resolve
from core.config import FalSettings
from core.errors import BadReference, BadRequest
from core.io.bodies import BodyTooLarge, write_body
from core.io.tls import usual_trust

_REDIRECTS = 3
_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them
_TIMEOUT = httpx.Timeout(connect=10, read=20, write=10, pool=10)
_TOTAL_S = 120.0
_ADDRESSES = 4  # of one name, tried one after the other
_HOST = re.compile(r"[0-9a-f:.]+|(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_MOST_PORT = 65535
_MOVED = {301, 302, 303, 307, 308}
_LOCAL_NAMES = (".local", ".internal", ".localhost", ".lan", ".home", ".home.arpa", ".corp", ".intranet")


def require_public_url(url: str, *, settings: FalSettings) -> None:
    """Refuse anything but http(s) to a public host, by its spelling alone.

    Raises BadRequest ("image_url_not_public").
    """
    _public_url(url, settings=settings)


def _public_url(url: str, *, settings: FalSettings) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").rstrip(".").lower()
    except (httpx.InvalidURL, ValueError, TypeError):
        raise BadRequest("image_url_not_public") from None
    well_formed = _HOST.fullmatch(host) and (parsed.port or 0) <= _MOST_PORT
    if parsed.scheme not in {"http", "https"} or not well_formed or parsed.userinfo:
        raise BadRequest("image_url_not_public")
    if settings.on_loopback and (host == "localhost" or is_loopback_address(host)):
        return parsed
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or "." not in host or host.endswith(_LOCAL_NAMES):
            raise BadRequest("image_url_not_public") from None
    else:
        if not is_public(host):
            raise BadRequest("image_url_not_public", reason="private_address")
    return parsed


async def fetch_public(
    url: str,
    into: Path,
    *,
    settings: FalSettings,
    max_bytes: int,
    resolver: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
) -> None:
    """Download the file at `url` to `into`, at most `max_bytes`. `trust`: authorities other than the usual ones.

    Raises BadRequest, BadReference ("bad_reference" with the reason, "file_too_large").
    """
    async with public_reply(url, settings=settings, resolver=resolver, trust=trust) as reply:
        await _write(reply, into, max_bytes)


@asynccontextmanager
async def public_reply(
    url: str,
    *,
    settings: FalSettings,
    headers: Mapping[str, str] | None = None,
    resolver: Resolve = resolve,
    trust: ssl.SSLContext | None = None,
    total_s: float = _TOTAL_S,
) -> AsyncIterator[httpx.Response]:
    """Yield the successful reply at the end of the redirects, its body not read yet. Raises as fetch_public."""
    client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, verify=trust or usual_trust())
    try:
        async with client, asyncio.timeout(total_s):
            for _ in range(_REDIRECTS + 1):
                reply = await _hop(client, url, headers or {}, settings=settings, resolver=resolver)
                try:
                    if reply.status_code in _MOVED:
                        url = _target(url, reply)
                        continue
                    if not reply.is_success:
                        raise BadReference("bad_reference", reason="status", status=reply.status_code)
                    yield reply
                finally:
                    await reply.aclose()
                return
    except TimeoutError:
        raise BadReference("bad_reference", reason="timeout") from None
    except httpx.HTTPError as error:
        raise BadReference("bad_reference", reason=_reason(error)) from None
    raise BadReference("bad_reference", reason="too many redirects")


def _target(url: str, reply: httpx.Response) -> str:
    try:
        return urljoin(url, str(reply.headers.get("location", "")))
    except ValueError:
        raise BadRequest("image_url_not_public") from None


async def _hop(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], *, settings: FalSettings, resolver: Resolve
) -> httpx.Response:
    """Send one request to a checked address; to the next address of the name where one does not answer."""
    parsed = _public_url(url, settings=settings)
    host = parsed.raw_host.decode("ascii")
    addresses = await public_addresses(host, settings=settings, resolver=resolver)
    trouble: httpx.HTTPError = httpx.ConnectError("no address")
    for address in addresses[:_ADDRESSES]:
        request = client.build_request(
            "GET",
            parsed.copy_with(host=address, fragment=None),
            headers={"Accept": "image/*, video/*, audio/*", "Accept-Encoding": "identity"} | dict(headers),
        )
        request.headers["Host"] = parsed.netloc.decode("ascii")
        request.extensions["sni_hostname"] = host
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            trouble = error
    raise trouble


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return connect_reason(error)
    return type(error).__name__


def connect_reason(error: httpx.ConnectError) -> str:
    """Name the reason why no connection was made: "tls", "dns" or "refused"."""
    text = str(error).lower()
    if "certificate" in text or "ssl" in text:
        return "tls"
    return "dns" if "name" in text or "address" in text else "refused"


async def _write(reply: httpx.Response, into: Path, max_bytes: int) -> None:
    """Write the body as it comes: a packed one could unpack to any size, so it is not unpacked."""
    length = reply.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:_MOST_DIGITS]) > max_bytes:
        raise BadReference("file_too_large", max_bytes=max_bytes)
    try:
        await write_body(reply.aiter_raw(), into, most_bytes=max_bytes)
    except BodyTooLarge:
        raise BadReference("file_too_large", max_bytes=max_bytes) from None


async def public_addresses(host: str, *, settings: FalSettings, resolver: Resolve = resolve) -> list[str]:
    """Return the addresses of `host`, all of which must be public. Raises BadRequest, BadReference."""
    try:
        found = await resolver(host)
    except OSError:
        raise BadReference("bad_reference", reason="dns") from None
    for each in found:
        if not is_public(each) and not (settings.on_loopback and is_loopback_address(each)):
            raise BadRequest("image_url_not_public", reason="private_address")
    return found
