"""fal's own books: every request it took, whose it is, what became of it, and what it costs. Knows nothing of the bot.

Prices stand here once more, on purpose: the bill is computed apart from the program's own table.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tests.prove.film import film

PRICES = {
    "fal-ai/wan-25-preview/text-to-video": {"480p": Decimal("0.05"), "720p": Decimal("0.10")},
    "alibaba/happy-horse/text-to-video": {"720p": Decimal("0.14"), "1080p": Decimal("0.28")},
}
"""Dollars per second."""
KEEP_S = 7 * 24 * 3600.0
_NANO = Decimal(10**9)


class Fate(StrEnum):
    """What becomes of a request."""

    VIDEO = "video"
    REFUSED_CHARGED = "refused, charged"
    REFUSED_FREE = "refused, free"
    BROKEN = "broken at the model"
    ENDED = "ended by fal"
    CANCELLED = "cancelled"


class Shape(StrEnum):
    """In which words a finished request's result is given."""

    BARE = "bare"
    ENVELOPE = "envelope"
    NESTED = "nested"
    LISTED = "listed"
    STRING = "string"
    NON_ASCII = "non-ascii"
    LONG = "long"
    FOREIGN_FIRST = "foreign host first"
    EMPTY_FIRST = "no video first"
    ONCE = "given once"


@dataclass
class Request:
    """One request at fal. `job`: of our bot, by whose workflow posted it; None: of another program on the account.

    Times are fal's own, in seconds UTC.
    """

    id: str
    endpoint: str
    body: dict[str, Any]
    job: str | None
    at: float
    fate: Fate = Fate.VIDEO
    shape: Shape = Shape.BARE
    queue_s: float = 2.0
    run_s: float = 20.0
    goes_back: bool = False
    webhook: str | None = None
    bill_late_s: float = 60.0
    drift_percent: int = 0
    cancel_at: float | None = None
    asked_after: bool = False
    results_given: int = 0
    files_given: int = 0
    told_at: float | None = None  # its order's own answer, which names it, came to its end
    hidden: bool = False  # the list has once not shown it
    unlisted: bool = False  # nor has it, once, for being too young

    @property
    def app(self) -> str:
        return "/".join(self.endpoint.split("/")[:2])

    @property
    def done_at(self) -> float:
        if self.fate is Fate.CANCELLED and self.cancel_at is not None:
            return self.cancel_at
        return self.at + self.queue_s + self.run_s

    @property
    def film(self) -> bytes:
        return film(self.id, seconds=float(self.body["duration"]))

    @property
    def ends_with_video(self) -> bool:
        return self.fate is Fate.VIDEO

    def state(self, now: float) -> str:
        if now >= self.done_at:
            return "COMPLETED"
        share = (now - self.at - self.queue_s) / max(self.run_s, 0.001)
        if now < self.at + self.queue_s or (self.goes_back and 0.4 < share < 0.7):
            return "IN_QUEUE"
        return "IN_PROGRESS"

    def cancel(self, now: float) -> str:
        """What the cancel comes to: before it runs it is free; afterwards it is only a wish."""
        if now >= self.done_at:
            return "ALREADY_COMPLETED"
        if now < self.at + self.queue_s:
            self.fate, self.cancel_at = Fate.CANCELLED, now
        return "CANCELLATION_REQUESTED"

    def charged_nano(self, now: float) -> int:
        """What fal has charged for it by now, in nano-dollars."""
        if now < self.done_at or self.fate not in {Fate.VIDEO, Fate.REFUSED_CHARGED}:
            return 0
        usd = PRICES[self.endpoint][self.body["resolution"]] * Decimal(str(self.body["duration"]))
        return int(usd * _NANO * (100 + self.drift_percent) / 100)


@dataclass
class Books:
    requests: dict[str, Request] = field(default_factory=dict)
    posted: dict[str, dict[str, Any]] = field(default_factory=dict)  # by job, taken or not
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    def new_id(self) -> str:
        text = self.rng.randbytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def take(self, request: Request) -> Request:
        self.requests[request.id] = request
        return request

    def hide(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            self.requests[request_id].hidden = self.requests[request_id].unlisted = True

    def of(self, job_id: str) -> list[Request]:
        return [each for each in self.requests.values() if each.job == job_id]

    def ours(self) -> list[Request]:
        return [each for each in self.requests.values() if each.job is not None]
