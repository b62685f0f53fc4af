"""Reads an address that a server named: what one reader takes for its host must be what is asked."""

from urllib.parse import SplitResult, urlsplit

import httpx


def split_sound(url: str) -> SplitResult | None:
    """Return the parts of an address that a client takes as it stands; None for any other.

    Its port is one, and both readers of it, the one that checks the host and the one that asks it, see the same.
    """
    try:
        parts, asked = urlsplit(url), httpx.URL(url)
        host = asked.raw_host.decode("ascii")
        if parts.port == 0:
            return None
    except (ValueError, httpx.InvalidURL):  # half a character, no number as a port, a control sign
        return None
    return parts if host and host == (parts.hostname or "").lower() else None
