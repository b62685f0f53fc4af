"""Who was invited to the web chat: a name, its link until somebody has opened it, and whether it still holds."""

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_new, insert_over, now_ms
from bot.store.people_tables import admissions, invitations

LINK_S = 7 * 24 * 3600.0
"""Seconds for which a link that nobody has opened can be opened."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A guest of the web chat. Times in milliseconds UTC; `opened` None: nobody has yet; `holds`: not revoked."""

    name: str
    invited: int
    opened: int | None
    holds: bool


class Invitations:
    """The repository of invitations. Who holds one is admitted as `web:NAME`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def invite(self, name: str) -> str:
        """Invite somebody, or again, and return the secret of the link, which opens once.

        What is open already stays open, and a link of before is void.
        """
        secret = secrets.token_urlsafe(24)

        def work(tx: Connection) -> None:
            now = now_ms()
            series = tx.execute(sa.select(invitations.c.series).where(invitations.c.name == name)).scalar()
            row = {"series": series or secrets.token_hex(8), "digest": _digest(secret), "invited": now, "opened": None}
            tx.execute(insert_over(tx, invitations, name=name, **row))
            ident = f"web:{name}"
            tx.execute(insert_new(tx, admissions, by="id").values(id=ident))
            admitted = admissions.update().where(admissions.c.id == ident, admissions.c.allowed.is_(None))
            tx.execute(admitted.values(allowed=now, allowed_by="invite"))

        await self._db.write(work)
        return secret

    async def redeem(self, secret: str) -> tuple[str, str] | None:
        """Spend a link, and return the guest's name and series; None for one that is unknown, spent or lapsed."""
        digest = _digest(secret)

        def work(tx: Connection) -> tuple[str, str] | None:
            fresh = invitations.c.invited >= now_ms() - int(LINK_S * 1000)
            link = invitations.update().where(invitations.c.digest == digest, invitations.c.series.is_not(None), fresh)
            spent = link.values(digest=None, opened=now_ms()).returning(invitations.c.name, invitations.c.series)
            row = tx.execute(spent).first()
            return (row.name, row.series) if row is not None else None

        return await self._db.write(work)

    async def holds(self, name: str, series: str) -> bool:
        """Return whether a session of this series is still good."""
        query = sa.select(invitations.c.series).where(invitations.c.name == name)
        return await self._db.read(lambda tx: tx.execute(query).scalar()) == series

    async def revoke(self, name: str) -> bool:
        """End the guest's sessions and access; the films stay. False: there is no such guest."""

        def work(tx: Connection) -> bool:
            ended = invitations.update().where(invitations.c.name == name, invitations.c.series.is_not(None))
            found = tx.execute(ended.values(series=None, digest=None).returning(invitations.c.name)).first()
            out = admissions.update().where(admissions.c.id == f"web:{name}", admissions.c.allowed_by == "invite")
            tx.execute(out.values(allowed=None, allowed_by=None))
            tx.execute(admissions.update().where(admissions.c.id == f"web:{name}").values(admin=None))
            return found is not None

        return await self._db.write(work)

    async def all(self) -> list[Invitation]:
        """Return all guests, by their names."""
        query = sa.select(invitations).order_by(invitations.c.name)

        def work(tx: Connection) -> list[Invitation]:
            return [
                Invitation(row.name, row.invited, row.opened, holds=row.series is not None) for row in tx.execute(query)
            ]

        return await self._db.read(work)


def _digest(secret: str) -> str:
    """Return what is stored of a link: it is random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(f"reelbot-invitation:{secret}".encode()).hexdigest()
