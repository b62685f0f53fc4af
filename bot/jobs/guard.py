"""Looks once a day whether fal still takes what the catalogue sells; holds back what it does not, and tells the admins.

What a look finds is stored, and every process holds it back (`refresh`). Jobs that were bought go on by their rows.
"""

import hashlib
import json
import logging
import time
from collections.abc import Mapping

from bot.loops import Loop
from bot.messages import model_alerts
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.database import now_ms
from bot.store.drifts import LOOKED, Key
from bot.store.stored import number
from core.catalogue import offers
from core.catalogue.drift import Finding, as_record
from core.errors import VideoError
from core.fal.schemas import Schemas, judged

log = logging.getLogger(__name__)

DAY_MS = 24 * 3600 * 1000
HOUR_MS = 3600 * 1000
FIRST_S = 60.0
_TURN_S = 60.0
_STUCK_S = 1800.0
_REFRESH_S = 30.0
_TRIED = "tried to look at fal's models"
_DOUBT = "fal's models all gone"
_DOUBT_OF = "what fal's models all lack"

Judged = dict[Key, tuple[Finding, ...]]


class Guard:
    """The loop that looks, in one process at a time, and the one that follows it in each.

    `first_s`: nothing is looked at so soon after the start.
    """

    def __init__(self, *, store: Store, schemas: Schemas, alerts: Alerts, first_s: float = FIRST_S) -> None:
        self._store = store
        self._schemas = schemas
        self._alerts = alerts
        self._first = time.monotonic() + first_s
        self.loop = Loop("models", self._timely, pause_s=lambda: _TURN_S, stuck_s=_STUCK_S)
        self.follower = Loop("offers", self.refresh, pause_s=lambda: _REFRESH_S)

    async def refresh(self) -> None:
        """Hold back what the last look found, whoever made it."""
        offers.hold_back(await self._store.drifts.all())

    async def _timely(self) -> None:
        if time.monotonic() >= self._first:
            await self.turn(now_ms())

    async def turn(self, now: int) -> None:
        """Look if it is time for that at `now` (milliseconds UTC).

        That is a day after the last look, and an hour after one that failed or was not believed.
        """
        facts = self._store.installation
        looked, tried, doubt = [number(await facts.get(name)) for name in (LOOKED, _TRIED, _DOUBT)]
        if now - max(tried, doubt) < HOUR_MS or (not doubt and now - looked < DAY_MS):
            return
        await facts.put(_TRIED, str(now))
        try:
            found = await examine(self._schemas)
        except VideoError as error:
            log.warning("fal's models were not looked at", extra={"code": error.code, **_reason(error)})
            return
        if not await self._believe(found, now):
            return
        await self._keep(found)
        await facts.put(LOOKED, str(now))
        await self._look_at_prices()

    async def _believe(self, found: Judged, now: int) -> bool:
        """Return whether a look is believed: one that changes most of the catalogue only when a second finds the same.

        The admins hear of both.
        """
        facts = self._store.installation
        before = await self._store.drifts.all()
        other = [key for key, each in found.items() if each and tuple(before.get(key, ())) != each]
        count, of = len(other), len(list(offers.rows()))
        if count * 2 <= of:
            await facts.put(_DOUBT, None)
            return True
        same = _digest(found)
        again = await facts.get(_DOUBT) is not None and await facts.get(_DOUBT_OF) == same
        key = "alert-models-all-gone-again" if again else "alert-models-all-gone"
        self._alerts.say(lambda language: translate(language, key, count=count, of=of))
        await facts.put(_DOUBT_OF, None if again else same)
        await facts.put(_DOUBT, None if again else str(now))
        return again

    async def _keep(self, found: Judged) -> None:
        changes = await self._store.drifts.save(found)
        await self.refresh()
        if changes:
            self._alerts.say(lambda language: model_alerts.changed(language, changes))

    async def _look_at_prices(self) -> None:
        try:
            prices = await self._schemas.prices(endpoint_ids())
        except VideoError as error:
            log.warning("fal's unit prices were not looked at", extra={"code": error.code, **_reason(error)})
            return
        moved = await self._store.drifts.save_prices(prices)
        if moved:
            self._alerts.say(lambda language: model_alerts.prices(language, moved))


async def ask_for_a_look(store: Store) -> None:
    """Have the loop look within a minute, wherever it runs."""
    for name in (LOOKED, _TRIED):
        await store.installation.put(name, None)


async def examine(schemas: Schemas) -> Judged:
    """Ask fal about everything that is sold. A row of which fal said nothing that can be judged is left out.

    Raises NotConfigured, Unavailable: then nothing is known of any.
    """
    seen = await schemas.read(endpoint_ids())
    found = {key: judged(row, seen[key[0]]) for key, row in offers.rows()}
    return {key: each for key, each in found.items() if each is not None}


def _digest(found: Judged) -> str:
    """Return a short text that is the same for the same findings."""
    rows = sorted((endpoint, str(mode), as_record(each)) for (endpoint, mode), each in found.items())
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def endpoint_ids() -> list[str]:
    """Return the endpoint of each row that is sold, once."""
    return list(dict.fromkeys(endpoint for (endpoint, _), _ in offers.rows()))


def _reason(error: VideoError) -> Mapping[str, str]:
    return {"reason": str(error.facts.get("reason") or error.facts.get("status") or "")}
