"""Schedules the polls of a request by how long its model usually takes. Pure.

One poll soon, for what fal refuses at once; few in the first half of the usual time, where hardly anything ends; from
there gaps of about a tenth of the time passed, 2 to 15 s, so that no video waits for long. Jittered.
"""

import random
from collections.abc import Iterator
from itertools import chain, repeat

_LEAST_S, _MOST_S = 2.0, 15.0
_LEAST_OF_SHORT_S = 1.0  # a model that is known to be quick is looked at more often
_SHARE = 0.125
_JITTER = 0.15
_EARLY_S = 5.0
_EARLY_SHARE = 0.5  # of the usual time
_AFTER_USUAL = 1.1
_RARE_LEAST_S, _RARE_MOST_S = 60.0, 300.0
_ODD_S = (1.0, 2.0, 4.0, 8.0, _MOST_S)


def poll_gaps(
    *, passed_s: float = 0.0, usual_s: float | None = None, rarely: bool = False, rng: random.Random | None = None
) -> Iterator[float]:
    """Yield the pauses before each poll, in seconds, without end.

    `passed_s`: seconds that it has been rendering already. `rarely`: something else (a webhook that works) tells first;
    these polls only stand behind it.
    """
    uniform = rng.uniform if rng else random.uniform  # thousands may wait: no generator for each
    passed = passed_s
    while True:
        pause = _rare(passed, usual_s or 0.0) if rarely else _usual(passed, usual_s or 0.0)
        gap = pause * uniform(1 - _JITTER, 1 + _JITTER)
        passed += gap
        yield gap


def odd_gaps() -> Iterator[float]:
    """Yield the pauses after answers that are no status, in seconds, without end: soon, then ever more rarely."""
    return chain(_ODD_S, repeat(_MOST_S))


def _usual(passed_s: float, usual_s: float) -> float:
    least = max(_LEAST_OF_SHORT_S, min(_LEAST_S, usual_s * _SHARE)) if usual_s else _LEAST_S
    gap = min(_MOST_S, max(least, passed_s * _SHARE))
    half_s = usual_s * _EARLY_SHARE
    if passed_s >= half_s * (1 - _JITTER):
        return gap
    if passed_s < _EARLY_S * (1 - _JITTER):
        return max(gap, min(_EARLY_S, half_s))
    return max(gap, half_s - passed_s if passed_s > half_s / 3 else half_s / 2)


def _rare(passed_s: float, usual_s: float) -> float:
    if passed_s < usual_s:
        return usual_s * _AFTER_USUAL - passed_s
    return min(_RARE_MOST_S, max(_RARE_LEAST_S, passed_s / 2))
