"""Notice when fal is done: hold fal's status streams, or look at well placed times. It only says that a job is due.

The webhook (fal_webhook.py) does the same from the other side, sooner where it works; one that stays silent delays
nothing: only while it comes are the looks behind it few. A word too many costs one status request, no more.
"""

import asyncio
import heapq
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass

from bot.loops import Loop
from bot.store import Store
from bot.store.database import now_ms
from bot.store.installation import WEBHOOK_SEEN
from bot.store.records import Job, State
from bot.store.stored import UnreadableJob, number
from core import pricing
from core.errors import VideoError
from core.fal.client import FalQueue
from core.fal.poll_schedule import poll_gaps
from core.types import Completed, Queued, QueueStatus, RequestHandle, VideoRequest

log = logging.getLogger(__name__)

_STREAMS = 100
_STREAM_TRIES = 3
_LOOKS_AT_ONCE = 20
_FIRST_LOOKS = 200  # rows that are read in one query, when their jobs begin to be watched
_LEARN_GAP_S = 600.0
_SEEN_NOTE_S = 300.0
_SEEN_COUNTS_S = 3600.0
_WAITS_FOR_FAL = frozenset({State.RENDERING, State.DOWNLOADING, State.PARKED})


@dataclass(frozen=True, slots=True)
class PollerPauses:
    """The poller's pauses, in seconds.

    `scan_s`: between two scans (whoever submits tells us; a scan finds what was not told). `again_s`: until a job that
    was said to be due is looked after once more.
    """

    scan_s: float = 10.0
    again_s: float = 15.0


_USUAL = PollerPauses()


class StatusPoller:
    """Watches all jobs at fal, and says which are due."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FalQueue,
        webhooks: bool,
        due: Callable[[], None],
        pauses: PollerPauses = _USUAL,
        most_streams: int = _STREAMS,
        most_looks: int = _LOOKS_AT_ONCE,
    ) -> None:
        """`due` is told when a row has become due. So many streams are held, and looks made beside them, at once."""
        self._store = store
        self._queue = queue
        self._webhooks = webhooks
        self._due = due
        self._pauses = pauses
        self._most_streams = most_streams
        self._most_tasks = most_streams + most_looks
        self._scan_at = -math.inf
        self._next: dict[str, Iterator[float]] = {}  # the pauses before each look at a job
        self._agenda: list[tuple[float, str]] = []  # (monotonic seconds, job id), a heap
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._places: dict[str, int | None] = {}
        self._usual: dict[tuple[str, str | None, int | None], tuple[float, float | None]] = {}
        self._note_seen_after = 0.0
        self.loop = Loop("poller", self._turn, pause_s=self._pause_s)

    def notify(self) -> None:
        """There is a new request to watch."""
        self._scan_at = -math.inf
        self.loop.notify()

    async def say_due(self, job_id: str) -> None:
        """Fal is to be asked after this job now."""
        if await self._store.leases.hint(job_id, states=_WAITS_FOR_FAL):
            self._due()

    async def webhook_seen(self) -> None:
        """Note that a webhook that fal signed came in, here or elsewhere: for a while they can be relied on."""
        if time.monotonic() >= self._note_seen_after:
            self._note_seen_after = time.monotonic() + _SEEN_NOTE_S
            await self._store.installation.put(WEBHOOK_SEEN, str(now_ms()))

    async def run(self) -> None:
        """Poll until cancelled. Nothing is remembered of an earlier time: all at fal is watched anew."""
        try:
            await self.loop.run()
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._forget()

    def _forget(self) -> None:
        self._scan_at = -math.inf
        for remembered in (self._next, self._agenda, self._tasks, self._places):
            remembered.clear()

    def _pause_s(self) -> float:
        """Until the next scan, or look if there is a place for it; else the end of a look begins the next turn."""
        look_at = self._agenda[0][0] if self._agenda and self._has_place() else math.inf
        return max(0.0, min(self._scan_at + self._pauses.scan_s, look_at) - time.monotonic())

    def _has_place(self) -> bool:
        return sum(not task.done() for task in self._tasks.values()) < self._most_tasks

    async def _turn(self) -> None:
        if time.monotonic() >= self._scan_at + self._pauses.scan_s:
            self._scan_at = time.monotonic()
            await self._scan()
        self._tasks = {job_id: task for job_id, task in self._tasks.items() if not task.done()}
        while self._look_is_due() and self._has_place():
            _, job_id = heapq.heappop(self._agenda)
            if job_id in self._next and job_id not in self._tasks:
                self._begin(job_id, self._poll(job_id))

    def _look_is_due(self) -> bool:
        return bool(self._agenda) and self._agenda[0][0] <= time.monotonic()

    async def _scan(self) -> None:
        """Watch what has come to fal, and let go of what is there no more."""
        rendering = await self._store.jobs.at_fal()
        for job_id in self._next.keys() - rendering:
            self._let_go(job_id)
        new = list(rendering - self._next.keys())
        rarely = await self.webhook_works() if new else False
        for start in range(0, len(new), _FIRST_LOOKS):
            for job in await self._store.jobs.find(ids=new[start : start + _FIRST_LOOKS]):
                await self._watch(job, rarely=rarely)

    def _let_go(self, job_id: str) -> None:
        del self._next[job_id]
        self._places.pop(job_id, None)
        if job_id in self._tasks:
            self._tasks.pop(job_id).cancel()

    async def _watch(self, job: Job, *, rarely: bool) -> None:
        """Thousands may wait so: nothing of the job is kept in memory but its id and when it is looked at."""
        passed_s = (now_ms() - (job.rendering_since or now_ms())) / 1000
        usual_s = await self.usual_s(job.request)
        self._next[job.id] = poll_gaps(passed_s=passed_s, usual_s=usual_s, rarely=rarely)
        self._places[job.id] = job.fal_position
        if len(self._streams) < self._most_streams:
            self._streams.add(self._begin(job.id, self._stream(job.id)))
        else:
            self._look_later(job.id)

    def _begin(self, job_id: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks[job_id] = asyncio.create_task(self._guarded(job_id, work), name=f"watch {job_id}")
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._streams.discard(task)
        if self._look_is_due():  # it waited for a place
            self.loop.notify()

    async def _guarded(self, job_id: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except UnreadableJob:
            log.info("a row that cannot be read is not watched", extra={"job_id": job_id})
        except Exception:
            log.exception("not watched for a moment", extra={"job_id": job_id})
            self._look_later(job_id, after_s=self._pauses.again_s)

    def _look_later(self, job_id: str, *, after_s: float | None = None) -> None:
        if job_id not in self._next:
            return
        pause_s = next(self._next[job_id]) if after_s is None else after_s
        heapq.heappush(self._agenda, (time.monotonic() + pause_s, job_id))
        if self._agenda[0][1] == job_id:
            self.loop.notify()  # sooner than anything that was planned

    async def _stream(self, job_id: str) -> None:
        """Hold fal's status stream; where it keeps breaking, look."""
        if await self._streamed(job_id):
            await self._finished(job_id)
        else:
            self._look_later(job_id)

    async def _streamed(self, job_id: str) -> bool:
        handle = await self._handle(job_id)
        if handle is None:
            return True
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

    async def _poll(self, job_id: str) -> None:
        handle = await self._handle(job_id)
        if handle is None:
            return await self._finished(job_id)
        try:
            status = await self._queue.status(handle)
        except VideoError:
            await self.say_due(job_id)  # what that means for the job is collect's to say
            return self._look_later(job_id)
        await self._note(job_id, status)
        return await self._finished(job_id) if isinstance(status, Completed) else self._look_later(job_id)

    async def _handle(self, job_id: str) -> RequestHandle | None:
        return (await self._store.submits.read(job_id)).handle

    async def _finished(self, job_id: str) -> None:
        """Say that the job is due; if it still renders after that, it is looked after once more."""
        await self.say_due(job_id)
        self._look_later(job_id, after_s=self._pauses.again_s)

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
        seen = await self._store.installation.get(WEBHOOK_SEEN) if self._webhooks else None
        return now_ms() - number(seen) < _SEEN_COUNTS_S * 1000

    async def _note(self, job_id: str, status: QueueStatus) -> None:
        """Note the place in fal's queue, for the person who waits."""
        place = status.position if isinstance(status, Queued) else None
        if job_id not in self._places or self._places[job_id] != place:
            await self._store.jobs.note_position(job_id, place)
            self._places[job_id] = place


def _guess_s(request: VideoRequest) -> float | None:
    with suppress(VideoError):
        return pricing.find(request.model).usual_render_s
    return None  # a model of another day
