"""What is sent equals what fal publishes: each row and mode against a small sample of its endpoint's schema.

`schemas.json` holds the input of each endpoint, as read on `day` from `source`; where nothing public was found, it is
made from our own row ("our row"), and then the test only says that the row has not changed unnoticed.
"""

import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from core import pricing
from core.catalogue import MODELS, offers
from core.catalogue.drift import Schema, compare
from core.catalogue.row import Endpoint
from core.fal.protocol import request_body
from core.pricing import SourceFacts, mode_kind, roles_of
from core.types import Mode, VideoRequest

ROWS = [(model.key, mode) for model in MODELS if model.retired is None for mode in model.modes]
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "number": (int, float), "null": type(None)}


@cache
def samples() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(Path(__file__).with_name("schemas.json").read_text(encoding="utf-8"))
    return read


def rejects(value: Any, rule: dict[str, Any]) -> bool:
    """A reading of JSON Schema of its own, which knows nothing of the guard's."""
    if "anyOf" in rule:
        return all(rejects(value, each) for each in rule["anyOf"])
    if "enum" in rule and not any(type(each) is type(value) and each == value for each in rule["enum"]):
        return True
    if "const" in rule and value != rule["const"]:
        return True
    kind = rule.get("type")
    if kind is not None:
        kinds = [kind] if isinstance(kind, str) else kind
        if not any(isinstance(value, KINDS[each]) and (each == "boolean") == isinstance(value, bool) for each in kinds):  # type: ignore[arg-type]
            return True
    if isinstance(value, str) and len(value) > rule.get("maxLength", len(value)):
        return True
    if isinstance(value, int) and not isinstance(value, bool):
        return not rule.get("minimum", value) <= value <= rule.get("maximum", value)
    return False


def requests(model: str, mode: Mode) -> Iterator[VideoRequest]:
    """Every combination of what the row sells, with all that can be asked for beside it, and with nothing."""
    row: Endpoint = pricing.find(model).modes[mode]
    count = row.most_sources if mode is Mode.REFERENCE_TO_VIDEO else 2 if row.photo_field else 1
    roles = roles_of(mode, references=count)
    source = SourceFacts(mode_kind(mode), duration_s=max(5, *row.source_seconds)) if roles else None
    sounds = (True, False) if row.sound_field else (None,)
    many = product(row.durations or (None,), row.resolutions or (None,), row.aspect_ratios or (None,), sounds)
    for duration, resolution, ratio, sound in many:
        yield pricing.plan(
            "x" * row.prompt_chars,
            model=model,
            mode=mode,
            duration=duration,
            resolution=resolution,
            aspect_ratio=ratio,
            seed=pricing.MOST_SEED if row.seed else None,
            sound=sound,
            negative_prompt="blur" if row.negative_field else None,
            source=source,
            references=count,
        ).request
    yield pricing.plan("a fox", model=model, mode=mode, source=source, references=count).request
    if row.photo_field is not None and not row.needs_photo:
        yield pricing.plan("a fox", model=model, mode=mode, source=source).request
        yield pricing.plan("", model=model, mode=mode, source=source, references=2).request


@pytest.mark.parametrize(("model", "mode"), ROWS)
def test_what_is_sent_is_what_the_schema_says(model: str, mode: Mode) -> None:
    row = pricing.find(model).modes[mode]
    sample = samples()[row.id]
    for request in requests(model, mode):
        urls = [f"https://example.org/{number}" for number, _ in enumerate(request.sources)]
        body = request_body(request.published(*urls))
        assert set(body) <= set(sample["properties"]), "a field that the schema does not know"
        assert set(sample["required"]) <= set(body), "a required field that is not sent"
        wrong = {name: value for name, value in body.items() if rejects(value, sample["properties"][name])}
        assert wrong == {}
        if row.durations:
            assert "duration" in body


@pytest.mark.parametrize(("model", "mode"), ROWS)
def test_the_guard_finds_nothing_in_the_samples(model: str, mode: Mode) -> None:
    row = pricing.find(model).modes[mode]
    sample = samples()[row.id]
    assert compare(row, Schema(sample["properties"], frozenset(sample["required"]), {})) == ()


def test_there_is_a_sample_of_each_endpoint_and_of_no_other() -> None:
    assert set(samples()) == {endpoint_id for (endpoint_id, _), _ in offers.rows()}
    assert all(each["source"] and each["day"] for each in samples().values())
