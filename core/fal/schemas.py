"""Reads what fal says of its endpoints: their status, the schema of their input, and a unit price. Free.

Facts: fal.ai/docs/platform-apis/v1/models and .../models/pricing (read 2026-11), and public code that asks them: a call
names at most 50 endpoints; with `expand=openapi-3.0` a page has 10 rows at most; an id that fal does not know is left
out, comes back without metadata, or makes the whole call a 404; a schema that cannot be expanded is `{"error": …}` in
its place. The key is optional for schemas, and needed for prices.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self, TypeVar

import httpx

from core.catalogue.drift import Finding, Schema, UnitPrice, compare, read_schema
from core.catalogue.row import Endpoint
from core.config import FalSettings
from core.errors import NotConfigured, Unavailable
from core.fal import error_map
from core.fal.http import ANSWER_S, http_client
from core.fal.protocol import parsed
from core.io.bodies import BodyTooLarge, read_body

_WITH_SCHEMAS = 10
_WITH_PRICES = 50
_MOST_PAGES = 10
_MOST_BYTES = 32_000_000

T = TypeVar("T")
Params = list[tuple[str, str | int | float | bool | None]]
Fetch = Callable[[Sequence[str]], Awaitable[dict[str, T]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What fal says of one endpoint. `status` None: fal knows no such endpoint; `schema` None: it could not be read."""

    status: Literal["active", "deprecated"] | None
    schema: Schema | None = None


def judged(endpoint: Endpoint, seen: Seen) -> tuple[Finding, ...] | None:
    """Return what fal no longer takes of a row; None where what it said allows no judgement. Pure."""
    if seen.status is None:
        return (Finding("unknown"),)
    if seen.status == "deprecated":
        return (Finding("deprecated"),)
    return None if seen.schema is None else compare(endpoint, seen.schema)


class Schemas:
    """The client of fal's own catalogue. Share one; `close` it. `calls` counts what was asked."""

    def __init__(self, settings: FalSettings) -> None:
        self._api = settings.api_url
        self._key = settings.fal_key.get_secret_value().strip() if settings.fal_key else None
        self._client = http_client(settings)
        self.calls = 0

    @classmethod
    def from_settings(cls, settings: FalSettings) -> Self:
        """Build the client from the settings."""
        return cls(settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def read(self, endpoint_ids: Sequence[str]) -> dict[str, Seen]:
        """Return what fal says of each endpoint, all of them or none.

        Raises NotConfigured, Unavailable: no answer, half of one, or one that names nothing. What is left out of an
        answer is asked for once more, together with one that was in it: only where that one is named again, the other
        is unknown to fal.
        """
        seen = await _in_parts(endpoint_ids, self._schemas, size=_WITH_SCHEMAS)
        missing = [each for each in endpoint_ids if each not in seen]
        if missing:
            witness = next((each for each, what in seen.items() if what.status is not None), None)
            if witness is None:
                raise Unavailable(reason="a list that names no model")
            seen |= await self._once_more(missing, witness)
        return {each: seen[each] for each in endpoint_ids}

    async def _once_more(self, missing: Sequence[str], witness: str) -> dict[str, Seen]:
        again: dict[str, Seen] = {}
        for first in range(0, len(missing), _WITH_SCHEMAS - 1):
            some = missing[first : first + _WITH_SCHEMAS - 1]
            found = await _in_parts([*some, witness], self._schemas, size=_WITH_SCHEMAS)
            if witness not in found:
                raise Unavailable(reason="half of a list of models")
            again |= found
        return {each: again.get(each, Seen(None)) for each in missing}

    async def prices(self, endpoint_ids: Sequence[str]) -> dict[str, UnitPrice]:
        """Return the unit price of each endpoint that fal names one for. Raises NotConfigured, Unavailable."""
        return await _in_parts(endpoint_ids, self._prices, size=_WITH_PRICES)

    async def _schemas(self, some: Sequence[str]) -> dict[str, Seen]:
        params: Params = [("endpoint_id", each) for each in some]
        try:
            rows = await self._rows(
                "/models", "models", [*params, ("expand", "openapi-3.0"), ("limit", str(_WITH_SCHEMAS))]
            )
        except _Unknown:
            if len(some) > 1:
                raise
            return {some[0]: Seen(None)}
        found = {each: _seen(row, each) for each, row in _named(rows, some)}
        return {each: seen for each, seen in found.items() if seen is not None}

    async def _prices(self, some: Sequence[str]) -> dict[str, UnitPrice]:
        rows = await self._rows("/models/pricing", "prices", [("endpoint_id", each) for each in some])
        found = {each: _price(row) for each, row in _named(rows, some)}
        return {each: price for each, price in found.items() if price is not None}

    async def _rows(self, path: str, name: str, params: Params) -> list[Mapping[str, Any]]:
        """Collect the rows of all pages. Raises _Unknown for fal's own "not found"."""
        rows: list[Mapping[str, Any]] = []
        cursors: list[str] = []
        for _ in range(_MOST_PAGES):
            page = await self._get(path, params + ([("cursor", cursors[-1])] if cursors else []))
            listed, cursor = page.get(name), page.get("next_cursor")
            if not isinstance(listed, list):
                raise Unavailable(reason=f"an answer without {name}")
            rows += [each for each in listed if isinstance(each, dict)]
            if not cursor and not page.get("has_more"):
                return rows
            if not isinstance(cursor, str) or cursor in cursors:
                raise Unavailable(reason=f"a list of {name} that breaks off or goes in a circle")
            cursors.append(cursor)
        raise Unavailable(reason=f"too many pages of {name}")

    async def _get(self, path: str, params: Params) -> dict[str, Any]:
        headers = {"Authorization": f"Key {self._key}"} if self._key else {}
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise NotConfigured("invalid_key")
        self.calls += 1
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._client.stream("GET", f"{self._api}{path}", params=params, headers=headers) as reply,
            ):
                body = parsed(await read_body(reply.aiter_bytes(), most_bytes=_MOST_BYTES))
        except (BodyTooLarge, TimeoutError):
            raise Unavailable(reason="an answer without end") from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise Unavailable(reason=type(error).__name__) from None
        if reply.status_code == httpx.codes.NOT_FOUND and _says_not_found(body):
            raise _Unknown
        if reply.status_code in {401, 402, 403}:
            refusal = error_map.error_from(reply.status_code, reply.headers, body)
            raise NotConfigured("invalid_key") if refusal.code == "model_not_allowed" else refusal
        if not reply.is_success or not isinstance(body, dict):
            raise Unavailable(status=reply.status_code)
        return body


class _Unknown(Exception):
    """fal knows one of the endpoints that were named, or none of them, not."""


async def _in_parts(ids: Sequence[str], fetch: "Fetch[T]", *, size: int) -> dict[str, T]:
    """Fetch by calls of `size` ids each.

    A call that fal refuses because it does not know one of its ids is made in halves, so that one keeps none of the
    others unknown; what is unknown all alone is left out.
    """
    found: dict[str, T] = {}
    for first in range(0, len(ids), size):
        some = ids[first : first + size]
        try:
            found |= await fetch(some)
        except _Unknown:
            if len(some) > 1:
                found |= await _in_parts(some, fetch, size=(len(some) + 1) // 2)
    return found


def _named(rows: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the rows that were asked for, each with its endpoint."""
    for row in rows:
        name = row.get("endpoint_id")
        if isinstance(name, str) and name in asked:
            yield name, row


def _seen(row: Mapping[str, Any], endpoint_id: str) -> Seen | None:
    """Read a row; None where it says that fal has nothing of this name."""
    metadata, openapi = row.get("metadata"), row.get("openapi")
    schema = read_schema(openapi, endpoint_id) if isinstance(openapi, dict) and "error" not in openapi else None
    if not isinstance(metadata, dict):
        return None if schema is None else Seen("active", schema)
    return Seen("deprecated" if metadata.get("status") == "deprecated" else "active", schema)


def _price(row: Mapping[str, Any]) -> UnitPrice | None:
    amount, unit, currency = row.get("unit_price"), row.get("unit"), row.get("currency", "USD")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < 10**6:
        return None
    if not isinstance(unit, str) or not isinstance(currency, str):
        return None
    return UnitPrice(Decimal(str(amount)), unit[:40], currency[:10])


def _says_not_found(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and error.get("type") == "not_found"
