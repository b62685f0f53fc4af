"""Verifies fal's completion calls (ED25519 against fal's published keys) and reads which job they name (HMAC).

Scheme: fal.ai/docs, webhooks. The four lines request id, user id, timestamp and the hex SHA-256 of the raw body are
signed. fal signs everybody's calls, so the job's own token in the address is what makes one ours.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.config import FalSettings
from core.errors import Unavailable
from core.fal import protocol
from core.fal.http import ANSWER_S, http_client

_WINDOW_S = 300
_KEEP_S = 24 * 3600
_AFTER_FAILURE_S = 30.0
_MOST_KEYS = 20  # a wrong signature is tried by each
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_TOKEN = re.compile(r"([A-Za-z0-9]{1,40})\.([0-9a-f]{64})")


def callback_token(secret: bytes, job_id: str) -> str:
    """Make the last part of the webhook address of one job; only we can make it."""
    return f"{job_id}.{_mac(secret, job_id)}"


def job_from_token(secret: bytes, token: str) -> str | None:
    """Read the job's id in a token; None for one that is not ours."""
    match = _TOKEN.fullmatch(token)
    if match is None or not hmac.compare_digest(match[2], _mac(secret, match[1])):
        return None
    return match[1]


def _mac(secret: bytes, job_id: str) -> str:
    return hmac.new(secret, f"fal-webhook:{job_id}".encode(), hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], *, now: float) -> bool:
    """Return whether fal signed exactly this body, within five minutes of `now` (Unix seconds).

    `headers` in lower case.
    """
    parts = [headers.get(f"x-fal-webhook-{name}", "") for name in ("request-id", "user-id", "timestamp", "signature")]
    request_id, user_id, timestamp, signature = parts
    if not all(parts) or not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > _WINDOW_S:
        return False
    message = "\n".join([request_id, user_id, timestamp, hashlib.sha256(body).hexdigest()]).encode()
    try:
        signed = bytes.fromhex(signature)
    except ValueError:
        return False
    return any(_signed_by(key, signed, message) for key in keys)


def _signed_by(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class JwksCache:
    """A cache of fal's public keys, asked for once a day.

    After a failure they are not asked for at once again, and the old ones serve on: a call is only ever a hint.
    """

    def __init__(self, settings: FalSettings, *, clock: Callable[[], float] | None = None) -> None:
        """`clock`: seconds that only grow, for tests."""
        self._clock = clock or _monotonic_s
        self._url = f"{settings.rest_url}/.well-known/jwks.json"
        self._client = http_client(settings)
        self._lock = asyncio.Lock()
        self._keys: tuple[bytes, ...] = ()
        self._until = 0.0
        self._not_before = 0.0

    async def get(self, *, renewed: bool = False) -> tuple[bytes, ...]:
        """Return the keys. Raises Unavailable while there are none.

        `renewed`: a call with a right token does not verify, so fal may have new ones: asked for at most every half
        minute.
        """
        async with self._lock:
            now = self._clock()
            if renewed or not self._keys or now >= self._until:
                if now >= self._not_before:
                    await self._refresh(now)
                if not self._keys:
                    raise Unavailable(reason="no webhook keys")
            return self._keys

    async def _refresh(self, now: float) -> None:
        self._not_before = now + _AFTER_FAILURE_S
        try:
            async with asyncio.timeout(ANSWER_S):  # whoever waits for them waits behind this
                reply = await self._client.get(self._url)
        except (TimeoutError, httpx.HTTPError, ssl.SSLError):
            return
        keys = read_keys(protocol.parsed(reply.content)) if reply.is_success else ()
        if keys:
            self._keys, self._until = keys, now + _KEEP_S

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _monotonic_s() -> float:
    return time.monotonic()


def read_keys(reply: object) -> tuple[bytes, ...]:
    """Read the ED25519 keys of fal's JWKS; none where the reply is another."""
    rows = reply.get("keys") if isinstance(reply, dict) else None
    found = []
    for row in rows[:_MOST_KEYS] if isinstance(rows, list) else []:
        text = row.get("x") if isinstance(row, dict) else None
        if isinstance(text, str):
            found.append(_decoded(text))
    return tuple(key for key in found if len(key) == 32)  # noqa: PLR2004 - an ED25519 key


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return b""
