"""Checks a source before money is spent: that anybody can fetch it, and that it is the right file.

Our own published asset is fetched as fal would fetch it; somebody else's address only through the guard of
safe_fetch.py.
"""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import aiofiles
import httpx

from core.assets.ip_ranges import Resolve, is_public, resolve
from core.assets.safe_fetch import connect_reason, public_reply
from core.config import FalSettings
from core.errors import AssetHostDown, BadReference
from core.io.bodies import first_bytes
from core.io.retrying import RetryPolicy, retried
from core.io.tls import usual_trust

_LOOK_TIMEOUT_S = 10.0
_LOOK_TOTAL_S = 20.0
_PREFIX = 65_536  # bytes that are compared; the name is secret and the length is compared, too
_MEDIA = ("image/", "video/", "audio/")
_FINAL = {"private"}  # no second look changes it
_WHERE = re.compile(r"bytes \d+-\d+/(\d+)")
_TLS_DETAIL = re.compile(r"verify failed: (.{1,400}?)\(_ssl", re.DOTALL)


async def check_public(
    url: str, *, settings: FalSettings, path: Path | None = None, resolver: Resolve = resolve
) -> None:
    """Check that our published asset can be fetched anonymously, as fal does.

    It must be a picture, a film or a sound, and the file at `path` if given. Raises AssetHostDown with the fact
    `reason`: dns, private, tls, refused, timeout, status, type, or content (another folder is served there). Not done
    when REELBOT_ASSET_CHECK is false.
    """
    if not settings.asset_check:
        return
    gap_s = settings.asset_look_gap_s
    looking = RetryPolicy(AssetHostDown, pauses_s=(gap_s, 2 * gap_s), tries=3, only_if=_may_change)
    await retried(lambda: _bounded(url, settings=settings, path=path, resolver=resolver), looking)


def _may_change(error: AssetHostDown) -> bool:
    return error.facts.get("reason") not in _FINAL


async def _bounded(url: str, *, settings: FalSettings, path: Path | None, resolver: Resolve) -> None:
    try:
        async with asyncio.timeout(_LOOK_TOTAL_S):
            await _require_public_name(url, settings=settings, resolver=resolver)
            await _check_once(url, path)
    except TimeoutError:
        raise AssetHostDown(reason="timeout") from None


async def _require_public_name(url: str, *, settings: FalSettings, resolver: Resolve) -> None:
    """Refuse a name that leads into private networks only: fal cannot reach it, whatever answers here."""
    if settings.on_loopback:
        return
    try:
        found = await resolver(urlsplit(url).hostname or "")
    except OSError:
        raise AssetHostDown(reason="dns") from None
    if not any(is_public(each) for each in found):
        raise AssetHostDown(reason="private", address=found[0] if found else None)


async def _check_once(url: str, path: Path | None) -> None:
    headers = {"Range": f"bytes=0-{_PREFIX - 1}", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(
        timeout=_LOOK_TIMEOUT_S, trust_env=False, follow_redirects=True, max_redirects=3, verify=usual_trust()
    ) as client:
        try:
            async with client.stream("GET", url, headers=headers) as reply:
                if reply.status_code not in {200, 206}:
                    raise AssetHostDown(reason="status", status=reply.status_code)
                _require_media(reply)
                if path is not None:
                    await _require_same(reply, path)
        except httpx.TimeoutException:
            raise AssetHostDown(reason="timeout") from None
        except httpx.ConnectError as error:
            raise _unconnected(error) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AssetHostDown(reason=type(error).__name__) from None


def _unconnected(error: httpx.ConnectError) -> AssetHostDown:
    reason = connect_reason(error)
    detail = _TLS_DETAIL.search(str(error))
    return AssetHostDown(reason=reason, detail=detail[1].strip()[:120]) if detail else AssetHostDown(reason=reason)


def _require_media(reply: httpx.Response) -> None:
    kind = reply.headers.get("content-type", "")
    if not kind.startswith(_MEDIA):
        raise AssetHostDown(reason="type", type=kind[:40])


async def _require_same(reply: httpx.Response, path: Path) -> None:
    """Compare the first bytes and the length with the file that was just published."""
    size = path.stat().st_size
    async with aiofiles.open(path, "rb") as file:
        expected = await file.read(_PREFIX)
    where = _WHERE.fullmatch(reply.headers.get("content-range", ""))
    stated = (
        where[1] if where else reply.headers.get("content-length", "") if reply.status_code == httpx.codes.OK else ""
    )
    if stated and stated != str(size):
        raise AssetHostDown(reason="content")
    served = await first_bytes(reply.aiter_raw(), enough=len(expected))
    if served[: len(expected)] != expected:
        raise AssetHostDown(reason="content")


async def check_foreign(url: str, *, settings: FalSettings) -> None:
    """Check an address that a person gave: it must serve a picture, a video or a sound.

    No private address is asked, at no redirect. Not done when REELBOT_ASSET_CHECK is false. Raises BadRequest,
    BadReference.
    """
    if not settings.asset_check:
        return
    headers = {"Range": "bytes=0-15"}
    async with public_reply(url, settings=settings, headers=headers, total_s=_LOOK_TOTAL_S) as reply:
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith(_MEDIA):
            raise BadReference("bad_reference", reason="type", type=kind[:40])
