"""The HTTP routes of the web chat: what a person sends, what every open page is told, and the films themselves."""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.channels.services import Services
from bot.channels.types import Address, AttachmentRef, Incoming
from bot.channels.webchat.admin import AdminPages
from bot.channels.webchat.bodies import count_in, read_json, text_in
from bot.channels.webchat.door import PAGE, Door
from bot.channels.webchat.gate import Gate
from bot.channels.webchat.guard import Guard, Session
from bot.channels.webchat.rates import FILE, SAY, STREAM, Rates
from bot.channels.webchat.uploads import KINDS, Uploads, plausible_s

log = logging.getLogger(__name__)

_EVENT = re.compile(r"[0-9A-Za-z-]{8,64}")
_VIDEO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.(mp4|jpg)")
_TEXT_CHARS = 8000
_MOST_BYTES = 10**12  # what a browser may say that a file has
_HEARTBEAT_S = 15.0
_PARTS = 5  # in each of them it is seen whether the signing secret is still the same
_MOST_STREAMS = 30  # of one person, in all browsers
_PRICE = re.compile(r"\$[0-9]{1,6}(?:\.[0-9]{1,6})?")
_PRICES, _PRICES_S = 20, 10.0  # so many questions for a price are answered to one person within so many seconds


class Pages:
    """The routes and the open pages."""

    def __init__(self, services: Services, guard: Guard, rates: Rates) -> None:
        self._services = services
        self._guard = guard
        self._gate = Gate(services, guard, rates)
        self._door = Door(services, guard, self._gate)
        self._uploads = Uploads(services, self._gate)
        self._open: dict[str, set[asyncio.Queue[str]]] = {}
        self._closing = False
        self._asked: dict[str, deque[float]] = {}
        services.secret.on_change(self._end_streams)

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        gate, door, admin = self._gate, self._door, AdminPages(self._services, self._gate)
        return [
            Route("/", gate.guarded(door.page)),
            Route("/chat/enter", gate.guarded(door.door), methods=["GET"]),
            Route("/chat/enter", gate.guarded(door.enter), methods=["POST"]),
            Route("/chat/redeem", gate.guarded(door.redeem), methods=["POST"]),
            Route("/chat/send", gate.private(self._send, SAY), methods=["POST"]),
            Route("/chat/price", gate.private(self._price), methods=["POST"]),
            Route("/chat/press", gate.private(self._press, SAY), methods=["POST"]),
            Route("/chat/upload", gate.private(self._uploads.take, SAY), methods=["POST"]),
            Route("/chat/uploads/{name}", gate.private(self._uploads.show, FILE)),
            Route("/chat/messages", gate.private(self._messages)),
            Route("/chat/events", gate.private(self._events, STREAM)),
            Route("/chat/admin/{name}", gate.private(admin.show), methods=["GET"]),
            Route("/chat/admin/{name}", gate.private(admin.press), methods=["POST"]),
            Route("/chat/admin/{name}/image", gate.private(admin.image)),
            Route("/chat/words", gate.guarded(self._words)),
            Route("/videos/{name}", gate.guarded(self._video, FILE)),
            Mount("/chat/static", _Guarded(StaticFiles(directory=PAGE), self._guard)),
        ]

    def close(self) -> None:
        """Take nothing more, and end the event streams, so that the server can stop."""
        self._closing = True
        self._end_streams()

    def _end_streams(self) -> None:
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

    # What a person sends

    async def _send(self, request: Request, session: Session) -> Response:
        """Take a message: JSON {"id": client-made UUID, "text", "upload"?, "album"?: that of its other files}.

        202 once it is committed; a repeat changes nothing.
        """
        if self._closing:
            return self._gate.refused(request, "web-failed", 503)
        body = await read_json(request)
        event, text = text_in(body, "id"), text_in(body, "text")[:_TEXT_CHARS]
        upload, shown_price = text_in(body, "upload"), text_in(body, "price")
        if not _EVENT.fullmatch(event) or not (text.strip() or upload):
            return self._gate.refused(request, "web-nothing-to-send", 400)
        kind = await self._uploads.kind_of(upload) if upload and self._uploads.owns(session, upload) else None
        if upload and kind is None:
            return self._gate.refused(request, "web-upload-gone", 400)
        attachment = self._uploads.attachment(kind, upload, body.get("seconds")) if kind else None
        entry = {"kind": kind or "text", "from": "me", "text": text, "upload": upload or None, "event": event}

        async def remember(admitted: frozenset[str]) -> None:
            if not admitted:  # a guest who was shut out since
                self._uploads.drop(session, upload)
            elif not await self._said_before(session, event):
                await self._services.transcript.add(session.user, entry)
                self.wake(session.user)

        price = shown_price if _PRICE.fullmatch(shown_price) else None
        album = text_in(body, "album") if kind else ""
        more = {"agreed": price, "album": album if _EVENT.fullmatch(album) else None}
        incoming = self._incoming(request, session, event, text=text, attachment=attachment, **more)
        await self._services.inbox.put([incoming], remember=remember)
        return JSONResponse({"id": event}, 202)

    async def _price(self, request: Request, session: Session) -> Response:
        """Return the price that may stand on the send button: JSON {"text", "kind"?, "size"?, "seconds"?} -> {"price"}.

        Nothing of it is kept. null for small talk, for what is offered whatever it costs, and for who asks in a rush.
        """
        body = await read_json(request)
        text, kind = text_in(body, "text")[:_TEXT_CHARS], body.get("kind")
        known = kind is None or (isinstance(kind, str) and kind in KINDS)
        if not text.strip() or not known or self._closing or self._is_rushed(session.user):
            return JSONResponse({"price": None})
        size, seconds = body.get("size"), plausible_s(body.get("seconds"))
        size = size if isinstance(size, int) and 0 <= size < _MOST_BYTES else None
        seconds = None if kind == "audio" else seconds  # it is measured, so no price stands on the button
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

    async def _said_before(self, session: Session, event: str) -> bool:
        return any(entry.get("event") == event for entry in await self._services.transcript.read(session.user))

    async def _press(self, request: Request, session: Session) -> Response:
        if self._closing:
            return self._gate.refused(request, "web-failed", 503)
        body = await read_json(request)
        event, data = text_in(body, "id"), text_in(body, "data")[:64]
        if not _EVENT.fullmatch(event) or not data:
            return self._gate.refused(request, "web-nothing-to-send", 400)
        stands_on = await self._message_with(session, body.get("on"), data)
        incoming = self._incoming(request, session, event, pressed=data, reply_to=stands_on)
        await self._services.inbox.put([incoming])
        return JSONResponse({"id": event}, 202)

    async def _message_with(self, session: Session, number: Any, data: str) -> str | None:
        """Return the number of the bot's message on which that button stands; None: on none of that number."""
        for entry in await self._services.transcript.read(session.user):
            if entry["id"] == number and entry.get("from") == "bot":
                found = any(action.get("data") == data for action in entry.get("actions") or ())
                return str(number) if found else None
        return None

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

    # What every open page is told

    async def _messages(self, request: Request, session: Session) -> Response:
        after = count_in(request.query_params.get("after", "0"))
        entries = await self._services.transcript.read(session.user, after_change=after)
        return JSONResponse({"messages": [dict(entry) for entry in entries], "me": session.user})

    async def _events(self, request: Request, session: Session) -> Response:
        if len(self._open.get(session.user, ())) >= _MOST_STREAMS:
            return self._gate.refused(request, "web-failed", 429)
        return StreamingResponse(
            self._stream(request, session), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _stream(self, request: Request, session: Session) -> AsyncIterator[str]:
        """Stream events that only say that there is news; the page then asks for it.

        So nothing is lost between two connections.
        """
        queue: asyncio.Queue[str] = asyncio.Queue()
        chat_id, signed = session.user, self._services.secret.value
        self._open.setdefault(chat_id, set()).add(queue)
        try:
            yield "event: news\ndata: {}\n\n"
            while await self._goes_on(session, signed) and not await request.is_disconnected():
                news = ""
                for _part in range(_PARTS):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_HEARTBEAT_S / _PARTS):
                            news = await queue.get()
                            break
                    if not await self._is_signed(signed):
                        return
                yield news or ": still here\n\n"
        finally:
            self._open[chat_id].discard(queue)

    async def _goes_on(self, session: Session, signed: bytes) -> bool:
        return not self._closing and await self._is_signed(signed) and await self._gate.holds(session)

    async def _is_signed(self, secret: bytes) -> bool:
        """Return whether what this secret has signed still holds."""
        await self._services.secret.refresh()
        return self._services.secret.value == secret

    async def _words(self, request: Request) -> Response:
        """Return the page's own words in the person's language: chosen with /language, else the browser's."""
        session = await self._gate.session(request)
        chosen = await self._services.language_of(f"web:{session.user}") if session else None
        language = chosen or self._services.pick_language(request.headers.get("accept-language"))
        words = {name: self._services.translate(language, f"web-{name}") for name in PAGE_WORDS}
        return JSONResponse({"language": language, "words": words, "demo": self._guard.open})

    async def _video(self, request: Request) -> Response:
        """Serve a film to the session that owns its job, or by a signed link that has not lapsed; else 404."""
        name = request.path_params["name"]
        path = self._services.videos_dir / name
        if not _VIDEO.fullmatch(name) or not path.is_file() or not await self._may_see(request, name):
            return self._gate.refused(request, "web-not-found", 404)
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
        session = await self._gate.session(request)
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
    "make", "retry", "failed", "unreachable", "whole", "example-1", "example-2", "example-3", "demo",
)  # fmt: skip
