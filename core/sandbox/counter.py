"""The queue's counter: submit under the full endpoint id; status, stream, result and cancel under owner/app only."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse

from core.catalogue import app_of
from core.sandbox.answers import Cut, Gate, base_of, json_object, page
from core.sandbox.checks import APPS, ENDPOINTS, problems
from core.sandbox.faults import Faults
from core.sandbox.renderer import Renderer
from core.sandbox.state import Memory, Request

_ONE = re.compile(r"(?P<app>[^/]+/[^/]+)/requests/(?P<id>[^/]+)(?P<rest>/status/stream|/status|/cancel|)")
_BREATH_S = 10.0
_LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


class Counter:
    def __init__(self, *, memory: Memory, faults: Faults, renderer: Renderer, gate: Gate) -> None:
        self._memory = memory
        self._faults = faults
        self._renderer = renderer
        self._gate = gate

    async def anything(self, http: HttpRequest) -> Response:
        path = http.path_params["path"]
        if http.method == "POST" and "/requests/" not in path:
            return await self._submit(http, path)
        return await self._ask(http, path)

    async def _submit(self, http: HttpRequest, endpoint_id: str) -> Response:
        """Any path below a known app is taken; that it does not exist only shows in the result, as at fal."""
        text = (await http.body()).decode(errors="replace")
        refused = self._gate.refusal(http, "submit_status", endpoint_id, text)
        if refused is not None:
            return refused
        app = app_of(endpoint_id)
        if app not in APPS:
            return JSONResponse({"detail": f"Application {app!r} not found"}, 404)
        body = await json_object(http)
        if body is None:
            return JSONResponse({"detail": "Invalid JSON"}, 400)
        if "sandbox:no-credit" in str(body.get("prompt")):
            return JSONResponse({"detail": _LOCKED}, 403)
        endpoint = ENDPOINTS.get(endpoint_id)
        details = problems(endpoint, body) if endpoint else []
        if details:
            return JSONResponse({"detail": details}, 422, {"X-Fal-Billable-Units": "0"})
        request = self._memory.add(
            endpoint=endpoint_id,
            app=app,
            body=body,
            webhook=http.query_params.get("fal_webhook"),
            base=base_of(http),
        )
        if endpoint is None:
            await self._lead_nowhere(request)
        else:
            self._renderer.begin(request)
        return await self._taken(http, request, text)

    async def _lead_nowhere(self, request: Request) -> None:
        path = request.endpoint.removeprefix(request.app) or "/"
        answer = {"detail": f"Path {path} not found"}
        done = await self._memory.change(
            request.id, state="COMPLETED", completed=time.time(), answer_status=404, answer=answer
        )
        self._renderer.tell(done)

    async def _taken(self, http: HttpRequest, request: Request, text: str) -> Response:
        if self._faults.take("submit_lost_reply", request.endpoint, text):
            return Cut()
        if self._faults.take("submit_html", request.endpoint, text):
            return page(200, said=502)
        slow = self._faults.take("submit_slow", request.endpoint, text)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        reply = _names(http, request) | {"status": "IN_QUEUE", "queue_position": self._memory.place(request)}
        return JSONResponse(reply, 200, {"X-Fal-Request-Id": request.id})

    async def _ask(self, http: HttpRequest, path: str) -> Response:
        match = _ONE.fullmatch(path)
        if match is None:
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        request = self._memory.requests.get(match["id"])
        if request is None or request.app != match["app"]:
            return self._gate.refusal(http) or JSONResponse({"status": "NOT_FOUND"}, 404)
        rest = match["rest"]
        if http.method != ("PUT" if rest == "/cancel" else "GET"):
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        if rest == "/cancel":
            return self._gate.refusal(http) or await self._cancel(request)
        if rest == "":
            refused = self._gate.refusal(http, "result_status" if request.done else None, *_texts(request))
            return refused or self._result(http, request)
        return self._gate.refusal(http, "status_status", *_texts(request)) or self._looked(http, request, rest)

    def _looked(self, http: HttpRequest, request: Request, rest: str) -> Response:
        if self._faults.take("status_drop", *_texts(request)):
            return Cut()
        if self._faults.take("status_html", *_texts(request)):
            return page(200, said=502)
        if rest == "/status":
            return JSONResponse(self._status(http, request), 200 if request.done else 202)
        if self._faults.take("no_stream", *_texts(request)):
            return JSONResponse({"detail": "Internal Server Error"}, 500)
        return StreamingResponse(self._stream(http, request.id), media_type="text/event-stream")

    def _status(self, http: HttpRequest, request: Request) -> dict[str, Any]:
        body = {"status": request.state, "request_id": request.id, "logs": None, **_names(http, request)}
        if request.state == "IN_QUEUE":
            body["queue_position"] = self._memory.place(request)
        if request.done:
            ran = (request.completed or 0) - (request.started or request.completed or 0)
            body["metrics"] = {"inference_time": round(ran, 3)}
        if request.error is not None:
            body |= {"error": request.error, "error_type": request.error_type}
        return body

    async def _stream(self, http: HttpRequest, request_id: str) -> AsyncIterator[str]:
        shown: str | None = None
        while True:
            version, request = self._memory.version, self._memory.requests[request_id]
            text = json.dumps(self._status(http, request))
            if text != shown:
                yield f"data: {text}\n\n"
                shown = text
            if request.done:
                return
            if not await self._memory.after(version, within_s=_BREATH_S):
                yield ": still here\n\n"

    def _result(self, http: HttpRequest, request: Request) -> Response:
        headers = {"X-Fal-Request-Id": request.id}
        if not request.done:
            return JSONResponse({"detail": "Request is still in progress"}, 400, headers)
        headers["X-Fal-Billable-Units"] = request.units
        if request.error_type is not None:
            headers["X-Fal-Error-Type"] = request.error_type
        answer = request.told(base_of(http))
        if request.film is not None:
            self._bend(answer, request)
        return JSONResponse(answer, request.answer_status, headers)

    def _bend(self, answer: dict[str, Any], request: Request) -> None:
        """The shapes a good result may take."""
        if self._faults.take("null_content_type", *_texts(request)):
            answer["video"] = {"url": answer["video"]["url"], "content_type": None}
        if self._faults.take("foreign_file", *_texts(request)):
            answer["video"] = {"url": "https://example.org/film.mp4"}
        if self._faults.take("videos_list_shape", *_texts(request)):
            answer["videos"] = [answer.pop("video")]

    async def _cancel(self, request: Request) -> Response:
        if request.done:
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        await self._renderer.cancel(request)
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)


def _texts(request: Request) -> tuple[str, str]:
    return request.endpoint, request.prompt


def _names(http: HttpRequest, request: Request) -> dict[str, Any]:
    base = f"{base_of(http)}/{request.app}/requests/{request.id}"
    return {
        "request_id": request.id,
        "gateway_request_id": request.id,
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
    }
