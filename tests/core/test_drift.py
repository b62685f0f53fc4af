"""What a schema takes of a row no longer, and what is left of the row; and what is offered meanwhile."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import pricing
from core.catalogue import drift, offers
from core.catalogue.drift import Finding, Schema, compare, narrowed, read_schema
from core.catalogue.offers import hold_back, is_offered, stand_in
from core.catalogue.row import Endpoint
from core.errors import BadRequest
from core.sandbox.models_api import input_schema, openapi
from core.types import Mode

T, I = Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO  # noqa: E741 - as the catalogue calls them
Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.fixture(autouse=True)
def nothing_held_back() -> Iterator[None]:
    hold_back({})
    yield
    hold_back({})


def row(model: str, mode: Mode = T) -> Endpoint:
    return pricing.find(model).modes[mode]


def findings(endpoint: Endpoint, change: Change) -> list[Finding]:
    document = copy.deepcopy(openapi(endpoint.id, input_schema([endpoint])))
    schema = document["components"]["schemas"]["Input"]
    change(schema["properties"], schema)
    read = read_schema(document, endpoint.id)
    assert read is not None
    return list(compare(endpoint, read))


def test_every_row_is_well_by_a_schema_that_is_as_the_row_says() -> None:
    for (endpoint_id, _), endpoint in offers.rows():
        schema = read_schema(openapi(endpoint_id, input_schema([endpoint])), endpoint_id)
        assert schema is not None
        assert compare(endpoint, schema) == ()
        assert narrowed(endpoint, ()) == endpoint


@pytest.mark.parametrize(
    ("model", "mode", "change", "found", "left"),
    [
        ("wan-2.5", T, lambda p, _: p.pop("duration"), [Finding("field_gone", "duration")], None),
        ("wan-2.5", I, lambda p, _: p.pop("image_url"), [Finding("field_gone", "image_url")], None),
        ("wan-2.5", T, lambda p, _: p.pop("seed"), [Finding("field_gone", "seed")], {"seed": False}),
        (
            "wan-2.5",
            T,
            lambda p, _: p.pop("aspect_ratio"),
            [Finding("field_gone", "aspect_ratio")],
            {"aspect_ratios": (), "default_aspect_ratio": None},
        ),
        (
            "wan-2.5",
            T,
            lambda p, _: p["resolution"]["enum"].remove("480p"),
            [Finding("value_gone", "resolution", ("480p",))],
            {"resolutions": ("720p", "1080p"), "default_resolution": "720p"},
        ),
        ("wan-2.5", T, lambda p, _: p["duration"].update(enum=["7"]), None, None),
        ("wan-2.5", T, lambda p, _: p["duration"].update(enum=["5"]), None, {"durations": (5,)}),
        # an endpoint that wants 5 where "5" was right takes none of our values
        ("wan-2.5", T, lambda p, _: p.update(duration={"type": "integer"}), None, None),
        (
            "happy-horse",
            T,
            lambda p, _: p["duration"].update(maximum=5, minimum=4),
            [Finding("bound_moved", "duration", ("3", *map(str, range(6, 16))))],
            {"durations": (4, 5)},
        ),
        (
            "happy-horse",
            T,
            lambda p, _: p["duration"].update(minimum=3, exclusiveMinimum=True),
            [Finding("bound_moved", "duration", ("3",))],
            {"durations": tuple(range(4, 16))},
        ),
        (
            "happy-horse",
            T,
            lambda p, _: p["prompt"].update(maxLength=100),
            [Finding("bound_moved", "prompt", ("100",))],
            {"prompt_chars": 100},
        ),
        ("happy-horse", T, lambda p, _: p["prompt"].update(maxLength=9000), [], {}),
        ("happy-horse", T, lambda p, _: p["prompt"].pop("maxLength"), [], {}),
        (
            "happy-horse",
            T,
            lambda p, s: s["required"].append("style"),
            [Finding("required_new", "style")],
            None,
        ),
        ("happy-horse", T, lambda p, s: s["required"].append("seed"), [Finding("required_new", "seed")], None),
        ("happy-horse", T, lambda p, s: s["required"].append("aspect_ratio"), [], {}),
        ("happy-horse", T, lambda p, _: p.update(style={"type": "string"}), [], {}),
        ("h3", T, lambda p, _: p["prompt_expansion_mode"].update(enum=["off"]), None, None),
        ("h3", T, lambda p, _: p.pop("prompt_expansion_mode"), None, None),
        ("kling-3", T, lambda p, _: p.update(generate_audio={"type": "string", "enum": ["yes"]}), None, None),
        ("kling-3", T, lambda p, _: p.pop("generate_audio"), None, None),
        (
            "seedance-2.0-fast",
            I,
            lambda p, _: p["aspect_ratio"]["enum"].remove("auto"),
            [Finding("value_gone", "aspect_ratio", ("auto",))],
            {"default_aspect_ratio": "21:9"},
        ),
        (
            "seedance-2.0-fast",
            T,
            lambda p, _: p["aspect_ratio"]["enum"].remove("9:16"),
            [Finding("value_gone", "aspect_ratio", ("9:16",))],
            {"aspect_ratios": ("21:9", "16:9", "4:3", "1:1", "3:4")},
        ),
    ],
)
def test_a_change(
    model: str, mode: Mode, change: Change, found: list[Finding] | None, left: dict[str, Any] | None
) -> None:
    endpoint = row(model, mode)
    listed = findings(endpoint, change)
    assert found is None or listed == found
    assert narrowed(endpoint, listed) == (None if left is None else replace(endpoint, **left))


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"type": "string"},
        {"type": ["string", "null"]},
        {"enum": ["5", "10", "auto"]},
        {"anyOf": [{"type": "null"}, {"type": "string", "enum": ["5", "10"]}]},
        {"oneOf": [{"const": "5"}, {"const": "10"}]},
        {"allOf": [{"$ref": "#/components/schemas/Seconds"}], "default": "5"},
        {"$ref": "#/components/schemas/Seconds"},
        {"$ref": "#/components/schemas/Missing"},
        {"$ref": "#/components/schemas/Circle"},
        {"anyOf": [{"$ref": "#/components/schemas/Seconds"}, {"type": "integer", "minimum": 100}]},
        "odd",
        None,
    ],
)
def test_a_schema_that_is_written_otherwise_or_says_nothing_is_believed_to_be_well(rule: Any) -> None:
    definitions = {"Seconds": {"type": "string", "enum": ["5", "10"]}, "Circle": {"$ref": "#/x/Circle"}}
    endpoint = row("wan-2.5")
    names = ("prompt", "negative_prompt", "resolution", "aspect_ratio", "seed")
    schema = Schema({**{name: {} for name in names}, "duration": rule}, frozenset(), definitions)
    assert compare(endpoint, schema) == ()


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"paths": []},
        {"paths": {"/x": {"post": {}}}},
        {"paths": {"/x": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/a/B"}}}}}}}},
        openapi("x", {"type": "object", "properties": {}, "required": []}),
        openapi("x", {"type": "object", "properties": {"prompt": {}}, "required": "prompt"}),
    ],
)
def test_a_document_without_an_input_is_none(document: Any) -> None:
    assert read_schema(document, "x") is None


def test_findings_are_kept_as_json_and_what_another_version_wrote_is_left_out() -> None:
    listed = (Finding("value_gone", "duration", ("3", "4")), Finding("deprecated"))
    assert drift.from_record(drift.as_record(listed)) == listed
    assert drift.from_record([{"code": "of another version"}, *drift.as_record(listed)]) == listed
    assert drift.from_record("odd") == ()


def test_a_row_that_is_gone_is_refused_with_what_to_use_instead() -> None:
    horse = pricing.find("happy-horse")
    hold_back({(horse.modes[T].id, T): [Finding("deprecated")]})
    with pytest.raises(BadRequest, match="model_unavailable") as refused:
        pricing.plan("a fox")
    assert refused.value.facts["model"] == "Happy Horse"
    assert pricing.plan("a fox", model=str(refused.value.facts["instead_key"])).request.model == "happy-horse-1.1"
    assert pricing.plan("a fox", model="balanced", mode=I).request.endpoint == horse.modes[I].id
    assert any("fal does not take it" in line for line in pricing.describe(horse))
    hold_back({})
    assert pricing.plan("a fox").request.model == "happy-horse"


def test_a_fallback_that_is_gone_is_named_and_another_one_is_found() -> None:
    wan, horse = pricing.find("wan-2.5"), pricing.find("happy-horse")
    hold_back({(horse.modes[Mode.VIDEO_TO_VIDEO].id, Mode.VIDEO_TO_VIDEO): [Finding("unknown")]})
    with pytest.raises(BadRequest, match="model_unavailable") as refused:
        pricing.plan("a fox", model=wan.key, mode=Mode.VIDEO_TO_VIDEO)
    assert refused.value.facts["model"] == "Happy Horse"
    other = stand_in(horse, Mode.VIDEO_TO_VIDEO)
    assert other is not None
    assert other.key == "gemini-omni-flash"
    hold_back(
        {(each.modes[Mode.VIDEO_TO_VIDEO].id, Mode.VIDEO_TO_VIDEO): [Finding("unknown")] for each in (horse, other)}
    )
    assert stand_in(horse, Mode.VIDEO_TO_VIDEO) is None


@pytest.mark.parametrize(
    ("model", "instead"),
    [("wan-2.5", "wan-3.0"), ("happy-horse", "happy-horse-1.1"), ("grok-1.5-lite", "h3-max-turbo")],
)
def test_what_stands_in_costs_no_more_where_there_is_such_a_model(model: str, instead: str) -> None:
    found = stand_in(pricing.find(model), T)
    assert found is not None
    assert found.key == instead


def test_values_that_are_gone_are_adjusted_aloud_and_the_rest_is_sold() -> None:
    endpoint = row("wan-2.5")
    before = pricing.plan("a fox", model="wan-2.5", duration=5, resolution="480p").request
    other = pricing.plan("a fox", model="wan-2.5", duration=10, resolution="720p", seed=3).request
    hold_back(
        {(endpoint.id, T): [Finding("value_gone", "resolution", ("480p",)), Finding("bound_moved", "duration", ("5",))]}
    )
    plan = pricing.plan("a fox", model="wan-2.5", duration=5, resolution="480p")
    assert (plan.request.duration_s, plan.request.resolution) == (10, "720p")
    assert {(each.field, each.requested, each.applied) for each in plan.adjustments} == {
        ("duration", "5", "10"),
        ("resolution", "480p", "720p"),
    }
    assert not is_offered(before)
    assert is_offered(other)
    assert pricing.quote(before).usd > 0  # what was bought goes on
    hold_back({(endpoint.id, T): [Finding("field_gone", "seed")]})
    assert not is_offered(other)
    assert is_offered(before)
    hold_back({(endpoint.id, T): [Finding("bound_moved", "prompt", ("3",))]})
    assert not is_offered(before)
