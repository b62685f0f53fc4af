"""A database of 0.1 with jobs in flight: rows as that version wrote them, and the workflows that it had for them.

Nothing here is written by today's code: the tables are those of the asked revision, as they are found there.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from bot.settings import Settings
from bot.store.database import Database, now_ms
from bot.store.records import record
from core.fal.client import FalQueue
from core.types import Mode, RequestHandle, VideoRequest

DEAD = "run:gone-1-abcdef01"


def incoming(prompt: str, event: str) -> dict[str, Any]:
    return {
        "address": {"channel": "telegram", "chat_id": "42", "thread_id": None},
        "account": "123456",
        "event_id": event,
        "sender_id": "42",
        "text": f"/video {prompt}",
        "language": "en",
        "attachment": None,
        "direct": True,
        "reply_to": None,
        "pressed": None,
    }


def request(prompt: str) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "model": "happy-horse",
        "mode": "text-to-video",
        "endpoint": "alibaba/happy-horse/text-to-video",
        "duration_s": 5,
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "seed": None,
        "source_url": None,
    }


def job(job_id: str, prompt: str, state: str, **more: Any) -> dict[str, Any]:
    at = now_ms() - 60_000
    return {
        "id": job_id,
        "origin": f"telegram:123456:42:{job_id}",
        "user": "telegram:42",
        "incoming": incoming(prompt, job_id),
        "language": "en",
        "request": request(prompt),
        "adjustments": [],
        "price_micro": 700_000,
        "price_up_to": False,
        "state": state,
        "cancel_asked": False,
        "sendings": 0,
        "created": at,
        "changed": at,
        "rendering_since": at if state == "rendering" else None,
    } | more


def claim(job_id: str, state: str, handle: RequestHandle | None) -> dict[str, Any]:
    named = {"handle": record(handle), "request_id": handle.request_id} if handle is not None else {}
    at = now_ms() - 20_000  # before the request was sent
    return {"job_id": job_id, "state": state, "attempt": 1, "created": at, "changed": at, **named}


async def bought(settings: Settings, prompt: str) -> RequestHandle:
    """Have fal render this, as a process that is gone had ordered it."""
    queue = FalQueue.from_settings(settings)
    try:
        today = {name: value for name, value in request(prompt).items() if name != "source_url"}
        wish = VideoRequest(**{**today, "mode": Mode.TEXT_TO_VIDEO})
        return (await queue.submit(wish, webhook_url=None)).handle
    finally:
        await queue.close()


@dataclass(frozen=True, slots=True)
class Workflow:
    """One of 0.1: `running` in a process that is gone, or waiting in its queue."""

    name: str
    id: str
    job_id: str
    running: bool


@dataclass
class OldDatabase:
    """What stands in it, by table."""

    url: str
    revision: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    workflows: list[Workflow] = field(default_factory=list)

    def add(self, table: str, row: dict[str, Any]) -> None:
        self.rows.setdefault(f"reelbot_{table}", []).append(row)

    async def write(self) -> None:
        database = Database(self.url)
        try:
            await database.migrate(revision=self.revision)
            await asyncio.to_thread(DBOS.migrate, self.url)
            await database.write(self._write)
        finally:
            database.close()

    def _write(self, tx: sa.Connection) -> None:
        then = sa.MetaData()
        then.reflect(tx, only=lambda name, _: name.startswith("reelbot_"))
        for table, rows in self.rows.items():
            for row in rows:
                tx.execute(then.tables[table].insert(), [row])
        client = DBOSClient(
            system_database_engine=tx.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name="reelbot",
            lazy=True,
        )
        for each in self.workflows:
            options: EnqueueOptions = {
                "workflow_name": each.name,
                "queue_name": "jobs",
                "workflow_id": each.id,
                "queue_partition_key": "telegram:42",
                "app_version": "1",
            }
            client.enqueue_in_transaction(tx, options, each.job_id)
            if each.running:
                tx.execute(self._begun(tx), {"id": each.id, "owner": self._owner(tx)})
        client.destroy()

    @staticmethod
    def _begun(tx: sa.Connection) -> sa.TextClause:
        table = "workflow_status" if tx.dialect.name == "sqlite" else "dbos.workflow_status"
        return sa.text(f"UPDATE {table} SET status = 'PENDING', executor_id = :owner WHERE workflow_uuid = :id")

    @staticmethod
    def _owner(tx: sa.Connection) -> str:
        return "local" if tx.dialect.name == "sqlite" else DEAD


async def workflows(database: Database) -> dict[str, tuple[str, str]]:
    """Return the name and status of every workflow of 0.1, by its id."""
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    query = sa.text(f"SELECT workflow_uuid, name, status FROM {table} WHERE name LIKE '%\\_v1' ESCAPE '\\'")
    rows = await database.read(lambda tx: tx.execute(query).all())
    return {row.workflow_uuid: (row.name, row.status) for row in rows}
