"""Rows as a test needs them: set by hand, where the program would take days, or another version."""

from bot.store import Store
from bot.store.database import Connection
from bot.store.tables import jobs


async def set_columns(store: Store, job_id: str, **values: object) -> None:
    change = jobs.update().where(jobs.c.id == job_id).values(**values)

    def work(tx: Connection) -> None:
        tx.execute(change)

    await store.database.write(work)
