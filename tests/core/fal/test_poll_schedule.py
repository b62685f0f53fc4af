"""Looks: never far apart, few where nothing ends, and late by no more than a tenth of what was waited for."""

import random
import statistics
from itertools import accumulate, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fal.poll_schedule import poll_gaps


@given(passed=st.floats(0, 5000), seed=st.integers())
def test_without_a_usual_time_gaps_are_about_a_tenth_of_the_time_passed(passed: float, seed: int) -> None:
    for gap in islice(poll_gaps(passed_s=max(passed, 20.0), rng=random.Random(seed)), 50):
        assert 2 * 0.85 <= gap <= 15 * 1.15
        assert gap <= max(2.0, max(passed, 20.0) / 8) * 1.15
        passed = max(passed, 20.0) + gap


@given(passed=st.floats(0, 5000), usual=st.floats(1, 900), seed=st.integers(), rarely=st.booleans())
def test_looks_never_stop_and_never_hurry(passed: float, usual: float, seed: int, *, rarely: bool) -> None:
    for gap in islice(poll_gaps(passed_s=passed, usual_s=usual, rarely=rarely, rng=random.Random(seed)), 50):
        assert gap >= 0.05 * 0.85 * (usual if rarely else 1)
        assert gap <= max(15.0, usual * 1.1, 300.0 if rarely else 0.0) * 1.15


def test_what_fal_turns_down_at_once_is_noticed_soon() -> None:
    assert all(next(poll_gaps(usual_s=180, rng=random.Random(seed))) <= 6 for seed in range(20))


def test_after_a_restart_the_looks_go_on_where_they_were() -> None:
    """At 119 of 120 usual seconds: the tenth counts from the beginning, not from the restart."""
    assert all(10 <= next(poll_gaps(passed_s=119, usual_s=120, rng=random.Random(seed))) <= 18 for seed in range(20))


def outcome(render_s: float, usual_s: float, chance: random.Random) -> tuple[float, int]:
    """How late the end was seen, as a share of the render, and the number of looks."""
    for number, at in enumerate(accumulate(poll_gaps(usual_s=usual_s, rng=chance)), 1):
        if at >= render_s:
            return (at - render_s) / render_s, number
    raise AssertionError


@pytest.mark.parametrize("usual_s", [8, 30, 120, 300])
@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_looks_alone_are_late_by_a_tenth_at_most(usual_s: float, spread: float) -> None:
    chance = random.Random(7)
    late = [outcome(usual_s * chance.lognormvariate(0, spread), usual_s, chance)[0] for _ in range(1000)]
    assert statistics.median(late) <= 0.1


@pytest.mark.parametrize("usual_s", [75, 120, 180])
def test_a_two_minute_job_takes_at_most_fifteen_looks(usual_s: float) -> None:
    """Also where the usual time is not quite known."""
    chance = random.Random(7)
    assert max(outcome(120, usual_s, chance)[1] for _ in range(1000)) <= 15


def test_beside_a_webhook_there_is_one_look_after_the_expected_end_and_then_few() -> None:
    chance = random.Random(7)
    at = list(islice(accumulate(poll_gaps(usual_s=120, rarely=True, rng=chance)), 6))
    assert 110 <= at[0] <= 155
    assert at[5] >= 480
