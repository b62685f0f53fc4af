"""A small durable engine in the place of DBOS: workflows are coroutines, their steps' results are recorded as JSON.

What it keeps to, as the real one does: a workflow that was interrupted runs again from its top, and each step that is
recorded gives its recorded result; a step is at least once; a workflow id is begun once; what a transaction enqueues is
there when it commits; messages and pauses are durable; a replay that asks for another step than was recorded is an
error; of two runs of one workflow the slower ends in silence.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sqlalchemy import event

from bot.jobs.engine import Engine
from bot.store.database import Connection
from tests.prove.virtual import Agenda

R = TypeVar("R")

BUYER: ContextVar[str | None] = ContextVar("prove_buyer", default=None)
"""The job whose workflow runs here: fal's books name it beside each paid request."""
_WAITING = "prove_enqueued"
_QUEUE_S = 0.1
_TRIES_S = 1.0


class DivergedError(AssertionError):
    """A replayed workflow asked for another step than the one that was recorded."""


@dataclass
class Workflow:
    id: str
    name: str
    job_id: str
    partition: str | None = None
    status: Literal["ENQUEUED", "PENDING", "SUCCESS", "ERROR"] = "PENDING"
    owner: int = 0
    steps: list[tuple[str, str]] = field(default_factory=list)
    messages: dict[str, deque[str]] = field(default_factory=dict)

    @property
    def job(self) -> str:
        """Some are begun for one turn of a job, by a number."""
        return self.job_id.partition(":")[0]


class Records:
    """What is on disk: shared by all processes, and there after each death of one."""

    def __init__(self) -> None:
        self.workflows: dict[str, Workflow] = {}
        self.waiters: dict[tuple[str, str], list[tuple[int, asyncio.Event]]] = {}

    def left_by_others(self, owner: int) -> list[Workflow]:
        return [each for each in self.workflows.values() if each.status == "PENDING" and each.owner != owner]

    def traces(self, job_id: str) -> str:
        """For people: the workflows of a job, and the last steps of each."""
        mine = [each for each in self.workflows.values() if each.job == job_id]
        return "; ".join(f"{each.id} {each.status} of {each.owner}: {each.steps[-8:]}" for each in mine)


_UNDER_WAY = ("PENDING", "ENQUEUED")


class ModelEngine(Engine):
    """One process's part of it. `writable`: whether the database takes records now."""

    def __init__(
        self, records: Records, agenda: Agenda, *, owner: int, limits: tuple[int, int], writable: Callable[[], bool]
    ) -> None:
        self._records = records
        self._agenda = agenda
        self._owner = owner
        self._all_jobs, self._user_jobs = limits
        self._writable = writable
        self._bodies: dict[str, Callable[[str], Awaitable[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []  # all of them: one that is over by a conflict waits for ever
        self._run: ContextVar[_Run] = ContextVar(f"prove_run_{owner}")
        self._ended = False

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        self._bodies[name] = body

    def adopt(self) -> None:
        """What other processes left behind goes on here: they are dead, or taken for it."""
        for workflow in self._records.left_by_others(self._owner):
            if workflow.partition is not None:
                workflow.status = "ENQUEUED"
            else:
                self._start(workflow)
        self._pump_soon()

    def end(self) -> None:
        """A stop: workflows are cancelled, and recorded as nothing."""
        self._ended = True
        for task in self._tasks:
            task.cancel()

    def enqueue_tx(self, tx: Connection, name: str, job_id: str, partition: str) -> None:
        workflow = Workflow(job_id, name, job_id, partition, "ENQUEUED")
        tx.info.setdefault(_WAITING, []).append((self, workflow))

    def _committed(self, workflow: Workflow) -> None:
        self._records.workflows.setdefault(workflow.id, workflow)
        self._pump_soon()

    def _pump_soon(self) -> None:
        asyncio.get_running_loop().call_later(_QUEUE_S, self._pump)

    def _pump(self) -> None:
        if self._ended:
            return
        for workflow in list(self._records.workflows.values()):
            if workflow.status == "ENQUEUED" and self._has_room(workflow):
                self._start(workflow)

    def _has_room(self, new: Workflow) -> bool:
        running = [each for each in self._records.workflows.values() if each.partition and each.status == "PENDING"]
        own = [each for each in running if each.partition == new.partition]
        return len(running) < self._all_jobs and len(own) < self._user_jobs

    def _start(self, workflow: Workflow) -> None:
        workflow.status, workflow.owner = "PENDING", self._owner
        self._tasks.append(asyncio.create_task(self._whole(workflow), name=f"workflow {workflow.id}"))

    async def _whole(self, workflow: Workflow) -> None:
        self._run.set(_Run(workflow))
        BUYER.set(workflow.job)
        try:
            await self._bodies[workflow.name](workflow.job_id)
        except asyncio.CancelledError:
            raise
        except DivergedError:
            raise
        except Exception:
            workflow.status = "ERROR"
            raise
        await self._written()
        if workflow.owner == self._owner:
            workflow.status = "SUCCESS"
        self._pump_soon()

    async def _written(self) -> None:
        """The engine's own patience with a database that is away."""
        while not self._writable():
            await asyncio.sleep(_TRIES_S)

    async def runs(self, *workflow_ids: str) -> bool:
        found = [self._records.workflows.get(each) for each in workflow_ids]
        return any(each is not None and each.status in _UNDER_WAY for each in found)

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        await self._written()
        if workflow_id not in self._records.workflows and not self._ended:
            workflow = self._records.workflows[workflow_id] = Workflow(workflow_id, name, job_id)
            self._start(workflow)

    async def wake(self, workflow_id: str, topic: str, message: dict[str, Any]) -> bool:
        await self._written()
        workflow = self._records.workflows.get(workflow_id)
        if workflow is None:
            return False
        workflow.messages.setdefault(topic, deque()).append(json.dumps(message))
        waiters = self._records.waiters.get((workflow_id, topic), [])
        for _, arrived in waiters:
            arrived.set()
        return any(owner == self._owner for owner, _ in waiters)

    async def step(  # type: ignore[override]
        self, name: str, body: Callable[..., Coroutine[Any, Any, R]], *args: Any
    ) -> R:
        run = self._run.get()
        recorded = run.next(name)
        if recorded is None:
            recorded = await self._record(run, name, json.dumps(await body(*args)))
        result: R = json.loads(recorded)
        return result

    async def sleep(self, seconds: float) -> None:  # type: ignore[override]
        run = self._run.get()
        until = run.next("sleep")
        if until is None:
            until = await self._record(run, "sleep", json.dumps(self._agenda.wall() + seconds))
        await asyncio.sleep(max(0.0, json.loads(until) - self._agenda.wall()))

    async def wait(self, topic: str, *, timeout_s: float) -> dict[str, Any] | None:  # type: ignore[override]
        run = self._run.get()
        recorded = run.next("wait")
        if recorded is None:
            waiting = run.workflow.messages.setdefault(topic, deque())
            await self._arrival(run.workflow, topic, waiting, timeout_s)
            await self._written()  # from here on without a pause: what is taken is recorded
            recorded = await self._record(run, "wait", waiting.popleft() if waiting else "null")
        message: dict[str, Any] | None = json.loads(recorded)
        return message

    async def _arrival(self, workflow: Workflow, topic: str, waiting: deque[str], timeout_s: float) -> None:
        waiter = (self._owner, asyncio.Event())
        waiters = self._records.waiters.setdefault((workflow.id, topic), [])
        waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                while not waiting:
                    await waiter[1].wait()
                    waiter[1].clear()
        except TimeoutError:
            return
        finally:
            waiters.remove(waiter)

    async def _record(self, run: "_Run", name: str, result: str) -> str:
        await self._written()
        if run.write(name, result):
            run.workflow.owner = self._owner  # whoever went on with it last answers for it
        else:
            await asyncio.Event().wait()  # another process has gone on with it: this one's run is over
        return result


def listen(engine: Any) -> None:
    """To the transactions of a database: what one enqueued is there when it commits."""

    @event.listens_for(engine, "commit")
    def committed(connection: Connection) -> None:
        for model, workflow in connection.info.pop(_WAITING, []):
            model._committed(workflow)

    @event.listens_for(engine, "rollback")
    def rolled_back(connection: Connection) -> None:
        connection.info.pop(_WAITING, None)


class _Run:
    """One walk through a workflow, from its top."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self._at = 0

    def next(self, name: str) -> str | None:
        """The recorded result of the step that is asked for now."""
        if self._at >= len(self.workflow.steps):
            return None
        recorded, result = self.workflow.steps[self._at]
        if recorded != name:
            raise DivergedError(f"{self.workflow.id}: {name} where {recorded} was recorded")
        self._at += 1
        return result

    def write(self, name: str, result: str) -> bool:
        """False: somebody else has written this place."""
        if self._at != len(self.workflow.steps):
            return False
        self.workflow.steps.append((name, result))
        self._at += 1
        return True
