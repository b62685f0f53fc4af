"""Compares a row with the schema that fal publishes for its endpoint: what of it fal no longer takes. Pure.

Only what would be refused, or would no longer mean what was priced, is a finding. What a schema leaves open is believed
to be as the row says, and a schema that cannot be read finds nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, get_args

from core.catalogue.row import Endpoint, written_duration
from core.types import Mode

Code = Literal["deprecated", "unknown", "field_gone", "value_gone", "bound_moved", "required_new"]
CODES: tuple[str, ...] = get_args(Code)

_DEEPEST = 8
_ADDRESS = "https://example.org/source"
_OPTIONAL = frozenset({"seed", "aspect_ratio"})
"""Fields that a request can do without: they are left out, aloud where somebody asked for them."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that fal no longer takes.

    `field` is the name in the body, "" for the whole endpoint. `values`: those that are gone, as texts; of a prompt
    whose bound moved, the most signs that it may have.
    """

    code: Code
    field: str = ""
    values: tuple[str, ...] = ()


Findings = Mapping[tuple[str, Mode], Sequence[Finding]]
"""What fal no longer takes, by endpoint and mode: one endpoint may serve two modes."""


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """One price of an endpoint, in fal's own unit, which is not always a second of film."""

    amount: Decimal
    unit: str
    currency: str


def is_odd(price: UnitPrice, endpoint: Endpoint) -> bool:
    """Return whether fal names a price of a second that is none of the row's; of other units nothing can be said."""
    ours = {*endpoint.usd_per_s.values(), *endpoint.usd_per_s_silent.values()}
    if endpoint.output_s:  # ours is for a second in and one out
        ours |= {each / 2 for each in ours}
    return price.unit.lower().startswith("second") and price.currency.upper() == "USD" and price.amount not in ours


@dataclass(frozen=True, slots=True)
class Schema:
    """What an endpoint's input may be: JSON schemas by field, with the definitions that they point to."""

    properties: Mapping[str, Any]
    required: frozenset[str]
    definitions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A field that a row sends: each value by what people call it, and whether a request always has it."""

    name: str
    values: Mapping[str, Any]
    always: bool = True


def read_schema(openapi: Any, endpoint_id: str) -> Schema | None:
    """Find the input of an endpoint in its OpenAPI document; None where there is none that can be read."""
    paths, definitions = _at(openapi, "paths"), _at(openapi, "components", "schemas")
    own = _at(paths, f"/{endpoint_id}", "post")
    posts = [own] if own else [_at(each, "post") for each in paths.values()]
    for post in posts:
        found = _resolved(_at(post, "requestBody", "content", "application/json", "schema"), definitions)
        properties, required = found.get("properties"), found.get("required", [])
        if isinstance(properties, dict) and properties and isinstance(required, list):
            return Schema(properties, frozenset(each for each in required if isinstance(each, str)), definitions)
    return None


def compare(endpoint: Endpoint, schema: Schema) -> tuple[Finding, ...]:
    """Return what the schema no longer takes of the row, or newly asks for."""
    sent = list(_sent(endpoint))
    found = [finding for each in sent for finding in _field(each, schema)]
    found += _prompt(endpoint, schema)
    always = {each.name for each in sent if each.always and not _left_out(each, schema)}
    found += [Finding("required_new", name) for name in sorted(schema.required - always)]
    return tuple(found)


def narrowed(endpoint: Endpoint, findings: Iterable[Finding]) -> Endpoint | None:
    """Return the row without what is gone; None where nothing of it can be sent any more."""
    for finding in findings:
        left = _without(endpoint, finding)
        if left is None:
            return None
        endpoint = left
    return endpoint


def _sent(endpoint: Endpoint) -> Iterable[_Sent]:
    """Yield every field of a body: those whose names stand in the row, and those that all endpoints call alike."""
    if endpoint.has_prompt:
        yield _Sent("prompt", {"": "a"}, always=not endpoint.films_sound)
    for name, value in endpoint.fixed.items():
        yield _Sent(name, {str(value): value})
    if endpoint.durations:
        codec = endpoint.duration_codec
        yield _Sent("duration", {str(each): written_duration(codec, each) for each in endpoint.durations})
    if endpoint.resolutions and endpoint.resolution_field:
        yield _Sent(endpoint.resolution_field, {each: each for each in endpoint.resolutions})
    ratios = dict.fromkeys((*endpoint.aspect_ratios, endpoint.default_aspect_ratio))
    if any(ratios):
        always = endpoint.default_aspect_ratio is not None
        yield _Sent("aspect_ratio", {each: each for each in ratios if each}, always=always)
    yield from _sent_beside(endpoint)


def _sent_beside(endpoint: Endpoint) -> Iterable[_Sent]:
    """Yield the fields that not every body has, and those of the sources."""
    if endpoint.seed:
        yield _Sent("seed", {"": 1}, always=False)
    if endpoint.negative_field is not None:
        yield _Sent(endpoint.negative_field, {"": "a"}, always=False)
    if endpoint.sound_field is not None:
        yield _Sent(endpoint.sound_field, {"on": True, "off": False})
    if endpoint.source_field is not None:
        yield _Sent(endpoint.source_field, {"": [_ADDRESS] if endpoint.most_sources > 1 else _ADDRESS})
    if endpoint.end_field is not None:
        yield _Sent(endpoint.end_field, {"": _ADDRESS})
    if endpoint.photo_field is not None:
        yield _Sent(endpoint.photo_field, {"": _ADDRESS}, always=endpoint.needs_photo)


def _field(sent: _Sent, schema: Schema) -> Iterable[Finding]:
    if sent.name not in schema.properties:
        yield Finding("field_gone", sent.name)
        return
    gone = _gone(sent, schema)
    listed = {code: tuple(name for name, each in gone.items() if each == code) for code in dict.fromkeys(gone.values())}
    for code, values in listed.items():
        yield Finding(code, sent.name, tuple(each for each in values if each))


def _left_out(sent: _Sent, schema: Schema) -> bool:
    """Return whether a request does without this field from now on."""
    return sent.name in _OPTIONAL and len(_gone(sent, schema)) == len(sent.values)


def _gone(sent: _Sent, schema: Schema) -> dict[str, Code]:
    if sent.name not in schema.properties:
        return dict.fromkeys(sent.values, "field_gone")
    rule = schema.properties[sent.name]
    verdicts = {name: _refused(value, rule, schema.definitions) for name, value in sent.values.items()}
    return {name: verdict for name, verdict in verdicts.items() if verdict is not None}


def _prompt(endpoint: Endpoint, schema: Schema) -> list[Finding]:
    """Return the finding that a prompt may not be as long as the row says."""
    rule = schema.properties.get("prompt")
    most = [_length(each) for each in _branches(rule, schema.definitions)] if rule is not None else []
    known = [each for each in most if each is not None]
    if not known or len(known) < len(most) or max(known) >= endpoint.prompt_chars:
        return []
    return [Finding("bound_moved", "prompt", (str(max(known)),))]


def _length(rule: Mapping[str, Any]) -> int | None:
    most = rule.get("maxLength")
    return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else None


def _refused(value: Any, rule: Any, definitions: Mapping[str, Any]) -> Code | None:
    """Return why this value is refused; None where one of the schema's branches takes it, or nobody knows."""
    verdicts = [_refused_by(value, each) for each in _branches(rule, definitions)]
    if not verdicts or None in verdicts:
        return None
    return "bound_moved" if "bound_moved" in verdicts else "value_gone"


def _refused_by(value: Any, rule: Mapping[str, Any]) -> Code | None:
    listed = rule["enum"] if isinstance(rule.get("enum"), list) else [rule["const"]] if "const" in rule else None
    if listed is not None and not any(_same(value, each) for each in listed):
        return "value_gone"
    kind = rule.get("type")
    kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    if kinds and not any(_is_of(value, each) for each in kinds):
        return "value_gone"
    return "bound_moved" if _out_of_bounds(value, rule) else None


def _out_of_bounds(value: Any, rule: Mapping[str, Any]) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    least, most = _number(rule.get("minimum")), _number(rule.get("maximum"))
    above, below = _number(rule.get("exclusiveMinimum")), _number(rule.get("exclusiveMaximum"))
    return (
        (least is not None and (value <= least if rule.get("exclusiveMinimum") is True else value < least))
        or (most is not None and (value >= most if rule.get("exclusiveMaximum") is True else value > most))
        or (above is not None and value <= above)
        or (below is not None and value >= below)
    )


def _branches(rule: Any, definitions: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the alternatives of a schema, references followed, without "null" among them; empty: it says nothing."""
    rule = _resolved(rule, definitions)
    for name in ("anyOf", "oneOf"):
        if isinstance(rule.get(name), list):
            shared = {key: each for key, each in rule.items() if key != name}
            found = [{**shared, **_resolved(each, definitions)} for each in rule[name]]
            return [each for each in found if each.get("type") != "null"]
    return [rule] if rule else []


def _resolved(rule: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a reference, and one that stands alone in an allOf, as generators write them."""
    for _ in range(_DEEPEST):
        if not isinstance(rule, dict):
            return {}
        inner = rule.get("allOf")
        if isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], dict):
            rule = {**{key: each for key, each in rule.items() if key != "allOf"}, **inner[0]}
        elif isinstance(rule.get("$ref"), str):
            target = definitions.get(rule["$ref"].rsplit("/", 1)[-1])
            beside = {key: each for key, each in rule.items() if key != "$ref"}
            rule = {**beside, **target} if isinstance(target, dict) else {}
        else:
            return rule
    return {}


def _without(endpoint: Endpoint, finding: Finding) -> Endpoint | None:
    """Return the row without what one finding takes; None where that is too much."""
    if finding.code == "field_gone" and finding.field in _OPTIONAL:
        return _without_field(endpoint, finding.field)
    if finding.field == "prompt" and finding.code == "bound_moved":
        return replace(endpoint, prompt_chars=min(endpoint.prompt_chars, int(finding.values[0])))
    if finding.field == endpoint.negative_field and finding.code != "required_new":
        return replace(endpoint, negative_field=None)
    if finding.code not in {"value_gone", "bound_moved"}:
        return None
    gone = set(finding.values)
    if finding.field == "duration":
        left = tuple(each for each in endpoint.durations if str(each) not in gone)
        return replace(endpoint, durations=left) if left else None
    if finding.field == endpoint.resolution_field:
        return _of_resolutions(endpoint, tuple(each for each in endpoint.resolutions if each not in gone))
    if finding.field == "aspect_ratio":
        return _of_ratios(endpoint, tuple(each for each in endpoint.aspect_ratios if each not in gone), gone)
    return _without_field(endpoint, "seed") if finding.field == "seed" else None


def _without_field(endpoint: Endpoint, field: str) -> Endpoint:
    if field == "seed":
        return replace(endpoint, seed=False)
    return replace(endpoint, aspect_ratios=(), default_aspect_ratio=None)


def _of_resolutions(endpoint: Endpoint, left: tuple[str, ...]) -> Endpoint | None:
    if not left:
        return None
    default = endpoint.default_resolution if endpoint.default_resolution in left else left[0]
    return replace(endpoint, resolutions=left, default_resolution=default)


def _of_ratios(endpoint: Endpoint, left: tuple[str, ...], gone: set[str]) -> Endpoint:
    default = endpoint.default_aspect_ratio
    if default in gone:
        default = left[0] if left else None
    return replace(endpoint, aspect_ratios=left, default_aspect_ratio=default)


def _at(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _same(value: Any, listed: Any) -> bool:
    equal: bool = value == listed
    return equal and isinstance(value, bool) is isinstance(listed, bool)


def _is_of(value: Any, kind: object) -> bool:
    types = _TYPES.get(kind) if isinstance(kind, str) else None
    if types is None:
        return kind != "null"
    return kind == "boolean" if isinstance(value, bool) else isinstance(value, types)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_record(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as JSON, to be stored."""
    return [{"code": each.code, "field": each.field, "values": list(each.values)} for each in findings]


def from_record(record: Any) -> tuple[Finding, ...]:
    """Read stored findings; what a newer version wrote and this one does not know is left out."""
    rows = [each for each in record if isinstance(each, dict)] if isinstance(record, list) else []
    return tuple(
        Finding(each["code"], str(each.get("field", "")), tuple(map(str, each.get("values", ()))))
        for each in rows
        if each.get("code") in CODES
    )
