"""One websocket to WeCom: frames out, each acknowledged under its req_id, and frames in."""

import asyncio
import json
import logging
import re
import ssl
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from bot.channels.text_lengths import encodable
from bot.channels.wecom.errors import NotConnected, Refused, Unanswered
from core.config import is_loopback

log = logging.getLogger(__name__)

Frame = dict[str, Any]
End = Literal["thrown-out", "dropped"]
_CALLBACKS = frozenset({"aibot_msg_callback", "aibot_event_callback"})
_MOST_BYTES = 4 << 20
_OPEN_S = 10.0
_MOST_ID_CHARS = 1000
_CODE = re.compile(r"-?[0-9]{1,9}")


def new_id(cmd: str) -> str:
    """Return a req_id of our own, which begins with its cmd as the official clients' do."""
    return f"{cmd}_{uuid.uuid4().hex}"


class Connection:
    """A connection that is open. `on_frame` takes messages and events, and returns at once."""

    def __init__(self, socket: ClientConnection, on_frame: Callable[[Frame], None], *, answer_s: float) -> None:
        self._socket = socket
        self._on_frame = on_frame
        self._answer_s = answer_s
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._thrown_out = False

    @classmethod
    async def open(cls, url: str, on_frame: Callable[[Frame], None], *, answer_s: float) -> "Connection":
        """Open it. Raises NotConnected. TLS is verified, and no proxy of the environment or of fal is used."""
        tls = None if url.startswith("ws://") and is_loopback(url) else ssl.create_default_context()
        try:
            socket = await connect(
                url,
                ssl=tls,
                proxy=None,
                open_timeout=_OPEN_S,
                close_timeout=1.0,
                ping_interval=None,  # WeCom has a ping of its own
                max_size=_MOST_BYTES,
                user_agent_header=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise NotConnected(type(error).__name__) from None
        return cls(socket, on_frame, answer_s=answer_s)

    @property
    def is_open(self) -> bool:
        """Return whether it is open and still the bot's, as far as is known."""
        return self._socket.state is State.OPEN and not self._thrown_out

    async def read(self) -> End:
        """Read until the connection ends, and return why it did. What waits for an answer then gets none."""
        try:
            async for text in self._socket:
                try:
                    self._take(text)
                except Exception as error:  # noqa: BLE001 - one odd frame ends no line; its content stays out of the log
                    log.error("a frame of WeCom was left out", extra={"error": type(error).__name__})  # noqa: TRY400
        except (ConnectionClosed, OSError):
            pass
        finally:
            self._end()
        return "thrown-out" if self._thrown_out else "dropped"

    def _take(self, text: str | bytes) -> None:
        frame = read_frame(text)
        if frame is None:
            log.warning("WeCom sent what is no frame")
            return
        if frame.get("cmd") in _CALLBACKS:
            self._thrown_out = self._thrown_out or _event_of(frame) == "disconnected_event"
            self._on_frame(frame)
            return
        answer = self._answers.get(frame["headers"]["req_id"])
        if answer is not None and not answer.done():
            answer.set_result(frame)

    def _end(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unanswered())
        self._answers.clear()

    async def call(self, cmd: str, body: Frame | None, *, req_id: str | None = None, s: float | None = None) -> Frame:
        """Send one frame and return the body of its acknowledgement. One at a time under each req_id.

        Raises NotConnected, Unanswered (after `s` seconds at the latest) and Refused.
        """
        req_id = req_id or new_id(cmd)
        turn = self._turns.setdefault(req_id, asyncio.Lock())
        try:
            async with turn:
                answer = await self._exchange(cmd, req_id, body, self._answer_s if s is None else s)
        finally:
            if not turn.locked():
                self._turns.pop(req_id, None)
        code = _code(answer.get("errcode", 0))
        if code:
            raise Refused(code)
        found = answer.get("body")
        return found if isinstance(found, dict) else {}

    async def _exchange(self, cmd: str, req_id: str, body: Frame | None, seconds: float) -> Frame:
        if not self.is_open:
            raise NotConnected
        frame: Frame = {"cmd": cmd, "headers": {"req_id": req_id}}
        if body is not None:
            frame["body"] = body
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[req_id] = answer
        try:
            async with asyncio.timeout(seconds):
                await self._socket.send(json.dumps(frame, ensure_ascii=False))
                return await answer
        except (TimeoutError, ConnectionClosed, OSError):
            raise Unanswered from None
        finally:
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, also where the sending itself has failed
            self._answers.pop(req_id, None)

    async def close(self) -> None:
        """Close it, politely for a moment."""
        with suppress(OSError, WebSocketException, TimeoutError):
            await self._socket.close()
        self._end()

    def abort(self) -> None:
        """End it at once: the other side is dead."""
        self._socket.transport.abort()


def _code(stated: object) -> int:
    """Return an errcode that stands there as a number or as its text; -1: nobody can read it."""
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated
    return int(stated) if isinstance(stated, str) and _CODE.fullmatch(stated) else -1


def _event_of(frame: Frame) -> str:
    body = frame.get("body")
    event = body.get("event") if isinstance(body, dict) else None
    return str(event.get("eventtype", "")) if isinstance(event, dict) else ""


def read_frame(text: str | bytes) -> Frame | None:
    """Return the frame, its texts such as any database takes; None for what is none."""
    try:
        frame = _storable(json.loads(text))
    except (ValueError, RecursionError):  # no JSON, or too deep
        return None
    headers = frame.get("headers") if isinstance(frame, dict) else None
    if not isinstance(headers, dict) or not isinstance(frame.get("cmd", ""), str):
        return None
    return frame if isinstance(headers.get("req_id"), str) and len(headers["req_id"]) < _MOST_ID_CHARS else None


def _storable(value: Any) -> Any:
    """Return what JSON says without half characters and NUL: what cannot be stored would be tried for ever."""
    if isinstance(value, str):
        return encodable(value).replace("\0", "")
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return {name: _storable(each) for name, each in value.items()} if isinstance(value, dict) else value
