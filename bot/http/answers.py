"""Stands around all routes: strict headers on every answer, one page for every error, one log line for a failure."""

import json
import logging
import traceback
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.http.at_once import AtOnce
from bot.http.headers import PAGE_POLICY, tighten
from bot.http.pages import Words
from bot.http.refusals import Refusals

log = logging.getLogger(__name__)

_COUNTED = frozenset({400, 401, 403, 404, 405, 413, 415, 416})
_MOST_BYTES = 10_000  # of the words that a route itself has for an error
_FRAMES = 3


class Answers:
    """The outermost app. It raises nothing: what a route raises is answered with 500 and logged without its words."""

    def __init__(self, app: ASGIApp, words: Words | None, *, at_once: AtOnce | None = None) -> None:
        """`words`: the sentences of the pages; None: a stand-in for fal, whose answers keep their status and words.

        `at_once`: how many requests of one address may be under way; None: as many as come.
        """
        self._app = app
        self._words = words
        self._refusals = Refusals()
        self._at_once = at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = str(scope["client"][0]) if scope.get("client") else ""
        answer = _Answer(scope, send, self._words, self._refusals)
        if self._at_once is None:
            await self._serve(scope, receive, answer)
        elif self._at_once.enter(address):
            try:
                await self._serve(scope, receive, answer)
            finally:
                self._at_once.leave(address)
        else:
            await answer.end(HTTPStatus.TOO_MANY_REQUESTS)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - whatever broke: its text may hold what somebody wrote
            log.error("a request failed", extra={"error": type(error).__name__, "at": _place(error)})  # noqa: TRY400
            await answer.fail()


class _Answer:
    """The answer to one request on its way out."""

    def __init__(self, scope: Scope, send: Send, words: Words | None, refusals: Refusals) -> None:
        self._headers = Headers(scope=scope)
        self._address = str(scope["client"][0]) if scope.get("client") else ""
        self._send = send
        self._words = words
        self._refusals = refusals
        self._started = False
        self._held: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Pass a message on; the whole of an error that a page takes the place of is held until its end."""
        if message["type"] == "http.response.start":
            self._started = True
            self._begin(message)
            if self._held is None:
                await self._send(message)
        elif self._held is None or self._words is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")[: _MOST_BYTES - len(self._body)]
            if not message.get("more_body", False):
                await self._show(self._held, self._words, bytes(self._body))

    async def fail(self) -> None:
        """Answer 500 where nothing was answered yet."""
        if not self._started:
            await self.end(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def end(self, status: HTTPStatus) -> None:
        """Answer with the phrase of a status."""
        start = {"type": "http.response.start", "status": status.value, "headers": [(b"content-type", b"text/plain")]}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": status.phrase.encode()})

    def _begin(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start.get("headers", ())))
        start["headers"] = headers.raw
        if self._words is None:
            tighten(headers)
            return
        if start["status"] in _COUNTED:
            wait_s = self._refusals.wait_s(self._address)
            if wait_s is not None:
                start["status"] = HTTPStatus.TOO_MANY_REQUESTS
                headers["Retry-After"] = str(wait_s)
        if start["status"] in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            headers.setdefault("Retry-After", "60")
        is_page = headers.get("content-type", "").startswith("text/html")
        if start["status"] >= HTTPStatus.BAD_REQUEST and self._is_browser() and not is_page:
            self._held = start
        else:
            tighten(headers)

    def _is_browser(self) -> bool:
        return "text/html" in self._headers.get("accept", "")

    async def _show(self, start: Message, words: Words, body: bytes) -> None:
        headers = MutableHeaders(raw=start["headers"])
        sentence = _sentence(body) if headers.get("content-type", "").startswith("application/json") else None
        page = words.error(start["status"], self._headers.get("accept-language"), sentence=sentence)
        headers["Content-Type"] = "text/html; charset=utf-8"
        headers["Content-Length"] = str(len(page))
        headers["Content-Security-Policy"] = PAGE_POLICY
        tighten(headers)
        self._held = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": page})


def _sentence(body: bytes) -> str | None:
    """Return what the route says to a person, if it does."""
    try:
        sentence = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return sentence if isinstance(sentence, str) else None


def _place(error: Exception) -> str:
    """Name the last places in the code that it came through, without any value."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
