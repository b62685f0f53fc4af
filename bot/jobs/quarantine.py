"""Sets aside jobs whose rows this version cannot read, tells of them, and retries, while all others go on.

A row is of a newer version, or broken. What was paid for is never dropped: it is parked, and goes on by itself once a
version runs that can read it.
"""

import logging
from collections.abc import Mapping

from bot.channels.protocol import ChannelPort
from bot.channels.types import Message, SendError
from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.stored import UnreadableJob
from bot.store.unreadable import SetAside, UnreadableRow

log = logging.getLogger(__name__)

_SWEEP_S = 600.0  # whoever is about to work on a job finds it at once; this finds what only waits


class Quarantine:
    """The sweep over unreadable jobs."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        alerts: Alerts,
    ) -> None:
        self._store = store
        self._channels = channels
        self._alerts = alerts
        self.loop = Loop("quarantine", self.sweep, pause_s=lambda: _SWEEP_S, stuck_s=_SWEEP_S)

    async def sweep(self) -> None:
        """Set aside every open job that cannot be read."""
        for row in await self._store.unreadable.find():
            await self._set_aside(row)

    async def found(self, error: UnreadableJob) -> None:
        """Set aside one that somebody was about to work on."""
        for row in await self._store.unreadable.find(only=error.job_id):
            await self._set_aside(row)

    async def _set_aside(self, row: UnreadableRow) -> None:
        done = await self._store.unreadable.set_aside(row)
        if done is not None:
            await self._tell(row, done)

    async def _tell(self, row: UnreadableRow, done: SetAside) -> None:
        log.error("a job's row cannot be read", extra={"job_id": row.id, "what": row.what, "set_aside": done})
        key = "alert-unreadable-free" if done == "failed" else "alert-unreadable-job"
        self._alerts.tell(f"unreadable {row.id}", key, job=row.id, user=row.user, reason=row.what)
        channel = self._channels.get(row.incoming.address.channel) if row.incoming else None
        if row.incoming is None or channel is None:
            return
        text = translate(row.language, "job-unreadable-free" if done == "failed" else "job-unreadable", job=row.id)
        try:
            await channel.show(row.incoming.address, Message(text), reply_to=row.incoming.reply_to)
        except SendError as error:
            log.warning("not told", extra={"job_id": row.id, "outcome": error.outcome})
