"""A strict stand-in for the Bot API over real HTTP: it refuses what Telegram refuses, and remembers every call.

`TelegramFake` in this process, or `python -m tests.fakes.telegram --port N --token T` as a process of its own with
`/control/...` for tests that kill the bot. Faults wait in a list and befall the next fitting call.
"""

import argparse
import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

TOKEN = "700700700:TEST-token_of-the_fake_Bot-API_00000"
BOT = {"id": 700700700, "is_bot": True, "first_name": "Reel", "username": "reel_test_bot"}


@dataclass
class Fault:
    """`kind`: status (with `status`, `body`), drop_after (read all, then silence), drop_before, slow (`seconds`)."""

    method: str
    kind: str
    times: int = 1
    status: int = 502
    body: Any = None
    seconds: float = 0.0


@dataclass
class Call:
    method: str
    params: dict[str, Any]
    at: float
    files: dict[str, str] = field(default_factory=dict)  # part name -> saved under this SHA-256
    answered: bool = True


class TelegramFake:
    """`app` is the ASGI app; the rest is what a test says and sees."""

    def __init__(self, *, token: str = TOKEN, folder: Path | None = None) -> None:
        self.token = token
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        self.uploads: dict[str, bytes] = {}
        self._files: dict[str, bytes] = {}
        self._updates: list[dict[str, Any]] = []
        self._next_update, self._next_message = 1000, 1
        self._news = asyncio.Event()
        self._webhook = ""
        self.folder = folder
        self.app = _App(self)

    # What a test says

    def user_says(
        self,
        text: str = "",
        *,
        chat: int = 42,
        sender: int = 42,
        photo: bytes | None = None,
        video: bytes | None = None,
        document: tuple[str, bytes] | None = None,
        reply_to: int | None = None,
        language: str = "en",
        thread: int | None = None,
    ) -> int:
        """A message arrives. Returns its id."""
        message = self._message(chat, sender, language)
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        if photo is not None:
            name = self._keep(photo)
            message["photo"] = [
                {"file_id": f"small-{name}", "file_unique_id": "s", "width": 90, "height": 60, "file_size": 1000},
                {"file_id": name, "file_unique_id": "l", "width": 640, "height": 400, "file_size": len(photo)},
            ]
        if video is not None:
            name = self._keep(video)
            facts = {"width": 320, "height": 180, "duration": 3, "file_size": len(video), "mime_type": "video/mp4"}
            message["video"] = {"file_id": name, "file_unique_id": "v", **facts}
        if document is not None:
            name = self._keep(document[1])
            facts = {"mime_type": document[0], "file_size": len(document[1])}
            message["document"] = {"file_id": name, "file_unique_id": "d", **facts}
        if reply_to is not None:
            message["reply_to_message"] = self.messages[chat, reply_to]
        words = {"caption": text} if photo or video or document else {"text": text}
        message |= words if text else {}
        self.messages[chat, message["message_id"]] = message
        self._update({"message": message})
        number: int = message["message_id"]
        return number

    def presses(self, data: str, *, message_id: int, chat: int = 42, sender: int = 42) -> None:
        query = {"id": f"q{self._next_update}", "from": _user(sender, "en"), "chat_instance": "1", "data": data}
        self._update({"callback_query": query | {"message": self.messages[chat, message_id]}})

    def fault(self, method: str, kind: str, **more: Any) -> None:
        self.faults.append(Fault(method, kind, **more))

    def repeat_last_update(self) -> None:
        """Telegram sends again what was not confirmed."""
        self._updates.append(self._updates[-1] if self._updates else self._last)
        self._news.set()

    # What a test sees

    def called(self, method: str, **params: Any) -> list[Call]:
        found = [call for call in self.calls if call.method == method and call.answered]
        return [
            call for call in found if all(str(call.params.get(name)) == str(value) for name, value in params.items())
        ]

    def texts(self, chat: int = 42) -> list[str]:
        """What stands in the chat now, by the bot."""
        own = [message for (where, _), message in sorted(self.messages.items()) if where == chat]
        return [message.get("text", "") for message in own if message["from"]["is_bot"]]

    def everything_sent(self) -> str:
        return json.dumps([call.params for call in self.calls])

    # Inside

    def _message(self, chat: int, sender: int, language: str) -> dict[str, Any]:
        kind = "private" if chat > 0 else "supergroup"
        self._next_message += 1
        return {
            "message_id": self._next_message,
            "date": int(time.time()),
            "chat": {"id": chat, "type": kind},
            "from": _user(sender, language),
        }

    def _keep(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()[:32]
        self._files[name] = content
        return name

    def _update(self, body: dict[str, Any]) -> None:
        self._last = {"update_id": self._next_update, **body}
        self._next_update += 1
        self._updates.append(self._last)
        self._news.set()

    def take_fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def answer(self, method: str, params: dict[str, Any], files: Mapping[str, tuple[str, bytes]]) -> Response:
        handler = getattr(self, f"do_{method.lower()}", None)
        if handler is None:
            return _error(404, "Not Found: method not found")
        answered: Response = await handler(params, files)
        return answered

    async def do_getme(self, _params: dict[str, Any], _files: Any) -> Response:
        return _ok(BOT)

    async def do_deletewebhook(self, _params: dict[str, Any], _files: Any) -> Response:
        self._webhook = ""
        return _ok(True)

    async def do_setwebhook(self, params: dict[str, Any], _files: Any) -> Response:
        self._webhook = params["url"]
        self.webhook_secret = params["secret_token"]
        return _ok(True)

    async def do_setmycommands(self, params: dict[str, Any], _files: Any) -> Response:
        for command in json.loads(params["commands"]):
            if not 1 <= len(command["description"]) <= 256 or not command["command"].islower():
                return _error(400, "Bad Request: BOT_COMMAND_INVALID")
        return _ok(True)

    async def do_sendchataction(self, params: dict[str, Any], _files: Any) -> Response:
        return _ok(params["action"] in {"record_video", "upload_video", "typing"})

    async def do_answercallbackquery(self, _params: dict[str, Any], _files: Any) -> Response:
        return _ok(True)

    async def do_getupdates(self, params: dict[str, Any], _files: Any) -> Response:
        if self._webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(params.get("offset") or 0)
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        deadline = time.monotonic() + min(float(params.get("timeout") or 0), 0.8)  # shorter than real: tests end soon
        while not self._updates and time.monotonic() < deadline:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(0.5, max(0.01, deadline - time.monotonic())))
            except TimeoutError:
                continue
        return _ok(self._updates[:100])

    async def do_getfile(self, params: dict[str, Any], _files: Any) -> Response:
        name = params["file_id"]
        if name not in self._files:
            return _error(400, "Bad Request: invalid file_id")
        size = len(self._files[name])
        return _ok({"file_id": name, "file_unique_id": "u", "file_size": size, "file_path": f"photos/{name}.bin"})

    async def do_sendmessage(self, params: dict[str, Any], _files: Any) -> Response:
        text = params.get("text", "")
        if not text.strip() or len(text.encode("utf-16-le")) // 2 > 4096:
            return _error(400, "Bad Request: message text is empty or too long")
        return self._sent(params, {"text": text})

    async def do_editmessagetext(self, params: dict[str, Any], _files: Any) -> Response:
        key = (int(params["chat_id"]), int(params["message_id"]))
        message = self.messages.get(key)
        if message is None or not message["from"]["is_bot"]:
            return _error(400, "Bad Request: message to edit not found")
        markup = params.get("reply_markup")
        if message.get("text") == params["text"] and message.get("markup") == markup:
            return _error(400, "Bad Request: message is not modified")
        message |= {"text": params["text"], "markup": markup}
        return _ok(message)

    async def do_sendvideo(self, params: dict[str, Any], files: Mapping[str, tuple[str, bytes]]) -> Response:
        """A multipart mp4 with everything a client needs to show it as a video."""
        if "video" not in files:
            return _error(400, "Bad Request: the video must be uploaded")
        name, film = files["video"]
        if film[4:8] != b"ftyp" or not name.endswith(".mp4"):
            return _error(400, "Bad Request: wrong file")
        if len(film) > 50_000_000:
            return _error(413, "Request Entity Too Large")
        facts = {each: int(params.get(each) or 0) for each in ("width", "height", "duration")}
        thumbnail = str(params.get("thumbnail", ""))
        still = files.get(thumbnail.removeprefix("attach://"), ("", b""))[1]
        if not all(facts.values()) or still[:2] != b"\xff\xd8" or len(still) > 200_000:
            return _error(400, "Bad Request: this test wants width, height, duration and a JPEG thumbnail")
        if params.get("supports_streaming") != "true" or len(params.get("caption", "")) > 1024:
            return _error(400, "Bad Request: not streamable, or the caption is too long")
        video = facts | {
            "file_id": hashlib.sha256(film).hexdigest()[:24],
            "file_unique_id": "x",
            "file_size": len(film),
        }
        return self._sent(params, {"video": video, "caption": params.get("caption")})

    def _sent(self, params: dict[str, Any], content: dict[str, Any]) -> Response:
        chat = int(params["chat_id"])
        reply = json.loads(params["reply_parameters"]) if params.get("reply_parameters") else None
        if reply and (chat, int(reply["message_id"])) not in self.messages and not reply["allow_sending_without_reply"]:
            return _error(400, "Bad Request: message to be replied not found")
        message = self._message(chat, 0, "en") | {"from": BOT} | content
        message["markup"] = params.get("reply_markup")
        message["reply_id"] = reply["message_id"] if reply else None
        self.messages[chat, message["message_id"]] = message
        return _ok({name: value for name, value in message.items() if name not in {"markup", "reply_id"}})

    def file(self, name: str) -> bytes | None:
        return self._files.get(name)


class _App(Starlette):
    def __init__(self, fake: TelegramFake) -> None:
        self._fake = fake
        super().__init__(
            routes=[
                Route("/file/bot{token}/photos/{name}", self._file),
                Route("/bot{token}/{method}", self._call, methods=["POST"]),
                Route("/control/{what}", self._control, methods=["GET", "POST"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["cut"] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)

    async def _file(self, request: Request) -> Response:
        content = self._fake.file(request.path_params["name"].removesuffix(".bin"))
        if request.path_params["token"] != self._fake.token or content is None:
            return _error(404, "Not Found")
        return Response(content, media_type="application/octet-stream")

    async def _call(self, request: Request) -> Response:
        fake, method = self._fake, request.path_params["method"]
        if request.path_params["token"] != fake.token:
            return _error(401, "Unauthorized")
        fault = fake.take_fault(method)
        if fault is not None and fault.kind == "drop_before":
            return _Cut()
        params, files = await _decoded(request)
        call = Call(
            method, params, time.time(), {name: hashlib.sha256(data).hexdigest() for name, (_, data) in files.items()}
        )
        fake.uploads |= {hashlib.sha256(data).hexdigest(): data for _, data in files.values()}
        fake.calls.append(call)
        if fault is None:
            return await fake.answer(method, params, files)
        if fault.kind == "status":
            call.answered = False
            if fault.body is None:
                return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", fault.status)
            return JSONResponse({"ok": False, "error_code": fault.status, **fault.body}, fault.status)
        answer = await fake.answer(method, params, files)
        await asyncio.sleep(fault.seconds)
        return _Cut() if fault.kind == "drop_after" else answer

    async def _control(self, request: Request) -> Response:
        """For a test in another process."""
        what, fake = request.path_params["what"], self._fake
        if what == "calls":
            return JSONResponse([asdict(call) for call in fake.calls if call.method != "getUpdates"])
        if what == "texts":
            return JSONResponse(fake.texts(int(request.query_params.get("chat", "42"))))
        asked = await request.json()
        if what == "says":
            photo = bytes.fromhex(asked.pop("photo")) if "photo" in asked else None
            return JSONResponse(fake.user_says(**asked, photo=photo))
        if what == "presses":
            fake.presses(**asked)
        if what == "fault":
            fake.fault(**asked)
        return JSONResponse(None)


class _Cut(Response):
    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["cut"].abort()


async def _decoded(request: Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """All three encodings of the Bot API: form, multipart, JSON."""
    if "json" in request.headers.get("content-type", ""):
        return dict(await request.json()), {}
    params: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    async with request.form(max_part_size=100_000) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = (value.filename or "", await value.read())
            else:
                params[name] = value
    return params, files


def _user(number: int, language: str) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "Person", "language_code": language}


def _ok(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _error(status: int, description: str) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": description}, status)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default=TOKEN)
    options = parser.parse_args()
    uvicorn.run(TelegramFake(token=options.token).app, host="127.0.0.1", port=options.port, log_level="error")


if __name__ == "__main__":
    main()
