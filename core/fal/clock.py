"""Compares this machine's clock with fal's, by an answer that needs no key."""

import ssl

import httpx

from core.config import FalSettings
from core.errors import Unavailable
from core.fal.http import http_client
from core.io.answers import fetch_head


async def ahead_s(settings: FalSettings) -> float | None:
    """Return the seconds by which fal's clock is ahead of ours; None where it does not tell. Raises Unavailable."""
    try:
        return (await fetch_head(http_client(settings), settings.fal_queue_url)).ahead_s
    except (httpx.HTTPError, ssl.SSLError) as error:
        raise Unavailable(reason=type(error).__name__) from None
