"""Looks alone, in virtual time: how late a two-minute job is noticed, and by how many calls. Deterministic."""

import random
import statistics
from dataclasses import dataclass
from itertools import accumulate

from core.fal.poll_schedule import poll_gaps

USUAL_S = 120.0
_SPREADS = (0.1, 0.2, 0.4)  # of the logarithm: with 0.4 two of three jobs take 80 to 180 s
_JOBS = 5000
LATE_SHARE, CALLS = 0.1, 15


@dataclass(frozen=True, slots=True)
class Simulated:
    spread: float
    late_median: float
    late_p95: float
    calls_mean: float
    calls_of_two_minutes: int  # at most


def simulate(seed: int) -> list[Simulated]:
    """One row per spread of the render times around the usual time."""
    return [_simulated(spread, random.Random(seed)) for spread in _SPREADS]


def _simulated(spread: float, chance: random.Random) -> Simulated:
    runs = [_outcome(USUAL_S * chance.lognormvariate(0, spread), chance) for _ in range(_JOBS)]
    late = sorted(share for share, _ in runs)
    exact = [_outcome(USUAL_S, chance)[1] for _ in range(_JOBS)]
    return Simulated(
        spread,
        statistics.median(late),
        late[int(0.95 * len(late))],
        statistics.mean(calls for _, calls in runs),
        max(exact),
    )


def _outcome(render_s: float, chance: random.Random) -> tuple[float, int]:
    """How late the end is seen, as a share of the render, and the number of looks."""
    for calls, at in enumerate(accumulate(poll_gaps(usual_s=USUAL_S, rng=chance)), 1):
        if at >= render_s:
            return (at - render_s) / render_s, calls
    raise AssertionError
