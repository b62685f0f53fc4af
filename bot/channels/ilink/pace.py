"""How much may be said to one person: counted by us, since a refused message counts, too. Pure.

Two stories are told of the limit: ten messages within 24 hours after each word of the person, and twelve within five
minutes. Both are kept to. A refusal (-2) means to wait for the person's next word, and is probed rarely.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

_PER_WORD, _PER_WORD_MS = 10, 24 * 3600 * 1000
_PER_WINDOW, _WINDOW_MS = 12, 5 * 60 * 1000
_PROBES_S = (600.0, 3600.0, 6 * 3600.0)
UNASKED_RESERVE = 3
"""Of what may be said, so much is kept from what nobody asked for: a film, its words, and the word on a failure."""
ANSWER_RESERVE = 1
"""So much is kept from answers: a film."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One person's count. Times in milliseconds UTC.

    `spoke_ms`: when they last wrote; `since`: messages of the bot after that; `tries`: when it tried to say something
    in the last five minutes; `refusals` in a row since they wrote, the last at `refused_ms`.
    """

    spoke_ms: int = 0
    since: int = 0
    tries: tuple[int, ...] = ()
    refusals: int = 0
    refused_ms: int = 0

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Read a stored count; a new one where it cannot be read."""
        try:
            return cls(**{**fields, "tries": tuple(int(each) for each in fields.get("tries", ()))})
        except (TypeError, ValueError):
            return cls()

    @property
    def fields(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    def after_word(self, now_ms: int) -> "Pace":
        """Count anew: the person has written."""
        return Pace(now_ms, 0, self._recent(now_ms))

    def after_success(self, now_ms: int) -> "Pace":
        """Count something that was said to them."""
        return replace(self.after_failure(now_ms), since=self.since + 1, refusals=0)

    def after_refusal(self, now_ms: int) -> "Pace":
        """Count something that they may not be told now (-2)."""
        return replace(self.after_failure(now_ms), refusals=self.refusals + 1, refused_ms=now_ms)

    def after_failure(self, now_ms: int) -> "Pace":
        """Count something that did not get there for another reason: it was a try all the same."""
        return replace(self, tries=(*self._recent(now_ms), now_ms))

    def room(self, now_ms: int) -> int:
        """Return how many messages may be said now, as far as we know."""
        if self.refusals or now_ms - self.spoke_ms > _PER_WORD_MS:
            return 0
        return max(0, min(_PER_WORD - self.since, _PER_WINDOW - len(self._recent(now_ms))))

    def probe_s(self, now_ms: int) -> float:
        """Return after how many seconds something may be tried; 0.0: now. It is longer after each refusal."""
        if not self.refusals:
            return 0.0
        pause_s = _PROBES_S[min(self.refusals, len(_PROBES_S)) - 1]
        return max(0.0, self.refused_ms / 1000 + pause_s - now_ms / 1000)

    def window_s(self, now_ms: int) -> float:
        """Return after how many seconds the window of five minutes has room; 0.0: now."""
        recent = self._recent(now_ms)
        if len(recent) < _PER_WINDOW:
            return 0.0
        return (recent[len(recent) - _PER_WINDOW] + _WINDOW_MS - now_ms) / 1000 + 1.0

    def _recent(self, now_ms: int) -> tuple[int, ...]:
        return tuple(at for at in self.tries if now_ms - at < _WINDOW_MS)
