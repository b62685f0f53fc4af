"""How often Telegram takes calls: counted when one has been read to its end, refused with 429 where it is too much."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.fakes.botapi.fields import Refused

_COUNTED = ("send", "copy", "forward", "editmessage", "deletemessage", "answercallback")
_OF_ALL = {"sendchataction", "answercallbackquery"}


@dataclass
class Rates:
    """At most so many calls a second over all chats, so many a minute in a group; in a private chat one a second.

    `burst`: how many of a private chat's may come at once.
    """

    a_second: int = 30
    a_minute: int = 20
    burst: int = 20
    refused: int = 0
    _seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, method: str, chat: str, now: float) -> None:
        """Count a call. Raises Refused; what is refused does not count."""
        name = method.lower()
        if not name.startswith(_COUNTED):
            return
        windows = [("", self.a_second, 1.0)]
        if name not in _OF_ALL:
            windows.append((chat, self.a_minute, 60.0) if chat.startswith("-") else (chat, self.burst, self.burst))
        pauses = [self._pause_s(key, most, seconds, now) for key, most, seconds in windows]
        if any(pauses):
            self.refused += 1
            after = math.ceil(max(pauses))
            raise Refused(429, f"Too Many Requests: retry after {after}", retry_after=after)
        for key, _most, _seconds in windows:
            self._seen[key].append(now)

    def _pause_s(self, key: str, most: int, seconds: float, now: float) -> float:
        seen = self._seen[key]
        while seen and seen[0] <= now - seconds:
            seen.popleft()
        return seen[0] + seconds - now if len(seen) >= most else 0.0
