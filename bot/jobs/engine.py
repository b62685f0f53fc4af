"""The durable engine (DBOS) behind a few verbs. The only file that imports it.

It runs the short works of jobs under numbered ids and records that they began and ended. What must happen next is never
its decision: the row of a job says that (bot/store/leases.py). So a work that the engine begins again after a crash
finds its lease gone, and ends.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from filelock import FileLock

from bot.jobs.process_lock import AlreadyRunning, HeldByAnother, acquire
from bot.store.database import KEEPALIVE, Database
from bot.store.leases import Assignment
from bot.store.work import Lease, Work

log = logging.getLogger(__name__)

VERSION = "1"  # fixed: the default is a hash of the source, and any edit would strand the works in flight
_NAME = "reelbot"
_FIRST_DESIGN = ("render_v1", "collect_v1", "deliver_v1")
"""Workflows of 0.1. A name that is not registered would stay pending for ever; these end at once, for what they were at
is due by its row.
"""
_FIRST_QUEUE = "jobs"
_LISTEN_S = 1.0  # nothing is sent to a workflow, so it asks nothing; but a stop waits for it
_FORGET_AT_ONCE = 1000
_OPEN = ["PENDING", "ENQUEUED", "DELAYED"]
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_ABANDONED_S = 24 * 3600.0  # no work lasts so long: its worker has ended, and others have done it


class Engine:
    """`register` what does a work, then `start`; `begin` runs one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._works: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._lock: FileLock | None = None

    def register(self, body: Callable[[Assignment], Awaitable[None]]) -> None:
        """Name the workflows that do the works of jobs. Before `start`."""
        for work in get_args(Work):
            self._works[work] = self._workflow(work, body)
        for name in _FIRST_DESIGN:
            DBOS.workflow(name=name)(_handed_over(name))

    def _workflow(
        self, work: Work, body: Callable[[Assignment], Awaitable[None]]
    ) -> Callable[..., Coroutine[Any, Any, None]]:
        async def workflow(job_id: str, owner: str, epoch: int, attempt: int, lapses: int) -> None:
            if self._stopping:
                raise asyncio.CancelledError  # as those that were under way
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await body(Assignment(Lease(job_id, owner, epoch), work, attempt, lapses))

        workflow.__name__ = workflow.__qualname__ = work
        return DBOS.workflow(name=work)(workflow)

    async def start(self, *, owner: str) -> None:
        """Launch inside the running loop. On PostgreSQL `owner` must be unique. Raises AlreadyRunning."""
        url = self._database.engine.url
        if self._database.is_sqlite:
            self._lock = _only_process(Path(f"{url.database}.lock"))
        address = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
        DBOS(config=self._config(address, "local" if self._database.is_sqlite else owner))
        DBOS.launch()
        await self._end_first_design()

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
            notification_listener_polling_interval_sec=_LISTEN_S,
            notification_coalesce_sec=_LISTEN_S,  # else it wakes a hundred times a second, to send nothing
            db_engine_kwargs={"hide_parameters": True}  # as our own engine: errors of the database get into the log
            | ({} if self._database.is_sqlite else {"connect_args": dict(KEEPALIVE)}),
        )

    async def _end_first_design(self) -> None:
        """Whatever 0.1 had queued, or had begun on other machines: its rows are due, and nobody else will end these."""
        found = await DBOS.list_workflows_async(
            name=list(_FIRST_DESIGN), status=_OPEN, load_input=False, load_output=False
        )
        if found:
            await DBOS.cancel_workflows_async([each.workflow_id for each in found])
        await DBOS.delete_queue_async(_FIRST_QUEUE)

    async def begin(self, assignment: Assignment) -> None:
        """Start a work at once, in this process."""
        lease = assignment.lease
        with SetWorkflowID(f"{lease.job_id}:{lease.epoch}:{assignment.work}"):  # 0.1 had such as JOB:collect:1
            await DBOS.start_workflow_async(
                self._works[assignment.work],
                lease.job_id,
                lease.owner,
                lease.epoch,
                assignment.attempt,
                assignment.lapses,
            )

    async def stop(self) -> None:
        """Works under way are cancelled: so end the paid ones first.

        A cancelled workflow is recorded as nothing (the engine records exceptions, and a cancellation is none); one
        that met a closed engine instead might be recorded as failed.
        """
        self._stopping = True
        logging.getLogger("dbos").setLevel(logging.ERROR)  # it warns of each cancelled workflow, and we cancel them all
        await self._cancel_running()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=0)
        await self._cancel_running()
        if self._lock is not None:
            self._lock.release()

    async def _cancel_running(self) -> None:
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def forget(*, before_s: float) -> None:
        """Delete the history of works that ended longer ago than that, and of those whose worker has ended."""
        now = datetime.now(UTC)
        abandoned = await DBOS.list_workflows_async(
            status=_OPEN,
            end_time=(now - timedelta(seconds=_ABANDONED_S)).isoformat(),
            load_input=False,
            load_output=False,
            limit=_FORGET_AT_ONCE,
        )
        if abandoned:
            await DBOS.cancel_workflows_async([each.workflow_id for each in abandoned])
        before = (now - timedelta(seconds=before_s)).isoformat()
        old = await DBOS.list_workflows_async(
            status=_ENDED, completed_before=before, load_input=False, load_output=False, limit=_FORGET_AT_ONCE
        )
        if old:
            await DBOS.delete_workflows_async([each.workflow_id for each in old])


def _handed_over(name: str) -> Callable[..., Coroutine[Any, Any, None]]:
    async def workflow(*_inputs: str) -> None:
        log.info("a work of 0.1 is left to its row", extra={"workflow": name})

    workflow.__name__ = workflow.__qualname__ = name
    return workflow


def _only_process(path: Path) -> FileLock:
    """Lock the database file: a second process on it would run the first one's jobs again, so it must not start."""
    try:
        return acquire(path)
    except HeldByAnother as error:
        raise AlreadyRunning(f"another reelbot (process {error.pid}) already serves on this database") from error
