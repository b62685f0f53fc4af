"""The one-time code that makes its sender an admin. Only its hash is stored, and a new code takes the old one's place.

Five tries in all, and three of one person: who guesses alone does not use up the tries of the one it is for.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Any, Literal

import sqlalchemy as sa

from bot.store.admissions import allow_tx
from bot.store.database import Connection, Database, now_ms, take_turns
from bot.store.people_tables import admin_codes, admissions
from bot.store.tables import facts

CODE_S = 15 * 60.0
"""Seconds for which a code counts."""
MOST_TRIES = 5
_MOST_OF_ONE = 3
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CHARS = 10
_FORM = re.compile(r"(?:/?start[ :]+)?admin[- ]?([0-9a-z]{5})[- ]?([0-9a-z]{5})", re.IGNORECASE)
_MOST_CHARS = 60
_UNTOLD = "admins untold"

Outcome = Literal["admin", "wrong", "none"]
"""What came of a code: its sender is an admin now; it is another one; there is none that counts."""


def code_in(text: str) -> str | None:
    """Return the code that a message consists of, as `issue` writes it; None: it is something else."""
    plain = unicodedata.normalize("NFKC", text[:_MOST_CHARS]).strip()
    match = _FORM.fullmatch(plain)
    return f"admin-{match[1]}-{match[2]}".upper().replace("ADMIN", "admin") if match else None


class AdminCodes:
    """The repository of the code."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def issue(self) -> str:
        """Make a new code and return it; the one before counts no more."""
        signs = "".join(secrets.choice(_SIGNS) for _ in range(_CHARS))
        code = f"admin-{signs[:5]}-{signs[5:]}"

        def work(tx: Connection) -> None:
            take_turns(tx, "admin code")
            tx.execute(admin_codes.delete())
            row = {"digest": _digest(code), "expires": now_ms() + int(CODE_S * 1000), "tried_by": []}
            tx.execute(admin_codes.insert().values(**row))

        await self._db.write(work)
        return code

    async def redeem(self, code: str, user: str, *, by_setup: bool = False) -> Outcome:
        """Spend the code and make this person an admin, in one transaction; or count a try.

        `by_setup`: nobody is there who could tell the other admins, so the next bot does.
        """

        def work(tx: Connection) -> Outcome:
            take_turns(tx, "admin code")
            row = _counting_tx(tx, user)
            if row is None:
                return "none"
            tx.execute(admin_codes.update().values(tried_by=[*row.tried_by, user]))
            if not hmac.compare_digest(row.digest.encode(), _digest(code).encode()):
                return "wrong"
            tx.execute(admin_codes.update().values(spent_by=user))
            allow_tx(tx, user, by="setup")
            tx.execute(admissions.update().where(admissions.c.id == user).values(admin=now_ms()))
            if by_setup:
                others = _untold_tx(tx)
                tx.execute(facts.insert().values(name=_UNTOLD, value="\n".join([*others, user])))
            return "admin"

        if await self._db.read(lambda tx: _counting_tx(tx, user)) is None:
            return (
                "none"  # anybody may send codes without end: what counts nothing writes nothing, and waits for nobody
            )
        return await self._db.write(work)

    async def spent_by(self, code: str) -> str | None:
        """Return who has become an admin by this code, or None."""
        query = sa.select(admin_codes.c.spent_by).where(admin_codes.c.digest == _digest(code))
        return await self._db.read(lambda tx: tx.execute(query).scalar())

    async def untold(self) -> tuple[str, ...]:
        """Return who became an admin while no bot ran. Each is returned once: the caller tells the others."""

        def work(tx: Connection) -> tuple[str, ...]:
            take_turns(tx, "admin code")
            return _untold_tx(tx)

        return await self._db.write(work)

    async def revoke(self) -> None:
        """Let no code count any more."""

        def work(tx: Connection) -> None:
            tx.execute(admin_codes.delete())

        await self._db.write(work)


def _counting_tx(tx: Connection, user: str) -> sa.Row[Any] | None:
    """Return the code that counts, while this person has tries left."""
    row = tx.execute(sa.select(admin_codes)).first()
    if row is None or row.spent_by is not None or row.expires <= now_ms():
        return None
    return row if len(row.tried_by) < MOST_TRIES and row.tried_by.count(user) < _MOST_OF_ONE else None


def _untold_tx(tx: Connection) -> tuple[str, ...]:
    row = facts.c.name == _UNTOLD
    users = tx.execute(sa.select(facts.c.value).where(row)).scalar()
    tx.execute(facts.delete().where(row))
    return tuple(users.split("\n")) if users else ()


def _digest(code: str) -> str:
    """Return what is stored of a code: it is random, and lives too short for its hash to be searched for."""
    return hashlib.sha256(f"reelbot-admin-code:{code}".encode()).hexdigest()
