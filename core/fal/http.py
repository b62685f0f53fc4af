"""Connects to fal: through the configured proxy only, with TLS always checked.

`SendTrace` tells what a broken connection proves.
"""

import ssl
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from core.config import FalSettings
from core.io.tls import usual_trust
from core.io.unpacking import bounded
from core.types import RawReply

TIMEOUT = httpx.Timeout(connect=10, read=30, write=30, pool=10)
ANSWER_S = 90.0
"""Seconds for a free question as a whole: httpx bounds each chunk of an answer, and not all of them."""

_HEADERS = frozenset({"content-type", "retry-after", "x-credits-used"})


@cache
def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Load the usual authorities and the proxy's own: once, not for each submit."""
    if ca_file is None:
        return usual_trust()
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(ca_file)
    return context


def http_client(
    settings: FalSettings, *, timeout: httpx.Timeout = TIMEOUT, once: bool = False, files: bool = False
) -> httpx.AsyncClient:
    """Build a client: through the configured proxy only, TLS always checked, no redirects, answers with a cap.

    `once`: a connection of its own for one request, so that a stale kept-alive one can never look like a lost answer.
    `files`: what it fetches is no answer but a film, which its caller caps (core/io/unpacking.py).
    """
    trusted = _trusted(settings.fal_ca_file)
    proxy = settings.fal_proxy_url
    to_proxy = trusted if proxy and proxy.startswith("https:") else None
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=1) if once else httpx.Limits(max_connections=200)
    return httpx.AsyncClient(
        timeout=timeout,
        transport=settings.transport,
        verify=trusted,
        proxy=httpx.Proxy(proxy, ssl_context=to_proxy) if proxy else None,
        trust_env=False,
        follow_redirects=False,
        http2=False,
        limits=limits,
        event_hooks={"response": [] if files else [bounded()]},
    )


def raw_reply(reply: httpx.Response) -> RawReply:
    """Return the reply as it is stored, once its body has been read."""
    headers = {name: value for name, value in reply.headers.items() if name in _HEADERS or name.startswith("x-fal-")}
    return RawReply(reply.status_code, headers, reply.content)


class SendTrace:
    """A trace of the transport (httpx's "trace") that tells whether a request may have left.

    While the last request sent is a proxy's CONNECT, nothing of the paid one has left. Without such a sign it counts as
    sent.
    """

    def __init__(self) -> None:
        self._method: object = None

    async def __call__(self, _event: str, info: dict[str, Any]) -> None:
        """Note an event of the transport."""
        self._method = getattr(info.get("request"), "method", self._method)

    @property
    def only_to_proxy(self) -> bool:
        """Return whether nothing but the proxy's CONNECT was sent."""
        return self._method == b"CONNECT"


async def events(reply: httpx.Response) -> AsyncIterator[str]:
    """Yield the data of each server-sent event."""
    lines: list[str] = []
    async for line in reply.aiter_lines():
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)
