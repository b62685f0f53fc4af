"""Answers messages under their own req_id, by a stream of one frame; what comes later is pushed.

A stream may last six minutes, a render lasts longer, and a stream that nobody ends is a wheel that turns for ever: so
each is begun and ended in one frame. One answer to each message, whichever process gives it.
"""

from bot.channels.memory import Memory
from bot.channels.wecom.connection import Frame, new_id
from bot.channels.wecom.errors import Refused, send_error
from bot.channels.wecom.line import Line

_ANSWERABLE_S = 86_000.0
_MOST_HELD = 1000  # messages of strangers, who are answered at once or not at all


class Answers:
    """The answers. `memory`: of req_ids, by message."""

    def __init__(self, line: Line, memory: Memory) -> None:
        self._line = line
        self._memory = memory
        self._held: dict[str, str] = {}

    def hold(self, msgid: str, req_id: str) -> None:
        """Know in this process under which req_id this message may be answered, if nothing of it is remembered."""
        while len(self._held) >= _MOST_HELD:
            del self._held[next(iter(self._held))]
        self._held[msgid] = req_id

    async def note(self, msgid: str, req_id: str) -> None:
        """Remember for all processes under which req_id this message may be answered."""
        self._held.pop(msgid, None)
        await self._memory.put(msgid, req_id, for_s=_ANSWERABLE_S)

    async def answer(self, msgid: str, text: str) -> bool:
        """Answer this message. False, and nothing is sent: it has been answered, is too old, or unknown.

        Raises LineError.
        """
        req_id = self._held.pop(msgid, None) or await self._memory.take(msgid, for_s=_ANSWERABLE_S)
        if req_id is None:
            return False
        try:
            await self.stream(req_id, text)
        except Refused as error:
            if send_error(error).outcome == "rejected":
                return False  # of another connection, say: it is pushed
            raise
        return True

    async def stream(self, req_id: str, text: str) -> None:
        """Answer under this req_id. Raises LineError."""
        stream = {"id": new_id("stream"), "finish": True, "content": text}
        await self._line.call("aibot_respond_msg", {"msgtype": "stream", "stream": stream}, req_id=req_id)

    async def welcome(self, req_id: str, text: str) -> None:
        """Welcome who has opened the chat, within five seconds of that. Raises LineError."""
        body: Frame = {"msgtype": "text", "text": {"content": text}}
        await self._line.call("aibot_respond_welcome_msg", body, req_id=req_id)
