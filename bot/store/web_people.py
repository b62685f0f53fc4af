"""People of the web chat from before it knew who they were: each browser was somebody else, named by twelve digits."""

import re

import sqlalchemy as sa

from bot.store.database import Connection, Database, take_turns
from bot.store.dialogue_tables import message_map
from bot.store.moves import Moves
from bot.store.tables import jobs, journal

BY_BROWSER = re.compile(r"[0-9a-f]{12}")
"""The id of a browser; no guest has such a name."""
_CHANNEL = "web"


class WebPeople:
    """The repository of the web chat's people."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._moves = Moves(database)

    async def unite(self, into: str) -> int:
        """Give what belonged to browsers to the person `into`, and return of how many that was. Done again, it is 0."""
        found = await self._db.read(_browsers)
        for browser in found:
            await self._moves.move(_CHANNEL, browser, into)
        if found:
            await self._db.write(lambda tx: _join_transcripts(tx, found, into))
        return len(found)


def _browsers(tx: Connection) -> list[str]:
    chats = tx.execute(sa.select(journal.c.chat_id).distinct()).scalars().all()
    users = tx.execute(sa.select(jobs.c.user).where(jobs.c.user.startswith(f"{_CHANNEL}:")).distinct()).scalars().all()
    ids = {*chats, *(user.partition(":")[2] for user in users)}
    return sorted(each for each in ids if BY_BROWSER.fullmatch(each))


def _join_transcripts(tx: Connection, browsers: list[str], into: str) -> None:
    """Put the entries into one transcript, as the newest changes in it: open pages ask for what changed.

    Unlike a group's messages they keep their numbers, which no other chat has.
    """
    take_turns(tx, f"journal {into}")
    newest = sa.select(sa.func.max(journal.c.change)).where(journal.c.chat_id == into)
    last = tx.execute(newest).scalar() or 0
    theirs = sa.select(journal.c.id).where(journal.c.chat_id.in_(browsers)).order_by(journal.c.id)
    for number, entry in enumerate(tx.execute(theirs).scalars().all(), last + 1):
        tx.execute(journal.update().where(journal.c.id == entry).values(chat_id=into, change=number))
    here = message_map.c.chat == f"{_CHANNEL}:{into}"
    for browser in browsers:
        own = sa.func.substr(message_map.c.ref, len(browser) + 2)
        tx.execute(message_map.update().where(here, message_map.c.ref.startswith(f"{browser}/")).values(ref=own))
