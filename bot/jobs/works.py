"""What each kind of work does with a job, from the state in which its row stands. Each may begin again at any time.

submit: what is free, the claim, the one paid request, and what became of it. collect: is fal done, and the film on the
disk. deliver: the film in the chat, or the word on what happened. When each is due: bot/store/work.py.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Literal

from bot.jobs.collect import Collector
from bot.jobs.delivery import Delivery
from bot.jobs.prepare import Preparer
from bot.jobs.reconciler import Body
from bot.jobs.restored_jobs import RestoredJobs
from bot.jobs.submit import Submitter
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.jobs.verdicts import NEXT, REST, Verdict, retry
from bot.messages.admin_alerts import Alerts
from bot.store import Store
from bot.store.leases import Assignment
from bot.store.records import FREE, OVER, SHELL, Job, JobError, State
from bot.store.work import Work
from core import pricing

log = logging.getLogger(__name__)

_PREPARE_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
_SET_ASIDE_S = 24 * 3600.0  # should it still end its workers, that is a few restarts a day
RESOLVE_LOOKS_S = (2.0, 6.0, 10.0)
"""The pauses before each look for an order whose answer was lost: with the looks themselves, told within 30 seconds."""


Phase = Literal["publishing", "submitting", "downloading"]


def _nobody_looks(_phase: Phase) -> None:
    """In a chat the state of the row says it."""


class Works:
    """The three works, and what is done with a job that ends its workers."""

    def __init__(
        self,
        *,
        store: Store,
        preparer: Preparer,
        submitter: Submitter,
        lost_orders: SubmitReconciler,
        collector: Collector,
        delivery: Delivery | None,
        alerts: Alerts,
        restored: RestoredJobs | None = None,
        buys_for_shell: bool = False,
        on_phase: Callable[[Phase], None] = _nobody_looks,
        resolve_looks_s: tuple[float, ...] = RESOLVE_LOOKS_S,
    ) -> None:
        """Build the works.

        `delivery`: None for a command of the shell, which tells its outcomes itself. `restored` searches for what a
        copy of the database does not know of; None where only a job of now is bought. `buys_for_shell`: this is the
        command that ordered the job; for any other nobody waits for what was not bought yet. `on_phase` hears what is
        being done.
        """
        self._store = store
        self._preparer = preparer
        self._submitter = submitter
        self._lost_orders = lost_orders
        self._collector = collector
        self._delivery = delivery
        self._alerts = alerts
        self._restored = restored
        self._buys_for_shell = buys_for_shell
        self._on_phase = on_phase
        self._resolve_looks_s = resolve_looks_s

    @property
    def bodies(self) -> Mapping[Work, Body]:
        """Return what does each kind of work."""
        return {"submit": self.submit, "collect": self.collect, "deliver": self.deliver}

    async def submit(self, assignment: Assignment) -> Verdict:
        """Prepare and order the job, or find out what became of its order. Raises LeaseLost."""
        job = await self._job(assignment)
        if job.state not in FREE | {State.SUBMITTING}:
            return NEXT
        bought = await self._restored.search(job, assignment) if self._restored is not None else None
        if bought is not None:
            return bought
        if job.state is State.SUBMITTING:
            return await self._resolve(job, assignment)
        if job.address.channel == SHELL and not self._buys_for_shell:
            await self._store.jobs.drop(job.id, why="its command has ended")
            return NEXT
        self._on_phase("publishing")
        waits = await self._preparer.prepare(job, assignment.lease)
        if waits is None:
            self._on_phase("submitting")
            return await self._submitter.submit(await self._job(assignment), assignment.lease)
        if waits.progress or waits.after_s:
            return waits
        if assignment.attempt > len(_PREPARE_PAUSES_S):
            error = JobError("source_unavailable", {})
            await self._store.jobs.fail(job.id, error, charge="none", only_from=FREE, lease=assignment.lease)
            return NEXT
        return retry(_PREPARE_PAUSES_S[assignment.attempt - 1])

    async def _resolve(self, job: Job, assignment: Assignment) -> Verdict:
        """Look for an order that was claimed, and of which nobody has said what became; it is never posted again."""
        verdict = await self._submitter.resume(job)
        if verdict is not None:
            return verdict
        if await self._lost_orders.resolve([job]) or (await self._job(assignment)).state is not State.SUBMITTING:
            return NEXT
        if assignment.attempt < len(self._resolve_looks_s):
            return retry(self._resolve_looks_s[assignment.attempt])
        await self._mark_unconfirmed(job, assignment)
        return NEXT

    async def _mark_unconfirmed(self, job: Job, assignment: Assignment) -> None:
        """Nobody can say whether it was paid: it stands still, visibly, and its owner and the admins are told."""
        if await self._lost_orders.close_refused(job):
            return
        if await self._store.jobs.mark_unconfirmed(job.id, "no answer to the submit", lease=assignment.lease):
            log.warning("a paid request may be lost", extra={"job_id": job.id})
            price = pricing.usd_text(job.usd)
            self._alerts.tell(f"doubt {job.id}", "alert-doubt", job=job.id, user=job.user, price=price)
            if (await self._store.submits.read(job.id)).hint is not None:  # fal's call came since the last look
                await self._lost_orders.resolve([await self._job(assignment)])

    async def collect(self, assignment: Assignment) -> Verdict:
        """Bring the film home once fal is done. Raises LeaseLost."""
        job = await self._job(assignment)
        if job.state is State.PARKED and self._delivery is not None:
            await self._delivery.tell_parked(job, assignment.lease)
        self._on_phase("downloading")
        return await self._collector.collect(assignment)

    async def deliver(self, assignment: Assignment) -> Verdict:
        """Send the film, or the word on what happened. Raises LeaseLost."""
        return NEXT if self._delivery is None else await self._delivery.deliver(assignment)

    async def set_aside(self, assignment: Assignment) -> Verdict:
        """Set aside a job all of whose workers have died: most likely it is what kills them.

        It stands still for a day, and its owner is told; a video waits for its owner. A word is not tried again.
        """
        job, why = await self._job(assignment), "its workers died again and again"
        if job.state is State.DELETED:
            return retry(_SET_ASIDE_S)
        log.error("a job is set aside", extra={"job_id": job.id, "why": why})
        if job.video is not None:
            await self._store.jobs.move(job.id, State.UNDELIVERED, why=why, lease=assignment.lease)
            return retry(_SET_ASIDE_S)
        if job.state in OVER | {State.SUBMIT_UNCONFIRMED, State.DELIVERY_UNCONFIRMED}:
            await self._store.jobs.tell(job.id, job.state, "", lease=assignment.lease)
            return REST
        if job.state in FREE:
            error = JobError("worker_crashed", {})
            await self._store.jobs.fail(job.id, error, charge="none", only_from=FREE, lease=assignment.lease)
            return NEXT
        if await self._store.jobs.mark_unconfirmed(job.id, why, lease=assignment.lease):
            return NEXT
        await self._collector.park(job, why, lease=assignment.lease)
        if self._delivery is not None:
            await self._delivery.tell_parked(await self._job(assignment), assignment.lease)
        return retry(_SET_ASIDE_S)

    async def _job(self, assignment: Assignment) -> Job:
        job = await self._store.jobs.get(assignment.lease.job_id)
        if job is None:
            raise LookupError(assignment.lease.job_id)
        return job
