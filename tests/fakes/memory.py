"""The port's KeyValue and Allowance in a dict, with a clock that a test can move."""

import time
from dataclasses import dataclass, field


@dataclass
class Keys:
    ahead_s: float = 0.0
    rows: dict[str, tuple[str, float | None]] = field(default_factory=dict)

    def now(self) -> float:
        return time.time() + self.ahead_s

    async def get(self, key: str) -> str | None:
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


def no_alert(topic: str, key: str, /, **facts: object) -> None:
    """Nobody is told."""
