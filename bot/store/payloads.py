"""What fal keeps of our requests: which of it is to be deleted there, and which is gone.

A request is due once nothing of ours can need it any more: its job has ended and its account is closed, and no order
whose answer is not known may still be looked for in fal's list at the same endpoint (core/fal/lost_orders.py): that
search compares the very words that would be deleted, and one request may have been taken for another's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.database import Connection, Database, insert_over, now_ms
from bot.store.records import HAD, State
from bot.store.tables import jobs, metadata, submits

_DAY_MS = 24 * 3600 * 1000
_SEARCHED_MS = 2 * _DAY_MS
"""A lost order is searched for within a day of its claim, a refused one within a day of its refusal."""
_KEPT_MS = 35 * _DAY_MS
"""fal keeps payloads for 30 days by itself."""
_PAUSES_MS = tuple(each * 1000 for each in (60, 600, 3600, 6 * 3600, 24 * 3600))
_ENDED = HAD | {State.FAILED, State.CANCELLED, State.DELETED}

payloads = sa.Table(
    "reelbot_payloads",  # requests whose payloads are deleted at fal, or were tried to be
    metadata,
    sa.Column("request_id", sa.String, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),  # in vain
    sa.Column("after", sa.BigInteger),  # not tried again before then; null: gone
    sa.Column("gone", sa.BigInteger),  # since when fal keeps nothing of it
)


@dataclass(frozen=True, slots=True)
class DuePayload:
    """A request whose payloads are to be deleted. `film`: the name of its file here; None: it has none, or none now.

    `ended`: when its job was changed last, milliseconds UTC.
    """

    request_id: str
    job_id: str
    film: str | None
    ended: int
    tries: int


class Payloads:
    """The repository of them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def due(
        self, now: int, *, after_ms: int, most: int, may_go: Callable[[DuePayload], bool] = lambda _due: True
    ) -> list[DuePayload]:
        """Return a few that are due at `now`: so long after their job's end; at once, and first, where it was deleted.

        `may_go`: whether nothing else keeps one back.
        """
        at_once = jobs.c.state == State.DELETED
        query = (
            sa.select(
                submits.c.request_id,
                submits.c.handle,
                jobs.c.id,
                jobs.c.state,
                jobs.c.video,
                jobs.c.changed,
                sa.func.coalesce(payloads.c.tries, 0).label("tries"),
            )
            .join(jobs, jobs.c.id == submits.c.job_id)
            .outerjoin(payloads, payloads.c.request_id == submits.c.request_id)
            .where(
                jobs.c.changed > now - _KEPT_MS,  # by its index: what is older is gone by itself
                jobs.c.state.in_(_ENDED),
                jobs.c.charge.is_not(None),
                jobs.c.reserved_micro == 0,
                submits.c.state == "accepted",
                submits.c.request_id.is_not(None),
                sa.or_(at_once, jobs.c.changed <= now - after_ms),
                sa.or_(payloads.c.request_id.is_(None), payloads.c.after <= now),
            )
            .order_by(sa.case((at_once, 0), else_=1), jobs.c.changed, jobs.c.id)
        )

        def work(tx: Connection) -> list[DuePayload]:
            needed = _searched_endpoints(tx, now)
            found: list[DuePayload] = []
            for row in tx.execute(query):
                endpoint = _endpoint(row.handle)
                if _is_needed(endpoint, needed):
                    continue
                if row.state != State.DELETED and (endpoint or "").endswith("/draft"):
                    continue  # what fal has kept of a draft is what it is made whole of
                each = DuePayload(row.request_id, row.id, _film(row.state, row.video), row.changed, row.tries)
                if may_go(each):
                    found.append(each)
                    if len(found) == most:
                        break
            return found

        return await self._db.read(work)

    async def gone(self, request_id: str) -> None:
        """Record that fal keeps nothing of this request any more."""
        await self._put(request_id, tries=0, after=None, gone=now_ms())

    async def is_gone(self, request_id: str) -> bool:
        """Return whether fal keeps nothing of this request any more, since it was deleted there."""
        query = sa.select(payloads.c.gone).where(payloads.c.request_id == request_id)
        return await self._db.read(lambda tx: tx.execute(query).scalar() is not None)

    async def later(self, due: DuePayload, *, now: int) -> None:
        """Record a try in vain: the next comes at growing gaps, once a day in the end, while fal keeps them."""
        after = now + _PAUSES_MS[min(due.tries, len(_PAUSES_MS) - 1)]
        await self._put(due.request_id, tries=due.tries + 1, after=after, gone=None)

    async def _put(self, request_id: str, **values: Any) -> None:
        await self._db.write(lambda tx: tx.execute(insert_over(tx, payloads, request_id=request_id, **values)))

    async def forget(self) -> None:
        """Delete the rows of requests of so long ago that nobody asks for them any more."""
        lately = sa.select(submits.c.request_id).join(jobs, jobs.c.id == submits.c.job_id)
        lately = lately.where(submits.c.request_id.is_not(None), jobs.c.changed > now_ms() - _KEPT_MS)
        old = payloads.delete().where(payloads.c.request_id.not_in(lately))
        await self._db.write(lambda tx: tx.execute(old))


def _searched_endpoints(tx: Connection, now: int) -> set[str | None]:
    """Return the endpoints at which an order may still be looked for; None: nobody can tell at which."""
    lost = sa.and_(
        submits.c.state == "sending", sa.func.coalesce(submits.c.claimed, submits.c.created) > now - _SEARCHED_MS
    )
    query = sa.select(jobs.c.request).select_from(submits.outerjoin(jobs, jobs.c.id == submits.c.job_id))
    rows = tx.execute(query.where(sa.or_(lost, submits.c.search_until > now - _SEARCHED_MS)))
    return {_endpoint(row.request) for row in rows}


def _is_needed(endpoint: str | None, needed: set[str | None]) -> bool:
    return bool(needed) and (endpoint is None or endpoint in needed or None in needed)


def _endpoint(stored: object) -> str | None:
    endpoint = stored.get("endpoint") if isinstance(stored, dict) else None
    return endpoint if isinstance(endpoint, str) and endpoint else None


def _film(state: str, video: object) -> str | None:
    name = video.get("name") if isinstance(video, dict) and state in HAD else None
    return name if isinstance(name, str) else None
