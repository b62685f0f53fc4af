"""What this installation knows of itself, by name: its secret, its folder's mark, when its admins were told what."""

import secrets

import sqlalchemy as sa

from bot.store.database import READ, Connection, Database, now_ms
from bot.store.tables import facts


class Facts:
    def __init__(self, database: Database) -> None:
        self._db = database

    async def secret(self) -> bytes:
        """32 random bytes of this installation, made on first use; for signing cookies, links and callbacks."""
        return bytes.fromhex(await self.once("secret", secrets.token_hex(32)))

    async def once(self, name: str, value: str) -> str:
        """The value that stands; `value` when there was none."""

        def work(connection: Connection) -> str:
            known = _read(connection, name)
            if known is None:
                _write(connection, name, value)
            return value if known is None else known

        return await self._db.write(work)

    async def get(self, name: str) -> str | None:
        return await self._db.read(lambda connection: _read(connection, name))

    async def put(self, name: str, value: str | None) -> bool:
        """Whether that changed anything: of several who note the same, one did. None removes it."""

        def work(connection: Connection) -> bool:
            if _read(connection, name) == value:
                return False
            _write(connection, name, value)
            return True

        return await self._db.write(work)

    async def due(self, name: str, *, gap_s: float) -> bool:
        """Whether this has not been done for `gap_s` seconds, by anybody. If so it counts as done now."""

        def work(connection: Connection) -> bool:
            last = _read(connection, name)
            if last is not None and now_ms() - int(last) < gap_s * 1000:
                return False
            _write(connection, name, str(now_ms()))
            return True

        return await self._db.write(work)


def _read(connection: Connection, name: str) -> str | None:
    """Locks the table's row space on Postgres, where two transactions would else both find nothing."""
    if connection.dialect.name == "postgresql" and not connection.get_execution_options().get(READ):
        connection.execute(sa.text("LOCK TABLE reelbot_facts IN SHARE ROW EXCLUSIVE MODE"))
    value: str | None = connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def _write(connection: Connection, name: str, value: str | None) -> None:
    connection.execute(facts.delete().where(facts.c.name == name))
    if value is not None:
        connection.execute(facts.insert().values(name=name, value=value))
