"""The jobs table: every change of a job goes through here, and leaves a line of history."""

from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa

from bot.channels.types import Incoming
from bot.store.database import Connection, now_ms
from bot.store.film_rows import FilmRows
from bot.store.job_orders import JobOrders
from bot.store.job_outcomes import JobOutcomes
from bot.store.job_queries import JobQueries
from bot.store.job_states import JobStates
from bot.store.ledger import adjust_tx
from bot.store.message_map import map_message_tx
from bot.store.records import State, micro, record
from bot.store.stored import rewritten
from bot.store.tables import jobs
from bot.store.work import Lease, check_tx
from core.types import Adjustment, VideoRequest

SENDING = "sending "
"""Stands in `status_shown`, before the name of who sends, until it is known where the card is."""


class Jobs(JobQueries, JobOrders, JobStates, JobOutcomes, FilmRows):
    """The repository of jobs."""

    async def adjusted(self, job_id: str, adjustments: Iterable[Adjustment], *, lease: Lease | None = None) -> None:
        """All that could not be had as it was asked for or given."""
        await self._set(job_id, adjustments=[record(each) for each in adjustments], lease=lease)

    async def measured(self, job_id: str, incoming: Incoming, *, lease: Lease | None = None) -> None:
        """Record the length of what was sent, where the chat had said another."""

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            before = tx.execute(sa.select(jobs.c.incoming).where(jobs.c.id == job_id)).scalar()
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(incoming=rewritten(before, incoming)))

        await self._db.write(work)

    async def claim_card(self, job_id: str, *, by: str) -> bool:
        """Record that its one card is being sent. False where its outcome is told, or that was recorded before.

        A row that says something was shown, and not where, has no card and gets none: it was sent in doubt, refused,
        or is gone. But an offer that another, `by` its own name, was sending when it ended is sent once more: what
        nobody has seen, nobody can answer.
        """
        interrupted = (jobs.c.state == State.AWAITING_CONFIRMATION, jobs.c.status_shown.startswith(SENDING))
        untouched = sa.or_(jobs.c.status_shown.is_(None), sa.and_(*interrupted, jobs.c.status_shown != SENDING + by))
        free = (jobs.c.id == job_id, jobs.c.status_ref.is_(None), jobs.c.outcome_ref.is_(None), untouched)
        change = jobs.update().where(*free).values(status_shown=SENDING + by).returning(jobs.c.id)
        return await self._db.write(lambda tx: tx.execute(change).first() is not None)

    async def release_card(self, job_id: str) -> None:
        """Record that its card was certainly not sent: it is sent another time."""
        unsent = (jobs.c.id == job_id, jobs.c.status_ref.is_(None))
        await self._change(jobs.update().where(*unsent).values(status_shown=None))

    async def card_gone(self, job_id: str, ref: str, *, was_own: bool = True) -> None:
        """Record that its card is not in the chat any more. The message map goes on knowing what it was about.

        It gets no other, unless it `was_own` never: an older offer's, whose place this one was to take.
        """
        same = (jobs.c.id == job_id, jobs.c.status_ref == ref)
        gone = jobs.update().where(*same).values(status_ref=None, status_shown="" if was_own else None)
        await self._change(gone)

    async def shown(self, job_id: str, *, ref: str, as_text: str, in_chat: str | None = None) -> None:
        """Record that its status message is `ref`, and says `as_text` now; another one before it is to go.

        `in_chat`: the chat in which `ref` stands; what stands in another than the job's is not its status message.
        """
        here = sa.select(jobs.c.chat, jobs.c.status_ref, jobs.c.replaced_ref).where(jobs.c.id == job_id)

        def work(tx: Connection) -> None:
            row = tx.execute(here).first()
            if row is None:
                return
            map_message_tx(tx, in_chat or row.chat, ref, job_id)
            if in_chat not in {None, row.chat}:
                return
            before = [*(row.replaced_ref or "").split(), *([row.status_ref] if row.status_ref else [])]
            old = [each for each in dict.fromkeys(before) if each != ref]
            change = jobs.update().where(jobs.c.id == job_id)
            tx.execute(change.values(status_ref=ref, status_shown=as_text, replaced_ref=" ".join(old) or None))

        await self._db.write(work)

    async def replaced(self, job_id: str, ref: str) -> None:
        """Record that this message, whose place the card has taken, is out of the way."""
        standing = sa.select(jobs.c.replaced_ref).where(jobs.c.id == job_id)

        def work(tx: Connection) -> None:
            left = [each for each in (tx.execute(standing).scalar() or "").split() if each != ref]
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(replaced_ref=" ".join(left) or None))

        await self._db.write(work)

    async def note_position(self, job_id: str, position: int | None) -> None:
        """Record the place in fal's queue; None when fal works on it."""
        moved = jobs.c.fal_position.is_distinct_from(position)
        change = jobs.update().where(jobs.c.id == job_id, moved)
        await self._change(change.values(fal_position=position, changed=now_ms()))

    async def published(self, job_id: str, request: VideoRequest, usd: Decimal, *, lease: Lease | None = None) -> None:
        """Record where fal can fetch the source; it has been measured, so the price is exact now."""

        def work(tx: Connection) -> None:
            check_tx(tx, lease)
            before = tx.execute(sa.select(jobs.c.request).where(jobs.c.id == job_id)).scalar_one()
            change = jobs.update().where(jobs.c.id == job_id)
            tx.execute(change.values(request=rewritten(before, request)))
            adjust_tx(tx, job_id, micro(usd), "the source was measured")

        await self._db.write(work)
