"""The HTTP routes of the web chat: what a person sends, what every open page is told, and the films themselves."""

import asyncio
import json
import logging
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.channels.protocol import Services
from bot.channels.text_lengths import encodable
from bot.channels.types import Address, AttachmentRef, Incoming
from bot.channels.webchat.guard import Guard, Session
from core.io.bodies import BodyTooLarge, first_bytes, read_body, write_body
from core.io.file_types import HEAD_BYTES, mime_of, other_type

log = logging.getLogger(__name__)

_PAGE = Path(__file__).parent / "page"
_EVENT = re.compile(r"[0-9A-Za-z-]{8,64}")
_UPLOAD = re.compile(r"[0-9a-f]{32}")
_VIDEO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.(mp4|jpg)")
_TEXT_CHARS = 8000
_BYTES = {"image": 10_000_000, "video": 100_000_000}
_TEXT_BYTES = 100_000  # many times the longest text
_HEARTBEAT_S = 15.0
_MOST_STREAMS = 30  # of one person, in all browsers
_LONGEST_S = 3600
_PRICE = re.compile(r"\$[0-9]{1,6}(?:\.[0-9]{1,6})?")
_PRICES, _PRICES_S = 20, 10.0  # so many questions for a price are answered to one person within so many seconds
_FORM_BYTES = 4096
_WRONG_S = 0.5
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all a browser sends forms from the origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Endpoint = Callable[[Request], Awaitable[Response]]
Private = Callable[[Request, Session], Awaitable[Response]]


class Pages:
    """The routes and the open pages."""

    def __init__(self, services: Services, guard: Guard) -> None:
        self._services = services
        self._guard = guard
        self._open: dict[str, set[asyncio.Queue[str]]] = {}
        self._closing = False
        self._asked: dict[str, deque[float]] = {}

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        return [
            Route("/", self._guarded(self._page)),
            Route("/chat/enter", self._guarded(self._door), methods=["GET"]),
            Route("/chat/enter", self._guarded(self._enter), methods=["POST"]),
            Route("/chat/redeem", self._guarded(self._redeem), methods=["POST"]),
            Route("/chat/send", self._private(self._send), methods=["POST"]),
            Route("/chat/price", self._private(self._price), methods=["POST"]),
            Route("/chat/press", self._private(self._press), methods=["POST"]),
            Route("/chat/upload", self._private(self._upload), methods=["POST"]),
            Route("/chat/uploads/{name}", self._private(self._uploaded)),
            Route("/chat/messages", self._private(self._messages)),
            Route("/chat/events", self._private(self._events)),
            Route("/chat/words", self._guarded(self._words)),
            Route("/videos/{name}", self._guarded(self._video)),
            Mount("/chat/static", _Guarded(StaticFiles(directory=_PAGE), self._guard)),
        ]

    def close(self) -> None:
        """Take nothing more, and end the event streams, so that the server can stop."""
        self._closing = True
        for queues in self._open.values():
            for queue in queues:
                queue.put_nowait("")

    def wake(self, chat_id: str) -> None:
        """Tell the open pages of this chat that there is news."""
        self.tell(chat_id, "news", "{}")

    def tell(self, chat_id: str, kind: str, data: str) -> None:
        """Send an event to the open pages of this chat."""
        for queue in self._open.get(chat_id, ()):
            queue.put_nowait(f"event: {kind}\ndata: {data}\n\n")

    # Who and from where

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def checked(request: Request) -> Response:
            problem = self._guard.problem(request)
            if problem is not None:
                return self._refused(request, problem, 403)
            try:
                response = await endpoint(request)
            except Exception:  # whatever broke behind it: the person is told, and the page offers to try again
                log.exception("web chat")
                return self._refused(request, "web-failed", 503)
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return checked

    def _private(self, endpoint: Private) -> Endpoint:
        async def known(request: Request) -> Response:
            session = await self._session(request)
            if session is None:
                return self._refused(request, "web-session-over", 401)
            return await endpoint(request, session)

        return self._guarded(known)

    def _refused(self, request: Request, key: str, status: int, **facts: Any) -> Response:
        language = self._services.pick_language(request.headers.get("accept-language"))
        return JSONResponse({"error": self._services.translate(language, key, **facts)}, status, _HEADERS)

    async def _session(self, request: Request) -> Session | None:
        """Return whose browser asks; a guest's only as long as the invitation holds."""
        session = self._guard.session(request)
        return session if session is None or await self._holds(session) else None

    async def _holds(self, session: Session) -> bool:
        return not session.is_guest or await self._services.invitations.holds(session.user, session.series)

    async def _page(self, request: Request) -> Response:
        """Serve the page itself, or the question for the token."""
        session = await self._session(request)
        if session is None and not self._guard.open:
            return await self._door(request)
        response = FileResponse(_PAGE / "index.html", media_type="text/html; charset=utf-8")
        if session is None:
            self._let_in(request, response, self._guard.new_session(self._guard.host))
        return response

    async def _door(self, _request: Request) -> Response:
        return FileResponse(_PAGE / "enter.html", media_type="text/html; charset=utf-8")

    def _let_in(self, request: Request, response: Response, session: Session) -> None:
        secure = request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https"
        response.headers["Set-Cookie"] = self._guard.cookie(session, secure=secure)

    async def _enter(self, request: Request) -> Response:
        """Take the token from the form. A right one is taken from whatever address the wrong ones came."""
        token = (await _form(request)).get("token", "")
        if not self._guard.is_token(token):
            return await self._not_let_in(request) or RedirectResponse("/?wrong=1", 303)
        response = RedirectResponse("/", 303)
        self._let_in(request, response, self._guard.new_session(self._guard.host))
        return response

    async def _redeem(self, request: Request) -> Response:
        """Take the secret of an invitation, which stood where no server sees it: JSON {"invitation"}."""
        guest = await self._services.invitations.redeem(str((await _json(request)).get("invitation", ""))[:100])
        if guest is None:
            return await self._not_let_in(request) or self._refused(request, "web-invitation-void", 403)
        response = JSONResponse({"name": guest[0]})
        self._let_in(request, response, self._guard.new_session(*guest))
        return response

    async def _not_let_in(self, request: Request) -> Response | None:
        """Slow down who guesses; the answer once it is too often."""
        address = request.client.host if request.client else ""
        too_many = self._guard.wrong.too_many(address)
        self._guard.wrong.note(address)
        await asyncio.sleep(_WRONG_S)
        return self._refused(request, "web-too-many-tokens", 429) if too_many else None

    # What a person sends

    async def _send(self, request: Request, session: Session) -> Response:
        """Take a message: JSON {"id": client-made UUID, "text", "upload"?}.

        202 once it is committed; a repeat changes nothing.
        """
        if self._closing:
            return self._refused(request, "web-failed", 503)
        body = await _json(request)
        event, text = str(body.get("id", "")), encodable(str(body.get("text") or ""))[:_TEXT_CHARS]
        upload, body_price = str(body.get("upload") or ""), body.get("price")
        if not _EVENT.fullmatch(event) or not (text.strip() or upload):
            return self._refused(request, "web-nothing-to-send", 400)
        kind = await self._upload_kind(upload) if upload and self._owns(session, upload) else None
        if upload and kind is None:
            return self._refused(request, "web-upload-gone", 400)
        attachment = self._attachment(kind, upload, body.get("seconds")) if kind else None
        if not await self._said_before(session, event):
            body = {"kind": kind or "text", "from": "me", "text": text, "upload": upload or None, "event": event}
            await self._services.transcript.add(session.user, body)
            self.wake(session.user)
        price = str(body_price) if _PRICE.fullmatch(str(body_price)) else None
        await self._put(request, session, event, text=text, attachment=attachment, agreed=price)
        return JSONResponse({"id": event}, 202)

    async def _price(self, request: Request, session: Session) -> Response:
        """Return the price that may stand on the send button: JSON {"text", "kind"?, "size"?, "seconds"?} -> {"price"}.

        Nothing of it is kept. null for small talk, for what is offered whatever it costs, and for who asks in a rush.
        """
        body = await _json(request)
        text, kind = encodable(str(body.get("text") or ""))[:_TEXT_CHARS], body.get("kind")
        known = kind is None or (isinstance(kind, str) and kind in _BYTES)
        if not text.strip() or not known or self._closing or self._is_rushed(session.user):
            return JSONResponse({"price": None})
        size, seconds = body.get("size"), _plausible(body.get("seconds"))
        size = size if isinstance(size, int) and size >= 0 else None
        attachment = AttachmentRef(kind, "0" * 32, size, seconds) if kind else None
        incoming = self._incoming(request, session, "price", text=text, attachment=attachment)
        return JSONResponse({"price": await self._services.quote(incoming)})

    def _is_rushed(self, user: str) -> bool:
        """Count a question, and return whether this person asks too many."""
        now = time.monotonic()
        self._asked = {each: times for each, times in self._asked.items() if now - times[-1] < _PRICES_S}
        times = self._asked.setdefault(user, deque(maxlen=_PRICES))
        rushed = len(times) == _PRICES and now - times[0] < _PRICES_S
        if not rushed:
            times.append(now)
        return rushed

    def _attachment(self, kind: Any, upload: str, seconds: Any) -> AttachmentRef:
        """Build the attachment.

        `seconds` is what the browser saw: a hint for the price, checked before anything is bought.
        """
        size = (self._services.uploads_dir / upload).stat().st_size
        return AttachmentRef(kind, upload, size, _plausible(seconds))

    async def _said_before(self, session: Session, event: str) -> bool:
        return any(entry.get("event") == event for entry in await self._services.transcript.read(session.user))

    async def _press(self, request: Request, session: Session) -> Response:
        if self._closing:
            return self._refused(request, "web-failed", 503)
        body = await _json(request)
        event, data = str(body.get("id", "")), str(body.get("data", ""))[:64]
        if not _EVENT.fullmatch(event) or not data:
            return self._refused(request, "web-nothing-to-send", 400)
        stands_on = await self._message_with(session, body.get("on"), data)
        await self._put(request, session, event, pressed=data, reply_to=stands_on)
        return JSONResponse({"id": event}, 202)

    async def _message_with(self, session: Session, number: Any, data: str) -> str | None:
        """Return the number of the bot's message on which that button stands; None: on none of that number."""
        for entry in await self._services.transcript.read(session.user):
            if entry["id"] == number and entry.get("from") == "bot":
                found = any(action.get("data") == data for action in entry.get("actions") or ())
                return str(number) if found else None
        return None

    async def _put(self, request: Request, session: Session, event: str, **more: Any) -> None:
        await self._services.inbox.put([self._incoming(request, session, event, **more)])

    @staticmethod
    def _incoming(request: Request, session: Session, event: str, **more: Any) -> Incoming:
        return Incoming(
            address=Address("web", session.user),
            account="web",
            event_id=event,
            sender_id=session.user,
            language=request.headers.get("accept-language", "")[:100] or None,
            **more,
        )

    async def _upload(self, request: Request, session: Session) -> Response:
        """Stream the raw file of the body to a name nobody can guess. Its first bytes say what it is."""
        name = secrets.token_hex(16)
        path = self._services.uploads_dir / name
        refuse = partial(self._refused, request, max_mb=str(_BYTES["image"] // 1_000_000))
        try:
            what = await _receive(request, path)
        except (BodyTooLarge, ClientDisconnect) as error:
            path.unlink(missing_ok=True)
            large = isinstance(error, BodyTooLarge)
            return refuse("web-upload-large", 413) if large else refuse("web-upload-gone", 400)
        if what is not None:
            return refuse("web-upload-unknown", 415, what=what)
        path.with_suffix(".owner").write_text(session.user, encoding="ascii")
        return JSONResponse({"upload": name, "kind": await self._upload_kind(name)}, 201)

    async def _upload_kind(self, name: str) -> Any:
        path = self._services.uploads_dir / name
        if not _UPLOAD.fullmatch(name) or not path.is_file():
            return None
        with path.open("rb") as file:
            kind = _kind(file.read(HEAD_BYTES))
        return kind[0] if kind else None

    def _owns(self, session: Session, name: str) -> bool:
        owner = self._services.uploads_dir / f"{name}.owner"
        return bool(_UPLOAD.fullmatch(name)) and owner.is_file() and owner.read_text(encoding="ascii") == session.user

    async def _uploaded(self, request: Request, session: Session) -> Response:
        name = request.path_params["name"]
        path = self._services.uploads_dir / name
        if not self._owns(session, name) or not path.is_file():
            return self._refused(request, "web-not-found", 404)
        with path.open("rb") as file:
            kind = _kind(file.read(HEAD_BYTES))
        return FileResponse(path, media_type=kind[1] if kind else "application/octet-stream")

    # What every open page is told

    async def _messages(self, request: Request, session: Session) -> Response:
        after = request.query_params.get("after", "0")
        entries = await self._services.transcript.read(session.user, after_change=int(after) if after.isdigit() else 0)
        return JSONResponse({"messages": [dict(entry) for entry in entries], "me": session.user})

    async def _events(self, request: Request, session: Session) -> Response:
        if len(self._open.get(session.user, ())) >= _MOST_STREAMS:
            return self._refused(request, "web-failed", 429)
        return StreamingResponse(
            self._stream(request, session), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _stream(self, request: Request, session: Session) -> AsyncIterator[str]:
        """Stream events that only say that there is news; the page then asks for it.

        So nothing is lost between two connections.
        """
        queue: asyncio.Queue[str] = asyncio.Queue()
        chat_id = session.user
        self._open.setdefault(chat_id, set()).add(queue)
        try:
            yield "event: news\ndata: {}\n\n"
            while not self._closing and await self._holds(session) and not await request.is_disconnected():
                news = ": still here\n\n"
                with suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_S):
                        news = await queue.get()
                yield news
        finally:
            self._open[chat_id].discard(queue)

    async def _words(self, request: Request) -> Response:
        """Return the page's own words in the person's language: chosen with /language, else the browser's."""
        session = await self._session(request)
        chosen = await self._services.language_of(f"web:{session.user}") if session else None
        language = chosen or self._services.pick_language(request.headers.get("accept-language"))
        words = {name: self._services.translate(language, f"web-{name}") for name in PAGE_WORDS}
        return JSONResponse({"language": language, "words": words, "demo": self._guard.open})

    async def _video(self, request: Request) -> Response:
        """Serve a film to the session that owns its job, or by a signed link that has not lapsed; else 404."""
        name = request.path_params["name"]
        path = self._services.videos_dir / name
        if not _VIDEO.fullmatch(name) or not path.is_file() or not await self._may_see(request, name):
            return self._refused(request, "web-not-found", 404)
        kind = "video/mp4" if path.suffix == ".mp4" else "image/jpeg"
        how = "attachment" if "download" in request.query_params else "inline"
        return FileResponse(
            path,
            media_type=kind,
            filename=name,
            content_disposition_type=how,
            headers={"Cache-Control": "private, max-age=3600"},
        )

    async def _may_see(self, request: Request, name: str) -> bool:
        if self._guard.is_signed(request, name):
            return True
        session = await self._session(request)
        if session is None:
            return False
        entries = await self._services.transcript.read(session.user)
        videos = (
            entry for entry in entries if entry.get("kind") in {"video", "file"}
        )  # what another version wrote may have none
        return any(name in (entry.get("name"), entry.get("poster")) for entry in videos)


class _Guarded:
    """The page's files, behind the same checks as everything else."""

    def __init__(self, app: StaticFiles, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._guard.problem(Request(scope)) is not None:
            await JSONResponse({"error": "forbidden"}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


PAGE_WORDS = (
    "title", "tagline", "placeholder", "placeholder-short", "send", "attach", "remove", "drop", "download", "offline",
    "make", "retry", "failed", "unreachable", "example-1", "example-2", "example-3", "demo",
)  # fmt: skip


def _plausible(seconds: Any) -> float | None:
    """Return the length that a browser names, if it can be one."""
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < _LONGEST_S else None


def _kind(head: bytes) -> tuple[Any, str] | None:
    mime = mime_of(head)
    return (mime.partition("/")[0], mime) if mime is not None else None


async def _receive(request: Request, path: Path) -> str | None:
    """Write the body to `path` if its first bytes are those of a photo or video, else name what it is.

    In that case no more is read, and nothing written. Raises BodyTooLarge, ClientDisconnect.
    """
    chunks = request.stream()
    head = await first_bytes(chunks, enough=HEAD_BYTES)
    kind = _kind(head)
    if kind is None:
        return other_type(head[:HEAD_BYTES])
    await write_body(chunks, path, most_bytes=_BYTES[kind[0]], head=head)
    return None


async def _form(request: Request) -> dict[str, str]:
    try:
        body = await read_body(request.stream(), most_bytes=_FORM_BYTES)
    except (BodyTooLarge, ClientDisconnect):
        return {}
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), max_num_fields=None, keep_blank_values=True))


async def _json(request: Request) -> Mapping[str, Any]:
    try:
        parsed = json.loads(await read_body(request.stream(), most_bytes=_TEXT_BYTES))
    except (BodyTooLarge, ValueError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
