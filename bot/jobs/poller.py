"""Polls fal: holds its status streams, or asks at scheduled times. Both only wake jobs.

The webhook (fal_webhook.py) does the same from the other side, sooner where it works; one that stays silent delays
nothing: only while its calls arrive are the polls behind it few. A message too many costs one status request, no more.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.jobs.collect import ODD_MS, Asked, Collector, odd_words
from bot.jobs.engine import Engine
from bot.jobs.submit_reconciliation import Doubts
from bot.jobs.workflows import COLLECT, SHELL, TOPIC, collect_id
from bot.loops import Loop
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import Job, State
from bot.store.stored import UnreadableJob, number
from bot.store.unreadable import ASK_LATER_MS
from core import pricing
from core.errors import VideoError
from core.fal.client import FalQueue
from core.fal.poll_schedule import odd_gaps, poll_gaps
from core.types import Completed, Queued, QueueStatus, RequestHandle, VideoRequest

log = logging.getLogger(__name__)

_STREAMS = 100
_STREAM_TRIES = 3
_ADOPTION_S = 24 * 3600
_ADOPTION_LOOK_S = 120.0  # a walk through fal's list for all doubtful jobs
_LOOK_S = 10.0  # for one, while fal's webhook waits for our answer
_QUESTION_S = 1800.0  # with a download: one that drips keeps no other parked job waiting for longer
_QUESTIONS = 4  # parked jobs that are asked after at once
_LEARN_GAP_S = 600.0
_HEARD = "webhook-heard"
_HEARD_NOTE_S = 300.0
_HEARD_COUNTS_S = 3600.0


@dataclass(frozen=True, slots=True)
class WatchPauses:
    """Pauses in seconds.

    Between two scans (whoever submits notifies us; a scan finds what was missed), between two searches for lost orders,
    and after a job was woken until it is polled once more.
    """

    scan_s: float = 10.0
    adoption_gap_s: float = 300.0
    again_s: float = 15.0


_USUAL = WatchPauses()


class Watcher:
    """The poller of all requests at fal."""

    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        queue: FalQueue,
        doubts: Doubts,
        collector: Collector,
        deliver: Callable[[Job], Awaitable[bool]],
        webhooks: bool,
        pauses: WatchPauses = _USUAL,
    ) -> None:
        """Build the poller. `deliver` begins to tell the outcome of a job that had been parked."""
        self._pauses = pauses
        self._engine = engine
        self._store = store
        self._queue = queue
        self._webhooks = webhooks
        self._doubts = doubts
        self._collector = collector
        self._deliver = deliver
        self._adopting: asyncio.Task[None] | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._questions = asyncio.Semaphore(_QUESTIONS)
        self._odd: dict[str, float] = {}  # since when (monotonic seconds) fal's answers say nothing of a job
        self.loop = Loop("watcher", self._scan, pause_s=lambda: pauses.scan_s)
        self._streams = asyncio.Semaphore(_STREAMS)
        self._waking: dict[str, asyncio.Task[None]] = {}
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._places: dict[str, int | None] = {}  # in fal's queue, as written down last
        self._next_adoption = 0.0
        self._usual: dict[tuple[str, str | None, int | None], tuple[float, float | None]] = {}
        self._note_heard_after = 0.0

    def kick(self) -> None:
        """Notify the poller of a new request."""
        self.loop.notify()

    async def wake(self, job_id: str) -> None:
        """Tell a job, durably, to ask fal now.

        The stream and the webhook often say it in the same moment: that is one message.
        """
        waking = self._waking.get(job_id)
        if waking is None:
            waking = self._waking[job_id] = asyncio.create_task(self._wake(job_id), name=f"wake {job_id}")
            waking.add_done_callback(lambda ended: self._woken(job_id, ended))
        await asyncio.shield(waking)

    def _woken(self, job_id: str, ended: asyncio.Task[None]) -> None:
        self._waking.pop(job_id, None)
        if not ended.cancelled() and ended.exception() is not None:
            log.warning("not woken", extra={"job_id": job_id})

    async def _wake(self, job_id: str) -> None:
        if not await self._engine.wake(job_id, TOPIC, {"done": True}):
            number = await self._store.jobs.collects(job_id)
            await self._engine.wake(collect_id(job_id, number), TOPIC, {"done": True})

    async def heard(self) -> None:
        """Note that a webhook signed by fal has arrived: for a while they can be relied on."""
        if time.monotonic() >= self._note_heard_after:
            self._note_heard_after = time.monotonic() + _HEARD_NOTE_S
            await self._store.installation.put(_HEARD, str(now_ms()))

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            await self.loop.run()
        finally:
            for task in [*self._watched.values(), *self._asking.values(), self._adopting]:
                if task is not None:
                    task.cancel()

    async def _scan(self) -> None:
        held = await self._store.jobs.at_fal()
        rendering = {job_id for job_id, until in held.items() if (until or 0) < now_ms()}  # the shell watches its own
        for job_id in [each for each, task in self._watched.items() if task.done() or each not in rendering]:
            self._let_go(job_id, self._watched.pop(job_id))
        for job_id in rendering - self._watched.keys():
            self._watched[job_id] = asyncio.create_task(self._watch(job_id), name=f"watch {job_id}")
        await self._ask_parked()
        if time.monotonic() >= self._next_adoption and (self._adopting is None or self._adopting.done()):
            self._next_adoption = time.monotonic() + self._pauses.adoption_gap_s
            self._adopting = asyncio.create_task(self._adopt_doubtful(), name="adopt")

    def _let_go(self, job_id: str, task: asyncio.Task[None]) -> None:
        self._places.pop(job_id, None)
        self._odd.pop(job_id, None)
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.error("watching ended", extra={"job_id": job_id}, exc_info=error)
        task.cancel()

    async def _watch(self, job_id: str) -> None:
        try:
            await self._watch_readable(job_id)
        except UnreadableJob:
            log.info("a row that cannot be read is not watched", extra={"job_id": job_id})

    async def _watch_readable(self, job_id: str) -> None:
        """Watch one request. Thousands may wait so: memory holds only the job's id and its request's."""
        handle = (await self._store.submits.read(job_id)).handle
        if handle is None:
            return
        try:
            if not await self._stream(job_id, handle):
                await self._look(job_id, handle)
        except UnreadableJob:
            raise
        except Exception:
            log.exception("watching ended", extra={"job_id": job_id})
        await self.wake(job_id)
        await asyncio.sleep(self._pauses.again_s)
        await self._collect_orphan(job_id)  # still rendering after that: the next scan watches it again

    async def _stream(self, job_id: str, handle: RequestHandle) -> bool:
        """Hold fal's status stream. False when there is no place for it or it keeps breaking."""
        if self._streams.locked():
            return False
        async with self._streams:
            for attempt in range(_STREAM_TRIES):
                try:
                    async for status in self._queue.stream(handle):
                        await self._note(job_id, status)
                        if isinstance(status, Completed):
                            return True
                except VideoError as error:
                    if "status" in error.facts:  # an answer, but no stream: there will be none
                        return False
                    log.debug("stream broke", extra={"job_id": job_id, "code": error.code})
                await asyncio.sleep(2.0**attempt)
        return False

    async def _look(self, job_id: str, handle: RequestHandle) -> None:
        async for _ in self._gaps(job_id):
            status = await self._asked(job_id, handle)
            if status is None:
                return
            await self._note(job_id, status)
            if isinstance(status, Completed):
                return

    async def _asked(self, job_id: str, handle: RequestHandle) -> QueueStatus | None:
        """Poll the status until fal says one, soon again after an odd answer; None: nothing else came for too long."""
        for pause_s in odd_gaps():
            try:
                status = await self._queue.status(handle)
            except VideoError as error:
                if await self._odd_too_long(job_id, error):
                    return None
                await asyncio.sleep(pause_s)
            else:
                await self._clear_odd(job_id)
                return status
        raise AssertionError("repeating never ends")

    async def _gaps(self, job_id: str) -> AsyncIterator[None]:
        """Sleep until each next poll is due."""
        job = await self._store.jobs.get(job_id)
        if job is None:
            return
        passed_s = (now_ms() - (job.rendering_since or now_ms())) / 1000
        usual_s, rarely = await self.usual_s(job.request), await self.webhook_works()
        self._places.setdefault(job_id, job.fal_position)
        del job
        for gap in poll_gaps(passed_s=passed_s, usual_s=usual_s, rarely=rarely):
            await asyncio.sleep(gap)
            yield

    async def _odd_too_long(self, job_id: str, error: VideoError) -> bool:
        """Return whether fal has said nothing of this job for so long that its own poll will park it."""
        if job_id not in self._odd:
            since = await self._store.jobs.odd(job_id, odd_words(error))
            self._odd[job_id] = time.monotonic() - max(0, now_ms() - since) / 1000
        return time.monotonic() - self._odd[job_id] >= ODD_MS / 1000

    async def _clear_odd(self, job_id: str) -> None:
        if self._odd.pop(job_id, None) is not None:
            await self._store.jobs.clear_odd(job_id)

    async def _collect_orphan(self, job_id: str) -> None:
        """Begin to collect a request that was found before a process died."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.state is not State.RENDERING or job.address.channel == SHELL:
            return
        if not await self._engine.runs(job_id, collect_id(job_id, job.collects)):
            log.warning("nobody waited for this one", extra={"job_id": job_id})
            await self.collect(job_id, job.collects)

    async def collect(self, job_id: str, number: int) -> None:
        """Begin the workflow that fetches this job; `number`: how often it had been parked."""
        await self._engine.begin(COLLECT, collect_id(job_id, number), f"{job_id}:{number}" if number else job_id)

    async def usual_s(self, request: VideoRequest) -> float | None:
        """Return the usual render time by our own rows; the catalogue's guess while they are too few."""
        key = (request.model, request.resolution, request.duration_s)
        learned_at, usual_s = self._usual.get(key, (-math.inf, None))
        if time.monotonic() - learned_at >= _LEARN_GAP_S:
            learned = await self._store.render_times.usual_render_s(request)
            usual_s = _guess_s(request) if learned is None else learned
            self._usual[key] = (time.monotonic(), usual_s)
        return usual_s

    async def webhook_works(self) -> bool:
        """Return whether a signed call of fal's came lately."""
        heard = await self._store.installation.get(_HEARD) if self._webhooks else None
        return now_ms() - number(heard) < _HEARD_COUNTS_S * 1000

    async def _note(self, job_id: str, status: QueueStatus) -> None:
        """Note the place in fal's queue, for the person who waits."""
        place = status.position if isinstance(status, Queued) else None
        if job_id not in self._places or self._places[job_id] != place:
            await self._store.jobs.note_position(job_id, place)
            self._places[job_id] = place

    async def _adopt_doubtful(self) -> None:
        """Search for requests whose answer was lost: they may turn up at fal for a day, and are then delivered.

        So may those that were refused by a gateway, for a while.
        """
        try:
            doubtful = await self._store.jobs.find(states=[State.DOUBT])
            recent = [job for job in doubtful if now_ms() - job.created < _ADOPTION_S * 1000]
            refused = await self._store.jobs.find(ids=[each.job_id for each in await self._store.submits.sought()])
            if recent or refused:
                await self.adopt([*recent, *refused], within_s=_ADOPTION_LOOK_S)
        except Exception:
            log.exception("lost requests were not looked for")

    async def adopt(self, jobs: Sequence[Job], *, within_s: float = _LOOK_S) -> None:
        """Watch jobs in doubt, or refused, whose requests are found: they are fetched and delivered like any other."""
        for job_id in await self._doubts.resolve(jobs, within_s=within_s):
            await self.collect(job_id, await self._store.jobs.collects(job_id))

    async def reopen(self, job: Job, request_id: str) -> bool:
        """Reopen a refused order that fal has all the same: it is fetched and delivered. Raises VideoError."""
        reopened = await self._doubts.reopen(job, request_id)
        if reopened:
            await self.collect(job.id, await self._store.jobs.collects(job.id))
        return reopened

    async def ask_now(self, job: Job) -> None:
        """Ask about a parked job at the next turn: its owner or fal's webhook gave a reason to."""
        await self._store.jobs.ask_again(job.id, at=now_ms())

    async def _ask_parked(self) -> None:
        """Ask about parked jobs that are due, a few at once; each may take as long as its download."""
        for job_id in [job_id for job_id, task in self._asking.items() if task.done()]:
            del self._asking[job_id]
        for job_id in await self._store.jobs.due_parked():
            if job_id not in self._asking:
                self._asking[job_id] = asyncio.create_task(self._ask(job_id), name=f"ask after {job_id}")

    async def _ask(self, job_id: str) -> None:
        async with self._questions:
            try:
                async with asyncio.timeout(_QUESTION_S):
                    await self._go_on(job_id, await self._collector.ask(job_id))
            except UnreadableJob:
                await self._store.jobs.ask_again(job_id, at=now_ms() + ASK_LATER_MS)
            except Exception:
                log.exception("not asked after", extra={"job_id": job_id})

    async def _go_on(self, job_id: str, answer: Asked) -> None:
        if answer == "renders":
            number = await self._store.jobs.unpark(job_id, "fal still works on it")
            if number is not None:
                await self.collect(job_id, number)
        elif answer == "over" and (job := await self._store.jobs.get(job_id)) is not None:
            await self._deliver(job)


def _guess_s(request: VideoRequest) -> float | None:
    with suppress(VideoError):
        return pricing.find(request.model).usual_render_s
    return None  # a model of another day
