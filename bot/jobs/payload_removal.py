"""Deletes at fal what it keeps of requests that nothing here needs any more (REELBOT_FORGET_AT_FAL)."""

import logging
from pathlib import Path

from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.store import Store
from bot.store.database import now_ms
from bot.store.payloads import DuePayload
from core.errors import Unavailable, VideoError
from core.fal.admin_api import AdminApi
from core.fal.payloads import remove_payloads

log = logging.getLogger(__name__)

AFTER_S = 3600.0
"""So long after its end a job leaves what fal keeps as it is: a copy of the database of before may still ask for it."""
_TURN_S = 30.0
_STUCK_S = 1800.0
_DAY_S = 24 * 3600.0
_AT_ONCE = 20  # in one turn
_FETCHABLE_MS = 7 * 24 * 3600 * 1000  # fal was asked to keep the file so long: one that is lost here comes from there
_REFUSED = "fal:payloads:refused"


class PayloadRemoval:
    """The loop that deletes, in one process at a time. `after_s`: so long after a job's end, unless it was deleted."""

    def __init__(
        self, *, store: Store, api: AdminApi, alerts: Alerts, videos_dir: Path, after_s: float = AFTER_S
    ) -> None:
        self._store = store
        self._api = api
        self._alerts = alerts
        self._videos_dir = videos_dir
        self._after_ms = int(after_s * 1000)
        self.loop = Loop("payloads at fal", lambda: self.turn(now_ms()), pause_s=lambda: _TURN_S, stuck_s=_STUCK_S)

    async def turn(self, now: int) -> None:
        """Delete a few of those that are due at `now` (milliseconds UTC)."""
        if await self._store.key_values.get(_REFUSED) == self._api.fingerprint:
            return
        due = await self._store.payloads.due(now, after_ms=self._after_ms, most=_AT_ONCE, may_go=self._is_safe(now))
        for each in due:
            try:
                await self._remove(each)
            except VideoError as error:
                if error.code == "invalid_key":
                    await self._stop_for_a_day()
                else:
                    await self._try_later(each, error, now=now)
                return  # fal may be away: the next turn goes on with the others

    async def _remove(self, due: DuePayload) -> None:
        removed = await remove_payloads(self._api, due.request_id)
        if removed.files_left:
            raise Unavailable(reason="files of the answer are left")
        await self._store.payloads.gone(due.request_id)
        log.info("fal has deleted what it kept of a job", extra={"job_id": due.job_id, "files": removed.files})

    async def _try_later(self, due: DuePayload, error: VideoError, *, now: int) -> None:
        facts = {"job_id": due.job_id, "code": error.code, **error.facts}
        log.warning("fal has not deleted what it keeps of a job", extra=facts)
        await self._store.payloads.later(due, now=now)

    async def _stop_for_a_day(self) -> None:
        """Ask no more with this key: fal refuses it. Another one is tried at once."""
        log.warning("fal does not let us delete what it keeps")
        await self._store.key_values.put(_REFUSED, self._api.fingerprint, for_s=_DAY_S)
        self._alerts.tell("payloads at fal", "alert-forget-at-fal", gap_s=_DAY_S)

    def _is_safe(self, now: int) -> "_Safe":
        return _Safe(self._videos_dir, now)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()


class _Safe:
    """Whether a film is here, or cannot be fetched again anyway."""

    def __init__(self, videos_dir: Path, now: int) -> None:
        self._videos_dir = videos_dir
        self._now = now

    def __call__(self, due: DuePayload) -> bool:
        return due.film is None or (self._videos_dir / due.film).is_file() or due.ended < self._now - _FETCHABLE_MS


async def is_refused(store: Store) -> bool:
    """Return whether fal has refused within a day to delete anything with our key."""
    return await store.key_values.get(_REFUSED) is not None
