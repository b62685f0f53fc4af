"""The pace of a chat's edits: closed until its gap is over, each chat for itself, smaller in a group."""

import time

import pytest

from bot.jobs.edit_pace import EditPace, edit_gap_s
from tests.fakes.slate import Slate


class Clock:
    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def test_a_chat_rests_for_its_gap_and_no_longer() -> None:
    clock = Clock()
    pace = EditPace(clock=clock)
    assert pace.allows("a")
    pace.rest("a", 3.0)
    assert not pace.allows("a")
    assert pace.allows("b")
    clock.at_s += 2.75
    assert not pace.allows("a")
    clock.at_s += 0.25
    assert pace.allows("a")


def test_the_last_word_on_a_chats_rest_counts() -> None:
    clock = Clock()
    pace = EditPace(clock=clock)
    pace.rest("a", 3.0)
    pace.rest("a", 60.0)
    clock.at_s += 59.0
    assert not pace.allows("a")
    pace.rest("b", 1.0)
    clock.at_s += 1.0
    assert pace.allows("a")


def test_a_chat_that_never_rested_may_be_edited_whatever_the_clock_says() -> None:
    clock = Clock()
    clock.at_s = 0.0  # the machine has just started
    assert EditPace(clock=clock).allows("a")


def test_time_is_the_machines_own_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = EditPace()
    at_s = 5000.0
    monkeypatch.setattr(time, "monotonic", lambda: at_s)
    assert pace.now_s() == at_s
    pace.rest("a", 3.0)
    at_s += 2.0
    assert not pace.allows("a")
    at_s += 1.0
    assert pace.allows("a")


def test_a_group_bears_less() -> None:
    slate = Slate()
    assert edit_gap_s(slate, "42") == slate.limits.edit_gap_s == 3.0
    assert edit_gap_s(slate, "-100") == slate.limits.group_edit_gap_s == 6.0
