"""The sandbox's pages about its models: status, input schema, unit prices; made from the catalogue, in fal's shapes.

On demand (Faults, by endpoint; `times` counts rows, so a drift that lasts takes a large number) a model drifts:
`deprecated`, `field_gone` (body: the field), `value_gone` (body: {"field": …, "values": […]}), `bound_moved` (body:
{"field": …, "most": …}), `required_new` (body: the field), `price_moved` (body: percent), `unknown` (fal knows no such
endpoint), `no_schema`. All at once: `all_gone` (every model deprecated; body "404": none known), `half_answer` (every
second row is left out), `empty_list`, `models_status` and `prices_status` (an answer of another status).

Facts: see core/fal/schemas.py.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.catalogue import MODELS, Endpoint
from core.catalogue.row import written_duration
from core.sandbox.cdn import NGINX
from core.sandbox.state import Faults
from core.types import Mode

_MOST_IDS = 50
_MOST_WITH_SCHEMAS = 10
_EXPANSIONS = frozenset({"openapi-3.0", "enterprise_status"})
_WORDS = {"type": "string", "minLength": 1}
_ADDRESS = {"type": "string", "format": "uri"}


class Platform:
    """The pages about models. They need no key, and refuse a wrong one; prices need the right one."""

    def __init__(self, faults: Faults, *, key: str | None) -> None:
        self._faults = faults
        self._key = key

    def routes(self) -> list[Route]:
        """Return the routes of the platform API that show models."""
        return [Route("/models/pricing", self.prices), Route("/models", self.models)]

    async def models(self, http: HttpRequest) -> Response:
        """Answer with a page of models, with their schemas where these are asked for."""
        query = http.query_params
        refused = self._refusal(http, "models_status", needs_key=False)
        if refused is not None:
            return refused
        asked, expand = _ids(query), {each for text in query.getlist("expand") for each in text.split(",")}
        most = _MOST_WITH_SCHEMAS if "openapi-3.0" in expand else _MOST_IDS
        page = _page(query, most=most)
        if not 1 <= len(asked) <= _MOST_IDS or not expand <= _EXPANSIONS or page is None:
            return _error(400, "validation_error", "Invalid request parameters")
        if self._faults.take("empty_list"):
            return JSONResponse({"models": [], "next_cursor": None, "has_more": False})
        gone = self._faults.take("all_gone")
        if gone is not None and gone.body == "404":
            return _error(404, "not_found", "Resource not found")
        number, limit = page
        rows = [self._row(each, expand, gone=gone is not None) for each in asked[number * limit : (number + 1) * limit]]
        more = len(asked) > (number + 1) * limit
        if self._faults.take("half_answer", *asked):
            rows = rows[::2]
        cursor = base64.b64encode(str(number + 1).encode()).decode() if more else None
        return JSONResponse({"models": rows, "next_cursor": cursor, "has_more": more})

    def _row(self, endpoint_id: str, expand: set[str], *, gone: bool) -> dict[str, Any]:
        rows = _rows_of(endpoint_id)
        failed = {"error": {"code": "expansion_failed", "message": "Failed to fetch OpenAPI schema"}}
        if not rows or self._faults.take("unknown", endpoint_id):
            return {"endpoint_id": endpoint_id} | ({"openapi": failed} if "openapi-3.0" in expand else {})
        deprecated = gone or self._faults.take("deprecated", endpoint_id) is not None
        row: dict[str, Any] = {"endpoint_id": endpoint_id, "metadata": _metadata(endpoint_id, deprecated=deprecated)}
        if "openapi-3.0" in expand:
            broken = self._faults.take("no_schema", endpoint_id) is not None
            row["openapi"] = failed if broken else openapi(endpoint_id, self._drifted(endpoint_id, input_schema(rows)))
        return row

    def _drifted(self, endpoint_id: str, schema: dict[str, Any]) -> dict[str, Any]:
        properties: dict[str, Any] = schema["properties"]
        field = self._faults.take("field_gone", endpoint_id)
        if field is not None:
            properties.pop(field.body, None)
            schema["required"] = [each for each in schema["required"] if each != field.body]
        value = self._faults.take("value_gone", endpoint_id)
        if value is not None and value.body["field"] in properties:
            rule = properties[value.body["field"]]
            listed = rule.get("enum") or list(range(rule["minimum"], rule["maximum"] + 1))
            left = [each for each in listed if str(each).removesuffix("s") not in map(str, value.body["values"])]
            properties[value.body["field"]] = {"type": rule["type"], "enum": left}
        bound = self._faults.take("bound_moved", endpoint_id)
        if bound is not None and bound.body["field"] in properties:
            name = "maxLength" if properties[bound.body["field"]]["type"] == "string" else "maximum"
            properties[bound.body["field"]][name] = bound.body["most"]
        required = self._faults.take("required_new", endpoint_id)
        if required is not None:
            properties.setdefault(required.body, _WORDS)
            schema["required"] = [*schema["required"], required.body]
        return schema

    async def prices(self, http: HttpRequest) -> Response:
        """Answer with the catalogue's own price of a second, or of a film, at the default resolution."""
        refused = self._refusal(http, "prices_status", needs_key=True)
        if refused is not None:
            return refused
        asked = _ids(http.query_params)
        if not 1 <= len(asked) <= _MOST_IDS:
            return _error(400, "validation_error", "Invalid request parameters")
        rows = {each: _rows_of(each) for each in asked}
        if not all(rows.values()):
            return _error(404, "not_found", "Resource not found")
        prices = [self._price(each[0]) for each in rows.values()]
        return JSONResponse({"prices": prices, "next_cursor": None, "has_more": False})

    def _price(self, endpoint: Endpoint) -> dict[str, Any]:
        per_clip = min(endpoint.usd_per_clip.values(), default=None)
        price = float(endpoint.usd_per_s[endpoint.default_resolution or ""] if per_clip is None else per_clip)
        moved = self._faults.take("price_moved", endpoint.id)
        if moved is not None:
            price = round(price * (1 + moved.body / 100), 6)
        unit = "seconds" if per_clip is None else "videos"
        return {"endpoint_id": endpoint.id, "unit_price": price, "unit": unit, "currency": "USD"}

    def _refusal(self, http: HttpRequest, kind: str, *, needs_key: bool) -> Response | None:
        fault = self._faults.take(kind, http.url.query)
        if fault is not None and fault.body is None:
            return HTMLResponse(NGINX.format(f"{fault.status} Bad Gateway"), fault.status, fault.headers)
        if fault is not None:
            return JSONResponse(fault.body, fault.status, fault.headers)
        key = http.headers.get("authorization")
        if self._key is None or key == f"Key {self._key}" or (key is None and not needs_key):
            return None
        return _error(401, "authorization_error", "Authentication required")


def input_schema(rows: Sequence[Endpoint]) -> dict[str, Any]:
    """Make the schema of an endpoint's input from the rows that use it, in the manner of fal's generator."""
    made = [_of_row(each) for each in rows]
    required = [name for name in made[0][1] if all(name in names for _, names in made)]
    properties: dict[str, Any] = {}
    for each, _ in made:
        properties |= {name: _either(properties.get(name, rule), rule) for name, rule in each.items()}
    return {"title": "Input", "type": "object", "properties": properties, "required": required}


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that takes what one of two takes: a row may sell less of an endpoint than its neighbour."""
    made = {**one, **other}
    if "enum" in one and "enum" in other:
        made["enum"] = list(dict.fromkeys((*one["enum"], *other["enum"])))
    for name, pick in (("minimum", min), ("maximum", max), ("maxLength", max)):
        if name in one and name in other:
            made[name] = pick(one[name], other[name])
    return made


def openapi(endpoint_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Put the schema of an input into a whole document, as fal expands it."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Input"}}}}
    status = {"get": {"responses": {"200": {"description": "The request status."}}}}
    return {
        "openapi": "3.0.4",
        "info": {"title": f"Queue OpenAPI for {endpoint_id}", "version": "1.0.0"},
        "paths": {
            f"/{endpoint_id}/requests/{{request_id}}/status": status,
            f"/{endpoint_id}": {"post": {"requestBody": {"required": True, **body}, "responses": {}}},
        },
        "components": {"schemas": {"Input": dict(schema)}},
    }


def _of_row(endpoint: Endpoint) -> tuple[dict[str, Any], list[str]]:
    """Return the properties of one row's input, and which of them are required."""
    made: dict[str, Any] = {"prompt": {**_WORDS, "maxLength": endpoint.prompt_chars}} if endpoint.has_prompt else {}
    for name, value in endpoint.fixed.items():
        made[name] = {"type": "boolean"} if isinstance(value, bool) else {"type": "string", "enum": [value, "other"]}
    if endpoint.durations:
        made["duration"] = _durations(endpoint)
    if endpoint.resolutions:
        made[endpoint.resolution_field] = {"type": "string", "enum": list(endpoint.resolutions)}
    ratios = [each for each in dict.fromkeys((*endpoint.aspect_ratios, endpoint.default_aspect_ratio)) if each]
    if ratios:
        made["aspect_ratio"] = {"type": "string", "enum": ratios}
    if endpoint.seed:
        made["seed"] = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, {"type": "null"}]}
    if endpoint.sound_field:
        made[endpoint.sound_field] = {"type": "boolean", "default": True}
    if endpoint.negative_field:
        made[endpoint.negative_field] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    if endpoint.source_field:
        many = {"type": "array", "items": _ADDRESS, "maxItems": endpoint.most_sources}
        made[endpoint.source_field] = many if endpoint.most_sources > 1 else _ADDRESS
    for name in filter(None, (endpoint.end_field, endpoint.photo_field)):
        made[name] = _ADDRESS
    made.pop("", None)  # what is not sent has no name
    made["enable_safety_checker"] = {"type": "boolean", "default": True}
    words = endpoint.has_prompt and not endpoint.films_sound
    photo = endpoint.needs_photo and endpoint.photo_field
    needed = (words and "prompt", *endpoint.fixed, endpoint.source_field, endpoint.end_field, photo)
    return made, [each for each in needed if each]


def _durations(endpoint: Endpoint) -> dict[str, Any]:
    first, last = endpoint.durations[0], endpoint.durations[-1]
    if endpoint.duration_codec == "int" and last - first == len(endpoint.durations) - 1:
        return {"type": "integer", "minimum": first, "maximum": last}
    written = [written_duration(endpoint.duration_codec, each) for each in endpoint.durations]
    return {"type": "integer" if endpoint.duration_codec == "int" else "string", "enum": written}


def _metadata(endpoint_id: str, *, deprecated: bool) -> dict[str, Any]:
    return {
        "display_name": endpoint_id,
        "category": next(str(mode) for mode, _ in _used(endpoint_id)),
        "description": "A model of the sandbox.",
        "status": "deprecated" if deprecated else "active",
        "tags": [],
        "updated_at": "2026-11-01T00:00:00Z",
        "is_favorited": None,
        "thumbnail_url": "https://fal.media/files/example.jpg",
        "model_url": f"https://fal.run/{endpoint_id}",
        "date": "2026-01-01T00:00:00Z",
        "highlighted": False,
        "pinned": False,
    }


def _used(endpoint_id: str) -> list[tuple[Mode, Endpoint]]:
    return [(mode, row) for model in MODELS for mode, row in model.modes.items() if row.id == endpoint_id]


def _rows_of(endpoint_id: str) -> list[Endpoint]:
    return [row for _, row in _used(endpoint_id)]


def _ids(query: QueryParams) -> list[str]:
    return list(dict.fromkeys(each for text in query.getlist("endpoint_id") for each in text.split(",") if each))


def _page(query: QueryParams, *, most: int) -> tuple[int, int] | None:
    """Return the number of the page and its size; None for what fal would not understand."""
    try:
        limit = int(query.get("limit") or most)
        number = int(base64.b64decode(query["cursor"], validate=True)) if "cursor" in query else 0
    except (ValueError, binascii.Error):
        return None
    return (number, limit) if 1 <= limit <= most and number >= 0 else None


def _error(status: int, kind: str, message: str) -> Response:
    return JSONResponse({"error": {"type": kind, "message": message}}, status)
