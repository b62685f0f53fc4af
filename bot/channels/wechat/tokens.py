"""The access token: one for all processes, kept in the database, fetched ahead of its end and once when it is refused.

stable_token: the same token for everybody until five minutes before its end, and no secret in an address
(developers.weixin.qq.com/doc/subscription/api/base/api_getstableaccesstoken).
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.channels.protocol import KeyValue

Fetch = Callable[[bool], Awaitable[tuple[str, float]]]
"""fetch(force) -> the token and its seconds."""

_AHEAD_S = 240.0  # within WeChat's five minutes, in which old and new both work
_LEASE_S = 15.0
_LOOK_S = 0.1
_FORCE_GAP_S = 31.0


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    until: float  # wall clock, since processes share it


class Tokens:
    def __init__(self, memory: KeyValue, *, account: str, fetch: Fetch, now: Callable[[], float] = time.time) -> None:
        self._memory = memory
        self._key = f"wechat:{account}:token"
        self._fetch = fetch
        self._now = now
        self._lock = asyncio.Lock()
        self._held: _Held | None = None

    async def token(self) -> str:
        """One that is good for a while. Raises what fetching it raises."""
        held = self._held
        if held is None or self._ends(held):
            held = await self._renewed(None)
        return held.token

    async def after(self, refused: str) -> str:
        """Another one than `refused`, fetched once however many calls were refused with it."""
        held = self._held
        if held is not None and held.token != refused and not self._ends(held):
            return held.token
        return (await self._renewed(refused)).token

    def _ends(self, held: _Held) -> bool:
        return held.until - self._now() < _AHEAD_S

    async def _renewed(self, refused: str | None) -> _Held:
        async with self._lock:
            while True:
                held = await self._known()
                if held is not None and held.token != refused and not self._ends(held):
                    self._held = held
                    return held
                mine = secrets.token_hex(8)
                if await self._memory.swap(f"{self._key}:lease", old=None, new=mine, for_s=_LEASE_S):
                    return await self._fetched(refused)
                await asyncio.sleep(_LOOK_S)  # another process fetches it

    async def _may_force(self) -> bool:
        """WeChat hands out what it refuses: only force helps then. It is there 20 times a day, 30 seconds apart."""
        return await self._memory.swap(f"{self._key}:forced", old=None, new="1", for_s=_FORCE_GAP_S)

    async def _known(self) -> _Held | None:
        value = await self._memory.get(self._key)
        return _Held(**json.loads(value)) if value else None

    async def _fetched(self, refused: str | None) -> _Held:
        try:
            held = await self._known()  # between our look and our lease another one may have been fast
            if held is None or held.token == refused or self._ends(held):
                token, seconds = await self._fetch(False)
                if token == refused and await self._may_force():
                    token, seconds = await self._fetch(True)
                held = _Held(token, self._now() + seconds)
                value = json.dumps({"token": held.token, "until": held.until})
                await self._memory.put(self._key, value, for_s=seconds)
            self._held = held
            return held
        finally:
            await self._memory.put(f"{self._key}:lease", None)
