"""The door of the web chat: the operator's token, or an invitation, once per browser."""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from bot.channels.services import Services
from bot.channels.webchat.bodies import read_form, read_json, text_in
from bot.channels.webchat.gate import Gate
from bot.channels.webchat.guard import Guard, Session

PAGE = Path(__file__).parent / "page"
_WRONG_S = 0.5


class Door:
    """The endpoints by which a browser gets its session."""

    def __init__(self, services: Services, guard: Guard, gate: Gate) -> None:
        self._services = services
        self._guard = guard
        self._gate = gate

    async def page(self, request: Request) -> Response:
        """Serve the page itself, or the question for the token."""
        session = await self._gate.session(request)
        if session is None and not self._guard.open:
            return await self.door(request)
        response = FileResponse(PAGE / "index.html", media_type="text/html; charset=utf-8")
        if session is None:
            self._let_in(request, response, self._guard.new_session(self._guard.host))
        return response

    async def door(self, _request: Request) -> Response:
        """Serve the question for the token, which is also where an invitation is opened."""
        return FileResponse(PAGE / "enter.html", media_type="text/html; charset=utf-8")

    def _let_in(self, request: Request, response: Response, session: Session) -> None:
        secure = request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https"
        response.headers["Set-Cookie"] = self._guard.cookie(session, secure=secure)

    async def enter(self, request: Request) -> Response:
        """Take the token from the form. A right one is taken from whatever address the wrong ones came."""
        token = (await read_form(request)).get("token", "")
        if not self._guard.is_token(token):
            return await self._not_let_in(request) or RedirectResponse("/?wrong=1", 303)
        response = RedirectResponse("/", 303)
        self._let_in(request, response, self._guard.new_session(self._guard.host))
        return response

    async def redeem(self, request: Request) -> Response:
        """Take the secret of an invitation, which stood where no server sees it: JSON {"invitation"}."""
        guest = await self._services.invitations.redeem(text_in(await read_json(request), "invitation")[:100])
        if guest is None:
            return await self._not_let_in(request) or self._gate.refused(request, "web-invitation-void", 403)
        response = JSONResponse({"name": guest[0]})
        self._let_in(request, response, self._guard.new_session(*guest))
        return response

    async def _not_let_in(self, request: Request) -> Response | None:
        """Slow down who guesses; the answer once it is too often."""
        address = request.client.host if request.client else ""
        too_many = self._guard.wrong.too_many(address)
        self._guard.wrong.note(address)
        await asyncio.sleep(_WRONG_S)
        return self._gate.refused(request, "web-too-many-tokens", 429) if too_many else None
