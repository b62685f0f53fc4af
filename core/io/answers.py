"""Asks an address of a server for nothing but its head: that it is there, and what time it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from core.io.tls import plain_client


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer. `ahead_s`: seconds by which the server's clock is ahead of ours, where it tells."""

    status: int
    ahead_s: float | None


async def fetch_head(client: httpx.AsyncClient, url: str) -> Head:
    """Fetch the head of this address, and close the client. Raises httpx.HTTPError."""
    async with client, client.stream("GET", url) as reply:
        return Head(reply.status_code, _ahead_s(reply.headers.get("date")))


def _ahead_s(date: str | None) -> float | None:
    try:
        stated = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return (stated.replace(tzinfo=stated.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


async def head_of(url: str) -> Head:
    """Fetch the head of a public address. Raises ConnectionError with a short reason."""
    try:
        return await fetch_head(plain_client(timeout=8.0), url)
    except httpx.HTTPError as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None
