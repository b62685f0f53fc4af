"""Keeps the items of an album together: they come one by one, and in a group only one of them speaks to the bot.

What belongs to nothing that was said to the bot is forgotten after a few seconds, and never stored.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.channels.types import Address, Incoming
from bot.conversation.command_parser import parse_message
from bot.conversation.commands import ParsedMessage

_KEPT_S = 10.0
_MOST_ALBUMS = 200
_MOST_ITEMS = 10  # Telegram's own limit

_Album = tuple[Address, str]


@dataclass
class _Seen:
    """What has come of one album. `others`: items that are not known to be for the bot."""

    since: float
    is_ours: bool = False
    others: list[Incoming] = field(default_factory=list)


class Albums:
    """The albums of the last seconds. `clock`: seconds that only grow, for tests."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[_Album, _Seen] = {}

    def completed(self, messages: Sequence[ParsedMessage]) -> list[ParsedMessage]:
        """Return the messages, with all items of an album as said to the bot where one of them is, also earlier ones.

        An item that turns out to be for the bot by a later one comes before that.
        """
        self._forget()
        for message in messages:
            seen = self._of(message.incoming)
            if seen is not None:
                seen.is_ours = seen.is_ours or message.for_us
        found: list[ParsedMessage] = []
        for message in messages:
            seen = self._of(message.incoming)
            if seen is None:
                found.append(message)
            elif seen.is_ours:
                found += [*map(_addressed, seen.others), message if message.for_us else _addressed(message.incoming)]
                seen.others = []
            elif len(seen.others) < _MOST_ITEMS:
                seen.others.append(message.incoming)
        return found

    def _of(self, incoming: Incoming) -> _Seen | None:
        if incoming.album is None or incoming.private:
            return None
        return self._seen.setdefault((incoming.address, incoming.album), _Seen(self._clock()))

    def _forget(self) -> None:
        now = self._clock()
        lately = [(album, seen) for album, seen in self._seen.items() if now - seen.since < _KEPT_S]
        self._seen = dict(lately[-_MOST_ALBUMS:])


def _addressed(incoming: Incoming) -> ParsedMessage:
    return parse_message(replace(incoming, direct=True))
