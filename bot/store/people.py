"""What is remembered of people: their language."""

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new
from bot.store.tables import people


class People:
    """The repository of people."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def language(self, user: str) -> str | None:
        """Return the language that the person chose, or None."""
        query = sa.select(people.c.language).where(people.c.user == user)
        return await self._db.read(lambda tx: tx.execute(query).scalar())

    async def choose_language(self, user: str, language: str) -> None:
        """Store the language that the person chose."""

        def work(tx: Connection) -> None:
            tx.execute(insert_new(tx, people, by="user").values(user=user))
            tx.execute(people.update().where(people.c.user == user).values(language=language))

        await self._db.write(work)
