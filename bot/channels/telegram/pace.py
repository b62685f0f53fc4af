"""The one place through which every call to Telegram goes: it waits there for its turn, or is refused at once.

A refusal has the form of Telegram's own 429, so that whoever sends learns from one kind of answer when to come again.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from bot.channels import pace
from bot.channels.pace import PATIENCE_S
from bot.channels.services import CallCounts
from bot.channels.telegram.budget import Budget, Kind
from bot.channels.telegram.errors import ApiError

__all__ = ["PATIENCE_S", "NoRoom", "Pace", "answering", "kind_of"]

log = logging.getLogger(__name__)

_TOO_MANY = 429
_AS_TEXT: ContextVar[bool] = ContextVar("edit as text", default=False)


class NoRoom(ApiError):
    """Not sent: there is no room for it now. The same as Telegram's own 429, said before Telegram has to."""

    __slots__ = ()

    def __init__(self, after_s: float) -> None:
        super().__init__(_TOO_MANY, "no room for this call now", own=True, retry_after_s=after_s)


def kind_of(method: str) -> Kind | None:
    """Return what this method of the Bot API counts as; None where Telegram does not count it."""
    name = method.lower()
    if name == "sendchataction":
        return Kind.SIGN
    if name == "answercallbackquery":
        return Kind.PRESS
    if name in {"sendvideo", "sendanimation", "senddocument", "sendmediagroup"}:
        return Kind.VIDEO
    if name.startswith(("send", "copy", "forward")):
        return Kind.TEXT
    return Kind.EDIT if name.startswith(("editmessage", "deletemessage")) else None


@contextmanager
def answering(does: bool) -> Iterator[None]:
    """Within it, if it `does`, an edit is an answer: it waits for its turn as a text does, and counts as one."""
    token = _AS_TEXT.set(does)
    try:
        yield
    finally:
        _AS_TEXT.reset(token)


class Pace(pace.Pace):
    """The pace of one bot of Telegram."""

    def __init__(
        self,
        budget: Budget | None = None,
        *,
        counts: CallCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(budget or Budget(), name="telegram", no_room=NoRoom, counts=counts, clock=clock)

    @asynccontextmanager
    async def call(self, method: str, chat: str) -> AsyncIterator[None]:
        """Make the call of this method to this chat inside. Raises NoRoom."""
        kind = kind_of(method)
        if kind is None:
            yield
            return
        if kind is Kind.EDIT and _AS_TEXT.get():
            kind = Kind.TEXT
        async with self.place(kind, "" if kind is Kind.PRESS else chat):
            try:
                yield
            except ApiError as error:
                if error.status == _TOO_MANY:
                    self._refused(method, chat, error)
                raise

    def _refused(self, method: str, chat: str, error: ApiError) -> None:
        pause_s = error.retry_after_s or 2.0
        log.warning("Telegram wants a pause", extra={"method": method, "seconds": pause_s})
        self.hold(chat, pause_s)
