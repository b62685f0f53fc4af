"""An offline fal: queue, CDN, storage, request list and webhooks as one small ASGI app that renders real films.

It behaves as fal does, down to its oddities, and on demand as fal does on bad days. It serves `reelbot demo`, `generate
--sandbox` and the tests; it opens connections to this machine only.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.catalogue import app_of
from core.sandbox import cdn, listing
from core.sandbox.billing import Books
from core.sandbox.checks import APPS, problems, row_for
from core.sandbox.models_api import Platform
from core.sandbox.renderer import FAST, Renderer, Studio
from core.sandbox.state import Faults, Memory, Request

__all__ = ["FAST", "Sandbox", "Studio", "create_app"]

_ONE = re.compile(r"(?P<app>[^/]+/[^/]+)/requests/(?P<id>[^/]+)(?P<rest>/status/stream|/status|/cancel|)")
_UPLOAD_BYTES = 110_000_000
_SHOWN = ("id", "endpoint", "body", "state", "created", "completed")


class Sandbox:
    """The routes and what they share. `faults` and `log` are for tests."""

    def __init__(self, *, folder: Path, key: str | None, studio: Studio, admin_key: str | None) -> None:
        self._key = key
        self.memory = Memory(folder)
        self.faults = Faults()
        self.renderer = Renderer(self.memory, self.faults, studio)
        self.platform = Platform(self.faults, key=key)
        self.books = Books(self.memory, self.faults, admin_key=admin_key)
        self.log: list[dict[str, Any]] = []
        self._resumed = False

    async def submit(self, http: HttpRequest, endpoint_id: str) -> Response:
        """Accept an order for any known app; a wrong path below it only shows in the result, as at fal."""
        app = app_of(endpoint_id)
        text = (await http.body()).decode(errors="replace")
        late = self.faults.take("submit_late", endpoint_id, text)
        if late is not None:
            await asyncio.sleep(late.seconds)
            if await http.is_disconnected():
                return Response(status_code=400)
        refused = self._refusal(http, "submit_status", endpoint_id, text)
        if refused is not None:
            return refused
        if self.faults.take("submit_drop", endpoint_id, text):
            return cdn.Cut()
        if app not in APPS:
            return JSONResponse({"detail": f"Application {app!r} not found"}, 404)
        body = _parsed(text)
        if not isinstance(body, dict):
            return JSONResponse({"detail": "Invalid JSON"}, 400)
        endpoint = row_for(endpoint_id, body)
        details = problems(endpoint, body) if endpoint else []
        if details:
            return JSONResponse({"detail": details}, 422, {"X-Fal-Billable-Units": "0"})
        webhook = http.query_params.get("fal_webhook")
        request = self.memory.add(endpoint=endpoint_id, app=app, body=body, webhook=webhook)
        if endpoint is None:
            path = endpoint_id.removeprefix(app) or "/"
            answer = {"detail": f"Path {path} not found"}
            await self.memory.change(
                request.id, state="COMPLETED", completed=time.time(), answer_status=404, answer=answer
            )
        else:
            self.renderer.begin(request)
        if self.faults.take("submit_lost_reply", endpoint_id, text):
            return cdn.Cut()
        return await self._ordered(http, request, endpoint_id, text)

    async def _ordered(self, http: HttpRequest, request: Request, endpoint_id: str, text: str) -> Response:
        """Answer an order that stands, whatever becomes of that answer."""
        refused = self.faults.take("submit_refused_after", endpoint_id, text)
        if refused is not None:  # by a gateway
            return JSONResponse(refused.body, refused.status, refused.headers)
        slow = self.faults.take("submit_slow", endpoint_id, text)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        proxied = self.faults.take("submit_headers", endpoint_id, text)
        headers = proxied.headers if proxied else None
        named = self._reply(http, self._named(request, text))
        return JSONResponse(named | {"status": "IN_QUEUE", "queue_position": 0}, headers=headers)

    def _named(self, request: Request, text: str) -> Request:
        """Return the request that the answer names; for `submit_repeats_id` the one before it."""
        before = [each for each in self.memory.requests.values() if each.id != request.id]
        if before and self.faults.take("submit_repeats_id", request.endpoint, text):
            return max(before, key=lambda each: each.created)
        return request

    def _reply(self, http: HttpRequest, request: Request) -> dict[str, Any]:
        base = f"{_base(http)}/{request.app}/requests/{request.id}"
        urls = {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
        return {"request_id": request.id, "gateway_request_id": request.id, **urls}

    def _refusal(self, http: HttpRequest, kind: str, *texts: str) -> Response | None:
        """Refuse a wrong key, or by the next fault for this kind of call."""
        fault = self.faults.take(kind, *texts)
        if fault is not None:
            if fault.body is None:
                return HTMLResponse(cdn.NGINX.format(f"{fault.status} Bad Gateway"), fault.status, fault.headers)
            return JSONResponse(fault.body, fault.status, fault.headers)
        if self._key is not None and http.headers.get("authorization") != f"Key {self._key}":
            return JSONResponse({"detail": "Authentication is required"}, 401)
        return None

    async def ask(self, http: HttpRequest, path: str) -> Response:
        """Answer status, stream, result and cancel: under owner/app only."""
        match = _ONE.fullmatch(path)
        if match is None:
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        request = self.memory.requests.get(match["id"])
        if request is None or request.app != match["app"]:
            refused = self._refusal(http, "no such kind")
            return refused or JSONResponse({"status": "NOT_FOUND"}, 404)
        kind = {"/status": "status_status", "": "result_status"}.get(match["rest"], "no such kind")
        prompt = str(request.body.get("prompt", ""))
        refused = self._refusal(http, kind, request.endpoint, prompt)
        if refused is not None:
            return refused
        if self.faults.take("status_drop", request.endpoint, prompt):
            return cdn.Cut()
        if match["rest"] == "/cancel":
            return await self._cancel(http, request)
        if http.method != "GET":
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        if match["rest"] == "/status/stream":
            if self.faults.take("no_stream", request.endpoint, prompt):
                return JSONResponse({"detail": "no stream"}, 500)
            return StreamingResponse(self._stream(http, request.id), media_type="text/event-stream")
        if match["rest"] == "/status":
            done = request.state == "COMPLETED"
            return JSONResponse(self._status(http, request), 200 if done else 202)
        return self._result(request)

    def _status(self, http: HttpRequest, request: Request) -> dict[str, Any]:
        urls = self._reply(http, request)
        body: dict[str, Any] = {"status": request.state, "request_id": request.id, "logs": None}
        body["response_url"] = urls["response_url"]
        if request.state == "IN_QUEUE":
            body["queue_position"] = self.memory.place(request)
        if request.state == "COMPLETED":
            body["metrics"] = {"inference_time": round((request.completed or 0) - request.created, 3)}
        if request.error is not None:
            body |= {"error": request.error, "error_type": request.error_type}
        return body

    async def _stream(self, http: HttpRequest, request_id: str) -> AsyncIterator[str]:
        shown: str | None = None
        while True:
            version = self.memory.version
            request = self.memory.requests[request_id]
            text = json.dumps(self._status(http, request))
            if text != shown:
                yield f"data: {text}\n\n"
                shown = text
            if request.state == "COMPLETED":
                return
            async with self.memory.changed:
                try:
                    async with asyncio.timeout(10):
                        await self.memory.changed_since(version)
                except TimeoutError:
                    yield ": still here\n\n"

    def _result(self, request: Request) -> Response:
        if request.state != "COMPLETED":
            return JSONResponse({"detail": "Request is still in progress"}, 400)
        answer = self._shaped(self.renderer.addressed(request.answer or {}), request)
        headers = {"X-Fal-Request-Id": request.id}
        if request.units:
            headers["X-Fal-Billable-Units"] = request.units
        return JSONResponse(answer, request.answer_status, headers)

    def _shaped(self, answer: dict[str, Any], request: Request) -> dict[str, Any]:
        """Return the result in one of the shapes that were seen in the wild."""
        fits = (request.endpoint, str(request.body.get("prompt", "")))
        if self.faults.take("null_content_type", *fits):
            answer["video"] = {"url": answer["video"]["url"], "content_type": None}
        if self.faults.take("odd_address", *fits):
            answer["video"] = {"url": _odd_address(answer["video"]["url"])}
        if self.faults.take("videos_list_shape", *fits):
            answer = {"videos": [answer["video"]]}
        foreign = self.faults.take("foreign_file", *fits)
        if foreign is not None:
            answer["video"] = {"url": foreign.body or "https://example.org/film.mp4"}
        envelope = self.faults.take("result_envelope", *fits)
        if envelope is not None:
            answer = {"status": "COMPLETED", "request_id": request.id, envelope.body or "response": answer}
        return answer

    async def _cancel(self, http: HttpRequest, request: Request) -> Response:
        if http.method != "PUT":
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        if request.state == "COMPLETED":
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        await self.memory.change(request.id, cancelled=True)
        if request.state == "IN_QUEUE":
            await self.renderer.drop(request)
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    async def file(self, http: HttpRequest) -> Response:
        """Serve a file of the CDN, see core/sandbox/cdn.py."""
        return cdn.answer(http, self.memory.files, self.faults)

    async def initiate(self, http: HttpRequest) -> Response:
        """Answer an upload's first call with an address to put the bytes to."""
        refused = self._refusal(http, "storage_status")
        if refused is not None:
            return refused
        body = _parsed((await http.body()).decode(errors="replace"))
        if not isinstance(body, dict) or not isinstance(body.get("content_type"), str):
            return JSONResponse({"detail": "content_type is missing"}, 422)
        kind = body["content_type"].partition("/")[0]
        suffix = {"video": ".mp4", "audio": ".wav"}.get(kind, ".jpg")
        name = f"{time.time_ns():024x}{suffix}"[-28:]
        base = _base(http)
        return JSONResponse({"upload_url": f"{base}/upload/{name}", "file_url": f"{base}/files/b/sandbox/{name}"})

    async def upload(self, http: HttpRequest) -> Response:
        """Store the bytes of an upload."""
        body = await http.body()
        if (
            "authorization" in http.headers
            or len(body) > _UPLOAD_BYTES
            or not cdn.FILE_NAME.fullmatch(http.path_params["name"])
        ):
            return JSONResponse({"detail": "Forbidden"}, 403)
        (self.memory.files / http.path_params["name"]).write_bytes(body)
        return JSONResponse({})

    async def listed(self, http: HttpRequest) -> Response:
        """Answer with the account's request list, see core/sandbox/listing.py.

        On demand its answer is late and holds what was ordered by then (`list_slow`), or its next page is the one that
        was asked for (`list_circle`).
        """
        refused = self._refusal(http, "list_status", http.url.query)
        if refused is not None:
            return refused
        slow = self.faults.take("list_slow")
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        circle = self.faults.take("list_circle") is not None
        return listing.page(self.memory.requests.values(), http.query_params, now=time.time(), circle=circle)

    async def control(self, http: HttpRequest) -> Response:
        """Serve tests in another process: faults to come, what was asked, what was submitted."""
        if http.url.path == "/sandbox/faults":
            fault = await http.json()
            self.faults.add(fault.pop("kind"), **fault)
            return JSONResponse({})
        if http.url.path == "/sandbox/healed":
            self.faults.clear()
            return JSONResponse({})
        if http.url.path == "/sandbox/requests":
            return JSONResponse(
                [{name: getattr(each, name) for name in _SHOWN} for each in self.memory.requests.values()]
            )
        return JSONResponse(self.log)

    async def anything(self, http: HttpRequest) -> Response:
        """Answer an order or a question about a request, by method and path."""
        path = http.path_params["path"]
        if http.method == "POST" and "/requests/" not in path:
            return await self.submit(http, path)
        return await self.ask(http, path)

    def note(self, scope: Scope) -> None:
        """Log every call, without its headers: a key is in no log of ours either."""
        if not scope["path"].startswith("/sandbox/"):
            self.log.append({"method": scope["method"], "path": scope["path"], "at": time.time()})

    def resume(self) -> None:
        """Go on after a restart with what was under way. Called with the first call, since it needs a running loop."""
        if not self._resumed:
            self._resumed = True
            for request in self.memory.unfinished():
                self.renderer.begin(request)


def create_app(
    *, folder: Path, key: str | None = None, studio: Studio | None = None, admin_key: str | None = None
) -> Starlette:
    """Build the sandbox as an ASGI app for uvicorn. State lies in `folder`; with `key` given, calls must carry it.

    Bills and balance are shown to `admin_key` alone. `app.state.sandbox` is the Sandbox itself: its `faults`, `log` and
    `memory` are for tests.
    """
    sandbox = Sandbox(folder=folder, key=key, studio=studio or Studio(), admin_key=admin_key)

    async def jwks(_http: HttpRequest) -> Response:
        return JSONResponse(sandbox.renderer.signer.jwks())

    every = ["GET", "POST", "PUT", "HEAD"]
    app = _App(
        routes=[
            Route("/files/b/{prefix}/{name}", sandbox.file),
            Route("/storage/upload/initiate", sandbox.initiate, methods=["POST"]),
            Route("/upload/{name}", sandbox.upload, methods=["PUT"]),
            Route("/models/requests/by-endpoint", sandbox.listed),
            *sandbox.platform.routes(),
            Route("/.well-known/jwks.json", jwks),
            *sandbox.books.routes(),
            Route("/sandbox/{what}", sandbox.control, methods=["GET", "POST"]),
            Route("/{path:path}", sandbox.anything, methods=every),
        ],
        exception_handlers={ClientDisconnect: _gone},
    )
    app.state.sandbox = sandbox
    return app


async def _gone(_http: HttpRequest, _error: Exception) -> Response:
    """Ignore a caller that hung up in the middle of its question."""
    return Response(status_code=400)


class _App(Starlette):
    """An app that logs the calls and lets the routes cut the connection, as a dying gateway does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            sandbox: Sandbox = self.state.sandbox
            sandbox.note(scope)
            sandbox.renderer.base = _base(HttpRequest(scope))
            sandbox.resume()
            cycle = getattr(send, "__self__", None)  # uvicorn's; an in-process transport has no wire to cut
            scope["cut"] = cycle.transport.abort if cycle is not None else (lambda: None)
        await super().__call__(scope, receive, send)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _odd_address(url: str) -> str:
    """Return the same file's address with letters of two scripts, longer than 2,000 characters."""
    return url.replace("/sandbox/", "/狐狸 im Schnee ü/") + "?sig=" + "é" * 2000


def _base(http: HttpRequest) -> str:
    return f"{http.url.scheme}://{http.url.netloc}"
