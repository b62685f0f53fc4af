"""When to look whether fal is done: gaps of about a tenth of the time passed, 2 to 15 s, jittered. Pure.

With a webhook a look only stands behind it: one after the model's usual time, then rarely.
"""

import random
from collections.abc import Iterator

_LEAST_S, _MOST_S = 2.0, 15.0
_RARELY_S = 60.0
_JITTER = 0.15


def looks(
    *,
    usual_s: float | None = None,
    passed_s: float = 0.0,
    webhook: bool = False,
    rng: random.Random | None = None,
) -> Iterator[float]:
    """The pauses before each look, in seconds, without end. `passed_s`: how long it has been rendering already.

    `webhook`: fal will call, so a look only stands behind that call: one after the usual time, then one a minute.
    """
    chance = rng or random.Random()
    passed = passed_s
    while True:
        gap = _gap(passed, usual_s, webhook=webhook) * chance.uniform(1 - _JITTER, 1 + _JITTER)
        passed += gap
        yield gap


def _gap(passed: float, usual_s: float | None, *, webhook: bool) -> float:
    if webhook:
        return max(_MOST_S, (usual_s or 0.0) * 1.2 - passed) if passed < (usual_s or 0.0) else _RARELY_S
    return min(_MOST_S, max(_LEAST_S, passed / 10))
