"""The pages of other chats for admins, in plain HTML without scripts: what a channel has to say, a code, a button."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.channels.services import PageView, Services
from bot.channels.webchat.bodies import read_form
from bot.channels.webchat.gate import Gate
from bot.channels.webchat.guard import Session

_LOOK_S = 2
_ANSWER_CHARS = 64


class AdminPages:
    """The endpoints."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate

    async def show(self, request: Request, session: Session) -> Response:
        """Serve a page, or 404 to who is no admin."""
        name = request.path_params["name"]
        if not self._may(session, name):
            return self._gate.refused(request, "web-not-found", 404)
        language = await self._services.language_of(f"web:{session.user}")
        language = language or self._services.pick_language(request.headers.get("accept-language"))
        view = await self._services.admin_pages[name].view(language)
        return HTMLResponse(_html(view, name, language))

    async def image(self, request: Request, session: Session) -> Response:
        """Serve the image of a page."""
        name = request.path_params["name"]
        view = await self._services.admin_pages[name].view("en") if self._may(session, name) else None
        if view is None or view.image is None:
            return self._gate.refused(request, "web-not-found", 404)
        return Response(view.image, media_type="image/svg+xml")

    async def press(self, request: Request, session: Session) -> Response:
        """Take the press of a page's button."""
        name = request.path_params["name"]
        if not self._may(session, name):
            return self._gate.refused(request, "web-not-found", 404)
        answer = (await read_form(request)).get("answer", "")
        await self._services.admin_pages[name].press(answer.strip()[:_ANSWER_CHARS])
        return RedirectResponse(f"/chat/admin/{name}", 303)

    def _may(self, session: Session, name: str) -> bool:
        return name in self._services.admin_pages and self._services.is_admin(f"web:{session.user}")


def _html(view: PageView, name: str, language: str) -> str:
    refresh = f'<meta http-equiv="refresh" content="{_LOOK_S}">' if view.moves else ""
    image = f'<p><img src="/chat/admin/{name}/image" alt="QR" width="280" height="280"></p>' if view.image else ""
    field = f'<p><input name="answer" maxlength="{_ANSWER_CHARS}" autocomplete="off"></p>' if view.question else ""
    label = f"<p>{escape(view.question)}</p>" if view.question else ""
    button = f"<p><button>{escape(view.button)}</button></p>" if view.button else ""
    form = f'<form method="post" action="/chat/admin/{name}">{label}{field}{button}</form>' if view.button else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in view.text.splitlines())
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">{refresh}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(view.title)}</title></head><body><main><h1>{escape(view.title)}</h1>"
        f"{lines}{image}{form}</main></body></html>"
    )
