"""The pace of the edits of status messages: a chat that is written to too often refuses everything for a while."""

import time
from collections.abc import Callable

from bot.channels.protocol import ChannelPort


class EditPace:
    """When each chat may be edited next. Edits and sends share a budget: what is sent delays the next edit, too."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        """`clock`: seconds that only grow, for tests."""
        self._clock = clock
        self._not_before: dict[str, float] = {}

    def now_s(self) -> float:
        """Return the time of this pace's own clock, in seconds."""
        return self._clock() if self._clock is not None else time.monotonic()

    def allows(self, chat: str) -> bool:
        """Return whether the chat may be edited now."""
        return self.now_s() >= self._not_before.get(chat, 0.0)

    def rest(self, chat: str, seconds: float) -> None:
        """Delay the chat's next edit for so long."""
        self._not_before[chat] = self.now_s() + seconds


def edit_gap_s(channel: ChannelPort, chat_id: str) -> float:
    """Return the least time between two edits, in seconds: a group has a smaller budget."""
    return channel.limits.group_edit_gap_s if channel.manifest.is_group(chat_id) else channel.limits.edit_gap_s
