"""The pause of all new orders: a fact of this installation, read in the transaction of each order.

What has left the queue goes on; what is in the queue stays there, and its row says why.
"""

import sqlalchemy as sa

from bot.store.database import Connection, Database, now_ms, take_turns
from bot.store.records import State
from bot.store.tables import facts, jobs
from bot.store.work import PAUSED

_FACT = "orders paused by"


class OrdersPaused(Exception):
    """An admin has paused all new orders: nothing was reserved."""


class Pause:
    """The repository of the pause."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def by(self) -> str | None:
        """Return who has paused the orders, or None."""
        return await self._db.read(_paused_by)

    async def begin(self, admin: str) -> bool:
        """Pause; the orders in the queue say so. False: they were paused already."""
        return await self._db.write(lambda tx: pause_tx(tx, admin))

    async def end(self) -> bool:
        """Resume. False: nothing was paused."""
        return await self._db.write(resume_orders_tx)


def pause_tx(tx: Connection, admin: str) -> bool:
    """Pause; the orders in the queue say so. False: they were paused already."""
    take_turns(tx, "facts")
    if _paused_by(tx) is not None:
        return False
    tx.execute(facts.insert().values(name=_FACT, value=admin))
    say_paused_tx(tx)
    return True


def resume_orders_tx(tx: Connection) -> bool:
    """Resume. False: nothing was paused."""
    take_turns(tx, "facts")
    if _paused_by(tx) is None:
        return False
    tx.execute(facts.delete().where(facts.c.name == _FACT))
    waiting = jobs.update().where(jobs.c.state == State.QUEUED, jobs.c.odd == PAUSED)
    tx.execute(waiting.values(odd=None, changed=now_ms()))
    return True


def is_paused_tx(tx: Connection) -> bool:
    """Return whether new orders are paused."""
    return _paused_by(tx) is not None


def say_paused_tx(tx: Connection) -> None:
    """Write into the rows of the queue why they wait."""
    waits = (jobs.c.state == State.QUEUED, jobs.c.lease_until.is_(None), jobs.c.odd.is_(None))
    tx.execute(jobs.update().where(*waits).values(odd=PAUSED, changed=now_ms()))


def refuse_while_paused_tx(tx: Connection) -> None:
    """Let no order pass while they are paused. Raises OrdersPaused."""
    if is_paused_tx(tx):
        raise OrdersPaused


def _paused_by(tx: Connection) -> str | None:
    by: str | None = tx.execute(sa.select(facts.c.value).where(facts.c.name == _FACT)).scalar()
    return by
