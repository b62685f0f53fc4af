"""render_v1: takes a job from its turn in the queue to the checked mp4 on disk, durably.

Each step returns {"next": ...} as JSON; what a job is stands in our rows, the engine only remembers how far it came.
The paid request is submit.py's, what comes after it collect.py's; here is the order of the steps, and what is free.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any, Protocol, TypeVar

from bot.jobs.collect import Collector
from bot.jobs.prepare import Preparer
from bot.jobs.steps import DOUBT, GO, STOP, Next, retry
from bot.jobs.submit import Submitter
from bot.jobs.submit_reconciliation import Doubts
from bot.messages.admin_alerts import Alerts
from bot.store import Store
from bot.store.records import AT_FAL, FREE, Charge, Job, JobError, State
from bot.store.stored import UnreadableJob
from core import pricing

log = logging.getLogger(__name__)

R = TypeVar("R")

RENDER = "render_v1"
COLLECT = "collect_v1"
DELIVER = "deliver_v1"
TOPIC = "fal"
SHELL = "shell"  # the channel of jobs that `reelbot generate` began

_PREPARE_TRIES = 8
RESOLVE_LOOKS_S = (2.0, 6.0, 10.0)  # with the looks themselves: told within 30 seconds
_WAIT_S = 1800.0  # the watcher wakes it long before; each look of a thousand that wait is not free
_DOWNLOAD_TRIES = 300  # with pauses up to 5 minutes: a day


class Steps(Protocol):
    """The engine of a workflow: the durable one, or for one command of the shell nothing but this process."""

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """Register a workflow."""
        ...

    async def step(self, name: str, body: Callable[..., Coroutine[Any, Any, R]], *args: Any) -> R:
        """Run a step and return its result, recorded where the engine is durable."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Pause."""
        ...

    async def wait(self, topic: str, *, timeout_s: float) -> object:
        """Wait for a message on this topic."""
        ...

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        """Begin another workflow."""
        ...


def collect_id(job_id: str, number: int) -> str:
    """Return the id of the workflow that collects a job which stood still; `number`: how often it had been parked."""
    return f"{job_id}:collect" + (f":{number}" if number else "")


class Render:
    """The steps, and the workflows that run them in order."""

    def __init__(
        self,
        *,
        engine: Steps,
        store: Store,
        preparer: Preparer,
        submitter: Submitter,
        collector: Collector,
        doubts: Doubts,
        alerts: Alerts,
        resolve_looks_s: tuple[float, ...] = RESOLVE_LOOKS_S,
    ) -> None:
        """Build the workflows. `resolve_looks_s`: the pauses before each search for an order whose answer was lost."""
        self._engine = engine
        self._store = store
        self._preparer = preparer
        self._submitter = submitter
        self._collector = collector
        self._resolve_looks_s = resolve_looks_s
        self._doubts = doubts
        self._alerts = alerts

    def register(self) -> None:
        """Register the workflows with the engine."""
        self._engine.register(RENDER, self.render)
        self._engine.register(COLLECT, self.collect)

    # Workflows: only steps, waits and pauses; what comes next depends on nothing but recorded results.

    async def render(self, job_id: str) -> None:
        """Run the workflow of a new job: prepare, submit, poll, download."""
        if await self._prepared(job_id) and await self._bought(job_id):
            await self._collected(job_id)
        await self._engine.begin(DELIVER, f"{job_id}:tell", job_id)

    async def collect(self, which: str) -> None:
        """Run the workflow from "fal has it" on.

        It is for a request that was found after a doubt, or (`which` is then "<job>:<number>") for one that fal still
        works on although it had been parked.
        """
        job_id, _, number = which.partition(":")
        await self._collected(job_id)
        await self._engine.begin(DELIVER, f"{job_id}:tell-again" + (f":{number}" if number else ""), job_id)

    async def _prepared(self, job_id: str) -> bool:
        for attempt in range(_PREPARE_TRIES):
            result = await self._step("prepare", self.prepare, job_id)
            if result["next"] != "retry":
                return result["next"] == "go"
            await self._engine.sleep(result["after"] or min(60, 2**attempt))
        await self.surely("give up preparing", self.give_up, job_id)
        return False

    async def _bought(self, job_id: str) -> bool:
        while True:
            result = await self._step("submit", self.submit, job_id)
            if result["next"] != "retry":
                break
            await self._engine.sleep(result["after"])
        if result["next"] == "doubt":  # from here on nothing is posted, only asked
            for pause in self._resolve_looks_s:
                await self._engine.sleep(pause)
                if (await self._step("find submitted", self.find_submitted, job_id))["next"] == "go":
                    return True
            await self.surely("park", self.park, job_id)
        return result["next"] == "go"

    async def _collected(self, job_id: str) -> None:
        while True:
            await self._engine.wait(TOPIC, timeout_s=_WAIT_S)
            result = await self.surely("look", self.look, job_id)
            if result["next"] == "go":
                result = await self._downloaded(job_id)
            if result["next"] != "wait":
                return

    async def _downloaded(self, job_id: str) -> Next:
        for attempt in range(_DOWNLOAD_TRIES):
            result = await self._step("download", self.download, job_id)
            if result["next"] != "retry":
                return result
            await self._engine.sleep(result["after"] or min(300, 2**attempt))
        return await self.surely("give up downloading", self.give_up, job_id)

    async def surely(self, name: str, body: Callable[..., Awaitable[Next]], job_id: str) -> Next:
        """Run a step until it has a result: only a broken disk or database keeps it from that.

        Else the job would be stranded, perhaps paid.
        """
        for attempt in count():
            result = await self._step(name, body, job_id)
            if result["next"] != "retry":
                return result
            await self._engine.sleep(min(60.0, 2.0 ** min(attempt, 6)))
        raise AssertionError("counting never ends")

    async def _step(self, name: str, body: Callable[..., Awaitable[Next]], *args: Any) -> Next:
        return await self._engine.step(name, self._guarded, name, body, *args)

    async def _guarded(self, name: str, body: Callable[..., Awaitable[Next]], job_id: str, *args: Any) -> Next:
        """Run a step's body; a bug or a broken disk is retried and logged, since it must not strand what was paid."""
        try:
            return await self._readable(body, job_id, *args)
        except Exception:
            log.exception("step failed", extra={"job_id": job_id, "step": name})
            return DOUBT if name == "submit" else retry(5.0)

    async def _readable(self, body: Callable[..., Awaitable[Next]], job_id: str, *args: Any) -> Next:
        """Run a step's body; a row that cannot be read is set aside by bot/jobs/quarantine.py, which ends it here."""
        try:
            return await body(job_id, *args)
        except UnreadableJob:
            return STOP if await self._store.unreadable.stands_aside(job_id) else retry(5.0)

    # Step bodies: each may run twice (a crash between its effect and its record).

    async def prepare(self, job_id: str) -> Next:
        """Do what is free: publish the source, confirm the price."""
        return await self._preparer.prepare(await self._job(job_id))

    async def submit(self, job_id: str) -> Next:
        """Submit the one paid request."""
        return await self._submitter.submit(await self._job(job_id))

    async def find_submitted(self, job_id: str) -> Next:
        """Ask fal whether it has a request whose answer was lost. Buys nothing."""
        found = await self._doubts.resolve([await self._job(job_id)])
        return GO if job_id in found else STOP

    async def park(self, job_id: str) -> Next:
        """Put the job into doubt: nobody can say whether it was paid; its owner and the admins are told."""
        job = await self._job(job_id)
        if job.state is State.SUBMITTING and await self._doubts.close_refused(job):
            return STOP
        if await self._store.jobs.doubt(job_id, "no answer to the submit"):
            log.warning("a paid request may be lost", extra={"job_id": job_id})
            price = pricing.usd_text(job.usd)
            self._alerts.tell(f"doubt {job_id}", "alert-doubt", job=job_id, user=job.user, price=price)
            if (await self._store.submits.read(job_id)).hint is not None:  # fal's call came since the last look
                await self._doubts.resolve([await self._job(job_id)])
        elif job.state in FREE:  # it did not arrive after all; that this was written was not known any more
            return await self._fail(job_id, JobError("submit_not_sent", {}), charge="none", only_from=FREE)
        return STOP

    async def look(self, job_id: str) -> Next:
        """Poll fal for the end of the request."""
        return await self._collector.look(await self._job(job_id))

    async def download(self, job_id: str) -> Next:
        """Download the finished file, checked, to this disk."""
        return await self._collector.download(await self._job(job_id))

    async def give_up(self, job_id: str) -> Next:
        """End a job that cost nothing yet, after so many tries. A paid one is parked, and asked about again."""
        job = await self._job(job_id)
        if job.state in FREE:
            return await self._fail(job_id, JobError("source_unavailable", {}), charge="none", only_from=FREE)
        if job.state is State.SUBMITTING:  # claimed by an earlier run, and nothing is known of it
            return await self.park(job_id)
        return await self._collector.park(job, job.odd or "too many tries")

    async def _fail(
        self, job_id: str, error: JobError, *, charge: Charge, only_from: frozenset[State] = AT_FAL
    ) -> Next:
        log.info("job failed", extra={"job_id": job_id, "code": error.code, "charge": charge})
        await self._store.jobs.fail(job_id, error, charge=charge, only_from=only_from)
        return STOP

    async def _job(self, job_id: str) -> Job:
        job = await self._store.jobs.get(job_id)
        if job is None:
            raise LookupError(job_id)
        return job
