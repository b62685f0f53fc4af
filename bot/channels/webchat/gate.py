"""Lets a request through to its endpoint, or refuses it in the browser's language."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.channels.services import Services
from bot.channels.webchat.guard import Guard, Session
from bot.channels.webchat.rates import READ, Rate, Rates

log = logging.getLogger(__name__)

# Of the page alone: all else is data, for which the server's own headers are tighter.
_PAGE = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "Referrer-Policy": "same-origin",  # with none at all a browser sends forms from the origin "null"
}

Endpoint = Callable[[Request], Awaitable[Response]]
Private = Callable[[Request, Session], Awaitable[Response]]


class Gate:
    """The gate before every endpoint of the web chat."""

    def __init__(self, services: Services, guard: Guard, rates: Rates) -> None:
        self._services = services
        self._guard = guard
        self._rates = rates

    def guarded(self, endpoint: Endpoint, rate: Rate = READ) -> Endpoint:
        """Return the endpoint, open to whoever comes from where the page may be; our headers go with its answer.

        `rate`: how often one browser may ask for it, once it has a session.
        """

        async def checked(request: Request) -> Response:
            problem = self._guard.problem(request)
            if problem is not None:
                return self.refused(request, problem, 403)
            wait_s = self._wait_s(request, rate)
            if wait_s is not None:
                refusal = self.refused(request, "web-too-fast", 429, wait_s=str(wait_s))
                refusal.headers["Retry-After"] = str(wait_s)
                return refusal
            try:
                response = await endpoint(request)
            except Exception:  # whatever broke behind it: the person is told, and the page offers to try again
                log.exception("web chat")
                return self.refused(request, "web-failed", 503)
            if response.headers.get("content-type", "").startswith("text/html"):
                for name, value in _PAGE.items():
                    response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return checked

    def _wait_s(self, request: Request, rate: Rate) -> int | None:
        """Return the seconds to wait where this browser asks too often. A guest has one share in all browsers.

        The operator and the demo have one for each: a page that runs wild locks nobody out of the next one.
        """
        session = self._guard.session(request)
        if session is None:
            return None
        return self._rates.wait_s(f"guest:{session.user}" if session.is_guest else session.secret, rate)

    def private(self, endpoint: Private, rate: Rate = READ) -> Endpoint:
        """Return the endpoint, open to those whose session holds."""

        async def known(request: Request) -> Response:
            session = await self.session(request)
            if session is None:
                return self.refused(request, "web-session-over", 401)
            return await endpoint(request, session)

        return self.guarded(known, rate)

    def refused(self, request: Request, key: str, status: int, **facts: Any) -> Response:
        """Return a refusal in the browser's language: JSON {"error"}."""
        language = self._services.pick_language(request.headers.get("accept-language"))
        return JSONResponse({"error": self._services.translate(language, key, **facts)}, status)

    async def session(self, request: Request) -> Session | None:
        """Return whose browser asks; a guest's only as long as the invitation holds."""
        session = self._guard.session(request)
        return session if session is None or await self.holds(session) else None

    async def holds(self, session: Session) -> bool:
        """Return whether the session is still good."""
        return not session.is_guest or await self._services.invitations.holds(session.user, session.series)
