"""A purchase from the shell: the same job, claim, reservation and caps as in a chat, worked on by this very command.

While it lives it holds the job (holding.py); one that was killed lets go, and the next `reelbot run` or `reelbot poll`
finishes it.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from bot.channels.protocol import Address, AttachmentRef, Incoming
from bot.jobs.collect import Collector
from bot.jobs.job_lock import alive, held, mark_of
from bot.jobs.submit import Submitter
from bot.jobs.submit_reconciliation import Doubts
from bot.jobs.workflows import SHELL, Render
from bot.messages.admin_alerts import Alerts
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.ledger import OverCap, caps_of
from bot.store.records import AT_FAL, FREE, Job, NewJob, State
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts
from core.generate import OnProgress, Progress, wait
from core.types import Plan, Video

R = TypeVar("R")

_HOLD_MS = 60_000
_RENEW_S = 15.0
_LOOK_S = 2.0


class OverTheCap(Exception):
    """The caps of REELBOT_DAILY_USD or REELBOT_USER_DAILY_USD leave no room for it: nothing was bought."""

    def __init__(self, over: OverCap) -> None:
        super().__init__(over)
        self.over = over


class Unfinished(Exception):
    """The job stands as it stands; its state says how."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


class Interrupted(Exception):
    """Ctrl+C. `request_id`: fal has it, and goes on; None with `bought` False: nothing was bought, the job is over."""

    def __init__(self, job_id: str, *, bought: bool, request_id: str | None) -> None:
        super().__init__(job_id)
        self.job_id = job_id
        self.bought = bought
        self.request_id = request_id


class Shell:
    """`buy` and `finish` for one command."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        settings: Settings,
        on_progress: OnProgress,
        note: Callable[[str], None],
    ) -> None:
        """`note` says a line to the person at the shell."""
        self._store = store
        self._queue = queue
        self._settings = settings
        self._tell = on_progress
        self._note = note
        self._receipts = FolderReceipts(settings.receipts_dir)
        self._alerts = Alerts(store=store, channels={}, admins=(), caps=caps_of(settings))
        self._collector = Collector(
            store=store, queue=queue, receipts=self._receipts, settings=settings, alerts=self._alerts
        )

    async def buy(self, plan: Plan, *, source: Path | None) -> Video:
        """Raises OverTheCap, Unfinished (failed, in doubt, cancelled), Interrupted, VideoError (StillRunning after an
        hour).
        """
        new = NewJob(_incoming(plan, source), "en", plan, held_until=now_ms() + _HOLD_MS)
        with held(await self._mark(new.incoming)):
            made = await self._store.jobs.accept(new, inbox_id=None, caps=caps_of(self._settings), enqueue=_no_queue)
            if isinstance(made, OverCap):
                raise OverTheCap(made)
            if made is None:
                raise AssertionError("a new message has a new origin")
            return await self._work(made)

    async def finish(self, job: Job) -> Video:
        """A job that its own command left behind: from where it stands. Buys nothing that was not claimed. Raises
        AlreadyHeld, and what `buy` raises.
        """
        with held(await self._mark(job.incoming)):
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
        job = await self._store.jobs.get(job_id)
        if job is None or job.video is None:
            raise Unfinished(job) if job else LookupError(job_id)
        await self._store.jobs.move(job_id, State.DELIVERED, only_from={State.READY}, why="on disk", told="")
        return self._video(job, (await self._store.submits.read(job_id)).handle)

    async def _interrupted(self, job_id: str) -> Interrupted:
        if await self._store.jobs.drop(job_id, why="interrupted"):
            return Interrupted(job_id, bought=False, request_id=None)
        handle = (await self._store.submits.read(job_id)).handle
        return Interrupted(job_id, bought=True, request_id=handle.request_id if handle else None)

    async def fetch_parked(self, job: Job) -> Video | None:
        """Ask fal once more after a job that was parked; its owner gets the video as well, from `reelbot run`.

        None: fal still works on it, and `reelbot run` waits for it again. Raises Unfinished when fal has ended it, or
        still says nothing that can be understood.
        """
        if await self._collector.ask(job.id) == "renders":
            await self._store.jobs.unpark(job.id, "fal still works on it")
            return None
        job = await self._store.jobs.get(job.id) or job
        if job.video is None:
            raise Unfinished(job)
        return self._video(job, (await self._store.submits.read(job.id)).handle)

    async def _unconfirmed(self, job: Job) -> None:
        self._note(f"fal has not confirmed the order yet: still waiting, and nothing is bought twice (job {job.id})")

    def _render(self, job_id: str) -> Render:
        """The very workflow of the bot, walked here without the engine."""
        return Render(
            engine=_Direct(self._store, self._queue, job_id, self._tell),
            store=self._store,
            submitter=Submitter(
                store=self._store,
                queue=self._queue,
                receipts=self._receipts,
                settings=self._settings,
                alerts=self._alerts,
                webhook_url=lambda _job_id: None,
                watch=_nothing,
                wake=_nobody,
                unconfirmed=self._unconfirmed,
            ),
            collector=self._collector,
            channels={SHELL: _Files()},
            settings=self._settings,
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
        """For a bot on another machine, which does not see our mark: while we live, the time runs on."""
        renewing = asyncio.create_task(self._renew(job_id))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._store.jobs.note(job_id, held_until=now_ms())

    async def _renew(self, job_id: str) -> None:
        while True:
            await self._store.jobs.note(job_id, held_until=now_ms() + _HOLD_MS)
            await asyncio.sleep(_RENEW_S)

    def _video(self, job: Job, handle: Any) -> Video:
        file = job.video
        if file is None:
            raise AssertionError("only jobs with a video come here")
        return Video(
            local_path=self._settings.videos_dir / file.name,
            size=file.size,
            width=file.width,
            height=file.height,
            duration_s=file.duration_s,
            request_id=handle.request_id if handle else "",
            cost_usd=job.usd,
            model=job.request.model,
        )


def left_behind(job: Job, work_dir: Path) -> bool:
    """A job of the shell whose command is gone before it was done, and that no bot has taken over."""
    unfinished = job.state in FREE | AT_FAL | {State.READY}
    if job.address.channel != SHELL or not unfinished or job.held_until is None:
        return False
    lives = alive(mark_of(work_dir, job.incoming))
    return job.held_until < now_ms() if lives is None else not lives


class _Direct:
    """The engine's face for a workflow that lives as long as this process."""

    def __init__(self, store: Store, queue: FalQueue, job_id: str, tell: OnProgress) -> None:
        self._store = store
        self._queue = queue
        self._job_id = job_id
        self._tell = tell

    async def step(self, name: str, body: Callable[..., Awaitable[R]], *args: Any) -> R:
        phases = {"prepare": "publishing", "submit": "submitting", "download": "downloading"}
        if name in phases:
            self._tell(Progress(phases[name]))  # type: ignore[arg-type]  # a table of literals
        return await _unbroken(body(*args)) if name == "submit" else await body(*args)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, _topic: str, *, timeout_s: float) -> None:  # noqa: ARG002 - the wait itself has its patience
        """Until fal is done, or somebody wants it cancelled. Raises StillRunning."""
        handle = (await self._store.submits.read(self._job_id)).handle
        if handle is None:
            return
        tasks = [asyncio.create_task(wait(self._queue, handle, on_progress=self._tell))]
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

    async def _until_cancelled(self) -> None:
        while not await self._cancel_asked():  # noqa: ASYNC110 - another process sets the flag, in the database
            await asyncio.sleep(_LOOK_S)

    async def _cancel_asked(self) -> bool:
        job = await self._store.jobs.get(self._job_id)
        return job is not None and job.cancel_asked

    async def begin(self, name: str, workflow_id: str, job_id: str) -> None:
        """Nothing is delivered from here: the file lies on this disk."""

    def register(self, name: str, body: Callable[[str], Awaitable[None]]) -> None:
        """There is nobody to register with."""


async def _unbroken(work: Awaitable[R]) -> R:
    """Ctrl+C does not cut a paid request short: its answer is waited for and written down first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


class _Files:
    """The shell's photos and videos: files of this machine, by their path."""

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
    """This command works on it itself."""


async def _nobody(_job_id: str) -> None:
    """The workflow of a bot's job looks by itself."""


def _nothing() -> None:
    """Nobody watches beside this command."""
