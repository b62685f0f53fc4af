"""The websocket: one connection per bot, frames and their acknowledgements, and how it can fail."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from tests.fakes.wecom.world import BOT_ID, SECRET, Refused, World

FaultKind = Literal["errcode", "lose_answer", "no_ack", "drop", "half", "cut", "swallow"]


@dataclass
class Fault:
    """What happens to a frame: refused with `code`; carried out, and the line ends before the answer ("half": in the
    middle of it); carried out and never answered; the line ends before it is carried out; neither carried out nor
    answered."""

    cmd: str
    kind: FaultKind
    times: int = 1
    code: int = -1


def take(faults: list[Fault], cmd: str) -> Fault | None:
    for fault in faults:
        if fault.cmd == cmd and fault.times > 0:
            fault.times -= 1
            return fault
    return None


class Line:
    """One connection."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._transport: Any = send.__self__.transport  # type: ignore[attr-defined] # uvicorn's own
        self.subscribed = False
        self.pending: set[str] = set()
        self.pings = 0
        self.is_open = True

    async def send(self, frame: dict[str, Any]) -> None:
        await self.send_text(json.dumps(frame, ensure_ascii=False))

    async def send_text(self, text: str) -> None:
        with suppress(Exception):  # it may have gone
            await self._send({"type": "websocket.send", "text": text})

    def abort(self) -> None:
        self.is_open = False
        self._transport.abort()

    def half(self, frame: dict[str, Any]) -> None:
        """The head of a frame, half of its body, and the end of the line."""
        body = json.dumps(frame).encode()
        self._transport.write(bytes([0x81, 126]) + (len(body) + 200).to_bytes(2, "big") + body[: len(body) // 2])
        self._transport.close()
        self.is_open = False

    async def close(self, code: int) -> None:
        self.is_open = False
        with suppress(Exception):
            await self._send({"type": "websocket.close", "code": code})


class Lines:
    """`refuses`: the errcode of every subscription. `deaf`: nothing is answered. `lag_s`: until an acknowledgement."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.faults: list[Fault] = []
        self.current: Line | None = None
        self.waiting: list[dict[str, Any]] = []
        self.refuses = 0
        self.deaf = False
        self.away = False
        self.lag_s = 0.0
        self.subscriptions = 0
        self.attempts = 0
        self.frames: list[dict[str, Any]] = []

    def count(self, cmd: str) -> int:
        return sum(frame.get("cmd") == cmd for frame in self.frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        self.attempts += 1
        if self.away:
            await send({"type": "websocket.close", "code": 1013})
            return
        await send({"type": "websocket.accept"})
        line, tasks = Line(send), set[asyncio.Task[None]]()
        try:
            while True:
                event = await receive()
                if event["type"] == "websocket.disconnect":
                    return
                task = asyncio.create_task(self._take(line, event.get("text")))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            line.is_open = False
            if self.current is line:
                self.current = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, line: Line, text: str | None) -> None:
        try:
            frame = json.loads(text or "")
            cmd, req_id = frame["cmd"], frame["headers"]["req_id"]
            assert isinstance(req_id, str)
            assert 0 < len(req_id) <= 128
        except (ValueError, KeyError, TypeError, AssertionError):
            self._world.violations.append("not a frame")
            await line.close(1008)
            return
        self.frames.append(frame)
        if self.deaf:
            return
        if not line.subscribed and cmd != "aibot_subscribe":
            self._world.violations.append(f"{cmd} before aibot_subscribe")
            await line.close(1008)
        elif cmd == "aibot_subscribe":
            await self._subscribe(line, req_id, frame.get("body"))
        elif cmd == "ping":
            line.pings += 1
            if (fault := take(self.faults, "ping")) is not None and fault.kind == "no_ack":
                return
            await line.send({"headers": {"req_id": req_id}, "errcode": 0, "errmsg": "ok"})
        else:
            await self._carry_out(line, cmd, req_id, frame.get("body"))

    async def _subscribe(self, line: Line, req_id: str, body: Any) -> None:
        given = (body.get("bot_id"), body.get("secret")) if isinstance(body, dict) else ()
        code = self.refuses or (0 if given == (BOT_ID, SECRET) else 853000)
        if line.subscribed:
            self._world.violations.append("subscribed twice")
        if code:
            await line.send({"headers": {"req_id": req_id}, "errcode": code, "errmsg": "invalid bot_id or secret"})
            return
        older, self.current = self.current, line
        line.subscribed = True
        self.subscriptions += 1
        if older is not None and older.is_open:
            await self.throw_out(older)
        await line.send({"headers": {"req_id": req_id}, "errcode": 0, "errmsg": "ok"})
        waiting, self.waiting = self.waiting, []
        for frame in waiting:
            await line.send(frame)

    async def throw_out(self, line: Line) -> None:
        body = {"msgid": "gone", "aibotid": BOT_ID, "msgtype": "event", "event": {"eventtype": "disconnected_event"}}
        await line.send({"cmd": "aibot_event_callback", "headers": {"req_id": "srv-gone"}, "body": body})
        await line.close(1000)

    def _fault(self, cmd: str, body: Any) -> Fault | None:
        kind = body.get("msgtype") if isinstance(body, dict) else None
        return take(self.faults, cmd) or take(self.faults, f"{cmd}:{kind}")

    async def _carry_out(self, line: Line, cmd: str, req_id: str, body: Any) -> None:
        if req_id in line.pending:
            self._world.violations.append(f"{cmd}: a second frame of {req_id} before the first was acknowledged")
        line.pending.add(req_id)
        fault = self._fault(cmd, body)
        try:
            if fault is not None and fault.kind in {"drop", "swallow"}:
                if fault.kind == "drop":
                    line.abort()
                return
            answer: dict[str, Any] = {"headers": {"req_id": req_id}, "errcode": 0, "errmsg": "ok"}
            if fault is not None and fault.kind == "errcode":
                answer |= {"errcode": fault.code, "errmsg": "scripted"}
            else:
                try:
                    answer["body"] = self._world.obey(cmd, req_id, body)
                except Refused as refused:
                    if refused.violation:
                        self._world.violations.append(f"{cmd}: {refused.reason}")
                    answer |= {"errcode": refused.code, "errmsg": refused.reason}
            if fault is not None and fault.kind == "lose_answer":
                line.abort()
            elif fault is not None and fault.kind == "half":
                line.half(answer)
            elif fault is None or fault.kind != "no_ack":
                await asyncio.sleep(self.lag_s)
                await line.send(answer)
        finally:
            line.pending.discard(req_id)
