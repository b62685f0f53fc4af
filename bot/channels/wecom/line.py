"""Keeps the one connection of the bot: subscribes, pings, connects again, and stands back when it is thrown out.

WeCom gives a bot one connection, and a new one throws the old one out. So only the process that has the role connects;
the others send through it. Who was thrown out does not fight back: either another process of this installation has
the role now, and this loop ends, or another program uses the same bot, which the admins are told. How the line stands
is remembered for `doctor`, which must not connect itself.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from typing import Literal

from bot.channels.memory import Memory
from bot.channels.services import Relay, Services
from bot.channels.wecom.connection import Connection, End, Frame
from bot.channels.wecom.errors import BAD_CREDENTIALS, LineError, NotConnected, Refused, Unanswered
from bot.channels.wecom.settings import WeComSettings
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

State = Literal["connected", "away", "refused", "thrown-out"]
Clock = Callable[[], float]

PING_S, ANSWER_S = 30.0, 5.0
_MISSES = 2
_PIECE_S = 30.0
_STATE = "line"
_STATE_FOR_S = 120.0
_PAUSES_S = {
    "away": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0),
    "refused": (10.0, 60.0, 300.0),
    "thrown-out": (600.0, 1800.0, 3600.0),
}
_ROLE_MOVES_S = 60.0  # until a process that has lost its role knows it
_PATIENCE_S, _LOOK_S = 3.0, 0.02
_STEADY_S = 60.0
_RELAY_S = 15.0
REASONS: dict[str, str] = {
    "away": "no connection to WeCom: can this machine reach the address of WECOM_BOT_URL?",
    "refused": "WeCom refuses the bot (853000): copy Bot ID and Secret anew from its page, and keep it on “long "
    "connection”, not on a callback address",
    "thrown-out": "another program has connected as this bot and thrown this one out: stop it, or give this one a bot "
    "of its own; the next try comes by itself",
}


class Line:
    """The line. `on_frame`: takes messages and events. `ping_s`, `answer_s`, `sleep`, `clock`: shortened by tests."""

    def __init__(
        self,
        services: Services,
        settings: WeComSettings,
        on_frame: Callable[[Frame], None],
        *,
        memory: Memory,
        ping_s: float = PING_S,
        answer_s: float = ANSWER_S,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self._services = services
        self._relay: Relay | None = services.relay
        self._settings = settings
        self._on_frame = on_frame
        self._memory = memory
        self._ping_s = ping_s
        self._answer_s = answer_s
        self._sleep = sleep
        self._clock = clock
        self._current: Connection | None = None
        self._holds = False
        self._turned = clock()
        self._since = clock()

    @property
    def is_connected(self) -> bool:
        """Return whether this process has the connection."""
        return self._current is not None and self._current.is_open

    def alive(self) -> bool:
        """Return whether the line is kept; trying in vain counts."""
        return not self._holds or self._clock() - self._turned < 3 * self._ping_s + 60.0

    # Its life

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        self._holds = True
        tries: dict[str, int] = {}
        try:
            while True:
                self._turned = self._clock()
                state = await self._once()
                if self._clock() - self._since > _STEADY_S:
                    tries.clear()
                await self._note(state)
                await self._pause(state, tries.get(state, 0))
                tries[state] = tries.get(state, 0) + 1
        finally:
            self._holds = False

    async def _once(self) -> State:
        """Connect, serve the connection to its end, and return why it ended."""
        self._since = self._clock()
        try:
            connection = await Connection.open(self._settings.url, self._on_frame, answer_s=self._answer_s)
        except NotConnected:
            return "away"
        reading = asyncio.create_task(connection.read(), name="wecom frames")
        try:
            await _subscribe(connection, self._settings, answer_s=self._answer_s)
            self._since = self._clock()
            log.info("connected to WeCom")
            await self._note("connected")
            self._current = connection
            end = await self._serve(connection, reading)
        except Refused as error:
            return "refused" if error.code == BAD_CREDENTIALS else "away"
        except LineError:
            return "away"
        finally:
            self._current = None
            await connection.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return "thrown-out" if end == "thrown-out" else "away"

    async def _serve(self, connection: Connection, reading: asyncio.Task[End]) -> End:
        """Ping until the connection ends; two pings in a row that get no answer end it."""
        pinging = asyncio.create_task(self._ping(connection), name="wecom ping")
        serving = asyncio.create_task(self._serve_others(), name="wecom relay")
        try:
            await asyncio.wait({reading, pinging}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                connection.abort()
            return await reading
        finally:
            for task in (pinging, serving):
                task.cancel()
            await asyncio.gather(pinging, serving, return_exceptions=True)

    async def _ping(self, connection: Connection) -> None:
        misses = 0
        while misses < _MISSES:
            await self._sleep(self._ping_s)
            self._turned = self._clock()
            try:
                await connection.call("ping", None, s=self._answer_s)
                misses = 0
            except LineError:
                misses += 1
            else:
                await self._note("connected")
        log.warning("WeCom answers no ping")

    async def _serve_others(self) -> None:
        if self._relay is not None:
            await self._relay.serve("wecom", self._for_another)

    async def _for_another(self, request: str) -> str:
        """Send a frame for another process of this installation, and return what became of it."""
        asked = json.loads(request)
        try:
            body = await self._own_call(asked["cmd"], asked["body"], asked["req_id"])
        except LineError as error:
            kind = "not-connected" if isinstance(error, NotConnected) else "unanswered"
            return json.dumps({"code": error.code} if isinstance(error, Refused) else {"error": kind})
        return json.dumps({"body": body})

    async def _pause(self, state: State, tries: int) -> None:
        pauses_s = _PAUSES_S[state]
        seconds = pauses_s[min(tries, len(pauses_s) - 1)]
        if state == "thrown-out":
            log.warning("another connection has thrown this one out")
            await self._rest(_ROLE_MOVES_S, state)
            self._services.alert("wecom thrown out", "alert-wecom-thrown-out")
        elif state == "refused":
            log.error("WeCom refuses the bot: WECOM_BOT_ID or WECOM_BOT_SECRET is wrong, or the bot is on callback")
            self._services.alert("wecom refused", "alert-wecom-refused")
        await self._rest(seconds * random.uniform(0.8, 1.2), state)  # so that many do not come back at once

    async def _rest(self, seconds: float, state: State) -> None:
        """Pause in pieces: standing back is not being stuck."""
        while seconds > 0:
            await self._sleep(min(seconds, _PIECE_S))
            self._turned = self._clock()
            seconds -= _PIECE_S
            if seconds > 0:
                await self._note(state)

    async def _note(self, state: State) -> None:
        await self._memory.put(_STATE, state, for_s=_STATE_FOR_S)

    # What is sent over it

    async def call(self, cmd: str, body: Frame, *, req_id: str | None = None, wait_s: float = _PATIENCE_S) -> Frame:
        """Send a frame, here or through the process that has the connection, and return its answer's body.

        Waits `wait_s` for a connection that is away. Raises LineError.
        """
        if self._current is not None or self._holds or self._relay is None:
            return await self._own_call(cmd, body, req_id, wait_s=wait_s)
        answer = await self._relay.ask(
            "wecom", json.dumps({"cmd": cmd, "body": body, "req_id": req_id}), wait_s=wait_s, answer_s=_RELAY_S
        )
        if answer is None:
            raise NotConnected
        if not answer:
            raise Unanswered
        found = json.loads(answer)
        if "code" in found:
            raise Refused(found["code"])
        if "error" in found:
            raise NotConnected if found["error"] == "not-connected" else Unanswered
        return dict(found["body"])

    async def _own_call(self, cmd: str, body: Frame, req_id: str | None, *, wait_s: float = _PATIENCE_S) -> Frame:
        connection = await self._open_connection(wait_s)
        return await connection.call(cmd, body, req_id=req_id)

    async def _open_connection(self, wait_s: float) -> Connection:
        try:
            async with asyncio.timeout(wait_s):
                while (connection := self._current) is None or not connection.is_open:  # noqa: ASYNC110 - it ends by itself
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise NotConnected from None
        return connection

    async def is_up(self) -> bool:
        """Return whether this process has the connection, or gets it within a second."""
        try:
            await self._open_connection(1.0)
        except NotConnected:
            return False
        return True

    # For doctor

    async def problem(self) -> str | None:
        """Return what is wrong with the line; None: it is connected, here or in the program that serves.

        Connects only where no program has kept this bot's line in the last two minutes.
        """
        if self._current is not None or (self._holds and await self.is_up()):
            return None
        known = await self._memory.get(_STATE)
        if known is not None:
            return None if known == "connected" else REASONS.get(known, known)
        if self._holds:  # a try would throw out the connection that this process is about to have
            return REASONS["away"]
        return await self._try()

    async def _try(self) -> str | None:
        try:
            await try_once(self._settings, answer_s=self._answer_s)
        except Refused as error:
            return REASONS["refused"] if error.code == BAD_CREDENTIALS else f"WeCom answered errcode {error.code}"
        except LineError:
            return REASONS["away"]
        return None

    async def is_kept_elsewhere(self) -> bool:
        """Return whether another process has the line, as far as is remembered."""
        return not self.is_connected and await self._memory.get(_STATE) is not None


async def try_once(settings: WeComSettings, *, answer_s: float = ANSWER_S) -> None:
    """Connect and subscribe, and end it. It throws out whoever is connected as this bot. Raises LineError."""
    connection = await Connection.open(settings.url, lambda _frame: None, answer_s=answer_s)
    reading = asyncio.create_task(connection.read(), name="wecom check")
    try:
        await _subscribe(connection, settings, answer_s=answer_s)
    finally:
        await connection.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _subscribe(connection: Connection, settings: WeComSettings, *, answer_s: float) -> None:
    secret = settings.secret.get_secret_value() if settings.secret else ""
    await connection.call("aibot_subscribe", {"bot_id": settings.bot_id, "secret": secret}, s=2 * answer_s)
