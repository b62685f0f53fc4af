"""A database that is away for some of its writes: a real trigger that refuses them, on SQLite and on PostgreSQL."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store import Store
from bot.store.database import Connection


@dataclass
class Refused:
    """What was refused so far."""

    times: int = 0


async def refuse(store: Store, when: str, *, table: str = "reelbot_jobs", on: str = "UPDATE") -> Refused:
    """From now on no row of the table can be changed for which `when` (of NEW and OLD) holds."""
    refused = Refused()

    def count(_error: sa.ExceptionContext) -> None:
        refused.times += 1

    def work(connection: Connection) -> None:
        if store.database.is_sqlite:
            body = "BEGIN SELECT RAISE(ABORT, 'away'); END"
            connection.execute(sa.text(f"CREATE TRIGGER away BEFORE {on} ON {table} WHEN {when} {body}"))
            return
        function = "BEGIN RAISE EXCEPTION 'away'; END"
        connection.execute(sa.text(f"CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $${function}$$"))
        connection.execute(
            sa.text(f"CREATE TRIGGER away BEFORE {on} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION away()")
        )

    await store.database.write(work)
    sa.event.listen(store.database.engine, "handle_error", count)
    return refused


async def heal(store: Store, *, table: str = "reelbot_jobs") -> None:
    """It is back."""

    def work(connection: Connection) -> None:
        connection.execute(sa.text("DROP TRIGGER away" + ("" if store.database.is_sqlite else f" ON {table}")))

    await store.database.write(work)
