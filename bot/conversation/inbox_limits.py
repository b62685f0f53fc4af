"""How much of one chat may wait, and who is told when it is too much."""

import time
from collections.abc import Callable

from bot.channels.types import Incoming
from bot.conversation import commands
from bot.store.inbox import MOST_WAITING, PRESSES_TOO

_OVER_AFTER_S = 30.0  # without another message that was too many


def may_wait(incoming: Incoming) -> int:
    """How many messages of its chat may wait before this one."""
    return MOST_WAITING + (PRESSES_TOO if _is_light(incoming) else 0)


def _is_light(incoming: Incoming) -> bool:
    """A press, or a command that cannot order anything by itself."""
    if incoming.pressed is not None:
        return True
    has_attachment = incoming.attachment is not None
    command = commands.parse(incoming.text, has_attachment=has_attachment, direct=incoming.direct)
    return command is not None and not isinstance(command, commands.MakeVideo | commands.PlainText)


class Floods:
    """`clock`: seconds, for tests."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str, bool], float] = {}  # when the last one that was too many came

    def begins(self, refused: Incoming) -> bool:
        """Whether this is the first that is too many, of its kind and person: that person is to be told, once."""
        now = self._clock()
        key = (refused.user, refused.address.chat_id, _is_light(refused))
        new = now - self._last.get(key, -_OVER_AFTER_S) >= _OVER_AFTER_S
        self._last = {each: at for each, at in self._last.items() if now - at < _OVER_AFTER_S} | {key: now}
        return new
