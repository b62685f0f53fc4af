"""The message map: which job or offer a message in a chat is about, so that a reply to it is about the same."""

import sqlalchemy as sa

from bot.channels.types import Address
from bot.store.database import Connection, Database, now_ms
from bot.store.dialogue_tables import message_map
from bot.store.tables import jobs


def chat_of(address: Address) -> str:
    """Return the chat's id as rows have it: `telegram:42`."""
    return f"{address.channel}:{address.chat_id}"


class MessageMap:
    """The repository of the map."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def job_of(self, address: Address, ref: str | None) -> str | None:
        """Return the id of the job that this message is about; None where it is about none."""
        if ref is None:
            return None
        mapped = sa.select(message_map.c.job_id).where(message_map.c.chat == chat_of(address), message_map.c.ref == ref)
        return await self._db.read(lambda tx: tx.execute(mapped).scalar())

    async def put(self, address: Address, ref: str, job_id: str) -> None:
        """Record that the message `ref` is about this job."""
        await self._db.write(lambda tx: map_tx(tx, address, ref, job_id))

    async def is_shown(self, job_id: str, *, but_not: tuple[str | None, ...]) -> bool:
        """Return whether any message is about this job, other than these."""
        others = [ref for ref in but_not if ref is not None]
        found = sa.select(message_map.c.ref).where(message_map.c.job_id == job_id, message_map.c.ref.not_in(others))
        return await self._db.read(lambda tx: tx.execute(found).first()) is not None

    async def films(self, job_id: str) -> list[tuple[Address, str]]:
        """Return the messages that show the film of this job: chat, without its topic, and reference."""
        shown = sa.select(message_map.c.chat, message_map.c.ref).where(
            message_map.c.job_id == job_id, message_map.c.film.is_(True)
        )
        rows = await self._db.read(lambda tx: tx.execute(shown).all())
        return [(Address(*row.chat.split(":", 1)), row.ref) for row in rows]

    async def without_film(self, address: Address, ref: str) -> None:
        """Record that this message shows no film any more, or that the chat keeps it."""
        here = (message_map.c.chat == chat_of(address), message_map.c.ref == ref)
        await self._db.write(lambda tx: tx.execute(message_map.update().where(*here).values(film=False)))

    async def forget(self, *, before_s: float) -> None:
        """Delete what is about jobs that are not there any more, and was written longer ago than that."""
        old = message_map.c.at < now_ms() - int(before_s * 1000)
        gone = message_map.c.job_id.not_in(sa.select(jobs.c.id))

        def work(tx: Connection) -> None:
            tx.execute(message_map.delete().where(old, gone))

        await self._db.write(work)


def map_tx(tx: Connection, address: Address, ref: str | None, job_id: str) -> None:
    """Record that the message `ref` is about this job. A message that becomes another job's is that one's."""
    map_message_tx(tx, chat_of(address), ref, job_id)


def map_message_tx(tx: Connection, chat: str | None, ref: str | None, job_id: str, *, film: bool = False) -> None:
    """Do the same by the chat's id as rows have it. `film`: it shows the job's film, and stays that job's."""
    if not ref or chat is None:
        return
    here = (message_map.c.chat == chat, message_map.c.ref == ref)
    if not film and tx.execute(sa.select(message_map.c.film).where(*here)).scalar():
        return
    tx.execute(message_map.delete().where(*here))
    tx.execute(message_map.insert().values(chat=chat, ref=ref, job_id=job_id, at=now_ms(), film=film))
