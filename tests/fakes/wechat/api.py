"""The API over HTTP: tokens in the address, JSON as text/plain, HTTP 200 for all errcodes; faults on demand."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.cut import HalfAFile
from tests.fakes.wechat.world import Errcode, Json, World

FaultKind = Literal[
    "errcode", "html", "drop_before", "lose_answer", "slow", "garbage", "gateway", "bare", "says", "cut"
]


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` calls of `path`. errcode: refused with `code`, nothing done; html: a gateway's
    page; drop_before: the line ends unread; lose_answer: done, and the line ends; slow: done after `delay_s`; garbage:
    done, and no JSON comes back; gateway: done, and a gateway's page (504) comes back; bare: done, and `{}` comes back;
    says: done, and `answer` comes back; cut: half of the file comes, and the line ends. `probes`: it happens to looks
    at the account's rights, and to nothing else."""

    path: str
    kind: FaultKind
    times: int = 1
    code: int = -1
    delay_s: float = 0.0
    answer: Json = field(default_factory=dict)
    probes: bool = False


@dataclass(slots=True)
class Call:
    path: str
    body: Any
    at: float
    errcode: int | None = None  # None: no answer was given
    query: Json = field(default_factory=dict)
    probe: bool = False  # only to see whether the account may


class Dropped(Exception):
    """End the connection without an answer."""


class Api:
    """An ASGI application. `base` is what WECHAT_API_URL ends with."""

    def __init__(self, world: World, *, base: str = "/cgi-bin") -> None:
        self.world = world
        self.base = base
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self._json: dict[str, Callable[[Json], Json | None]] = {
            "/message/custom/send": world.send,
            "/message/custom/typing": world.typing,
            "/menu/create": world.create_menu,
            "/material/del_material": world.del_material,
            "/menu/get": world.get_menu,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return  # the bot has given up waiting
        except Dropped:
            send.__self__.transport.abort()  # type: ignore[attr-defined]
            return
        response.headers["Date"] = format_datetime(datetime.fromtimestamp(self.world.now(), tz=UTC), usegmt=True)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.url.path.removeprefix(self.base)
        if request.url.path.startswith("/cdn/"):
            return self._cdn(request.url.path.removeprefix("/cdn/"))
        probe = await _is_probe(path, request)
        fault = self._fault(path, probe=probe)
        if fault is not None and fault.kind == "drop_before":
            raise Dropped
        call = Call(path, None, time.monotonic(), query=dict(request.query_params), probe=probe)
        self.calls.append(call)
        if fault is not None and fault.kind == "html":
            return Response("<html>502</html>", 502, media_type="text/html")
        try:
            if fault is not None and fault.kind == "errcode":
                await self._refuse(request, fault, call)
            answer = await self._answer(request, path, call)
        except Errcode as error:
            call.errcode = error.code
            return _told({"errcode": error.code, "errmsg": f"{error.message} rid: 65f{secrets.token_hex(4)}-1a2b"})
        call.errcode = 0
        return await self._spoilt(fault, answer)

    async def _refuse(self, request: Request, fault: Fault, call: Call) -> None:
        raw = await request.body()
        call.body = json.loads(raw) if raw.startswith(b"{") else None
        raise Errcode(fault.code, "as the test wants")

    async def _spoilt(self, fault: Fault | None, answer: Json | Response) -> Response:
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.kind == "lose_answer":
                raise Dropped
            if fault.kind == "garbage":
                return PlainTextResponse("<xml>?</xml>")
            if fault.kind == "gateway":
                return Response("<html>504</html>", 504, media_type="text/html")
            if fault.kind == "cut":
                assert isinstance(answer, Response), "no file"
                return HalfAFile(bytes(answer.body), media_type=answer.media_type)
            if fault.kind in {"bare", "says"}:
                return _told(fault.answer)
        return answer if isinstance(answer, Response) else _told(answer)

    async def _answer(self, request: Request, path: str, call: Call) -> Json | Response:
        if path == "/stable_token":
            call.body = body = await self._read(request)
            assert set(body) <= {"grant_type", "appid", "secret", "force_refresh"}, body
            if body.get("grant_type") != "client_credential":
                raise Errcode(40002, "invalid grant_type")
            return self.world.stable_token(body.get("appid"), body.get("secret"), force=bool(body.get("force_refresh")))
        self.world.check_token(request.query_params.get("access_token", ""))
        if path in {"/media/upload", "/material/add_material"}:
            return await self._upload(request, call)
        if path == "/media/get":
            return self._get(request)
        if path in self._json and request.method == ("GET" if path.endswith("/get") else "POST"):
            call.body = await self._read(request) if request.method == "POST" else {}
            self._json[path](call.body)
            return {"errcode": 0, "errmsg": "ok"}
        raise Errcode(40066, f"invalid url {path}")

    async def _read(self, request: Request) -> Json:
        """Raw UTF-8: escapes would stand before the person as letters."""
        raw = await request.body()
        if not raw:
            raise Errcode(44002, "empty post data")
        if b"\\u" in raw:
            raise Errcode(40033, "invalid charset. please check your request, if include \\uxxxx will create fail!")
        try:
            body = json.loads(raw.decode("utf-8"))
        except ValueError:
            raise Errcode(47001, "data format error") from None
        if not isinstance(body, dict):
            raise Errcode(47001, "data format error")
        return body

    async def _upload(self, request: Request, call: Call) -> Json:
        if "content-length" not in request.headers or "transfer-encoding" in request.headers:
            raise Errcode(41005, "media data missing")
        async with request.form() as form:
            part = form.get("media")
            if not isinstance(part, UploadFile):
                raise Errcode(41005, "media data missing")
            content = await part.read()
            call.body = {"filename": part.filename, "mime": part.content_type, "content": content}
            kind = request.query_params.get("type", "")
            if call.path == "/material/add_material":
                description = json.loads(str(form.get("description") or "{}"))
                return self.world.add_material(kind, part.filename or "", content, description)
            return self.world.take_upload(kind, part.filename or "", content)

    def _get(self, request: Request) -> Json | Response:
        if not self.world.may_upload:
            raise Errcode(48001, "api unauthorized")
        media_id = request.query_params.get("media_id", "")
        file = self.world.file(media_id)
        if file.kind == "video":
            return {"video_url": f"{request.url.scheme}://{request.url.netloc}/cdn/{media_id}"}
        named = {"Content-disposition": 'attachment; filename="photo.jpg"'}
        return Response(file.content, media_type="image/jpeg", headers=named)

    def _cdn(self, media_id: str) -> Response:
        if self.world.fetch_misses > 0:
            self.world.fetch_misses -= 1
            return PlainTextResponse("", 404)
        file = self.world.media.get(media_id)
        if file is None:
            return PlainTextResponse("", 404)
        return Response(file.content, media_type="video/mp4" if file.kind == "video" else "image/jpeg")

    def _fault(self, path: str, *, probe: bool) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path == path and fault.probes is probe:
                fault.times -= 1
                return fault
        return None


async def _is_probe(path: str, request: Request) -> bool:
    """A look at the account's rights: to a person who cannot be, or a picture nobody is sent."""
    if path in {"/media/upload", "/material/add_material"}:
        return request.query_params.get("type") == "image"
    return path == "/menu/get" or (path.startswith("/message/custom/") and b'"nobody"' in await request.body())


def _told(answer: Json) -> Response:
    return PlainTextResponse(json.dumps(answer, ensure_ascii=False))
