"""The sandbox's books, in fal's shapes, for its admin key alone: billing events, the balance, what is kept of requests.

A request is billed at the catalogue's price for the seconds that fal says it billed. On demand (Faults, by endpoint or
prompt) its bill is another: `bill_drift` (body: percent more or less), `bill_late` (seconds), `bill_missing`,
`bill_zero`, `bill_extra` (body: dollars charged whatever came of it), `bill_split` (in several events; body: how many).
A page of events is repeated under a cursor of its own (`bill_page_twice`), or says that there is more and not where
(`bill_breaks_off`).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.sandbox.checks import billed_s, price_of, row_for
from core.sandbox.state import Faults, Memory, Request

_MOST_IDS = 50
_SPAN_S = 90 * 24 * 3600
_NANO = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request costs, in how many events, and when that shows (Unix seconds)."""

    nano_usd: int
    parts: int
    at: float
    shown: float


class Books:
    """The bills of the account. `credit_usd`: what was paid in; the balance is what is left.

    `now`: the clock, for tests.
    """

    def __init__(self, memory: Memory, faults: Faults, *, admin_key: str | None) -> None:
        self._memory = memory
        self._faults = faults
        self.admin_key = admin_key
        self._charges: dict[str, Charge | None] = {}
        self.credit_usd = Decimal(100)
        self.now: Callable[[], float] = time.time
        self.page = 10_000

    def routes(self) -> list[Route]:
        """Return the routes of the platform API that show bills."""
        return [
            Route("/models/billing-events", self.events),
            Route("/account/billing", self.account),
            Route("/models/requests/{request_id}/payloads", self.remove_payloads, methods=["DELETE"]),
            Route("/sandbox/balance", self.set_balance, methods=["POST"]),
        ]

    def charges(self) -> dict[str, Charge]:
        """Return the charge of each billed request, shown already or not. What becomes of a bill is decided once."""
        for request in self._memory.requests.values():
            if request.state == "COMPLETED" and request.id not in self._charges:
                self._charges[request.id] = self._charge(request)
        return {request_id: charge for request_id, charge in self._charges.items() if charge is not None}

    def _charge(self, request: Request) -> Charge | None:
        place = request.endpoint, str(request.body.get("prompt", ""))
        drift, late = self._faults.take("bill_drift", *place), self._faults.take("bill_late", *place)
        split, extra = self._faults.take("bill_split", *place), self._faults.take("bill_extra", *place)
        free = self._faults.take("bill_zero", *place) is not None
        usd = _price(request)
        if extra is not None:
            usd = Decimal(str(extra.body))
        elif drift is not None:
            usd *= 1 + Decimal(str(drift.body)) / 100
        if self._faults.take("bill_missing", *place) or not (usd or free):
            return None
        at = request.completed or request.created
        nano = 0 if free else int((usd * _NANO).to_integral_value())
        return Charge(nano, int(split.body) if split else 1, at, at + (late.seconds if late else 0.0))

    async def events(self, http: HttpRequest) -> Response:
        """Answer with a page of billing events."""
        refused = self._refusal(http)
        if refused is not None:
            return refused
        query = http.query_params
        ids = {each for text in query.getlist("request_id") for each in text.split(",") if each}
        try:
            end = _time(query["end"]) if "end" in query else self.now()
            start = _time(query["start"]) if "start" in query else end - 24 * 3600
            first, size = int(query.get("cursor") or 0), min(int(query.get("limit") or self.page), self.page)
        except ValueError:
            return _error(422, "validation_error")
        if len(ids) > _MOST_IDS or end - start > _SPAN_S or size < 1:
            return _error(422, "validation_error")
        rows = [row for row in self._rows(ids) if start <= _time(row["timestamp"]) < end]
        after = first if rows and self._faults.take("bill_page_twice") else first + size
        more = after < len(rows)
        page = {"billing_events": rows[first : first + size], "next_cursor": str(after) if more else None}
        if rows and self._faults.take("bill_breaks_off"):
            return JSONResponse({"billing_events": rows[: len(rows) // 2], "next_cursor": None, "has_more": True})
        return JSONResponse(page | {"has_more": more})

    def _rows(self, ids: set[str]) -> list[dict[str, Any]]:
        """Return the events of these requests, newest first, as fal lists them."""
        charges = sorted(self.charges().items(), key=lambda each: -each[1].at)
        shown = [each for each in charges if each[1].shown <= self.now() and (not ids or each[0] in ids)]
        return [row for request_id, charge in shown for row in _events(self._memory.requests[request_id], charge)]

    async def account(self, http: HttpRequest) -> Response:
        """Answer with the account's balance."""
        refused = self._refusal(http)
        if refused is not None:
            return refused
        answer: dict[str, Any] = {"username": "sandbox-user"}
        if "credits" in http.query_params.get("expand", "").split(","):
            spent = sum(charge.nano_usd for charge in self.charges().values()) / _NANO
            answer["credits"] = {"current_balance": float(self.credit_usd - spent), "currency": "USD"}
        return JSONResponse(answer)

    async def remove_payloads(self, http: HttpRequest) -> Response:
        """Delete what was sent and answered, and the files of the answer; the files that were sent stay.

        On demand it fails (`payloads_status`), is late with its answer (`payloads_slow`), or leaves a file
        (`payloads_leave_file`).
        """
        fault = self._faults.take("payloads_status", http.url.path)
        if fault is not None:
            return JSONResponse(fault.body, fault.status, fault.headers)
        if http.query_params or await http.body():
            return _error(422, "validation_error")
        refused = self._refusal(http)
        if refused is not None:
            return refused
        request = self._memory.requests.get(http.path_params["request_id"])
        if request is None or request.state != "COMPLETED" or request.forgotten:
            return _error(404, "not_found")
        leaves = self._faults.take("payloads_leave_file", http.url.path) is not None
        results = [self._removed(http, name, leaves=leaves) for name in _files(request.answer)]
        if not leaves:
            self.charges()  # by what was sent
            gone = {"detail": "Request not found"}
            await self._memory.change(request.id, body={}, answer=gone, answer_status=404, forgotten=True)
        slow = self._faults.take("payloads_slow", http.url.path)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        return JSONResponse({"cdn_delete_results": results})

    def _removed(self, http: HttpRequest, name: str, *, leaves: bool) -> dict[str, Any]:
        if not leaves:
            (self._memory.files / name).unlink(missing_ok=True)
        link = f"{http.url.scheme}://{http.url.netloc}/files/b/sandbox/{name}"
        return {"link": link, "exception": "the storage does not answer" if leaves else None}

    async def set_balance(self, http: HttpRequest) -> Response:
        """Set what was paid in, for tests in another process."""
        self.credit_usd = Decimal(str((await http.json())["credit_usd"]))
        return JSONResponse({})

    def _refusal(self, http: HttpRequest) -> Response | None:
        fault = self._faults.take("billing_status", http.url.path)
        if fault is not None:
            return JSONResponse(fault.body, fault.status, fault.headers)
        if self.admin_key is None or http.headers.get("authorization") != f"Key {self.admin_key}":
            return _error(401 if "authorization" not in http.headers else 403, "authorization_error")
        return None


def _price(request: Request) -> Decimal:
    """Return the catalogue's price; of a failure for which fal does not name the units: as if it had been finished."""
    endpoint = row_for(request.endpoint, request.body)
    if endpoint is None:
        return Decimal(0)
    units = Decimal(request.units) if request.units else billed_s(endpoint, request.body)
    return price_of(endpoint, request.body, units) if units else Decimal(0)


def _events(request: Request, charge: Charge) -> list[dict[str, Any]]:
    first = charge.nano_usd - charge.nano_usd // charge.parts * (charge.parts - 1)
    amounts = [first] + [charge.nano_usd // charge.parts] * (charge.parts - 1)
    return [_event(request, charge.at + number / 1000, nano) for number, nano in enumerate(amounts)]


def _event(request: Request, at: float, nano: int) -> dict[str, Any]:
    usd = float(nano / _NANO)
    return {
        "request_id": request.id,
        "endpoint_id": request.endpoint,
        "timestamp": datetime.fromtimestamp(at, tz=UTC).isoformat().replace("+00:00", "Z"),
        "output_units": 1,
        "unit_price": usd,
        "percent_discount": None,
        "cost_subtotal": usd,
        "cost_discount": 0,
        "cost_total": usd,
        "cost_estimate_nano_usd": nano,
    }


def _files(answer: dict[str, Any] | None) -> list[str]:
    video = (answer or {}).get("video")
    return [video["file_name"]] if isinstance(video, dict) else []


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _error(status: int, kind: str) -> Response:
    messages = {"authorization_error": "Admin API key required", "not_found": "Request not found"}
    message = messages.get(kind, "Invalid parameters")
    return JSONResponse({"error": {"type": kind, "message": message}}, status)
