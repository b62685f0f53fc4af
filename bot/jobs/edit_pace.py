"""EditPace spaces the edits of status messages: a chat that is written to too often refuses everything for a while."""

import time
from collections.abc import Callable

from bot.channels.protocol import ChannelPort


class EditPace:
    """Edits and sends share a chat's budget: a status message that is sent delays the next edit, too."""

    def __init__(self, *, clock: Callable[[], float] | None = None) -> None:
        """`clock`: seconds that only grow, for tests."""
        self._clock = clock
        self._not_before: dict[str, float] = {}

    def now_s(self) -> float:
        return self._clock() if self._clock is not None else time.monotonic()

    def allows(self, chat: str) -> bool:
        """Whether the chat bears an edit now."""
        return self.now_s() >= self._not_before.get(chat, 0.0)

    def rest(self, chat: str, seconds: float) -> None:
        """The chat's next edit waits for so long."""
        self._not_before[chat] = self.now_s() + seconds


def edit_gap_s(channel: ChannelPort, chat_id: str) -> float:
    """The least time between two edits, in seconds: several people's budget in a group is smaller."""
    return channel.limits.group_edit_gap_s if channel.manifest.is_group(chat_id) else channel.limits.edit_gap_s
