"""Searches the account's request list for orders whose answer was lost. Pure.

Fields: fal docs, platform-apis, models/requests/by-endpoint; `json_input` is the whole body that was sent.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.fal import protocol
from core.types import LostOrder

CLOCKS_APART = timedelta(minutes=1)  # fal's clock and ours
_LONGEST_POST = timedelta(seconds=150)
_AFTER_POST = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be this order, and how far apart in time the two are. `open`: the order's own answer may come."""

    apart: timedelta
    request_id: str
    name: str
    open: bool = False


def candidates(rows: Iterable[Any], orders: Sequence[LostOrder]) -> list[Candidate]:
    """Return every pair of a row and an order that may be the same: by endpoint, time, and every field that was sent.

    A row that fal's webhook has named for one of them is no other's.
    """
    named = {order.hint: order.name for order in orders if order.hint is not None}
    found = []
    for row in rows:
        request_id = _id(row)
        sent = _sent(row) if request_id is not None else None
        if request_id is None or sent is None:
            continue
        body = _input(row)
        found += [
            Candidate(abs(sent - order.claimed), request_id, order.name, order.open)
            for order in orders
            if fits(row, body, sent, order) and named.get(request_id, order.name) == order.name
        ]
    return found


def matching(rows: Iterable[Any], orders: Sequence[LostOrder]) -> list[Any]:
    """Return the rows that may be one of these orders."""
    return [row for row in rows if candidates([row], orders)]


def assigned(found: Sequence[Candidate], *, owned: AbstractSet[str]) -> dict[str, str]:
    """Assign each id to at most one order and each order to at most one id, the nearest in time first.

    A row that also fits another order whose own answer may still come is left alone: that answer knows better than the
    clocks, which may be a minute apart.
    """
    pairs: dict[str, str] = {}
    assigned_ids = set(owned)
    awaited: dict[str, set[str]] = {}
    for each in found:
        if each.open:
            awaited.setdefault(each.request_id, set()).add(each.name)
    for each in sorted(found, key=lambda one: (one.apart, one.request_id, one.name)):
        others = awaited.get(each.request_id, set()) - {each.name}
        if each.request_id not in assigned_ids and each.name not in pairs and not others:
            pairs[each.name] = each.request_id
            assigned_ids.add(each.request_id)
    return pairs


def all_before(rows: Sequence[Any], moment: datetime) -> bool:
    """Return whether no row of this page, nor of any later page, can be younger.

    The list is sorted by the end of a request.
    """
    times = [_latest(row) for row in rows]
    return bool(times) and all(time is not None and time < moment for time in times)


def fits(row: dict[str, Any], body: Any, sent: datetime, order: LostOrder) -> bool:
    """Return whether a row of fal's list may be what this order bought."""
    until = (order.answered or order.claimed + _LONGEST_POST) + _AFTER_POST
    return (
        row.get("endpoint_id") == order.endpoint
        and order.claimed - CLOCKS_APART <= sent <= until
        and isinstance(body, dict)
        and bool(order.body)
        and all(name in body and _same(body[name], value) for name, value in order.body.items())
    )


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON: true is not 1, "5" is not 5, 5 is 5.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return bool(one == other)


def _id(row: Any) -> str | None:
    request_id = row.get("request_id") if isinstance(row, dict) else None
    return request_id if protocol.is_request_id(request_id) else None


def _input(row: dict[str, Any]) -> Any:
    body = row.get("json_input")
    return protocol.parsed(body) if isinstance(body, str) else body


def _sent(row: dict[str, Any]) -> datetime | None:
    return _time(row.get("sent_at")) or _time(row.get("started_at"))


def _latest(row: Any) -> datetime | None:
    """Return the row's end; None for one without an end or time: it says nothing about what comes after it."""
    if not isinstance(row, dict):
        return None
    return _time(row.get("ended_at"))


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
        return time if time is None else (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
