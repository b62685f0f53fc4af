"""Calls of fal's platform API that take a key of ADMIN scope (FAL_ADMIN_KEY), which goes to FAL_API_URL alone."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Self

import httpx

from core.config import FalSettings
from core.errors import NotConfigured, Unavailable
from core.fal import error_map
from core.fal.http import ANSWER_S, http_client


class AdminApi:
    """The client of one account. `close` it."""

    def __init__(self, settings: FalSettings, key: str) -> None:
        self._api = settings.api_url
        self._key = key
        self._client = http_client(settings)

    @classmethod
    def from_settings(cls, settings: FalSettings) -> Self | None:
        """Build the client; None without FAL_ADMIN_KEY and behind a proxy, which puts its own key in."""
        if settings.fal_admin_key is None or settings.fal_proxy_url is not None:
            return None
        return cls(settings, settings.fal_admin_key.get_secret_value().strip())

    @property
    def fingerprint(self) -> str:
        """Return a short digest of the key, which tells it from another; it is random, so nobody guesses it back."""
        return hashlib.sha256(f"reelbot-admin-key:{self._key}".encode()).hexdigest()[:16]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call and return the object that is answered.

        Raises NotConfigured (the key is refused), Unavailable with `status` or `reason`.
        """
        if not self._key.isascii() or not self._key.isprintable():
            raise NotConfigured("invalid_key")
        headers = {"Authorization": f"Key {self._key}"}
        try:
            async with asyncio.timeout(ANSWER_S):
                reply = await self._client.request(method, f"{self._api}{path}", params=params, headers=headers)
        except TimeoutError:
            raise Unavailable(reason="an answer without end") from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None
        parsed = _parsed(reply.content)
        if reply.status_code in {401, 402, 403}:
            refusal = error_map.error_from(reply.status_code, reply.headers, parsed)
            raise NotConfigured("invalid_key") if refusal.code == "model_not_allowed" else refusal
        if not reply.is_success or not isinstance(parsed, dict):
            raise Unavailable(status=reply.status_code)
        return parsed


def _parsed(body: bytes) -> Any:
    """Parse JSON with its fractions as they are written; None for anything else."""
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        return None
