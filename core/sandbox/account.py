"""The platform API: the account's request list and the price list. And the sandbox's own controls, for tests."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from core.sandbox.answers import Gate, json_object
from core.sandbox.checks import ENDPOINTS
from core.sandbox.faults import Faults
from core.sandbox.state import Memory, Request


class Account:
    def __init__(self, *, memory: Memory, faults: Faults, gate: Gate, log: list[dict[str, Any]]) -> None:
        self._memory = memory
        self._faults = faults
        self._gate = gate
        self._log = log

    async def requests(self, http: HttpRequest) -> Response:
        """`GET /models/requests/by-endpoint`, newest first."""
        refused = self._gate.refusal(http, "list_status")
        if refused is not None:
            return refused
        asked = http.query_params
        endpoints, since = asked.getlist("endpoint_id"), _time(asked.get("start"))
        rows = [
            _row(request, payload=asked.get("expand") == "payloads")
            for request in sorted(self._memory.requests.values(), key=lambda each: -each.created)
            if (not endpoints or request.endpoint in endpoints) and request.created >= since
        ]
        limit = asked.get("limit", "")
        most = min(int(limit), 100) if limit.isdigit() else 50
        return JSONResponse({"items": rows[:most], "next_cursor": None, "has_more": len(rows) > most})

    async def pricing(self, http: HttpRequest) -> Response:
        """`GET /models/pricing`: one price for an endpoint, though most have several, as at fal."""
        refused = self._gate.refusal(http)
        if refused is not None:
            return refused
        asked = http.query_params.getlist("endpoint_id") or list(ENDPOINTS)
        prices = [
            {"endpoint_id": each, "unit_price": _price(each), "unit": "seconds", "currency": "USD"}
            for each in asked
            if each in ENDPOINTS
        ]
        return JSONResponse({"prices": prices, "next_cursor": None, "has_more": False})

    async def control(self, http: HttpRequest) -> Response:
        """`POST /sandbox/faults`, `GET /sandbox/requests` and `/sandbox/log`; never for a page in a browser."""
        if "origin" in http.headers:
            return JSONResponse({"detail": "not for web pages"}, 403)
        what = http.path_params["what"]
        if what == "faults" and http.method == "POST":
            return await self._add(http)
        if what == "requests":
            names = ("id", "endpoint", "body", "state", "answer_status", "error_type", "units")
            return JSONResponse(
                [{name: getattr(each, name) for name in names} for each in self._memory.requests.values()]
            )
        if what == "log":
            return JSONResponse(self._log)
        return JSONResponse({"detail": "Not Found"}, 404)

    async def _add(self, http: HttpRequest) -> Response:
        asked = await json_object(http) or {}
        try:
            self._faults.add(str(asked.pop("kind", "")), **asked)
        except (TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, 422)
        return JSONResponse({})


def _row(request: Request, *, payload: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "request_id": request.id,
        "endpoint_id": request.endpoint,
        "sent_at": _iso(request.created),
        "started_at": _iso(request.started or request.created),
        "ended_at": _iso(request.completed) if request.completed else None,
        "status_code": request.answer_status if request.done else None,
    }
    return row | ({"json_input": request.body} if payload else {})


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat()


def _time(text: str | None) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        return 0.0


def _price(endpoint_id: str) -> float:
    endpoint = ENDPOINTS[endpoint_id]
    return float(endpoint.usd_per_s[endpoint.default_resolution or ""])
