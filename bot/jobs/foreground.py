"""Buys from the shell: the same job, claim, reservation and caps as in a chat, run by this very command.

While it lives it holds the job (job_lock.py); one that was killed lets go, and the next `reelbot run` or `reelbot poll`
finishes it.
"""

import asyncio
import getpass
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from bot.channels.types import Address, AttachmentRef, Incoming
from bot.jobs.collect import Collector
from bot.jobs.job_lock import alive, hold, mark_of
from bot.jobs.prepare import Preparer
from bot.jobs.submit import NOT_SENT_WINDOW_S, Submitter
from bot.jobs.submit_reconciliation import Doubts
from bot.jobs.workflows import SHELL, Render
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.ledger import OverCap, caps_of
from bot.store.records import AT_FAL, FREE, Job, JobDraft, State
from core.errors import SubmitNotSent, Unavailable, VideoError
from core.fal.client import FalQueue
from core.fal.poll_schedule import odd_gaps
from core.fal.receipts import FolderReceipts
from core.generate import ODD_S, PATIENCE_S, OnProgress, OnTrouble, Progress, wait
from core.types import Plan, RequestHandle, Video

R = TypeVar("R")

_HOLD_MS = 60_000
_RENEW_S = 15.0
_LOOK_S = 2.0


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
    """A runner for one command: `buy` and `finish`."""

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
        self._troubles = Troubles(note)
        self._patience_s = patience_s
        self._receipts = FolderReceipts(settings.receipts_dir)
        self._alerts = Alerts(store=store, channels={}, admins=(), caps=caps_of(settings))
        self._collector = Collector(
            store=store, queue=queue, receipts=self._receipts, settings=settings, alerts=self._alerts
        )

    async def buy(self, plan: Plan, *, source: Path | None) -> Video:
        """Buy one video and wait for it.

        Raises OverTheCap, JobNotFinished (failed, in doubt, parked, cancelled), Interrupted, OrderedButNotFetched
        (after an hour, or over trouble of ours), and VideoError while nothing is ordered.
        """
        new = JobDraft(_incoming(plan, source), "en", plan, held_until=now_ms() + _HOLD_MS)
        with hold(await self._mark(new.incoming)):
            made = await self._store.jobs.accept(new, inbox_id=None, caps=caps_of(self._settings), enqueue=_no_queue)
            if isinstance(made, OverCap):
                raise OverTheCap(made)
            if made is None:
                raise AssertionError("a new message has a new origin")
            return await self._work(made)

    async def finish(self, job: Job) -> Video:
        """Finish a job that its own command left behind. Buys nothing that was not claimed.

        Raises AlreadyHeld, and what `buy` raises.
        """
        with hold(await self._mark(job.incoming)):
            return await self._work(job.id)

    async def _mark(self, incoming: Incoming) -> Path:
        for folder in (self._settings.videos_dir, self._settings.assets_dir, self._settings.work_dir):
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return mark_of(self._settings.work_dir, incoming)

    async def _work(self, job_id: str) -> Video:
        try:
            async with self._renewed(job_id):
                await self._render(job_id).render(job_id)
        except asyncio.CancelledError:
            raise await self._interrupted(job_id) from None
        except (VideoError, OSError) as error:
            request_id = await self._request_id(job_id)
            if request_id is None:
                raise
            raise OrderedButNotFetched(job_id, request_id=request_id, why=error) from error
        job = await self._store.jobs.get(job_id)
        if job is None:
            raise LookupError(job_id)
        if job.video is None:
            raise JobNotFinished(job, request_id=await self._request_id(job_id))
        await self._store.jobs.move(job_id, State.DELIVERED, only_from={State.READY}, why="on disk", told="")
        return self._video(job, await self._request_id(job_id))

    async def _interrupted(self, job_id: str) -> Interrupted:
        if await self._store.jobs.drop(job_id, why="interrupted"):
            return Interrupted(job_id, bought=False, request_id=None)
        return Interrupted(job_id, bought=True, request_id=await self._request_id(job_id))

    async def _request_id(self, job_id: str) -> str | None:
        """Return the request's id at fal; None while fal has not confirmed the order."""
        submit = await self._store.submits.find(job_id)
        return submit.handle.request_id if submit is not None and submit.handle is not None else None

    async def fetch_parked(self, job: Job) -> Video | None:
        """Ask fal once more about a parked job; its owner gets the video as well, from `reelbot run`.

        None: fal still works on it, and `reelbot run` waits for it again. Raises JobNotFinished when fal has ended it,
        or still says nothing that can be understood.
        """
        if await self._collector.ask(job.id) == "renders":
            await self._store.jobs.unpark(job.id, "fal still works on it")
            return None
        job = await self._store.jobs.get(job.id) or job
        if job.video is None:
            raise JobNotFinished(job, request_id=await self._request_id(job.id))
        return self._video(job, await self._request_id(job.id))

    async def _unconfirmed(self, job: Job) -> None:
        self._note(f"fal has not confirmed the order yet: still waiting, and nothing is bought twice (job {job.id})")

    def _render(self, job_id: str) -> Render:
        """Build the very workflow of the bot, run here without the engine."""
        submitter = Submitter(
            store=self._store,
            queue=self._queue,
            receipts=self._receipts,
            settings=self._settings,
            alerts=self._alerts,
            webhook_url=lambda _job_id: None,
            watch=_nothing,
            wake=_nobody,
            unconfirmed=self._unconfirmed,
            not_sent=self._troubles.not_sent,
        )

        def interrupted() -> None:
            if submitter.waits_for_fal(job_id):  # else it is over in a moment
                self._note("waiting for fal's answer to the order; Ctrl+C once more ends at once")

        return Render(
            engine=InlineEngine(
                self._store,
                self._queue,
                job_id,
                self._tell,
                patience_s=self._patience_s,
                on_trouble=self._troubles.asked_again,
                on_interrupt=interrupted,
            ),
            store=self._store,
            preparer=Preparer(
                store=self._store, channels={SHELL: _Files()}, settings=self._settings, alerts=self._alerts
            ),
            submitter=submitter,
            collector=self._collector,
            doubts=Doubts(
                store=self._store,
                queue=self._queue,
                receipts=self._receipts,
                settings=self._settings,
                alerts=self._alerts,
                watch=_nothing,
                wake=_nobody,
            ),
            alerts=self._alerts,
        )

    @asynccontextmanager
    async def _renewed(self, job_id: str) -> AsyncIterator[None]:
        """Renew the lease while we live, for a bot on another machine, which does not see our lock file."""
        renewing = asyncio.create_task(self._renew(job_id))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._store.jobs.lease(job_id, until=now_ms())

    async def _renew(self, job_id: str) -> None:
        while True:
            await self._store.jobs.lease(job_id, until=now_ms() + _HOLD_MS)
            await asyncio.sleep(_RENEW_S)

    def _video(self, job: Job, request_id: str | None) -> Video:
        file = job.video
        if file is None:
            raise AssertionError("only jobs with a video come here")
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


def left_behind(job: Job, work_dir: Path) -> bool:
    """Return whether a shell job's command ended before it was done, and no bot has taken it over."""
    unfinished = job.state in FREE | AT_FAL | {State.READY}
    if job.address.channel != SHELL or not unfinished or job.held_until is None:
        return False
    lives = alive(mark_of(work_dir, job.incoming))
    return job.held_until < now_ms() if lives is None else not lives


class InlineEngine:
    """An engine for a workflow that lives as long as this process."""

    def __init__(
        self,
        store: Store,
        queue: FalQueue,
        job_id: str,
        tell: OnProgress,
        *,
        patience_s: float,
        on_trouble: OnTrouble,
        on_interrupt: Callable[[], None],
    ) -> None:
        """Build the engine. `on_interrupt` is called on a Ctrl+C that has to wait for the end of a submit."""
        self._store = store
        self._queue = queue
        self._job_id = job_id
        self._tell = tell
        self._on_trouble = on_trouble
        self._on_interrupt = on_interrupt
        self._until = time.monotonic() + patience_s
        self._pauses_s = odd_gaps()

    async def step(self, name: str, body: Callable[..., Awaitable[R]], *args: Any) -> R:
        """Run the step now; nothing is recorded."""
        phases = {"prepare": "publishing", "submit": "submitting", "download": "downloading"}
        if name in phases:
            self._tell(Progress(phases[name]))  # type: ignore[arg-type]  # a table of literals
        return await _unbroken(body(*args), on_interrupt=self._on_interrupt) if name == "submit" else await body(*args)

    async def sleep(self, seconds: float) -> None:
        """Sleep, not durably."""
        await asyncio.sleep(seconds)

    async def wait(self, _topic: str, *, timeout_s: float) -> None:  # noqa: ARG002 - the wait itself has its patience
        """Wait until fal is done, answers oddly, or somebody wants it cancelled. Raises StillRunning.

        The poll after it counts odd answers, and parks the job after ten minutes of them.
        """
        handle = (await self._store.submits.read(self._job_id)).handle
        if handle is None:
            return
        tasks = [asyncio.create_task(self._until_fal_is_done(handle))]
        if not await self._cancel_asked():
            tasks.append(asyncio.create_task(self._until_cancelled()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_fal_is_done(self, handle: RequestHandle) -> None:
        any_status = False

        def understood(progress: Progress) -> None:
            nonlocal any_status
            any_status = True
            self._tell(progress)

        patience_s = max(0.0, self._until - time.monotonic())
        try:
            await wait(self._queue, handle, on_progress=understood, patience_s=patience_s, odd_s=0.0)
        except Unavailable as error:
            self._on_trouble(error)
            if any_status:  # the ten minutes begin anew
                await self._store.jobs.clear_odd(self._job_id)
                self._pauses_s = odd_gaps()
            await asyncio.sleep(next(self._pauses_s))

    async def _until_cancelled(self) -> None:
        while not await self._cancel_asked():  # noqa: ASYNC110 - another process sets the flag, in the database
            await asyncio.sleep(_LOOK_S)

    async def _cancel_asked(self) -> bool:
        job = await self._store.jobs.get(self._job_id)
        return job is not None and job.cancel_asked

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        """Do nothing: no delivery is begun from here, the file lies on this disk."""

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """Do nothing: workflows are called directly."""


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


def _incoming(plan: Plan, source: Path | None) -> Incoming:
    user = _login()
    attachment = None
    if source is not None:
        kind = "image" if plan.request.mode == "image-to-video" else "video"
        attachment = AttachmentRef(kind, str(source.resolve()), source.stat().st_size)  # type: ignore[arg-type]
    return Incoming(Address(SHELL, user), "console", uuid4().hex, user, plan.request.prompt, attachment=attachment)


def _login() -> str:
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return "operator"


def _no_queue(_connection: Connection, _job_id: str, _user: str) -> None:
    """Enqueue nothing: this command runs the job itself."""


async def _nobody(_job_id: str) -> None:
    """Wake nobody: the workflow of a bot's job polls by itself."""


def _nothing() -> None:
    """Do nothing: nobody watches beside this command."""
