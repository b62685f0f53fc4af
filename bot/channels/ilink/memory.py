"""What this channel remembers of people, on disk and for all processes: contexts, cursors, pace, what was said."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.channels.ilink.pace import Pace
from bot.channels.ilink.stored import number_of, read_fields, text_of
from bot.channels.services import KeyValue

_SAID_S = 7 * 24 * 3600.0  # a message can be quoted for so long
_FILE_S = 30 * 24 * 3600.0
_PACE_S = 2 * 24 * 3600.0  # what is counted lies within a day; what waits is tried more often than that
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Context:
    """The newest token of a conversation, without which the bot may say nothing there. `at_ms`: when it came."""

    token: str
    at_ms: int

    def __repr__(self) -> str:
        return f"Context(at_ms={self.at_ms})"


@dataclass(frozen=True, slots=True)
class FileKey:
    """How a person's file is opened: the AES key (empty: it is plain), and a whole address where one was named."""

    key: bytes
    url: str | None

    def __repr__(self) -> str:
        return "FileKey()"


class Memory:
    """The memory. `now`: seconds UTC."""

    def __init__(self, key_values: KeyValue, *, now: Callable[[], float] = time.time) -> None:
        self._key_values = key_values
        self._now = now

    @property
    def now_ms(self) -> int:
        """Return the time."""
        return int(self._now() * 1000)

    # Of an account

    async def cursor(self, bot_id: str) -> str:
        """Return how far this account's messages were taken."""
        return await self._key_values.get(f"ilink:cursor:{bot_id}") or ""

    async def put_cursor(self, bot_id: str, cursor: str) -> None:
        """Record how far they are taken; after the messages themselves."""
        await self._key_values.put(f"ilink:cursor:{bot_id}", cursor)

    # Of a person

    async def context(self, bot_id: str, user: str) -> Context | None:
        """Return the newest context of this person; None: they have not written to this account."""
        fields = read_fields(await self._key_values.get(f"ilink:context:{bot_id}:{user}"))
        token = text_of(fields, "token")
        return Context(token, number_of(fields, "at") or 0) if token else None

    async def put_context(self, bot_id: str, user: str, token: str, at_ms: int, *, for_s: float | None = None) -> None:
        """Record the context of a message, unless a newer one is known."""
        known = await self.context(bot_id, user)
        if known is None or known.at_ms <= at_ms:
            row = json.dumps({"token": token, "at": at_ms})
            await self._key_values.put(f"ilink:context:{bot_id}:{user}", row, for_s=for_s)

    async def pace(self, bot_id: str, user: str) -> Pace:
        """Return the person's count."""
        return Pace.read(read_fields(await self._key_values.get(f"ilink:pace:{bot_id}:{user}")))

    async def change_pace(self, bot_id: str, user: str, change: Callable[[Pace], Pace]) -> None:
        """Change the person's count, whoever else does at the same time."""
        key = f"ilink:pace:{bot_id}:{user}"
        for _ in range(_TRIES):
            old = await self._key_values.get(key)
            new = json.dumps(change(Pace.read(read_fields(old))).fields)
            if await self._key_values.swap(key, old=old, new=new, for_s=_PACE_S):
                return

    # Of what people said

    async def put_message(self, bot_id: str, user: str, number: str, message: dict[str, Any]) -> None:
        """Record a person's message by its number, for those that quote it."""
        await self._key_values.put(f"ilink:said:{bot_id}:{user}:{number}", json.dumps(message), for_s=_SAID_S)

    async def message(self, bot_id: str, user: str, number: str) -> dict[str, Any]:
        """Return a person's message; empty: it is not known."""
        return read_fields(await self._key_values.get(f"ilink:said:{bot_id}:{user}:{number}"))

    async def put_file(self, file_id: str, file: FileKey) -> None:
        """Record how a file is opened: that stands in no job."""
        row = json.dumps({"key": file.key.hex(), "url": file.url})
        await self._key_values.put(_file_key(file_id), row, for_s=_FILE_S)

    async def file(self, file_id: str) -> FileKey:
        """Return how a file is opened; as a plain one where that is not known."""
        fields = read_fields(await self._key_values.get(_file_key(file_id)))
        try:
            key = bytes.fromhex(text_of(fields, "key"))
        except ValueError:
            key = b""
        return FileKey(key, text_of(fields, "url") or None)


def _file_key(file_id: str) -> str:
    return f"ilink:file:{hashlib.sha256(file_id.encode()).hexdigest()}"
