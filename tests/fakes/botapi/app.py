"""The HTTP side: token, decoding of the three encodings, faults on demand, and the list of calls."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.botapi.methods import Methods, Refused, Upload, decoded
from tests.fakes.botapi.rates import Rates
from tests.fakes.botapi.world import Json
from tests.fakes.cut import HalfAFile

FaultKind = Literal[
    "status", "html", "gateway", "drop_before", "drop_after", "lose_answer", "slow", "garbage", "bare", "repeat", "cut"
]

_TEXTS = frozenset(
    {"text", "caption", "secret_token", "url", "file_id", "callback_query_id", "language_code", "action", "video"}
)
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
_LOOK_S = 0.01


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls of `method` ("*": any; "file": a download).

    status: a refusal in the API's own words; html: a proxy's page (502); gateway: carried out, then a proxy's page with
    `status`; drop_before: the connection ends before the
    body is read; drop_after: after, and nothing was done; lose_answer: the call is carried out, then the connection
    ends; slow: carried out, then `delay_s` pass; garbage: carried out, and 200 with a page instead of JSON; bare:
    carried out, and the answer holds nothing but the message's id; repeat (getUpdates): the last batch again, at once,
    whatever the offset; cut (file): half of the bytes, then the connection ends. `only_with`: only calls with this
    parameter fail (status and html).
    """

    method: str
    kind: FaultKind
    times: int = 1
    status: int = 500
    description: str = "Internal Server Error"
    parameters: Json = field(default_factory=dict)
    delay_s: float = 0.0
    only_with: str | None = None


@dataclass(slots=True)
class Call:
    """A call as it arrived; `status` of the answer, 0 where none was given; `done`: it was carried out."""

    method: str
    params: Json
    files: dict[str, Upload]
    at: float
    status: int = 0
    done: bool = False
    result: Any = None


class Dropped(Exception):
    """End the connection without an answer."""


class BotApi:
    """An ASGI application: `/bot<token>/<method>`, `/file/bot<token>/<path>`, and `/control/` for other processes."""

    def __init__(
        self,
        *,
        token: str,
        methods: Methods,
        controls: Mapping[str, Callable[..., Any]],
        rates: Rates | None = None,
    ) -> None:
        self._token = token
        self._rates = rates
        self._methods = methods
        self._controls = controls
        self._world = methods.world
        self._poller = 0
        self._last_batch: list[Json] = []
        self.faults: list[Fault] = []
        self.calls: list[Call] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            response = await self._route(Request(scope, receive))
        except Dropped:
            send.__self__.transport.abort()  # type: ignore[attr-defined]
            return
        except ClientDisconnect:
            return  # a bot that stops in the middle of a call: no trouble of the server's
        await response(scope, receive, send)

    async def _route(self, request: Request) -> Response:
        path = request.url.path
        if path.startswith("/control/"):
            return await self._control(request, path.removeprefix("/control/"))
        if path.startswith("/file/bot"):
            return await self._file(path.removeprefix("/file/bot"))
        token, _, method = path.removeprefix("/bot").partition("/")
        if not path.startswith("/bot") or ":" not in token or "/" in method:
            return _refusal(Refused(404, "Not Found"))
        if token != self._token:
            return _refusal(Refused(401, "Unauthorized"))
        return await self._call(request, method)

    async def _call(self, request: Request, method: str) -> Response:
        fault = self._fault(method)
        if fault is not None and fault.kind == "drop_before":
            raise Dropped
        call = Call(method, {}, {}, time.monotonic())
        await self._decode(request, call)
        self.calls.append(call)
        fault = fault or self._fault(method, call.params)
        if fault is not None and fault.kind in {"status", "html", "drop_after"}:
            return self._spoilt(call, fault)
        if fault is not None and fault.kind == "repeat":
            return JSONResponse({"ok": True, "result": self._last_batch})
        response = await self._carry_out(call, request)
        if fault is None:
            return response
        await asyncio.sleep(fault.delay_s)
        if fault.kind == "lose_answer":
            call.status = 0
            raise Dropped
        if fault.kind == "bare":
            return JSONResponse({"ok": True, "result": {"message_id": call.result["message_id"]}})
        if fault.kind == "gateway":
            return Response(_HTML, fault.status, media_type="text/html")
        return PlainTextResponse(_HTML) if fault.kind == "garbage" else response

    def _spoilt(self, call: Call, fault: Fault) -> Response:
        if fault.kind == "drop_after":
            raise Dropped
        call.status = fault.status
        if fault.kind == "html":
            return Response(_HTML, 502, media_type="text/html")
        return _refusal(Refused(fault.status, fault.description, **fault.parameters))

    async def _carry_out(self, call: Call, request: Request) -> Response:
        try:
            result = await self._result(call, request)
        except Refused as refused:
            call.status = refused.status
            return _refusal(refused)
        call.status, call.done, call.result = 200, True, result
        return JSONResponse({"ok": True, "result": result})

    async def _result(self, call: Call, request: Request) -> Any:
        if call.method.lower() == "getupdates":
            return await self._updates(call, request)
        work = self._methods.find(call.method)
        if work is None:
            raise Refused(404, "Not Found: method not found")
        if self._rates is not None:
            self._rates.count(call.method, str(call.params.get("chat_id", "")), time.monotonic())
        return work(call.params, call.files)

    async def _updates(self, call: Call, request: Request) -> list[Json]:
        """Held until something waits. A newer question ends an older one, as two programs with one token find out."""
        if self._methods.webhook.get("url"):
            words = (
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
            )
            raise Refused(409, words)
        self._poller += 1
        mine = self._poller
        until = time.monotonic() + min(50, call.params.get("timeout", 0))
        while True:
            found = self._methods.pending(call.params)
            if found or time.monotonic() >= until:
                self._last_batch = found or self._last_batch
                return found
            await asyncio.sleep(_LOOK_S)
            if await request.is_disconnected():
                raise Dropped
            if self._poller != mine:
                words = (
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
                )
                raise Refused(409, words)

    async def _decode(self, request: Request, call: Call) -> None:
        for name, value in request.query_params.items():
            call.params[name] = value if name in _TEXTS else decoded(value)
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind == "application/json":
            call.params.update(await request.json())
        elif kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
            async with request.form() as form:
                for name, part in form.items():
                    if isinstance(part, UploadFile):
                        call.files[name] = self._received(part)
                    else:
                        call.params[name] = part if name in _TEXTS else decoded(part)
        elif await request.body():
            raise AssertionError(f"{call.method}: the Bot API reads no {kind or 'bare body'}")

    def _received(self, file: UploadFile) -> Upload:
        folder = self._world.folder / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkstemp(dir=folder)[1])
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out)
        return Upload(file.filename or "", file.content_type or "", path, path.stat().st_size)

    async def _file(self, rest: str) -> Response:
        fault = self._fault("file")
        if fault is not None and fault.kind.startswith("drop"):
            raise Dropped
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
        elif fault is not None and fault.kind != "cut":
            return PlainTextResponse(fault.description, fault.status)
        token, _, name = rest.partition("/")
        kept = [file for file in self._world.files.values() if file.name == name and not self._world.local]
        if token != self._token or not kept:
            return _refusal(Refused(404, "Not Found"))
        if fault is not None and fault.kind == "cut":
            return HalfAFile(kept[0].path.read_bytes(), media_type="application/octet-stream")
        return FileResponse(kept[0].path, media_type="application/octet-stream")

    def _fault(self, method: str, params: Json | None = None) -> Fault | None:
        """Before a call is read only those that fail whatever it holds; with its `params` only the others."""
        for fault in self.faults:
            chosen = fault.only_with is None if params is None else fault.only_with in params
            if fault.times > 0 and chosen and fault.method.lower() in {"*", method.lower()}:
                fault.times -= 1
                return fault
        return None

    async def _control(self, request: Request, name: str) -> Response:
        """`POST /control/<name>` with keyword arguments as JSON; bytes as text in Latin-1."""
        work = self._controls.get(name)
        if work is None:
            return PlainTextResponse("no such control", 404)
        arguments = json.loads(await request.body() or b"{}")
        for each in {"photo", "video", "document"} & set(arguments):
            arguments[each] = arguments[each].encode("latin-1")
        return JSONResponse(await asyncio.to_thread(work, **arguments))


def _refusal(refused: Refused) -> Response:
    body: Json = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return JSONResponse(body, refused.status)
