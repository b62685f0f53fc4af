"""Named facts of this installation: its secret, its folder's mark, when its admins were alerted.

A table of its own beside the channels' values (key_values.py): a chat reads and writes there by any key, and what it
wrote lapses; the secret is out of its reach and stays.
"""

import secrets
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, now_ms, take_turns
from bot.store.stored import number
from bot.store.tables import facts


class InstallationState:
    """The repository of the installation's facts."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def secret(self) -> bytes:
        """Return 32 random bytes of this installation, made on first use; for signing cookies, links and callbacks."""
        return bytes.fromhex(await self.once("secret", secrets.token_hex(32)))

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
