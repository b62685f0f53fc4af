"""Photos and videos that wait for words, in chats where they come alone."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.channels.types import AttachmentRef
from bot.store.database import Connection, Database, now_ms
from bot.store.passive_tables import pending
from bot.store.stored import Unreadable, record, restored, rewritten


@dataclass(frozen=True, slots=True)
class Pending:
    """A photo or video that waits for words."""

    id: int
    attachment: AttachmentRef


class PendingUploads:
    """The repository of uploads that wait. `now` is an argument for tests."""

    def __init__(self, database: Database, *, now: Callable[[], int] = now_ms) -> None:
        self._db = database
        self._now = now

    async def recent(self, user: str, *, for_s: float) -> list[Pending]:
        """Return those sent within the last `for_s` seconds, oldest first."""
        since = self._now() - int(for_s * 1000)
        query = sa.select(pending).where(pending.c.user == user, pending.c.at > since).order_by(pending.c.id)

        def work(tx: Connection) -> list[Pending]:
            return [each for row in tx.execute(query) for each in _pending(row)]

        return await self._db.read(work)

    def keep_tx(self, tx: Connection, user: str, attachment: AttachmentRef, *, for_s: float) -> None:
        """Store an upload, and delete this person's that have lapsed."""
        lapsed = pending.c.at <= self._now() - int(for_s * 1000)
        tx.execute(pending.delete().where(pending.c.user == user, lapsed))
        tx.execute(pending.insert().values(user=user, attachment=record(attachment), at=self._now()))

    async def measured(self, user: str, attachment: AttachmentRef) -> None:
        """Set how long the waiting video `attachment.file_id` is, which its chat does not state."""

        def work(tx: Connection) -> None:
            for row in tx.execute(sa.select(pending).where(pending.c.user == user)).all():
                if any(each.attachment.file_id == attachment.file_id for each in _pending(row)):
                    change = pending.update().where(pending.c.id == row.id)
                    tx.execute(change.values(attachment=rewritten(row.attachment, attachment)))

        await self._db.write(work)

    async def forget(self, *, before_s: float) -> None:
        """Delete what waited for words in vain."""
        before = self._now() - int(before_s * 1000)

        def work(tx: Connection) -> None:
            tx.execute(pending.delete().where(pending.c.at < before))

        await self._db.write(work)


def _pending(row: sa.Row[Any]) -> list[Pending]:
    """Read the row; nothing of one that cannot be read: its owner sends the photo again."""
    with suppress(Unreadable):
        return [Pending(row.id, restored(AttachmentRef, row.attachment, where="attachment"))]
    return []


def take_tx(tx: Connection, waiting: Pending) -> None:
    """Delete the upload that was taken."""
    tx.execute(pending.delete().where(pending.c.id == waiting.id))


def drop_tx(tx: Connection, user: str) -> None:
    """Delete all uploads of this person."""
    tx.execute(pending.delete().where(pending.c.user == user))
