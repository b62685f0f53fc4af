"""Follows groups whose chat gives them another id; where the settings name the old one, the admins hear of it once."""

import logging

from bot.conversation.access import Access
from bot.messages.admin_alerts import Alerts
from bot.store import Store

log = logging.getLogger(__name__)


class ChatMoves:
    """The follower of moves. `access`: the settings', in which the old id still lets the group in."""

    def __init__(self, *, store: Store, access: Access, alerts: Alerts) -> None:
        self._store = store
        self._access = access
        self._alerts = alerts

    async def moved(self, channel: str, old: str, new: str) -> None:
        """Bring everything of the chat `old` to its new id. A chat may say so several times."""
        first = await self._store.moves.move(channel, old, new)
        if not first:
            return
        before, now = f"{channel}:{old}", f"{channel}:{new}"
        log.info("a group has another id now", extra={"chat": now})
        if before in self._access.listed | self._access.admins:
            self._alerts.tell(f"moved {before}", "alert-group-moved", old=before, new=now)
