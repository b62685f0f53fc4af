"""The one HTTP server: health, published assets, fal's webhook, and whatever routes the channels bring."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.protocol import HttpRoute
from bot.channels.signing_secret import SigningSecret
from bot.http.answers import Answers
from bot.http.at_once import AtOnce
from bot.http.connections import BODY_S, HEAD_S, WRITE_S, BodyTimeLimit, Census, bounded_protocol, most_connections
from bot.http.headers import PAGE_POLICY
from bot.http.listener import bind
from bot.http.pages import PlainWords, Words
from bot.loops import Problem
from bot.settings import Settings
from core.io.bodies import BodyTooLarge, read_body
from core.io.networks import LOOPBACK, Networks

__all__ = ["Health", "NoWebhook", "Server", "WebApp", "bind", "build", "front_page", "serve_assets", "stand_in"]

log = logging.getLogger(__name__)

WebApp = Starlette
"""An app with all its routes."""

_ASSET_NAME = re.compile(r"[A-Za-z0-9_-]{16,100}\.(?:jpg|mp4|wav|webm|mkv|mov)")
_ASSET_TYPES = {
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
}
# Somebody's photo or voice: no cache that others share keeps it, and nothing on the way may change it. fal may show it
# anywhere.
_ASSET_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600, no-transform",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}
_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # it may be published a moment later
_UNSIGNED = ("/healthz", "/readyz", "/fal-assets")
_WEBHOOK_BYTES = 64 * 1024
_GRACE_S = 3


class Webhook(Protocol):
    """The receiver of fal's calls."""

    def is_ours(self, token: str) -> bool:
        """Return whether the address is one that we gave to fal: asked before anything of the call is read."""
        ...

    async def receive(self, token: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the HTTP status to answer."""
        ...


class Health:
    """The state that /healthz and /readyz show. `reason`: why no work is accepted yet, or any more; None: it is."""

    def __init__(self) -> None:
        self.reason: str | None = "starting"
        self.problems: Callable[[], list[Problem]] = list

    def live(self) -> Response:
        """Return the answer of /healthz: red only where a restart helps."""
        problems = self.problems()
        red = any(each.restart_helps for each in problems)
        status = "red" if red else "problems" if problems else "ok"
        return JSONResponse({"status": status, "problems": [each.text for each in problems]}, 503 if red else 200)

    def ready(self) -> Response:
        """Return the answer of /readyz: the first reason why work is not accepted, or cannot be done now."""
        reasons = [self.reason, *(each.text for each in self.problems())]
        reason = next((each for each in reasons if each is not None), None)
        return JSONResponse({"ready": reason is None, "reason": reason}, 200 if reason is None else 503)


def build(
    *,
    health: Health,
    assets_dir: Path,
    webhook: Webhook,
    routes: Sequence[HttpRoute],
    front: HttpRoute | None = None,
    secret: SigningSecret | None = None,
) -> Starlette:
    """Build the app with all its routes.

    `front`: the page at `/` where no channel has one. `secret`: fresh before whatever checks what it has signed.
    """

    async def healthz(_request: Request) -> Response:
        return health.live()

    async def readyz(_request: Request) -> Response:
        return health.ready()

    async def asset(request: Request) -> Response:
        # From the path itself: a route's pattern forgives a line break at the end.
        return await _asset(assets_dir, request.scope["path"].partition("/fal-assets/")[2])

    async def fal_webhook(request: Request) -> Response:
        token = request.path_params["token"]
        if not webhook.is_ours(token):
            return PlainTextResponse("", 401)
        try:
            body = await read_body(request.stream(), most_bytes=_WEBHOOK_BYTES)
        except BodyTooLarge:
            return PlainTextResponse("too large", 413)
        status = await webhook.receive(token, body, dict(request.headers))
        return PlainTextResponse("", status)

    strange = [route for route in routes if not isinstance(route, BaseRoute)]
    if strange:
        raise TypeError(f"no routes of Starlette: {strange}")
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/fal-assets/{name:path}", asset),  # whatever follows is ours to refuse: no redirect, no listing
            Route("/fal-assets", asset),
            Route("/fal/webhook/{token}", fal_webhook, methods=["POST"]),
            *(route for route in routes if isinstance(route, BaseRoute)),
            *([front] if isinstance(front, BaseRoute) else []),
        ],
        middleware=[Middleware(_FreshSecret, secret=secret)] if secret is not None else [],
        exception_handlers={ClientDisconnect: _gone},
    )


def stand_in(app: WebApp) -> WebApp:
    """Give a stand-in for fal our headers; its statuses and words stay as they are."""
    app.add_middleware(Answers, words=None)
    return app


def front_page(words: Words, chats: Sequence[str]) -> Route:
    """Build the page that says what runs here. `chats`: the titles of the chats."""

    async def about(request: Request) -> Response:
        page = words.about(request.headers.get("accept-language"), chats)
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})

    return Route("/", about)


class _FreshSecret:
    """What reads the secret again, if it is due, before a request is checked by it."""

    def __init__(self, app: ASGIApp, secret: SigningSecret) -> None:
        self._app = app
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").startswith(_UNSIGNED):
            await self._secret.refresh()
        await self._app(scope, receive, send)


async def _gone(_request: Request, _error: Exception) -> Response:
    """Ignore a caller that hung up in the middle: nobody reads the answer."""
    return PlainTextResponse("", 400)


async def _asset(folder: Path, name: str) -> Response:
    """Serve one published file by its unguessable name; nothing else of the folder is served."""
    path = folder / name
    if not _ASSET_NAME.fullmatch(name) or not await run_in_threadpool(_is_ours, path):
        return PlainTextResponse("not found", 404, _NO_STORE)
    return FileResponse(path, media_type=_ASSET_TYPES[path.suffix], headers=_ASSET_HEADERS)


def _is_ours(path: Path) -> bool:
    """Return whether it is a plain file in the folder itself; a link could show any file of this machine."""
    return path.is_file() and not path.is_symlink()


class Server:
    """uvicorn in our loop, without its own signal handlers: it would re-raise SIGTERM, and nothing after would run."""

    def __init__(
        self,
        app: Starlette,
        listener: socket.socket,
        *,
        trusted_proxies: Sequence[str] = LOOPBACK,
        most: int | None = None,
        head_s: float = HEAD_S,
        body_s: float = BODY_S,
        write_s: float = WRITE_S,
        words: Words | None = None,
    ) -> None:
        """Build the server.

        `trusted_proxies`: addresses and networks whose X-Forwarded-For says who calls. `most`: connections at once.
        `head_s`, `body_s`, `write_s`: seconds for the head of a request, and for its body and the reading of its answer
        beyond what their bytes take. `words`: the sentences of the pages for browsers; None: the app's answers leave
        as they are, as those of the sandbox do, which speaks as fal does.
        """
        trusted = Networks(trusted_proxies)
        census = Census(most=most or most_connections(), trusted=trusted)
        bounded = BodyTimeLimit(app, body_s=body_s)
        config = uvicorn.Config(
            bounded if words is None else Answers(bounded, words, at_once=AtOnce(trusted=trusted)),
            http=bounded_protocol(census, head_s=head_s, write_s=write_s),
            server_header=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
            ws="none",
            proxy_headers=True,
            forwarded_allow_ips=list(trusted_proxies),
        )
        self._server = uvicorn.Server(config)
        self._server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve on the listening socket."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="http server")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop serving and wait until uvicorn has ended."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class NoWebhook:
    """The webhook of a server without a bot behind it: fal asks again later, when the bot is there."""

    def is_ours(self, token: str) -> bool:  # noqa: ARG002 - the protocol's name
        """Return True: who cannot tell reads on."""
        return True

    async def receive(self, token: str, body: bytes, headers: Mapping[str, str]) -> int:  # noqa: ARG002 - as above
        """Return 503."""
        return 503


@asynccontextmanager
async def serve_assets(settings: Settings) -> AsyncIterator[None]:
    """Serve the asset folder while a shell command needs it, unless something (a running bot) has our port."""
    if settings.fal_assets_url or not settings.assets_from_folder:
        yield
        return
    try:
        listener = bind(settings.host, settings.port)
    except OSError:
        yield
        return
    app = build(health=Health(), assets_dir=settings.assets_dir, webhook=NoWebhook(), routes=[])
    server = Server(app, listener, trusted_proxies=settings.trusted_proxies, words=PlainWords())
    await server.start()
    try:
        yield
    finally:
        await server.stop()
