"""A short run of `make fuzz-http`, always with the same seed: the parsers, then a real bot as a process."""

import random
from collections import Counter

import pytest

from bot.channels.ilink.stored import number_of
from tests.benchmarks.fuzz_http import fuzz_parsers, fuzz_server


def test_the_parsers_read_or_refuse_whatever_comes() -> None:
    tally = Counter[str]()
    assert fuzz_parsers(random.Random(5), 100, tally) == []
    assert tally["wechat: read"] > 10
    assert tally["fal status: read"] > 5


def test_a_bot_answers_odd_requests_without_a_failure() -> None:
    tally = Counter[str]()
    assert fuzz_server(random.Random(6), 6, tally) == []
    assert tally["http 200"] > 5


@pytest.mark.parametrize("odd", ["9" * 5000, "--5", 10**400, "²", True, None])
def test_a_number_beyond_all_numbers_is_none(odd: object) -> None:
    assert number_of({"n": odd}, "n") is None
    assert number_of({"n": "-5"}, "n") == -5
