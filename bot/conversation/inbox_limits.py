"""Limits how much of one chat may wait, and decides who is told when it is too much."""

import time
from collections.abc import Callable

from bot.conversation.commands import ParsedMessage
from bot.store.inbox import MOST_WAITING, PRESSES_TOO

_OVER_AFTER_S = 30.0  # without another message that was too many


def may_wait(message: ParsedMessage) -> int:
    """Return how many messages of its chat may wait before this one."""
    return MOST_WAITING + (PRESSES_TOO if message.is_light else 0)


class Floods:
    """The people who have sent too much. `clock`: seconds, for tests."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str, bool], float] = {}  # when the last one that was too many came

    def begins(self, refused: ParsedMessage) -> bool:
        """Return whether this is the first that is too many, of its kind and person, who is then told, once."""
        now = self._clock()
        incoming = refused.incoming
        key = (incoming.user, incoming.address.chat_id, refused.is_light)
        new = now - self._last.get(key, -_OVER_AFTER_S) >= _OVER_AFTER_S
        self._last = {each: at for each, at in self._last.items() if now - at < _OVER_AFTER_S} | {key: now}
        return new
