"""What is remembered of people and groups: their language."""

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new
from bot.store.tables import people


class People:
    """The repository of people."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def language(self, user: str, *others: str) -> str | None:
        """Return the language that the person chose, or else the first of the others, as the group; or None."""
        query = sa.select(people).where(people.c.user.in_([user, *others]))

        def work(tx: Connection) -> str | None:
            chosen = {row.user: row.language for row in tx.execute(query)}
            return next((found for each in (user, *others) if (found := chosen.get(each))), None)

        return await self._db.read(work)

    async def choose_language(self, user: str, language: str | None) -> None:
        """Store the language in a transaction of its own: see choose_language_tx."""
        await self._db.write(lambda tx: choose_language_tx(tx, user, language))


def choose_language_tx(tx: Connection, user: str, language: str | None) -> None:
    """Store the language that the person, or a group's admin for the group, chose; None: the chat's own again."""
    tx.execute(insert_new(tx, people, by="user").values(user=user))
    tx.execute(people.update().where(people.c.user == user).values(language=language))
