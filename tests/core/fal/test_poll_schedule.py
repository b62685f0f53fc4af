"""Looks: never far apart, few where nothing ends, and late by no more than a tenth of what was waited for."""

import random
import statistics
from itertools import accumulate, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fal.poll_schedule import odd_gaps, poll_gaps


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


class Unjittered(random.Random):
    """Each pause as long as it was meant: the middle of what it may be."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class Longest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Shortest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


def test_hardly_any_look_falls_into_the_first_half_of_the_usual_time() -> None:
    """At 5, 35 and 60 s of 120, and from there after an eighth of the time passed."""
    pauses = list(islice(poll_gaps(usual_s=120, rng=Unjittered()), 5))
    assert pauses == [5.0, 30.0, 25.0, 7.5, 67.5 / 8]


@pytest.mark.parametrize(
    ("passed_s", "usual_s", "pause_s"),
    [
        (0, 120, 5.0),  # the one soon
        (4.25, 120, 30.0),  # that one was a little early: no second
        (18, 120, 30.0),  # in the first third of the half: half of it
        (20, 120, 30.0),
        (20.5, 120, 39.5),  # later: its end
        (50, 120, 10.0),
        (51, 120, 51 / 8),  # the look at the half was a little early: no second
        (34, 80, 4.25),
        (70, 120, 70 / 8),
        (200, 120, 15.0),
        (0, 8, 4.0),  # a quick model: the half is sooner than the one soon
        (4, 8, 1.0),
        (0, 12, 5.0),
        (5, 12, 1.5),
        (0, None, 2.0),
        (32, None, 4.0),
        (1000, None, 15.0),
    ],
)
def test_where_looks_are_placed(passed_s: float, usual_s: float | None, pause_s: float) -> None:
    assert next(poll_gaps(passed_s=passed_s, usual_s=usual_s, rng=Unjittered())) == pytest.approx(pause_s)


@pytest.mark.parametrize(
    ("passed_s", "usual_s", "pause_s"),
    [
        (0, 120, 132.0),
        (100, 120, 32.0),
        (120, 120, 60.0),
        (100, None, 60.0),
        (0.5, None, 60.0),
        (300, 120, 150.0),
        (1000, 120, 300.0),
    ],
)
def test_where_looks_behind_a_webhook_are_placed(passed_s: float, usual_s: float | None, pause_s: float) -> None:
    found = poll_gaps(passed_s=passed_s, usual_s=usual_s, rarely=True, rng=Unjittered())
    assert next(found) == pytest.approx(pause_s)


def test_nothing_has_passed_unless_it_is_said() -> None:
    assert next(poll_gaps(usual_s=120, rarely=True, rng=Unjittered())) == pytest.approx(132.0)


def test_pauses_differ_by_a_seventh_at_most() -> None:
    assert next(poll_gaps(usual_s=120, rng=Shortest())) == pytest.approx(5 * 0.85)
    assert next(poll_gaps(usual_s=120, rng=Longest())) == pytest.approx(5 * 1.15)
    assert 4.25 <= next(poll_gaps(usual_s=120)) <= 5.75


def test_what_is_no_status_is_asked_again_soon_then_ever_more_rarely() -> None:
    assert list(islice(odd_gaps(), 7)) == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
