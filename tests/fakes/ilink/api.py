"""iLink over HTTP: headers and bodies as they must be, long polls, the CDN; faults on demand."""

import asyncio
import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.cut import HalfAFile
from tests.fakes.ilink.logins import Logins
from tests.fakes.ilink.media import CdnRefused, Json, stored, upload_of
from tests.fakes.ilink.world import Bot, Refused, World

FaultKind = Literal[
    "ret", "errcode", "status", "drop_before", "lose_answer", "slow", "garbage", "empty", "no_id", "bare_id", "cut"
]
_STALE = -14
_AGENT = re.compile(r"[!#-'*+.^_`|~0-9A-Za-z-]+/[!#-'*+.^_`|~0-9A-Za-z-]+( \([ -~]*\))?( .*)?")
_PATHS = frozenset(
    {"getupdates", "sendmessage", "getuploadurl", "getconfig", "sendtyping", "msg/notifystart", "msg/notifystop"}
)


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls of `path`. ret, errcode: refused with `code`, nothing done; status: a
    gateway's HTTP status, nothing done; drop_before: the line ends unread; lose_answer: done, and the line ends; slow:
    done after `delay_s`; garbage: done, and no JSON comes back; of sendmessage, done, and: empty: an empty body; no_id:
    `{"ret": 0}`, and nobody sees it; bare_id: a message_id without ret. cut: half of the file comes.
    `kind_of`: only messages with an item of this kind ("video_item")."""

    path: str
    kind: FaultKind
    times: int = 1
    code: int = -1
    delay_s: float = 0.0
    kind_of: str | None = None


@dataclass(slots=True)
class Call:
    path: str
    body: Json = field(default_factory=dict)
    at: float = 0.0
    code: int | None = None  # None: no answer was given
    size: int = 0
    token: str = ""


class Dropped(Exception):
    """End the connection without an answer."""


class Api:
    """An ASGI application."""

    def __init__(self, world: World, *, hold_s: float) -> None:
        self.world = world
        self.logins = Logins(world)
        self.hold_s = hold_s
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.stale_as: Literal["ret", "errcode"] = "errcode"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await (
                self._cdn(request) if request.url.path.startswith("/c2c/") else self._bot_call(request, receive)
            )
        except ClientDisconnect:
            return
        except Dropped:
            send.__self__.transport.abort()  # type: ignore[attr-defined]
            return
        await response(scope, receive, send)

    # The bot's API

    async def _bot_call(self, request: Request, receive: Receive) -> Response:
        path = request.url.path.removeprefix("/ilink/bot/")
        raw = await request.body()
        body = _json(raw)
        fault = self._fault(path, body)
        call = Call(path, body, time.monotonic(), size=len(raw))
        self.calls.append(call)
        if fault is not None and fault.kind == "drop_before":
            raise Dropped
        if fault is not None and fault.kind == "status":
            return Response("<html>gateway</html>", fault.code, media_type="text/html")
        problem = self._wrong_headers(request)
        if problem is not None:
            self.world.wrong.append(f"{path}: {problem}")
            return PlainTextResponse(problem, 400)
        if path == "get_bot_qrcode" and request.method == "POST" and request.query_params.get("bot_type") == "3":
            return JSONResponse(self.logins.begin(body))
        if path == "get_qrcode_status" and request.method == "GET":
            query = request.query_params
            return JSONResponse(
                self.logins.state(query.get("qrcode", ""), query.get("verify_code"), request.url.netloc)
            )
        if path not in _PATHS or request.method != "POST":
            return PlainTextResponse("not found", 404)
        return await self._with_token(request, receive, call, fault)

    async def _with_token(self, request: Request, receive: Receive, call: Call, fault: Fault | None) -> Response:
        call.token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            self._refuse(fault, call)
            is_bot = request.headers.get("authorizationtype") == "ilink_bot_token"
            bot = self.world.bot_of(call.token if is_bot else "")
            self._check_base_info(call.path, call.body)
            answer = await self._answer(bot, call.path, call.body, receive)
        except Refused as refused:
            call.code = refused.code
            kind = self.stale_as if fault is None and refused.code == _STALE else fault.kind if fault else "ret"
            name = kind if kind in {"ret", "errcode"} else "ret"
            return JSONResponse({name: refused.code, "errmsg": refused.message})
        call.code = 0
        return await self._spoilt(fault, answer)

    def _refuse(self, fault: Fault | None, call: Call) -> None:
        if fault is None or fault.kind not in {"ret", "errcode"}:
            return
        user = self.world.people.get(call.body.get("msg", {}).get("to_user_id", ""))
        if user is not None:
            user.sent.append(self.world.now())  # a refused message counts, too
        raise Refused(fault.code, "as the test wants")

    async def _answer(self, bot: Bot, path: str, body: Json, receive: Receive) -> Json:
        match path:
            case "getupdates":
                return await self._updates(bot, body, receive)
            case "sendmessage":
                return {"ret": 0, "message_id": self.world.send(bot, body)}
            case "getuploadurl":
                return self._upload_url(body)
            case "getconfig":
                return {"ret": 0, **self.world.config(body)}
            case "sendtyping":
                self.world.typing(body)
            case "msg/notifystart":
                bot.started += 1
            case "msg/notifystop":
                bot.started -= 1
        return {"ret": 0, "errmsg": ""}

    async def _updates(self, bot: Bot, body: Json, receive: Receive) -> Json:
        buf = body.get("get_updates_buf") or ""
        if buf and not str(buf).startswith("buf-"):
            raise Refused(-1, "get_updates_buf")
        bot.asked = str(buf)
        bot.resets += not buf and bool(bot.cursor)
        bot.conflicts += bot.polling > 0
        bot.polling += 1
        until = time.monotonic() + (0.0 if body.get("timeout") == 0 else self.hold_s)
        gone = asyncio.ensure_future(receive())
        try:
            while not bot.queue and bot.alive and time.monotonic() < until and not gone.done():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)  # whoever died before the message came is seen to have gone, and gets nothing
        finally:
            bot.polling -= 1
        if gone.done():
            raise Dropped
        gone.cancel()
        if not bot.alive:
            raise Refused(-14, "session timeout")
        held = {"ret": 0, "longpolling_timeout_ms": int(self.hold_s * 1000) or 35_000}
        if not bot.queue:
            return {**held, "msgs": [], "get_updates_buf": ""}  # which keeps the cursor
        return {**held, "msgs": self.world.hand_out(bot), "get_updates_buf": bot.cursor}

    def _upload_url(self, body: Json) -> Json:
        try:
            upload = upload_of(body)
        except ValueError as error:
            self.world.wrong.append(f"getuploadurl: {error}")
            raise Refused(-1, str(error)) from None
        if upload.to not in self.world.people:
            raise Refused(-1, "no such person")
        param = secrets.token_urlsafe(30) + "+/="
        self.world.uploads[param] = upload
        if self.world.full_urls:
            return {"ret": 0, "upload_full_url": f"{self.world.url}/c2c/up/{_plain(param)}"}
        return {"ret": 0, "upload_param": param}

    async def _spoilt(self, fault: Fault | None, answer: Json) -> Response:
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            match fault.kind:
                case "lose_answer":
                    raise Dropped
                case "garbage":
                    return PlainTextResponse("<xml>?</xml>")
                case "empty":
                    return Response(b"", 200)
                case "no_id":
                    self._hide(answer.pop("message_id", 0))
                case "bare_id":
                    answer.pop("ret")
        return JSONResponse(answer)

    def _hide(self, number: int) -> None:
        for person in self.world.people.values():
            for seen in person.seen:
                seen.hidden = seen.hidden or seen.number == number

    def _wrong_headers(self, request: Request) -> str | None:
        headers = request.headers
        if headers.get("ilink-app-id") != "bot" or not headers.get("ilink-app-clientversion", "").isdecimal():
            return "iLink-App-Id or iLink-App-ClientVersion"
        if request.method == "GET":
            return "a GET with a token" if "authorization" in headers else None
        if headers.get("content-type", "").split(";")[0] != "application/json":
            return "Content-Type"
        try:
            number = base64.b64decode(headers.get("x-wechat-uin", ""), validate=True).decode()
        except ValueError:
            return "X-WECHAT-UIN"
        return None if number.isdecimal() and int(number) < 2**32 else "X-WECHAT-UIN"

    def _check_base_info(self, path: str, body: Json) -> None:
        info = body.get("base_info")
        agent = info.get("bot_agent", "") if isinstance(info, dict) else None
        if agent is None or not isinstance(info, dict) or not isinstance(info.get("channel_version"), str):
            self.world.wrong.append(f"{path}: base_info")
            raise Refused(-1, "base_info")
        if not agent.isascii() or len(agent) > 256 or (agent and not _AGENT.fullmatch(agent) and "/" in agent):
            self.world.wrong.append(f"{path}: bot_agent")

    # The CDN

    async def _cdn(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/c2c/").partition("/")[0]
        path = {"up": "upload", "full": "download"}.get(path, path)
        body = await request.body()
        fault = self._fault(path, {})
        self.calls.append(Call(path, dict(request.query_params), time.monotonic(), size=len(body)))
        if fault is not None and fault.kind == "drop_before":
            raise Dropped
        if fault is not None and fault.kind == "status":
            return PlainTextResponse("", fault.code, headers={"x-error-message": "as the test wants"})
        if "authorization" in request.headers or "ilink-app-id" in request.headers:
            self.world.wrong.append(f"{path}: bot headers at the CDN")
        try:
            return await self._file(request, path, body, fault)
        except CdnRefused as refused:
            return PlainTextResponse("", 400, headers={"x-error-message": str(refused)})

    async def _file(self, request: Request, path: str, body: bytes, fault: Fault | None) -> Response:
        query = request.query_params
        if path == "upload" and request.method == "POST":
            if request.headers.get("content-type") != "application/octet-stream":
                raise CdnRefused("content type")
            upload = self.world.uploads.get(self._param_of(request))
            if upload is None or query.get("filekey", upload.filekey) != upload.filekey:
                raise CdnRefused("no such upload")
            reference = secrets.token_urlsafe(32)
            self.world.files[reference] = stored(upload, body)
            if fault is not None:
                await asyncio.sleep(fault.delay_s)
                if fault.kind == "lose_answer":
                    raise Dropped
            return PlainTextResponse("", 200, headers={"x-encrypted-param": reference})
        if path == "download" and request.method == "GET":
            file = self.world.files.get(query.get("encrypted_query_param") or query.get("p", ""))
            if file is None:
                return PlainTextResponse("", 404, headers={"x-error-message": "no such file"})
            if fault is not None and fault.kind == "cut":
                return HalfAFile(file.body, media_type="application/octet-stream")
            return Response(file.body, media_type="application/octet-stream")
        return PlainTextResponse("", 405)

    def _param_of(self, request: Request) -> str:
        plain = request.url.path.removeprefix("/c2c/up/")
        by_path = next((each for each in self.world.uploads if _plain(each) == plain), "")
        return request.query_params.get("encrypted_query_param") or by_path

    def _fault(self, path: str, body: Json) -> Fault | None:
        for fault in self.faults:
            items = (body.get("msg") or {}).get("item_list") or [{}]
            fits = fault.kind_of is None or fault.kind_of in items[0]
            if fault.times > 0 and fault.path == path and fits:
                fault.times -= 1
                return fault
        return None


def _json(raw: bytes) -> Json:
    try:
        found: Any = json.loads(raw)
    except ValueError:
        return {}
    return _without_nulls(found) if isinstance(found, dict) else {}


def _without_nulls(value: Any) -> Any:
    """null is absent: the independent client writes all fields that there are."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _plain(param: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", param)
