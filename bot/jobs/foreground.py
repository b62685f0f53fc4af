"""Buys from the shell: the same job, claim, reservation and caps as in a chat, run by this very command.

While it lives it holds the job's lease; one that was killed lets go, and `reelbot run` or `reelbot poll` finishes it.
"""

import asyncio
import getpass
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.jobs.collect import Collector
from bot.jobs.job_lock import AlreadyHeld, alive, hold, mark_of
from bot.jobs.lease_holder import LeaseHolder
from bot.jobs.prepare import Preparer
from bot.jobs.submit import NOT_SENT_WINDOW_S, Submitter
from bot.jobs.submit_reconciliation import SubmitReconciler
from bot.jobs.verdicts import Verdict
from bot.jobs.works import Works
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.leases import Assignment
from bot.store.ledger import OverCap, caps_of
from bot.store.records import AT_FAL, FREE, SHELL, Job, JobDraft, State
from bot.store.work import WORK, Lease, LeaseLost
from core.errors import SubmitNotSent, Unavailable, VideoError
from core.fal.client import FalQueue
from core.fal.poll_schedule import odd_gaps
from core.fal.receipts import FolderReceipts
from core.generate import ODD_S, PATIENCE_S, OnProgress, Progress, wait
from core.types import Plan, RequestHandle, Video

log = logging.getLogger(__name__)

R = TypeVar("R")

_LOOK_S = 2.0
_BY_RUN = "`reelbot run` works on this job: it brings the video home"


class OverTheCap(Exception):
    """A price for which the caps of REELBOT_DAILY_USD or REELBOT_USER_DAILY_USD leave no room: nothing was bought."""

    def __init__(self, over: OverCap) -> None:
        super().__init__(over)
        self.over = over


class JobNotFinished(Exception):
    """A job that did not finish; its state says how. `request_id`: fal's, once it is ordered."""

    def __init__(self, job: Job, *, request_id: str | None) -> None:
        super().__init__(job.id)
        self.job = job
        self.request_id = request_id


class OrderedButNotFetched(Exception):
    """A command that ends over `why` while fal has the order: it can be fetched, and a new try would buy it twice."""

    def __init__(self, job_id: str, *, request_id: str, why: VideoError | OSError) -> None:
        reason = why.code if isinstance(why, VideoError) else why.strerror or type(why).__name__
        fetch = f"`reelbot poll {request_id}`, or the next `reelbot run`, fetches it"
        super().__init__(f"ordered already (job {job_id}): {fetch} ({reason})")
        self.job_id = job_id
        self.request_id = request_id


class Interrupted(Exception):
    """A Ctrl+C.

    `request_id`: fal has it, and goes on; None with `bought` False: nothing was bought, the job is over.
    """

    def __init__(self, job_id: str, *, bought: bool, request_id: str | None) -> None:
        super().__init__(job_id)
        self.job_id = job_id
        self.bought = bought
        self.request_id = request_id


class Troubles:
    """A reporter of trouble with fal: one line for the first, with until when fal is asked again; the rest is alike."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._reported: set[str] = set()

    def asked_again(self, error: VideoError) -> None:
        """Report that a free question was not answered and is asked again."""
        self._tell(error, for_s=ODD_S, after="")

    def not_sent(self, error: SubmitNotSent) -> None:
        """Report that an order was not sent."""
        self._tell(error, for_s=NOT_SENT_WINDOW_S, after="; nothing is bought")

    def _tell(self, error: VideoError, *, for_s: float, after: str) -> None:
        if after in self._reported:
            return
        self._reported.add(after)
        why = str(error.facts.get("reason") or error.code)
        status = error.facts.get("status")
        what = f"fal does not answer as it should: {why} ({status})" if status else f"fal cannot be reached: {why}"
        until = (datetime.now(UTC) + timedelta(seconds=for_s)).astimezone().strftime("%H:%M")
        self._note(f"{what}; trying again until {until}, Ctrl+C stops{after}")


class ForegroundRunner:
    """`buy` and `finish` for one command: it holds the lease of its job, and does the works of its row one by one."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        settings: Settings,
        on_progress: OnProgress,
        note: Callable[[str], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Build the runner. `note` prints a line for the person; `patience_s`: how long one render is waited for."""
        self._store = store
        self._queue = queue
        self._settings = settings
        self._tell = on_progress
        self._note = note
        self._owner = f"{SHELL}:{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._troubles = Troubles(note)
        self._until = time.monotonic() + patience_s
        self._pauses_s = odd_gaps()
        self._leases = LeaseHolder(store.leases, alone=False)
        self._works = self._built(Alerts(store=store, channels={}, admins=(), caps=caps_of(settings)))

    def _built(self, alerts: Alerts) -> Works:
        """Build the very works of the bot."""
        store, queue, settings = self._store, self._queue, self._settings
        receipts = FolderReceipts(settings.receipts_dir)
        self._submitter = Submitter(
            store=store,
            queue=queue,
            receipts=receipts,
            settings=settings,
            alerts=alerts,
            webhook_url=_no_webhook,
            watch=_nothing,
            unconfirmed=self._unconfirmed,
            not_sent=self._troubles.not_sent,
            still_ours=self._leases.is_valid,
        )
        return Works(
            store=store,
            preparer=Preparer(
                store=store, channels={SHELL: _Files()}, settings=settings, alerts=alerts, waits_for_room=False
            ),
            submitter=self._submitter,
            lost_orders=SubmitReconciler(
                store=store, queue=queue, receipts=receipts, settings=settings, alerts=alerts, watch=_nothing
            ),
            collector=Collector(store=store, queue=queue, receipts=receipts, settings=settings, alerts=alerts),
            delivery=None,
            buys_for_shell=True,
            alerts=alerts,
            on_phase=lambda phase: self._tell(Progress(phase)),
        )

    async def buy(self, plan: Plan, *, sources: Sequence[Path] = ()) -> Video:
        """Buy one video and wait for it. `sources`: the files that it is made of, in their order.

        Raises OverTheCap, JobNotFinished (failed, in doubt, parked, cancelled), Interrupted, OrderedButNotFetched
        (after an hour, or over trouble of ours), and VideoError while nothing is ordered.
        """
        new = JobDraft(_incoming(plan, sources), "en", plan, owner=self._owner)
        with hold(await self._mark(new.incoming)):
            began = time.monotonic()
            made = await self._store.jobs.accept(new, inbox_id=None, caps=caps_of(self._settings))
            if isinstance(made, OverCap):
                raise OverTheCap(made)
            if made is None:
                raise AssertionError("a new message has a new origin")
            return await self._finished(Assignment(Lease(made, self._owner, 1), "submit", 1, 0), began)

    async def finish(self, job: Job) -> Video:
        """Finish a job that its own command left behind. Buys nothing that was not claimed.

        Raises AlreadyHeld, and what `buy` raises.
        """
        with hold(await self._mark(job.incoming)):  # so its own command is dead, whatever its lease says
            assignment, began = await self._take(job)
            return await self._finished(assignment, began)

    async def fetch_parked(self, job: Job) -> Video | None:
        """Ask fal once more after a job that was parked; its owner gets the video as well, from `reelbot run`.

        None: fal still works on it, and `reelbot run` waits for it again. Raises JobNotFinished when fal has ended it,
        or still says nothing that can be understood; AlreadyHeld.
        """
        assignment, began = await self._take(job)
        verdict = await self._under_lease(assignment, self._works.collect(assignment), began)
        await self._store.leases.conclude(assignment.lease, due_in_s=verdict.after_s, progress=verdict.progress)
        job = await self._store.jobs.get(job.id) or job
        if job.state is State.RENDERING:
            return None
        return await self._outcome(job)

    async def _take(self, job: Job) -> tuple[Assignment, float]:
        began = time.monotonic()
        also_from = [job.owner] if job.owner is not None and job.owner.startswith(SHELL) else []
        assignment = await self._store.leases.take_one(self._owner, job.id, also_from=also_from)
        if assignment is None:
            raise AlreadyHeld(_BY_RUN)
        return assignment, began

    async def _under_lease(self, assignment: Assignment, body: Coroutine[Any, Any, R], began: float) -> R:
        """Await `body` under the lease, renewed meanwhile. Raises AlreadyHeld when another has the job by then."""
        renewing = asyncio.create_task(self._leases.loop.run())
        try:
            return await self._leases.work(assignment.lease, body, taken_at=began)
        except LeaseLost:
            raise AlreadyHeld(_BY_RUN) from None
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _mark(self, incoming: Incoming) -> Path:
        for folder in (self._settings.videos_dir, self._settings.assets_dir, self._settings.work_dir):
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return mark_of(self._settings.work_dir, incoming)

    async def _finished(self, assignment: Assignment, began: float) -> Video:
        job_id = assignment.lease.job_id
        try:
            await self._under_lease(assignment, self._through(assignment), began)
        except asyncio.CancelledError:
            raise await self._interrupted(job_id) from None
        except (VideoError, OSError) as error:
            request_id = await self._request_id(job_id)
            if request_id is None:
                raise
            raise OrderedButNotFetched(job_id, request_id=request_id, why=error) from error
        finally:
            await self._let_go(assignment.lease)
        job = await self._store.jobs.get(job_id)
        if job is None:
            raise LookupError(job_id)
        if job.video is not None:
            await self._store.jobs.move(job_id, State.DELIVERED, only_from={State.READY}, why="on disk", outcome_ref="")
        return await self._outcome(job)

    async def _let_go(self, lease: Lease) -> None:
        """Give the lease back; where the database is away it lapses, and the reason of the end is what counts."""
        try:
            await self._store.leases.conclude(lease, due_in_s=0.0)
        except Exception:  # noqa: BLE001 - whatever the database does
            log.info("the lease of a job lapses", extra={"job_id": lease.job_id})

    async def _through(self, assignment: Assignment) -> None:
        """Work after work, until the film is here or nothing more can be done by this command."""
        while True:
            job = await self._store.jobs.get(assignment.lease.job_id)
            if job is None or job.video is not None or job.state not in FREE | AT_FAL:
                return
            work = WORK[job.state]
            if job.state is State.RENDERING:
                await self._until_news(job)
            assignment = replace(
                assignment, work=work, attempt=assignment.attempt + 1 if assignment.work == work else 1
            )
            verdict = await self._done(assignment)
            if verdict.progress:
                assignment = replace(assignment, attempt=0)
            await asyncio.sleep(await self._pause_s(assignment, verdict))

    async def _done(self, assignment: Assignment) -> Verdict:
        if assignment.work == "collect":
            return await self._works.collect(assignment)
        return await _unbroken(
            self._works.submit(assignment), on_interrupt=lambda: self._interrupting(assignment.lease.job_id)
        )

    def _interrupting(self, job_id: str) -> None:
        if self._submitter.waits_for_fal(job_id):  # else it is over in a moment
            self._note("waiting for fal's answer to the order; Ctrl+C once more ends at once")

    async def _pause_s(self, assignment: Assignment, verdict: Verdict) -> float:
        """Return the pause that the work or its row asks for."""
        job = await self._store.jobs.get(assignment.lease.job_id)
        if job is None or job.state is State.RENDERING or job.state not in FREE | AT_FAL:
            return 0.0  # a render is waited for before it is looked at
        if job.due is None or WORK[job.state] != "submit":  # at fal, `due` is when a bot would look
            return verdict.after_s or 0.0
        return max(verdict.after_s or 0.0, (job.due - now_ms()) / 1000)

    async def _until_news(self, job: Job) -> None:
        """Wait until fal is done, answers oddly, or somebody wants the job cancelled.

        Collect counts odd answers, and parks the job after ten minutes of them. Raises StillRunning.
        """
        handle = (await self._store.submits.read(job.id)).handle
        if handle is None:
            return
        tasks = [asyncio.create_task(self._until_fal_is_done(job.id, handle))]
        if not job.cancel_asked:
            tasks.append(asyncio.create_task(self._until_cancelled(job.id)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_fal_is_done(self, job_id: str, handle: RequestHandle) -> None:
        answered = False

        def understood(progress: Progress) -> None:
            nonlocal answered
            answered = True
            self._tell(progress)

        patience_s = max(0.0, self._until - time.monotonic())
        try:
            await wait(self._queue, handle, on_progress=understood, patience_s=patience_s, odd_s=0.0)
        except Unavailable as error:
            self._troubles.asked_again(error)
            if answered:  # the ten minutes begin anew
                await self._store.jobs.clear_odd(job_id)
                self._pauses_s = odd_gaps()
            await asyncio.sleep(next(self._pauses_s))

    async def _until_cancelled(self, job_id: str) -> None:
        while not await self._cancel_asked(job_id):  # noqa: ASYNC110 - another process sets the flag, in the database
            await asyncio.sleep(_LOOK_S)

    async def _cancel_asked(self, job_id: str) -> bool:
        job = await self._store.jobs.get(job_id)
        return job is not None and job.cancel_asked

    async def _interrupted(self, job_id: str) -> Interrupted:
        if await self._store.jobs.drop(job_id, why="interrupted"):
            return Interrupted(job_id, bought=False, request_id=None)
        return Interrupted(job_id, bought=True, request_id=await self._request_id(job_id))

    async def _request_id(self, job_id: str) -> str | None:
        """Return the request's id at fal; None while fal has not confirmed the order."""
        submit = await self._store.submits.find(job_id)
        return submit.handle.request_id if submit is not None and submit.handle is not None else None

    async def _unconfirmed(self, job: Job) -> None:
        self._note(f"fal has not confirmed the order yet: still waiting, and nothing is bought twice (job {job.id})")

    async def _outcome(self, job: Job) -> Video:
        """Return the video. Raises JobNotFinished."""
        request_id = await self._request_id(job.id)
        file = job.video
        if file is None:
            raise JobNotFinished(job, request_id=request_id)
        return Video(
            local_path=self._settings.videos_dir / file.name,
            size=file.size,
            width=file.width,
            height=file.height,
            duration_s=file.duration_s,
            request_id=request_id or "",
            cost_usd=job.usd,
            model=job.request.model,
        )


async def _no_webhook(_job_id: str) -> str | None:
    return None


def left_behind(job: Job, work_dir: Path) -> bool:
    """Return whether this job of the shell was left unfinished by its command, and no bot works on it."""
    unfinished = job.state in FREE | AT_FAL | {State.READY}
    if job.address.channel != SHELL or not unfinished:
        return False
    lives = alive(mark_of(work_dir, job.incoming))
    return job.owner is None or (job.owner.startswith(SHELL) and not lives)


async def _unbroken(work: Awaitable[R], *, on_interrupt: Callable[[], None]) -> R:
    """Shield a paid request from Ctrl+C: its answer is waited for and recorded first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            on_interrupt()
        await asyncio.gather(task, return_exceptions=True)
        raise


class _Files:
    """A channel whose photos and videos are files of this machine, by their path."""

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        data = await asyncio.to_thread(Path(ref.file_id).read_bytes)
        await asyncio.to_thread(into.write_bytes, data)


def _incoming(plan: Plan, sources: Sequence[Path]) -> Incoming:
    user, roles = _login(), [source.role for source in plan.request.sources]
    files = [
        AttachmentRef(role.kind.value, str(path.resolve()), path.stat().st_size)
        for role, path in zip(roles, sources, strict=True)
    ]
    return Incoming(
        Address(SHELL, user),
        "console",
        uuid4().hex,
        user,
        plan.request.prompt,
        attachment=files[0] if files else None,
        also=tuple(files[1:]),
    )


def _login() -> str:
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return "operator"


def _nothing() -> None:
    """Do nothing: nobody watches beside this command."""
