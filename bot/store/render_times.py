"""Render times that fal usually takes, learned from our own rows: from "fal has it" to "fal is done", in seconds."""

import statistics

import sqlalchemy as sa

from bot.store.database import Connection, Database
from bot.store.records import State
from bot.store.tables import history, jobs
from core.types import VideoRequest

_NEWEST = 1000  # ends that are looked through
_ENOUGH = 31  # of the same kind that count
_LEAST = 3


class RenderTimes:
    """The repository of render times."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def usual_render_s(self, request: VideoRequest) -> float | None:
        """Return the median of the newest renders of the same model, resolution and duration.

        None while there are too few. What fal refused does not count: it ends sooner than a film.
        """
        newest = (
            sa.select(history.c.job_id, history.c.at)
            .where(history.c.state == State.DOWNLOADING)
            .order_by(history.c.id.desc())
            .limit(_NEWEST)
            .subquery()
        )
        query = (
            sa.select((newest.c.at - jobs.c.rendering_since).label("ms"))
            .join(jobs, jobs.c.id == newest.c.job_id)
            .where(jobs.c.state.in_(_WITH_VIDEO), jobs.c.rendering_since <= newest.c.at)
            .where(jobs.c.request["model"].as_string() == request.model)
            .where(_same("resolution", request.resolution), _same("duration_s", request.duration_s))
            .order_by(newest.c.at.desc())
            .limit(_ENOUGH)
        )

        def work(tx: Connection) -> float | None:
            found = [row.ms / 1000 for row in tx.execute(query)]
            return statistics.median(found) if len(found) >= _LEAST else None

        return await self._db.read(work)


_WITH_VIDEO = [
    str(state)
    for state in (State.READY, State.UPLOADING, State.DELIVERED, State.UNDELIVERED, State.DELIVERY_UNCONFIRMED)
]


def _same(name: str, value: str | int | None) -> sa.ColumnElement[bool]:
    """Compare a JSON field with a value. A JSON null read as text is SQL's own null; SQLite keeps a number a number."""
    field = sa.cast(jobs.c.request[name].as_string(), sa.String)
    return field.is_(None) if value is None else field == str(value)
