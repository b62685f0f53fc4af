"""What its owner does with a finished film beside having it sent: asks for its original as a file, or deletes it.

A deletion is written first: from then on no work sends or fetches the film. What is removed for it comes after, and is
begun again until all of it is done (bot/jobs/erasure.py).
"""

from typing import Any, Literal

import sqlalchemy as sa

from bot.channels.types import Address
from bot.store.database import Connection, db_now_ms, now_ms
from bot.store.dialogue_tables import dialogues
from bot.store.job_rows import JobTable, move_tx, write_history_tx
from bot.store.message_map import chat_of, map_message_tx
from bot.store.outbox import drop_tx
from bot.store.records import FILM, NEEDS_SOURCE, Destination, Job, State, readable
from bot.store.stored import record
from bot.store.tables import jobs
from bot.store.work import AT_REST, Lease, check_tx

ASKED_MS = 10 * 60 * 1000
"""A yes to the question whether to delete counts for so long after it was asked, in milliseconds."""
Deletion = Literal["deleted", "unasked", "none"]
"""It is deleted, by this yes or an earlier one; its owner was not asked lately; there is no film."""


class FilmRows(JobTable):
    """The part of the jobs' repository for finished films."""

    async def ask_delete(self, job_id: str, *, asked: bool = True) -> None:
        """Record that its owner is asked whether to delete it, or has said no (`asked` False)."""
        await self._set(job_id, delete_asked=now_ms() if asked else None)

    async def delete(self, job_id: str, *, asked: bool = True) -> Deletion:
        """Delete the film: the row says so at once, and its files are due to be removed. Nothing of money changes.

        `asked`: only where its owner was asked lately.
        """

        def work(tx: Connection) -> Deletion:
            columns = (jobs.c.state, jobs.c.video, jobs.c.delete_asked)
            row = tx.execute(sa.select(*columns).where(jobs.c.id == job_id).with_for_update()).first()
            if row is None or row.video is None:
                return "none"
            if row.state == State.DELETED:
                return "deleted"
            if asked and (row.delete_asked is None or now_ms() - row.delete_asked > ASKED_MS):
                return "unasked"
            if not move_tx(tx, job_id, State.DELETED, only_from=FILM, why="by its owner", attempt=0):
                return "none"
            over = {"outcome_ref": sa.func.coalesce(jobs.c.outcome_ref, ""), "file_to": None, "delete_asked": None}
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(**over))
            drop_tx(tx, job_id)
            return "deleted"

        return await self._db.write(work)

    async def erased(self, job_id: str, what: str, *, lease: Lease) -> None:
        """Record what was removed of a deleted film. Raises LeaseLost."""

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            write_history_tx(tx, job_id, State.DELETED, what, now_ms())

        await self._db.write(work)

    async def want_file(self, job_id: str, to: Destination) -> bool:
        """Make the original due to be sent there as a file. False: its film is gone, or cannot be sent itself."""
        sendable = [str(state) for state in FILM - {State.UNDELIVERED}]
        has_it = (jobs.c.id == job_id, jobs.c.state.in_(sendable))
        at_rest = jobs.c.state.in_([str(state) for state in AT_REST])

        def work(tx: Connection) -> bool:
            change = (
                jobs.update()
                .where(*has_it)
                .values(
                    file_to=record(to),
                    due=db_now_ms(tx),
                    attempt=sa.case((at_rest, 0), else_=jobs.c.attempt),
                )
            )
            return tx.execute(change.returning(jobs.c.id)).first() is not None

        return await self._db.write(work)

    async def file_sent(self, job_id: str, to: Address, ref: str | None, *, lease: Lease) -> None:
        """Record that the file is in that chat, as `ref`; None: that it does not go there. Raises LeaseLost."""

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(file_to=None))
            map_message_tx(tx, chat_of(to), ref, job_id, film=True)

        await self._db.write(work)

    async def shown_late(self, job_id: str, chat: str | None, ref: str) -> None:
        """Record a message that took the film to its chat while it was being deleted: it has to go, too."""

        def work(tx: Connection) -> None:
            gone = (jobs.c.id == job_id, jobs.c.state == State.DELETED)
            change = jobs.update().where(*gone).values(due=db_now_ms(tx)).returning(jobs.c.chat)
            row = tx.execute(change).first()
            if row is not None:
                map_message_tx(tx, chat or row.chat, ref, job_id, film=True)

        await self._db.write(work)

    async def own_files(self, job: Job) -> list[str]:
        """Return what it alone is made of: no job or offer that lives, no other film, no draft of its owner's is."""
        files = [source.file_id for source in job.incoming.sources]
        if not files:
            return []
        live = [str(state) for state in NEEDS_SOURCE | FILM]
        others = sa.select(jobs).where(jobs.c.user == job.user, jobs.c.id != job.id, jobs.c.state.in_(live))
        drafts = sa.select(dialogues.c.draft).where(dialogues.c.user == job.user, dialogues.c.draft.is_not(None))

        def work(tx: Connection) -> list[str]:
            used = {name for draft in tx.execute(drafts).scalars() for name in _sources(draft)}
            used |= {name for other in readable(tx.execute(others).all()) for name in _files(other)}
            return [name for name in files if name not in used]

        return await self._db.read(work)


def _files(job: Job) -> set[str]:
    """Return the chat's names of what a job is made from, whichever way of it is taken."""
    ways = [source for way in job.ways for source in way.sources]
    return {source.file_id for source in (*job.incoming.sources, *ways) if source is not None}


def _sources(draft: Any) -> set[str]:
    """Return the chat's names of what lies in a stored draft."""
    sources = draft.get("sources") if isinstance(draft, dict) else None
    found = [each.get("attachment") for each in sources or () if isinstance(each, dict)]
    return {str(each.get("file_id")) for each in found if isinstance(each, dict)}
