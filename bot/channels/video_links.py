"""Signs addresses of finished videos for people without a session of the web chat: each of one file, and for a time."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.channels.signing_secret import SigningSecret

_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them


class VideoLinks:
    """The signer and checker of `/videos/{name}`. `secret`: the installation's; with another one all links lapse."""

    def __init__(self, secret: SigningSecret, *, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now

    def path(self, name: str, *, lapses: int) -> str:
        """Return the path and query of one file's signed link, good until `lapses` (Unix seconds)."""
        return f"/videos/{name}?e={lapses}&s={self._mac(name, lapses)}"

    def opens(self, name: str, query: Mapping[str, Any]) -> bool:
        """Return whether this query is a signed link's of that file, and has not lapsed."""
        expires, signature = str(query.get("e", "")), str(query.get("s", ""))
        if not (expires.isascii() and expires.isdigit() and len(expires) < _MOST_DIGITS) or int(expires) < self._now():
            return False
        return hmac.compare_digest(signature.encode(), self._mac(name, int(expires)).encode())

    def _mac(self, name: str, lapses: int) -> str:
        key = hmac.new(self._secret.value, b"video-links", hashlib.sha256).digest()
        return hmac.new(key, f"{name}:{lapses}".encode(), hashlib.sha256).hexdigest()
