"""Named facts of this installation: its secret, its folder's mark, when its admins were alerted.

A table of its own beside the channels' values (key_values.py): a chat reads and writes there by any key, and what it
wrote lapses; the secret is out of its reach and stays.
"""

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, db_now_ms, insert_new, now_ms, take_turns
from bot.store.people_tables import invitations
from bot.store.records import State
from bot.store.session import call_out
from bot.store.stored import number
from bot.store.tables import facts, jobs, workers

ROTATED = "secret"
"""What the workers are called when the signing secret is a new one."""
WEBHOOK_SEEN = "webhook-heard"
"""When fal called last, in milliseconds UTC: while it does, it is asked less often."""
_LIVES_MS = 15_000
_SIGNING = "secret"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What lapsed with the old secret. `guests`: who has to be invited anew; `renderings`: jobs whose callback is void.

    `processes`: how many serve this database and will notice; None where only the one of SQLite may.
    """

    guests: tuple[str, ...]
    renderings: int
    processes: int | None


class InstallationState:
    """The repository of the installation's facts."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def secret(self) -> bytes:
        """Return 32 random bytes of this installation, made on first use; for signing cookies, links and callbacks."""
        return bytes.fromhex(await self.once(_SIGNING, secrets.token_hex(32)))

    async def rotate(self) -> Rotation:
        """Replace the secret, and call those who serve. fal is asked more often again until it calls a new address."""

        def work(tx: Connection) -> Rotation:
            take_turns(tx, "facts")
            _write(tx, _SIGNING, secrets.token_hex(32))
            _write(tx, WEBHOOK_SEEN, None)
            opened = (invitations.c.series.is_not(None), invitations.c.opened.is_not(None))
            guests = tx.execute(sa.select(invitations.c.name).where(*opened).order_by(invitations.c.name)).scalars()
            waiting = jobs.c.state.in_([str(State.SUBMITTING), str(State.RENDERING), str(State.SUBMIT_UNCONFIRMED)])
            renderings = int(tx.execute(sa.select(sa.func.count()).where(waiting)).scalar_one())
            if tx.dialect.name == "sqlite":
                return Rotation(tuple(guests), renderings, None)
            alive = (workers.c.stopped.is_(None), workers.c.beat > db_now_ms(tx) - _LIVES_MS)
            processes = int(tx.execute(sa.select(sa.func.count()).where(*alive)).scalar_one())
            call_out(tx, ROTATED)
            return Rotation(tuple(guests), renderings, processes)

        return await self._db.write(work)

    async def once(self, name: str, value: str) -> str:
        """Store the value if there is none, and return the stored one. All workers get the same."""

        def work(tx: Connection) -> str:
            tx.execute(insert_new(tx, facts, by="name").values(name=name, value=value))
            return str(tx.execute(_value(name)).scalar_one())

        return await self._db.write(work)

    async def get(self, name: str) -> str | None:
        """Return the value, or None."""
        return await self._db.read(lambda tx: tx.execute(_value(name)).scalar())

    async def put(self, name: str, value: str | None) -> bool:
        """Store the value; None removes it. Returns whether that changed anything: of several alike one did."""

        def work(tx: Connection) -> bool:
            take_turns(tx, "facts")
            if tx.execute(_value(name)).scalar() == value:
                return False
            _write(tx, name, value)
            return True

        return await self._db.write(work)

    async def due(self, name: str, *, gap_s: float) -> bool:
        """Return whether this was done by nobody for `gap_s` seconds. If so it counts as done now."""

        def work(tx: Connection) -> bool:
            take_turns(tx, "facts")
            last = tx.execute(_value(name)).scalar()
            if now_ms() - number(last) < gap_s * 1000:
                return False
            _write(tx, name, str(now_ms()))
            return True

        return await self._db.write(work)


def _value(name: str) -> sa.Select[Any]:
    return sa.select(facts.c.value).where(facts.c.name == name)


def _write(tx: Connection, name: str, value: str | None) -> None:
    tx.execute(facts.delete().where(facts.c.name == name))
    if value is not None:
        tx.execute(facts.insert().values(name=name, value=value))
