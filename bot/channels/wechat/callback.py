"""Serves GET and POST /wechat: checks the caller, reads the message, answers at once.

A message is stored before it is answered. What could not be stored or decided in time is not answered at all, so that
WeChat, which cuts the line after five seconds, sends it again.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.services import Services
from bot.channels.wechat.links import LinkedVideos
from bot.channels.wechat.parsing import Call, call_from, reply_xml
from bot.channels.wechat.settings import WeChatSettings
from bot.channels.wechat.signing import DecryptedMessage, MessageCrypto, Refused, Stale
from core.io.bodies import BodyTooLarge, read_body

log = logging.getLogger(__name__)

_BODY_BYTES = 64 * 1024
_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them
_STORE_S = 3.0
_ANSWER_S = 4.2  # since the call came in; WeChat waits five seconds
_CUT_S = 5.2
_REPLAY_S = 2 * 3600.0
_SPENT = "-"  # no digest of any message
_DONE = "success"  # WeChat's word for: taken, say nothing


class Callback:
    """The callback's routes."""

    def __init__(
        self,
        services: Services,
        settings: WeChatSettings,
        *,
        on_message: Callable[[str], None],
        on_stale: Callable[[float], Awaitable[None]],
        links: LinkedVideos | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Build the callback.

        `on_message(openid)`: a person has just spoken. `on_stale(seconds)`: a call was signed right so long ago.
        """
        self._services = services
        self._app_id = settings.app_id or ""
        self._crypto = MessageCrypto(settings, now=now)
        self._on_message = on_message
        self._on_stale = on_stale
        self._links = links
        self._now = now
        self._open = True

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        return [Route("/wechat", self._greet, methods=["GET"]), Route("/wechat", self._take, methods=["POST"])]

    def close(self) -> None:
        """Take nothing more."""
        self._open = False

    async def _greet(self, request: Request) -> Response:
        try:
            echo = self._crypto.verify_handshake(request.query_params)
        except Refused as refused:
            return await self._refused(refused)
        await self._spend(request)
        return PlainTextResponse(echo)

    async def _take(self, request: Request) -> Response:
        began = asyncio.get_running_loop().time()
        try:
            self._crypto.admit(request.query_params)
        except Refused as refused:
            return await self._refused(refused)
        try:
            decrypted = self._crypto.decrypt(request.query_params, await _body(request))
            call = call_from(decrypted.xml, app_id=self._app_id)
        except Refused as refused:
            await self._spend(request)
            return await self._refused(refused)
        except ClientDisconnect:
            return PlainTextResponse("", 400)  # not spent: a message that was cut off comes again
        except ValueError as error:
            await self._spend(request)
            return _refusal(Refused(400, str(error)))
        try:
            answer = await self._answer(decrypted, call, began)
        except Refused as refused:
            return _refusal(refused)
        return answer or await self._silence(request, began)

    async def _refused(self, refused: Refused) -> Response:
        if isinstance(refused, Stale):
            await self._on_stale(refused.off_s)
        return _refusal(refused)

    async def _answer(self, decrypted: DecryptedMessage, call: Call, began: float) -> Response | None:
        """Store the message and return its answer. None: it could not be stored or decided in time."""
        if not self._open:
            return None
        try:
            async with asyncio.timeout(_STORE_S):
                await self._refuse_replay(decrypted)
                if call.left:
                    await self._services.send_quota.closed(f"wechat:{call.person}")
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.error("a message was not stored; WeChat repeats it", extra={"error": type(error).__name__})  # noqa: TRY400
            return None
        if call.incoming is None:
            return PlainTextResponse(_DONE)
        self._on_message(call.person)
        gone_s = asyncio.get_running_loop().time() - began
        reply = await self._services.inbox.ask(
            call.incoming, store_s=max(0.1, _STORE_S - gone_s), answer_s=max(0.1, _ANSWER_S - gone_s)
        )
        if reply is None:
            return None
        if not reply.text and reply.video is None:
            return PlainTextResponse(_DONE)
        if self._links is not None:
            reply = await self._links.shown(reply, person=call.person)
        xml = reply_xml(reply, call, seconds=int(self._now()))
        return Response(self._crypto.encrypt(xml, decrypted), media_type="application/xml")

    async def _silence(self, request: Request, began: float) -> Response:
        """Answer nothing until WeChat has cut the line.

        It is undocumented whether WeChat counts an error status as a failure.
        """
        loop = asyncio.get_running_loop()
        while self._open and loop.time() - began < _CUT_S and not await request.is_disconnected():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return PlainTextResponse("", 503)

    async def _spend(self, request: Request) -> None:
        """In plain mode, note a right signature that carried no message: nobody shall put one under it."""
        if self._crypto.is_plain:
            key = self._call_key(request.query_params["timestamp"], request.query_params["nonce"])
            try:
                async with asyncio.timeout(_STORE_S):
                    await self._services.key_values.swap(key, old=None, new=_SPENT, for_s=_REPLAY_S)
            except Exception as error:  # noqa: BLE001 - whatever the database does
                log.error("a signature was not noted as used", extra={"error": type(error).__name__})  # noqa: TRY400

    def _call_key(self, timestamp: str, nonce: str) -> str:
        return f"wechat:{self._app_id}:call:{timestamp}:{nonce}"

    async def _refuse_replay(self, decrypted: DecryptedMessage) -> None:
        """Refuse a timestamp and nonce that carried another message: in plain mode the body is not signed."""
        digest = hashlib.sha256(decrypted.xml.encode()).hexdigest()
        key = self._call_key(decrypted.timestamp, decrypted.nonce)
        key_values = self._services.key_values
        if (
            not await key_values.swap(key, old=None, new=digest, for_s=_REPLAY_S)
            and await key_values.get(key) != digest
        ):
            raise Refused(403, "another message under a signature that was used before")


async def _body(request: Request) -> bytes:
    """Read the body, at most 64 KiB. Raises Refused for more."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > _BODY_BYTES:
        raise Refused(413, "a body larger than any message")
    try:
        return await read_body(request.stream(), most_bytes=_BODY_BYTES)
    except BodyTooLarge:
        raise Refused(413, "a body larger than any message") from None


def _refusal(refused: Refused) -> Response:
    log.warning("a call was refused", extra={"status": refused.status, "why": refused.why})
    return PlainTextResponse("", refused.status)
