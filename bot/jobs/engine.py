"""The durable engine (DBOS) behind a few verbs. The only file that imports it.

A workflow survives a crash: it runs again from the top, and each step already recorded returns its recorded result.
A step is at least once. So the paid submit is guarded by our own claim (store/submits.py), never by the engine.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from dbos._dbos import _get_dbos_instance
from filelock import FileLock

from bot.jobs.process_lock import AlreadyRunning, HeldByAnother, acquire
from bot.store.database import Connection, Database

log = logging.getLogger(__name__)

R = TypeVar("R")
QUEUE = "jobs"
VERSION = "1"  # fixed: the default is a hash of the source, and any edit would strand the jobs in flight
_NAME = "reelbot"
_POLL_S = {True: 0.2, False: 0.5}  # of the queue, on SQLite or not; each poll of many workers is felt by PostgreSQL
_RECHECK_S = 300.0  # each waiting job asks by itself for a message whose notice was lost; 60 s is dear with a thousand
LISTEN_S = 2.0  # SQLite only: how late a message of another process is heard (a cancel from the shell); and a stop
_FORGET_AT_ONCE = 1000
_UNDER_WAY = ["PENDING", "ENQUEUED", "DELAYED"]
_PATIENCE = 1000  # recoveries of one workflow before the engine gives it up


class Engine:
    """The engine. `register` every workflow, then `start`.

    `enqueue_tx` and `begin` start workflows; `step`, `sleep` and `wait` are for their bodies; `wake` sends one a
    message.
    """

    def __init__(self, database: Database, *, listen_s: float = LISTEN_S) -> None:
        self._database = database
        self._workflows: dict[str, Callable[[str], Coroutine[Any, Any, None]]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._lock: FileLock | None = None
        self._listen_s = listen_s
        # The client works beside a running bot, too: it enqueues and sends, and runs nothing.
        self._client = DBOSClient(
            system_database_engine=database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
            lazy=True,  # it must not open a transaction of its own while one of ours is under way
        )

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """Name the workflow that `body` is. Before `start`."""

        async def workflow(job_id: str) -> None:
            if self._stopping:
                raise asyncio.CancelledError  # as those that were under way
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await body(job_id)

        workflow.__name__ = workflow.__qualname__ = name
        self._workflows[name] = DBOS.workflow(name=name, max_recovery_attempts=_PATIENCE)(workflow)

    async def start(self, *, owner: str, user_jobs: int, all_jobs: int) -> None:
        """Launch inside the running loop; on SQLite interrupted workflows go on from their last step by that alone.

        On PostgreSQL `owner` must be unique, and known to be alive before this (see store/session.py): what other
        workers left behind is for `take_over`. Raises AlreadyRunning.
        """
        url = self._database.engine.url
        if self._database.is_sqlite:
            self._lock = _only_process(Path(f"{url.database}.lock"))
        address = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
        DBOS(config=self._config(address, "local" if self._database.is_sqlite else owner))
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            global_concurrency=all_jobs,
            partition_concurrency=user_jobs,
            polling_interval_sec=_POLL_S[self._database.is_sqlite],
            on_conflict="always_update",
        )
        # No public word for it; the version is pinned. That fal is done is told again by the watcher long before; only
        # a cancel whose notice was lost is heard so late.
        _get_dbos_instance()._sys_db._notification_fallback_polling_interval = _RECHECK_S  # noqa: SLF001

    def _config(self, url: str, owner: str) -> DBOSConfig:
        return DBOSConfig(
            name=_NAME,
            system_database_url=url,
            application_version=VERSION,
            executor_id=owner,
            sys_db_pool_size=10,  # PostgreSQL serves 100 connections where nobody has changed that
            max_executor_threads=16,
            log_level="WARNING",
            serializer=DBOSPortableJSONSerializer(),
            notification_listener_polling_interval_sec=self._listen_s,
            notification_coalesce_sec=1.0,  # of streams and events: we use neither
        )

    async def stop(self) -> None:
        """Stop. Steps under way are cancelled and run again at the next start: so end the paid ones first.

        A cancelled workflow is recorded as nothing (the engine records exceptions, and a cancellation is none), so it
        goes on at the next start; one that met a closed engine instead might be recorded as failed.
        """
        self._stopping = True
        logging.getLogger("dbos").setLevel(logging.ERROR)  # it warns of each cancelled workflow, and we cancel them all
        await self._cancel_running()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=0)
        await self._cancel_running()
        self._client.destroy()
        if self._lock is not None:
            self._lock.release()

    async def _cancel_running(self) -> None:
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def enqueue_tx(self, tx: Connection, name: str, job_id: str, partition: str) -> None:
        """Enqueue into the limited queue, in the caller's transaction. The job id is the idempotency key."""
        options: EnqueueOptions = {
            "workflow_name": name,
            "queue_name": QUEUE,
            "workflow_id": job_id,
            "queue_partition_key": partition,
            "app_version": VERSION,
        }
        self._client.enqueue_in_transaction(tx, options, job_id)

    async def runs(self, *workflow_ids: str) -> bool:
        """Return whether one of them is under way or will be."""
        found = await self._client.list_workflows_async(
            workflow_ids=list(workflow_ids), status=_UNDER_WAY, load_input=False, load_output=False
        )
        return bool(found)

    async def owners(self) -> set[str]:
        """Return every process, dead or alive, that has a workflow under way."""
        found = await self._client.list_workflows_async(
            status="PENDING", app_version=VERSION, load_input=False, load_output=False
        )
        return {each.executor_id for each in found if each.executor_id}

    def take_over(self, owners: list[str], allowed: Callable[[str], bool]) -> tuple[list[str], list[str]]:
        """Take over the workflows of dead workers: (taken over, given up). Blocks; for a thread.

        A workflow of the limited queue goes back into it, and keeps its partition. One that was started directly never
        had a slot there: it goes into the engine's own queue, which has no limits.
        """
        found = self._client.list_workflows(
            status="PENDING", executor_id=owners, app_version=VERSION, load_input=False, load_output=False
        )
        by_queue: dict[str | None, list[str]] = {}
        given_up = []
        for each in found:
            if allowed(each.workflow_id):
                by_queue.setdefault(each.queue_name if each.queue_name == QUEUE else None, []).append(each.workflow_id)
            else:
                given_up.append(each.workflow_id)
        for queue, ids in by_queue.items():
            self._client.resume_workflows(ids, queue_name=queue)
        if given_up:
            self._client.cancel_workflows(given_up)
        return [one for ids in by_queue.values() for one in ids], given_up

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        """Start at once, outside the queue. The same `workflow_id` twice is the same workflow."""
        with SetWorkflowID(workflow_id):
            await DBOS.start_workflow_async(self._workflows[name], job_id)

    async def wake(self, workflow_id: str, topic: str, message: dict[str, Any]) -> bool:
        """Send a message, durably; it may come before the `wait`.

        A workflow that does not exist (any more) is no error. True: it waits in this very process and goes on now.
        False says nothing.
        """
        try:
            await self._client.send_async(workflow_id, message, topic)
        except dbos_error.DBOSNonExistentWorkflowError:
            log.debug("nobody to wake", extra={"workflow": workflow_id})
            return False
        return self._nudge(workflow_id, topic)

    def _nudge(self, workflow_id: str, topic: str) -> bool:
        """Notify a workflow that waits in this process at once.

        On SQLite nothing tells the engine of a new message: it polls for one, in turn for each that waits, which is
        dear when many do. With this the polls can be rare. The engine has no public word for that; its version is
        pinned, and a test fails when this no longer works.
        """
        signal = self._signal(workflow_id, topic)
        if signal is not None:
            signal()
        return signal is not None

    def _signal(self, workflow_id: str, topic: str) -> Callable[[], None] | None:
        if self._lock is None:
            return None  # not SQLite, or the engine runs elsewhere
        with suppress(dbos_error.DBOSException):  # stopped already
            waiter = _get_dbos_instance()._sys_db.notifications_map.get(f"{workflow_id}::{topic}")  # noqa: SLF001
            return waiter.set if waiter is not None else None
        return None

    @staticmethod
    async def forget(*, before_s: float) -> None:
        """Delete the engine's history of workflows that ended longer ago than that."""
        ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        before = (datetime.now(UTC) - timedelta(seconds=before_s)).isoformat()
        old = await DBOS.list_workflows_async(
            status=ended, completed_before=before, load_input=False, load_output=False, limit=_FORGET_AT_ONCE
        )
        if old:
            await DBOS.delete_workflows_async([each.workflow_id for each in old])

    @staticmethod
    async def step(name: str, body: Callable[..., Coroutine[Any, Any, R]], *args: Any) -> R:
        """Run `body` as a step: its JSON result is recorded, and not computed again after a crash."""
        return await DBOS.run_step_async({"name": name}, body, *args)

    @staticmethod
    async def sleep(seconds: float) -> None:
        """Pause durably: after a restart only for the rest of it."""
        await DBOS.sleep_async(seconds)

    @staticmethod
    async def wait(topic: str, *, timeout_s: float) -> dict[str, Any] | None:
        """Wait for a message on this topic; None after `timeout_s`."""
        message: dict[str, Any] | None = await DBOS.recv_async(topic, timeout_seconds=timeout_s)
        return message


def _only_process(path: Path) -> FileLock:
    """Lock the database file: a second process on it would run the first one's jobs again, so it must not start."""
    try:
        return acquire(path)
    except HeldByAnother as error:
        raise AlreadyRunning(f"another reelbot (process {error.pid}) already serves on this database") from error
