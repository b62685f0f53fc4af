"""Pages the account's request list as the platform API gives it: what ended last comes first.

Facts: fal docs, platform-apis, models/requests/by-endpoint. A request that has not ended stands before all others.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from core.sandbox.state import Request

_MOST = 100
_USUAL = 50
_ENDPOINTS = 50
_A_DAY_S = 24 * 3600


def page(requests: Iterable[Request], query: QueryParams, *, now: float, circle: bool = False) -> Response:
    """Answer with the page that is asked for; 422 for a question that fal would not understand.

    `circle`: it names itself as the next one, as a broken gateway does.
    """
    limit, number = _number(query.get("limit", str(_USUAL))), _page_number(query.get("cursor"))
    start = _moment(query.get("start"), now - _A_DAY_S)
    end = _moment(query.get("end"), float("inf"))
    wanted = {name for text in query.getlist("endpoint_id") for name in text.split(",")}
    if (
        not 1 <= len(wanted) <= _ENDPOINTS
        or limit is None
        or not 1 <= limit <= _MOST
        or number is None
        or start is None
        or end is None
    ):
        return JSONResponse({"detail": "Invalid query"}, 422)
    rows = [each for each in requests if each.endpoint in wanted and start <= (each.completed or now) < end]
    rows.sort(key=lambda each: (each.completed or float("inf"), each.created), reverse=True)
    some = rows[number * limit : (number + 1) * limit]
    more = circle or len(rows) > (number + 1) * limit
    following = number if circle else number + 1
    with_payloads = "payloads" in query.getlist("expand")
    return JSONResponse(
        {
            "items": [_row(each, with_payloads=with_payloads) for each in some],
            "next_cursor": base64.b64encode(str(following).encode()).decode() if more else None,
            "has_more": more,
        }
    )


def _row(request: Request, *, with_payloads: bool) -> dict[str, Any]:
    row = {"request_id": request.id, "endpoint_id": request.endpoint, "sent_at": _text(request.created)}
    times = {"started_at": _text(request.started), "ended_at": _text(request.completed)}
    known = {"status_code": request.answer_status} if request.completed else {}
    body, answer = (None, None) if request.forgotten else (request.body, request.answer)
    payload = {"json_input": body, "json_output": answer} if with_payloads else {}
    return {**row, **times, **known, **payload}


def _text(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, tz=UTC).isoformat().replace("+00:00", "Z")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _page_number(cursor: str | None) -> int | None:
    if cursor is None:
        return 0
    try:
        return _number(base64.b64decode(cursor, validate=True).decode("ascii"))
    except (binascii.Error, UnicodeDecodeError):
        return None


def _moment(text: str | None, default: float) -> float | None:
    """Parse a time, which is in UTC and says so by its Z; an offset is not understood."""
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None and not text.endswith("Z"):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
