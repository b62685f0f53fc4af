"""The protocol's KeyValue, Allowance and Journal in a dict, with a clock that a test can move."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Keys:
    """`away`: the database does not answer."""

    ahead_s: float = 0.0
    rows: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    away: bool = False

    def now(self) -> float:
        return time.time() + self.ahead_s

    async def get(self, key: str) -> str | None:
        if self.away:
            raise OSError("the database is away")
        value, until = self.rows.get(key, (None, None))
        return value if until is None or until > self.now() else None

    async def put(self, key: str, value: str | None, *, for_s: float | None = None) -> None:
        self.rows.pop(key, None)
        if value is not None:
            self.rows[key] = (value, None if for_s is None else self.now() + for_s)

    async def swap(self, key: str, *, old: str | None, new: str, for_s: float | None = None) -> bool:
        if await self.get(key) != old:
            return False
        await self.put(key, new, for_s=for_s)
        return True


@dataclass
class Counts:
    """Everybody may be spoken to `most` times."""

    most: int = 5
    spent: dict[str, int] = field(default_factory=dict)

    async def opened(self, user: str, kind: str, *, messages: int, for_s: float) -> None:
        del kind, for_s
        self.spent[user] = self.most - messages

    async def closed(self, user: str) -> None:
        self.spent[user] = self.most

    async def spend(self, user: str) -> None:
        self.spent[user] = self.spent.get(user, 0) + 1

    async def left(self, user: str) -> int:
        return self.most - self.spent.get(user, 0)


@dataclass
class Transcript:
    entries: list[dict[str, Any]] = field(default_factory=list)
    _changes: int = 0

    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int:
        self.entries.append(self._entry(chat_id, len(self.entries) + 1, body))
        return len(self.entries)

    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None:
        self.entries[number - 1] = self._entry(chat_id, number, body)

    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        return [entry for entry in self.entries if entry["chat"] == chat_id and entry["change"] > after_change]

    def _entry(self, chat_id: str, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
        self._changes += 1
        return {"chat": chat_id, "id": number, "change": self._changes, "at": 0, **body}


def no_alert(topic: str, key: str, /, **facts: object) -> None:
    """Nobody is told."""
