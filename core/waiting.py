"""When to look whether fal is done: gaps of about a tenth of the time passed, 2 to 15 s, jittered. Pure."""

import random
from collections.abc import Iterator

_LEAST_S, _MOST_S = 2.0, 15.0
_JITTER = 0.15


def looks(*, passed_s: float = 0.0, rng: random.Random | None = None) -> Iterator[float]:
    """The pauses before each look, in seconds, without end. `passed_s`: how long it has been rendering already."""
    chance = rng or random.Random()
    passed = passed_s
    while True:
        gap = min(_MOST_S, max(_LEAST_S, passed / 10)) * chance.uniform(1 - _JITTER, 1 + _JITTER)
        passed += gap
        yield gap
