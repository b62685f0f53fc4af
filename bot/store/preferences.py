"""What people and groups have set for their orders: one value per owner and name, as text.

Which names and values there are, and who may change them, is for bot/conversation/setting_fields.py to say.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_over
from bot.store.people_tables import preferences


class Preferences:
    """The repository of preferences. `owner`: a person's id (`telegram:42`) or a group's (`telegram:-100123`)."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of(self, *owners: str) -> list[dict[str, str]]:
        """Return what each of these owners has set, in their order."""
        query = sa.select(preferences).where(preferences.c.owner.in_(owners))

        def work(tx: Connection) -> list[dict[str, str]]:
            found: dict[str, dict[str, str]] = {owner: {} for owner in owners}
            for row in tx.execute(query):
                found[row.owner][row.name] = row.value
            return [found[owner] for owner in owners]

        return await self._db.read(work)

    async def change(self, owner: str, changes: Mapping[str, str | None]) -> None:
        """Store these values, all or none; None removes one."""
        await self._db.write(lambda tx: change_preferences_tx(tx, owner, changes))


def change_preferences_tx(tx: Connection, owner: str, changes: Mapping[str, str | None]) -> None:
    """Store these values; None removes one."""
    for name, value in changes.items():
        if value is None:
            tx.execute(preferences.delete().where(preferences.c.owner == owner, preferences.c.name == name))
        else:
            tx.execute(insert_over(tx, preferences, owner=owner, name=name, value=value))
