"""Which rows of the account's list are our lost orders: the whole body, the time, and nobody else's."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fal.lost_orders import all_before, assigned, candidates, matching
from core.types import LostOrder
from tests.samples import reply

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ENDPOINT = "alibaba/happy-horse/text-to-video"
BODY: dict[str, Any] = {"prompt": "a fox", "duration": 5, "resolution": "720p", "generate_audio": True}


def order(name: str = "job-1", *, claimed: datetime = NOON, answered: datetime | None = None, **body: Any) -> LostOrder:
    return LostOrder(name, ENDPOINT, BODY | body, claimed, answered)


def row(request_id: str = "r-1", *, after_s: float = 1, given: Any = BODY, **changed: Any) -> dict[str, Any]:
    sent = (NOON + timedelta(seconds=after_s)).isoformat()
    return {"request_id": request_id, "endpoint_id": ENDPOINT, "sent_at": sent, "json_input": given} | changed


def matched(
    rows: list[Any], orders: list[LostOrder], *, owned: frozenset[str] | set[str] = frozenset()
) -> dict[str, str]:
    """What a walk over these rows makes of them."""
    return assigned(candidates(rows, orders), owned=owned)


def test_the_documented_row_is_found() -> None:
    rows = reply("request-list")["items"]
    lost = LostOrder("job-1", ENDPOINT, {"prompt": "a fox in snow", "duration": 5}, NOON, None)
    assert matched(rows, [lost]) == {"job-1": rows[0]["request_id"]}


@pytest.mark.parametrize(
    "given",
    [
        BODY,
        BODY | {"seed": 7, "enable_safety_checker": True},  # fal writes its defaults beside what was sent
        BODY | {"duration": 5.0},
        json.dumps(BODY),
    ],
)
def test_every_field_that_was_sent_is_there(given: Any) -> None:
    assert matched([row(given=given)], [order()]) == {"job-1": "r-1"}


@pytest.mark.parametrize(
    "given",
    [
        BODY | {"prompt": "A fox"},
        BODY | {"duration": 15, "resolution": "1080p", "seed": 9},  # the same words, another film
        BODY | {"duration": "5"},
        BODY | {"duration": True},
        BODY | {"generate_audio": 1},
        BODY | {"generate_audio": None},
        {"prompt": "a fox"},
        {},
        None,
        "no json",
        '"a fox"',
        [BODY],
    ],
)
def test_another_body_is_another_request(given: Any) -> None:
    assert matched([row(given=given)], [order()]) == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({"list": [1, {"a": [True]}]}, {"list": [1.0, {"a": [True]}]}, True),
        ({"list": [1, 2]}, {"list": [1]}, False),
        ({"list": [1]}, {"list": [True]}, False),
        ({"map": {"a": 0}}, {"map": {"a": False}}, False),
        ({"map": {"a": 0}}, {"map": {"a": 0, "b": 1}}, False),
        ({"map": {"a": 0}}, {"map": [0]}, False),
        ({"map": {"a": 0}}, {"map": ["a"]}, False),
        ({"list": ["a"]}, {"list": {"a": 0}}, False),
        ({"list": ["a"]}, {"list": "a"}, False),
        ({"text": "a"}, {"text": ["a"]}, False),
        ({"empty": None}, {"empty": None}, True),
        ({"empty": None}, {}, False),
    ],
)
def test_fields_are_equal_as_json(ours: dict[str, Any], theirs: dict[str, Any], same: bool) -> None:
    assert bool(matched([row(given=BODY | theirs)], [order(**ours)])) is same


def test_an_order_without_a_body_is_nobodys() -> None:
    assert matched([row()], [LostOrder("job-1", ENDPOINT, {}, NOON, None)]) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"endpoint_id": "alibaba/happy-horse/image-to-video"},
        {"endpoint_id": None},
        {"request_id": "../x"},
        {"request_id": None},
        {"sent_at": None},
        {"sent_at": "yesterday"},
        {"sent_at": 1795521600},
        {"sent_at": "0001-01-01T00:00:00+14:00"},
        {"sent_at": None, "ended_at": "2026-11-24T12:00:01Z"},  # an end alone does not say when it began
    ],
)
def test_a_row_that_does_not_say_what_it_is_is_not_ours(changed: dict[str, Any]) -> None:
    assert matched([row(**changed)], [order()]) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"sent_at": "2026-11-24T12:00:01"},  # without a zone: UTC
        {"sent_at": "2026-11-24T14:00:01+02:00"},
        {"sent_at": "2026-11-24T12:00:01.123456Z"},
        {"sent_at": None, "started_at": "2026-11-24T12:00:05Z"},
    ],
)
def test_times_are_read_as_they_come(changed: dict[str, Any]) -> None:
    assert matched([row(**changed)], [order()]) == {"job-1": "r-1"}


@pytest.mark.usefixtures("in_shanghai")
def test_a_time_without_a_zone_is_utc_wherever_this_runs() -> None:
    assert matched([row(sent_at="2026-11-24T12:00:01")], [order()]) == {"job-1": "r-1"}
    assert matched([row(sent_at="2026-11-24T20:00:01")], [order()]) == {}


def test_rows_that_say_nothing_hide_no_row_after_them() -> None:
    nobodys: list[Any] = [None, {}, row(request_id="../x"), row("untimed", sent_at=None)]
    assert matched([*nobodys, row()], [order()]) == {"job-1": "r-1"}


@pytest.mark.parametrize(
    ("answered_s", "after_s", "ours"),
    [
        (None, -60, True),
        (None, -61, False),
        (None, 150 + 120, True),
        (None, 150 + 121, False),
        (10, 10 + 120, True),
        (10, 10 + 121, False),
        (3600, 3000, True),  # a frozen worker's POST may end late
    ],
)
def test_it_was_sent_between_the_claim_and_the_end_of_the_post(
    answered_s: int | None, after_s: float, ours: bool
) -> None:
    answered = None if answered_s is None else NOON + timedelta(seconds=answered_s)
    assert bool(matched([row(after_s=after_s)], [order(answered=answered)])) is ours


def test_a_known_request_is_left_out_and_the_other_one_found() -> None:
    """A doubt that its owner ordered again: two rows fit, one is our own table's."""
    rows = [row("again", after_s=2), row("lost", after_s=40)]
    assert matched(rows, [order()]) == {"job-1": "again"}
    assert matched(rows, [order()], owned={"again"}) == {"job-1": "lost"}
    assert matched(rows, [order()], owned={"again", "lost"}) == {}


def test_the_nearest_in_time_wins() -> None:
    assert matched([row("far", after_s=50), row("near", after_s=-3)], [order()]) == {"job-1": "near"}


def test_each_id_goes_to_one_order_and_each_order_to_one_id() -> None:
    orders = [order("a"), order("b", claimed=NOON + timedelta(seconds=20)), order("c", seed=7)]
    rows = [row("r-a", after_s=1), row("r-b", after_s=21), row("r-x", after_s=90)]
    assert matched(rows, orders) == {"a": "r-a", "b": "r-b"}
    assert matched(rows[:1], orders) == {"a": "r-a"}
    assert matched([*rows, rows[0]], orders) == {"a": "r-a", "b": "r-b"}  # the same one on two pages


def test_a_row_that_fits_an_order_whose_answer_may_come_is_left_alone() -> None:
    waits = replace(order("waits", claimed=NOON + timedelta(seconds=2)), open=True)
    assert matched([row(after_s=0)], [order("lost"), waits]) == {"waits": "r-1"}  # whatever the clocks say
    assert matched([row(after_s=2)], [order("lost"), waits]) == {"waits": "r-1"}
    assert matched([row(after_s=2)], [order("lost"), replace(waits, open=False)]) == {"waits": "r-1"}
    assert matched([row(after_s=0)], [order("lost"), replace(waits, open=False)]) == {"lost": "r-1"}
    assert matched([row(after_s=2)], [waits]) == {"waits": "r-1"}  # its own answer is what is looked for
    assert matched([row(after_s=2)], [waits, replace(waits, name="too")]) == {}
    elsewhere = replace(waits, body=BODY | {"seed": 7})
    assert matched([row(after_s=2)], [order("lost"), elsewhere]) == {"lost": "r-1"}


def test_a_row_that_was_named_for_an_order_is_no_others() -> None:
    named = replace(order("named", claimed=NOON + timedelta(seconds=40)), hint="r-1")
    assert matched([row(after_s=1)], [order("near"), named]) == {"named": "r-1"}
    assert matched([row(after_s=1), row("r-2", after_s=2)], [order("near"), named]) == {"named": "r-1", "near": "r-2"}
    elsewhere = replace(named, body={"prompt": "a bear"})
    assert matched([row(after_s=1)], [order("near"), elsewhere]) == {}  # named for another: then nobody's
    assert matched([row("r-3", after_s=1)], [order("near"), named]) == {"near": "r-3"}


def test_rows_that_fit_none_of_the_orders_are_not_kept() -> None:
    rows = [row("a"), None, row("b", given={}), row("c", after_s=-90), row("d", given=BODY | {"seed": 7})]
    assert matching(rows, [order()]) == [rows[0], rows[4]]
    assert matching(rows, [order(), order("other", seed=7)]) == [rows[0], rows[4]]
    assert matching(rows, []) == []


BODIES = st.sampled_from([BODY, BODY | {"seed": 1}, BODY | {"duration": True}, {"prompt": "a fox"}])
SECONDS = st.integers(-90, 300)
ROWS = st.lists(st.builds(lambda n, s, b: row(f"r-{n}", after_s=s, given=b), st.integers(0, 9), SECONDS, BODIES))
ORDERS = st.lists(
    st.builds(lambda s, b: (NOON + timedelta(seconds=s), b), SECONDS, st.sampled_from([{}, {"seed": 1}])), max_size=6
).map(lambda drawn: [order(f"job-{n}", claimed=claimed, **body) for n, (claimed, body) in enumerate(drawn)])


@given(rows=ROWS, orders=ORDERS, owned=st.sets(st.integers(0, 9).map(lambda n: f"r-{n}")))
def test_nothing_is_adopted_twice_nor_that_is_another_body(
    rows: list[dict[str, Any]], orders: list[LostOrder], owned: set[str]
) -> None:
    found = matched(rows, orders, owned=owned)
    assert len(set(found.values())) == len(found)
    assert not owned.intersection(found.values())
    by_name = {each.name: each for each in orders}
    for name, request_id in found.items():
        its_rows = [each for each in rows if each["request_id"] == request_id]
        sent = by_name[name].body
        assert any(all(each["json_input"].get(key) is value for key, value in sent.items()) for each in its_rows)
    assert matched(list(reversed(rows)), orders, owned=owned).keys() == found.keys()


@given(order_count=st.integers(1, 5), foreign=ROWS)
def test_what_was_sent_at_its_claim_is_always_found(order_count: int, foreign: list[dict[str, Any]]) -> None:
    orders = [order(f"job-{n}", claimed=NOON + timedelta(seconds=n), prompt=f"fox {n}") for n in range(order_count)]
    ours = [row(f"ours-{n}", after_s=n, given={**BODY, "prompt": f"fox {n}"}) for n in range(order_count)]
    assert matched([*foreign, *ours], orders) == {f"job-{n}": f"ours-{n}" for n in range(order_count)}


NAMES = st.sampled_from(["request_id", "sent_at", "json_input", "ended_at"])
ROWLIKE = (
    st.none() | st.text(max_size=3) | st.dictionaries(NAMES, st.none() | st.text(max_size=3) | st.lists(st.none()))
)


@given(rows=st.lists(ROWLIKE | st.lists(ROWLIKE, max_size=2), max_size=5))
def test_no_shape_breaks_the_search(rows: list[Any]) -> None:
    assert matched(rows, [order()]) == {}
    assert all_before(rows, NOON) is False


@pytest.mark.parametrize(
    ("ends", "older"),
    [
        (["2026-11-24T11:00:00Z", "2026-11-24T11:59:59Z"], True),
        (["2026-11-24T12:00:01Z", "2026-11-24T11:00:00Z"], False),
        (["2026-11-24T12:00:00Z"], False),  # one of the same moment may have been ours
        (["2026-11-24T11:00:00Z", None], False),  # one that still runs says nothing of those after it
        ([], False),
    ],
)
def test_the_walk_ends_where_all_are_older(ends: list[str | None], older: bool) -> None:
    assert all_before([{"ended_at": end, "sent_at": "2026-11-24T11:00:00Z"} for end in ends], NOON) is older
