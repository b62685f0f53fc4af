"""The channels' CallCounts on our tables: what all processes together have called lately, a row for each chat."""

import json
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, insert_new, now_ms
from bot.store.passive_tables import memory

_UNDER_WAY_MS = 1000
"""A call counts a little longer than its window: it reaches the chat's servers after it was counted here."""
_KEPT_MS = 120_000


class CallCounts:
    """The repository of counts. `processes`: how many there are to count with."""

    def __init__(self, database: Database, *, processes: Callable[[], int]) -> None:
        self._db = database
        self.processes = processes

    async def take(self, key: str, rates: Mapping[str, tuple[int, float]]) -> float:
        """Count one call if all windows have room. Returns 0.0, or after how many seconds there may be room."""

        def work(tx: Connection) -> float:
            until = now_ms() + _KEPT_MS
            tx.execute(insert_new(tx, memory, by="key").values(key=key, value="{}", until=until))
            row = sa.select(memory.c.value).where(memory.c.key == key).with_for_update()
            counted: dict[str, list[int]] = json.loads(tx.execute(row).scalar_one())
            now = db_now_ms(tx)
            room_at = now
            for name, (most, seconds) in rates.items():
                lapses = [at for at in counted.get(name, []) if at > now]
                if len(lapses) >= most:
                    room_at = max(room_at, lapses[-most])
                counted[name] = [*lapses, now + int(seconds * 1000) + _UNDER_WAY_MS]
            if room_at > now:
                return (room_at - now) / 1000
            change = memory.update().where(memory.c.key == key)
            tx.execute(change.values(value=json.dumps(counted), until=until))
            return 0.0

        return await self._db.write(work)
