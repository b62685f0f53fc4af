"""Short codes of a person's jobs ("K7"), for chats where buttons are typed."""

from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database
from bot.store.passive_tables import codes
from bot.store.records import ACTIVE, State
from bot.store.tables import jobs

CODES = [f"{letter}{digit}" for letter in "ABCDEFGHJKMNPQRSTUVWXYZ" for digit in "23456789"]
"""Short names of jobs, without what looks like another sign; used in an order of their own, then again."""

_FIRST, _STEP = 77, 37  # K7 comes first
_WAITS = ACTIVE | {State.UNDELIVERED, State.DELIVERY_UNCONFIRMED, State.SUBMIT_UNCONFIRMED, State.PARKED}


class ShortCodes:
    """The repository of short codes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def job_of(self, user: str, code: str) -> str | None:
        """Return the job that this code names, or None."""
        query = sa.select(codes.c.job_id).where(codes.c.user == user, codes.c.code == code.upper())
        return await self._db.read(lambda tx: tx.execute(query).scalar())

    async def jobs_of(self, code: str) -> dict[str, str]:
        """Return the jobs that this code names, each by its owner: everybody has codes of their own."""
        query = sa.select(codes.c.user, codes.c.job_id).where(codes.c.code == code.upper())

        def work(tx: Connection) -> dict[str, str]:
            return {row.user: row.job_id for row in tx.execute(query)}

        return await self._db.read(work)

    async def codes(self, user: str) -> dict[str, str]:
        """Return the person's job ids, each with its short code."""
        query = sa.select(codes.c.job_id, codes.c.code).where(codes.c.user == user)

        def work(tx: Connection) -> dict[str, str]:
            return {row.job_id: row.code for row in tx.execute(query)}

        return await self._db.read(work)


def code_tx(tx: Connection, user: str, job_id: str) -> str:
    """Make a short code for a new job: the next in order that no unfinished job of this person has."""
    rows: list[sa.Row[Any]] = list(tx.execute(sa.select(codes).where(codes.c.user == user)))
    busy = _busy(tx, [row.job_id for row in rows])
    by_code = {row.code: row for row in rows}
    number = max((row.number for row in rows), default=-1) + 1
    for ahead in range(len(CODES)):
        code = CODES[(_FIRST + _STEP * (number + ahead)) % len(CODES)]
        if code not in by_code or by_code[code].job_id not in busy:
            tx.execute(codes.delete().where(codes.c.user == user, codes.c.code == code))
            tx.execute(codes.insert().values(user=user, code=code, number=number + ahead, job_id=job_id))
            return code
    return job_id


def _busy(tx: Connection, job_ids: list[str]) -> set[str]:
    query = sa.select(jobs.c.id).where(jobs.c.id.in_(job_ids), jobs.c.state.in_([str(state) for state in _WAITS]))
    return set(tx.execute(query).scalars())
