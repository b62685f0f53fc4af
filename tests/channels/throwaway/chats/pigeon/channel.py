"""The channel: one callback, five calls. `silence`: what a call that gets no answer means."""

import asyncio
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.protocol import PlainChannel
from bot.channels.services import Services
from bot.channels.types import Activity, Address, AttachmentRef, Incoming, Message, SendError, SendOutcome, VideoMessage

from . import MANIFEST

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LATER_S = 2.0


class Pigeon(PlainChannel):
    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(self, services: Services, *, url: str, key: str) -> None:
        self._inbox = services.inbox
        self._key = key
        self._open = True
        bearer = {"Authorization": f"Bearer {key}"}
        self._web = httpx.AsyncClient(base_url=url, headers=bearer, trust_env=False, timeout=30.0)

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/pigeon", self._take, methods=["POST"])]

    async def start(self) -> None:
        """The loft calls us."""

    async def stop_intake(self) -> None:
        self._open = False

    async def stop(self) -> None:
        await self._web.aclose()

    def alive(self) -> bool:
        return True

    async def check(self) -> str:
        return str((await self._call("GET", "/me", silence=SendOutcome.NOT_SENT))["name"])

    async def _take(self, request: Request) -> Response:
        """Stored, and only then confirmed: what is not, the loft brings again."""
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self._key}"):
            return Response(status_code=401)
        if not self._open:
            return Response(status_code=503)
        await self._inbox.put([_incoming(await request.json())])
        return Response(status_code=204)

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        photo = await self._answer("GET", f"/photos/{ref.file_id}", silence=SendOutcome.NOT_SENT)
        await asyncio.to_thread(into.write_bytes, photo.content)

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        text = message.text
        if len(text) > self.limits.text_chars:
            text = f"{text[: self.limits.text_chars - 1]}…"
        note = {"loft": to.chat_id, "text": text, "instead_of": replace}
        silence = SendOutcome.UNCONFIRMED if replace is None else SendOutcome.NOT_SENT
        return str((await self._call("POST", "/notes", silence=silence, json=note))["number"])

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        film = await asyncio.to_thread(video.path.read_bytes)
        where = {"loft": to.chat_id, "caption": video.caption[: self.limits.caption_chars]}
        return str(
            (await self._call("POST", "/films", silence=SendOutcome.UNCONFIRMED, params=where, content=film))["number"]
        )

    async def busy(self, to: Address, activity: Activity) -> None:
        """Pigeons give no signs."""

    async def _call(self, method: str, path: str, *, silence: SendOutcome, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self._answer(method, path, silence=silence, **more)).json()
        return found

    async def _answer(self, method: str, path: str, *, silence: SendOutcome, **more: Any) -> httpx.Response:
        try:
            reply = await self._web.request(method, path, **more)
        except _NOT_SENT:
            raise SendError(SendOutcome.NOT_SENT, "no way to the loft", after_s=_LATER_S) from None
        except httpx.HTTPError:
            raise SendError(silence, "no answer from the loft", after_s=_LATER_S) from None
        if reply.status_code == httpx.codes.FORBIDDEN:
            raise SendError(SendOutcome.UNREACHABLE, "the loft is closed to us")
        if not reply.is_success:
            raise SendError(SendOutcome.REJECTED, f"the loft answered with status {reply.status_code}")
        return reply


def _incoming(letter: dict[str, Any]) -> Incoming:
    photo = letter.get("photo")
    return Incoming(
        address=Address("pigeon", letter["loft"]),
        account=letter["to"],
        event_id=str(letter["number"]),
        sender_id=letter["from"],
        text=letter["text"],
        language="en",
        attachment=AttachmentRef("image", photo) if photo else None,
        direct=letter["loft"] == letter["from"],
        reply_to=str(letter["number"]),
    )
