"""Reads fal's own bill and balance, with a key of ADMIN scope.

Facts: fal.ai/docs/platform-apis/v1/models/billing-events and .../account/billing. Without `start` only the last 24
hours are searched; a span is at most 90 days; a call names at most 50 requests; `next_cursor` leads to the next page.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from core.config import FalSettings
from core.errors import Unavailable
from core.fal.admin_api import AdminApi

MOST_IDS = 50
_PAGE = 1000
_MOST_PAGES = 50
_NANO = Decimal(10**9)
_EVENT_IDS = ("id", "event_id", "billing_event_id")


class Billing:
    """The client of fal's bill for one account. Share one; `close` it."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    @classmethod
    def from_settings(cls, settings: FalSettings) -> Self | None:
        """Build the client; None without FAL_ADMIN_KEY and behind a pre-charging proxy, whose charge counts then."""
        api = AdminApi.from_settings(settings)
        return cls(api) if api is not None else None

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def charges(self, request_ids: Sequence[str], *, since: datetime) -> dict[str, int]:
        """Return the nano-dollars charged by request, all events of a request summed.

        A request that is not named here is unknown: its event may still come. One that is named with 0 was free.

        `request_ids`: at most 50. `since`: not more than 90 days ago. Raises NotConfigured (the key is refused),
        Unavailable (also when a later page cannot be read or found: half of the events are no sum).
        """
        params: dict[str, Any] = {"request_id": list(request_ids), "start": since.isoformat(), "limit": _PAGE}
        pages: list[list[Any]] = []
        cursors: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = await self._api.call("GET", "/models/billing-events", params)
            listed, cursor = page.get("billing_events"), page.get("next_cursor")
            if not isinstance(listed, list):
                raise Unavailable(reason="an answer without billing events")
            pages.append(listed)
            if page.get("has_more") is False or not (cursor or page.get("has_more")):
                return summed(counted_once(pages), set(request_ids))
            if not cursor or str(cursor) in cursors:
                raise Unavailable(reason="billing events that break off or go in a circle")
            cursors.add(str(cursor))
            params["cursor"] = str(cursor)
        raise Unavailable(reason="too many pages of billing events")

    async def balance(self) -> Decimal:
        """Return the dollars of credit left; below zero when fal let the account run over.

        Raises NotConfigured, Unavailable.
        """
        credit = (await self._api.call("GET", "/account/billing", {"expand": "credits"})).get("credits")
        amount = _number(credit.get("current_balance")) if isinstance(credit, dict) else None
        if amount is None:
            raise Unavailable(reason="an answer without a balance")
        return amount


def counted_once(pages: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the events of all pages, each once. Pure.

    An event whose id was seen is the same event; so is each of a page that repeats an earlier one (an event was added
    meanwhile, and all moved on). fal's page names no id of an event (fal docs, billing-events); where there is one it
    counts.
    """
    events: list[Any] = []
    seen: set[str] = set()
    for number, page in enumerate(pages):
        known = page in pages[:number]
        for event in page:
            ident = _ident(event)
            if ident in seen or (ident is None and known):
                continue
            if ident is not None:
                seen.add(ident)
            events.append(event)
    return events


def _ident(event: Any) -> str | None:
    """Return the event's own id, with its request's: two requests may number their events alike."""
    if not isinstance(event, dict):
        return None
    idents = [event.get(name) for name in _EVENT_IDS]
    own = next((each for each in idents if isinstance(each, str | int) and not isinstance(each, bool)), None)
    return None if own is None else f"{event.get('request_id')} {own}"


def summed(events: Sequence[Any], request_ids: set[str]) -> dict[str, int]:
    """Sum the events of each request that was asked for. Pure.

    A request with an event that cannot be read, or with less than nothing in all, is left out: unknown.
    """
    found: dict[str, int] = {}
    unreadable: set[str] = set()
    for event in events:
        request_id = event.get("request_id") if isinstance(event, dict) else None
        if not isinstance(request_id, str) or request_id not in request_ids:
            continue
        nano = nano_of(event)
        if nano is None:
            unreadable.add(request_id)
        else:
            found[request_id] = found.get(request_id, 0) + nano
    return {each: nano for each, nano in found.items() if each not in unreadable and nano >= 0}


def nano_of(event: Mapping[str, Any]) -> int | None:
    """Return what one event charged, in nano-dollars.

    `cost_estimate_nano_usd` is the field that fal has always had, after discounts, in whole nano-dollars ("carries
    cost_total in nano USD", says the page of the organization's events); `cost_total`, in dollars, stands in where it
    is missing. `output_units * unit_price` is before discounts, so it is never used.
    """
    nano = _number(event.get("cost_estimate_nano_usd"))
    if nano is None:
        dollars = _number(event.get("cost_total"))
        nano = dollars * _NANO if dollars is not None else None
    return int(nano.to_integral_value(rounding="ROUND_HALF_UP")) if nano is not None else None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(value) if not isinstance(value, float) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**18 else None
