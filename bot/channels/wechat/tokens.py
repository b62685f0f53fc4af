"""The access token: one for all processes, kept in the database, renewed ahead of its end and once when it is refused.

stable_token: the same token for everybody until five minutes before its end, and no secret in an address
(developers.weixin.qq.com/doc/subscription/api/base/api_getstableaccesstoken).
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.channels.services import KeyValue
from bot.channels.wechat.stored import read_fields

Fetch = Callable[[bool], Awaitable[tuple[str, float]]]
"""fetch(force) -> the token and its seconds."""

_AHEAD_S = 240.0  # within WeChat's five minutes, in which old and new both work
_LEASE_S = 15.0
_LOOK_S = 0.1
_FORCE_GAP_S = 31.0


@dataclass(frozen=True, slots=True)
class _StoredToken:
    token: str
    until: float  # wall clock, since processes share it


class Tokens:
    """The token of one account."""

    def __init__(
        self, key_values: KeyValue, *, account: str, fetch: Fetch, now: Callable[[], float] = time.time
    ) -> None:
        self._key_values = key_values
        self._key = f"wechat:{account}:token"
        self._fetch = fetch
        self._now = now
        self._lock = asyncio.Lock()
        self._stored: _StoredToken | None = None

    async def token(self) -> str:
        """Return a token that is good for a while. Raises what fetching it raises."""
        stored = self._stored
        if stored is None or self._ends(stored):
            stored = await self._renewed(None)
        return stored.token

    async def after(self, refused: str) -> str:
        """Return another token than `refused`, fetched once however many calls were refused with it."""
        stored = self._stored
        if stored is not None and stored.token != refused and not self._ends(stored):
            return stored.token
        return (await self._renewed(refused)).token

    def _ends(self, stored: _StoredToken) -> bool:
        return stored.until - self._now() < _AHEAD_S

    async def _renewed(self, refused: str | None) -> _StoredToken:
        async with self._lock:
            while True:
                stored = await self._known()
                if stored is not None and stored.token != refused and not self._ends(stored):
                    self._stored = stored
                    return stored
                mine = secrets.token_hex(8)
                try:
                    if await self._key_values.swap(f"{self._key}:lease", old=None, new=mine, for_s=_LEASE_S):
                        return await self._fetched(refused)
                except asyncio.CancelledError:  # the lease may be written all the same: nobody shall wait for it
                    await self._release(mine)
                    raise
                await asyncio.sleep(_LOOK_S)  # another process fetches it

    async def _release(self, lease: str) -> None:
        if await self._key_values.get(f"{self._key}:lease") == lease:
            await self._key_values.put(f"{self._key}:lease", None)

    async def _may_force(self) -> bool:
        """Return whether a token may be forced: WeChat hands out what it refuses.

        It is allowed 20 times a day, 30 seconds apart.
        """
        return await self._key_values.swap(f"{self._key}:forced", old=None, new="1", for_s=_FORCE_GAP_S)

    async def _known(self) -> _StoredToken | None:
        value = await self._key_values.get(self._key)
        fields = read_fields(value)
        token, until = fields.get("token"), fields.get("until")
        return _StoredToken(token, until) if isinstance(token, str) and isinstance(until, int | float) else None

    async def _fetched(self, refused: str | None) -> _StoredToken:
        try:
            stored = await self._known()  # between our look and our lease another one may have been fast
            if stored is None or stored.token == refused or self._ends(stored):
                token, seconds = await self._fetch(False)
                if token == refused and await self._may_force():
                    token, seconds = await self._fetch(True)
                stored = _StoredToken(token, self._now() + seconds)
                value = json.dumps({"token": stored.token, "until": stored.until})
                await self._key_values.put(self._key, value, for_s=seconds)
            self._stored = stored
            return stored
        finally:
            await self._key_values.put(f"{self._key}:lease", None)
