"""deliver_v1: sends the outcome of a job to the chat it came from: the video itself, or the text on what happened.

Sending is recorded before and after; what the chat confirmed is written until it is written (delivery_receipts.py). A
process that died while sending sends once more: a duplicate is possible, a loss is not. No answer after the bytes left
is doubt: not repeated by itself, the person gets a "Send again" button. Nothing here asks today's catalogue: a model
may leave it before its films do.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from weakref import WeakValueDictionary

from bot.channels.protocol import ChannelPort
from bot.channels.types import Message, SendError, SendOutcome
from bot.jobs.delivery_receipts import HAS_VIDEO, Acknowledgement, DeliveryReceipts
from bot.jobs.engine import Engine
from bot.jobs.steps import STOP, Next, retry
from bot.jobs.video_files import VideoFiles
from bot.jobs.workflows import DELIVER, SHELL
from bot.messages import job_messages
from bot.messages.admin_alerts import Alerts
from bot.messages.held_messages import HeldMessages
from bot.settings import Settings
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ENDED, Job, JobError, State
from bot.store.stored import UnreadableJob
from core.errors import ResultExpired
from core.io.retrying import RetryPolicy, retried

log = logging.getLogger(__name__)

_TRIES = 6
_PAUSES_S = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0)
_PARKED_S = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)  # between two series of attempts, longer each time
BEGUN_WITHIN_MS = 60_000  # a series that was noted is under way by then, or its process has died
_ANNOUNCING = RetryPolicy(  # an announcement is of the moment
    SendError, pauses_s=(1.0, 3.0), tries=3, only_if=lambda error: error.outcome is SendOutcome.NOT_SENT
)
_HAD = frozenset({State.DELIVERED, State.HANDED_OVER})


class Delivery:
    """The steps and the workflow of a delivery."""

    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        channels: Mapping[str, ChannelPort],
        held_messages: HeldMessages,
        settings: Settings,
        alerts: Alerts,
        fetch_again: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._store = store
        self._channels = channels
        self._held_messages = held_messages
        self._settings = settings
        self._alerts = alerts
        self._files = VideoFiles(settings=settings, fetch_again=fetch_again)
        self._confirmed = DeliveryReceipts(store)
        self._sending: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def register(self) -> None:
        """Register the workflow with the engine."""
        self._engine.register(DELIVER, self.deliver)

    async def close(self) -> None:
        """Begin no more sendings; those under way are waited for a while."""
        await self._confirmed.close()

    async def deliver(self, job_id: str) -> None:
        """Send the outcome, in a series of attempts at growing gaps."""
        for attempt in range(_TRIES):
            result = await self._engine.step("send", self._guarded, job_id)
            if result["next"] != "retry":
                return
            await self._engine.sleep(max(result["after"], _PAUSES_S[attempt]))
        for attempt in count():
            if (await self._engine.step("wait", self._deferred, job_id))["next"] != "retry":
                return
            await self._engine.sleep(min(60.0, 2.0 ** min(attempt, 6)))

    async def _guarded(self, job_id: str) -> Next:
        """Retry after a bug or without a database, one at a time for a job: the video must not be stranded.

        A series that is about to end and the one its owner just asked for send one video.
        """
        lock = self._sending.setdefault(job_id, asyncio.Lock())
        try:
            async with lock:
                await self._confirmed.until_open()
                await self._confirmed.catch_up(job_id)
                return await self._attempt(job_id)
        except Exception:
            log.exception("delivery failed", extra={"job_id": job_id})
            return retry(5.0)

    async def _attempt(self, job_id: str) -> Next:
        try:
            return await self.send(job_id)
        except SendError as error:
            return await self._not_taken(job_id, error)
        except ResultExpired as error:
            return await self._lost(job_id, error)
        except UnreadableJob:
            return STOP if await self._store.unreadable.stands_aside(job_id) else retry(5.0)

    async def _deferred(self, job_id: str) -> Next:
        try:
            return await self.defer(job_id)
        except UnreadableJob:
            return STOP  # the sweeper sets it aside
        except Exception:
            log.exception("not parked", extra={"job_id": job_id})
            return retry(5.0)

    async def send(self, job_id: str) -> Next:
        """Attempt once. Raises SendError; ResultExpired when the video is neither here nor at fal any more."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.told is not None:
            return STOP
        if job.address.channel == SHELL:
            return await self._left_on_disk(job)
        channel = self._channels.get(job.address.channel)
        if channel is None:
            raise SendError(SendOutcome.UNREACHABLE, "this channel is not connected now")
        if job.video is not None and job.state in HAS_VIDEO:
            return await self._send_video(job, channel)
        if job.state in ENDED:
            word = await self._held_messages.message(job.incoming, job_messages.outcome(job), job.language)
            with self._confirmed.sending():
                ref = await channel.show(job.address, word, reply_to=job.incoming.reply_to)
                await self._confirmed.write_down(job_id, Acknowledgement(job.state, ref))
        return STOP

    async def _left_on_disk(self, job: Job) -> Next:
        """Leave a shell job's file on the disk: its command has ended, and `reelbot job ID` says where it lies."""
        if job.video is not None and job.state in HAS_VIDEO:
            await self._store.jobs.move(job.id, State.DELIVERED, why="on disk", told="")
        else:
            await self._store.jobs.nobody_to_tell(job.id)
        return STOP

    async def _send_video(self, job: Job, channel: ChannelPort) -> Next:
        video = await self._held_messages.video(
            job, await self._files.rendition(job, max_bytes=channel.limits.video_bytes)
        )
        if not await self._store.jobs.move(job.id, State.UPLOADING, only_from=HAS_VIDEO):
            return STOP  # it was handed over meanwhile, as the answer to its owner's message
        with self._confirmed.sending():
            try:
                ref = await channel.send_video(job.address, video, reply_to=job.incoming.reply_to)
            except SendError as error:
                if error.outcome != SendOutcome.UNCONFIRMED:
                    raise
                log.warning("perhaps delivered", extra={"job_id": job.id, "reason": error.reason})
                await self._confirmed.write_down(job.id, Acknowledgement(State.UPLOADING, None, error.reason))
                return retry(0.0)  # now with the word on the doubt, and its button
            await self._confirmed.write_down(job.id, Acknowledgement(State.UPLOADING, ref))
        log.info("delivered", extra={"job_id": job.id, "channel": channel.name})
        await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
        return STOP

    async def _not_taken(self, job_id: str, error: SendError) -> Next:
        log.warning("not delivered", extra={"job_id": job_id, "outcome": error.outcome, "reason": error.reason})
        job = await self._store.jobs.get(job_id)
        if job is None:
            return STOP
        if error.moved_to is not None:
            address = replace(job.address, chat_id=error.moved_to)
            await self._store.jobs.moved_to(job_id, replace(job.incoming, address=address))
            return retry(0.0)
        if error.outcome in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}:
            return retry(error.after_s)  # a text may be said twice, but never not at all
        if error.outcome == SendOutcome.MUST_WAIT:
            pause_s = await self._held_messages.hold(job, error)
            await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
            return await self.defer(job_id, why=error.reason, pause_s=pause_s)
        return await self.defer(job_id, why=error.reason)

    async def _lost(self, job_id: str, error: ResultExpired) -> Next:
        """End a job whose video is lost. It was paid for, and what was charged stays so."""
        log.error("a finished video is gone", extra={"job_id": job_id})
        await self._store.jobs.lose(job_id, JobError(error.code, dict(error.facts)), only_from=HAS_VIDEO)
        return retry(0.0)  # now with the word on that

    async def defer(self, job_id: str, why: str = "too many attempts", pause_s: int | None = None) -> Next:
        """Park the outcome as a row, with no workflow; the sweeper starts the next series of attempts."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.told is not None:
            return STOP
        waits = pause_s is not None
        if pause_s is None:
            pause_s = _PARKED_S[min(job.sendings, len(_PARKED_S) - 1)]
        if job.video is not None and job.state in HAS_VIDEO:
            await self._store.jobs.move(job_id, State.UNDELIVERED, why=why)
            if not waits:
                self._alerts.tell(f"undelivered {job_id}", "alert-undelivered", job=job_id, user=job.user, reason=why)
        await self._store.jobs.tell_later(job_id, at=now_ms() + pause_s * 1000)
        return STOP

    async def announce(self, job: Job, message: Message) -> None:
        """Send this on the job to its chat now, best effort; never raises.

        Where the bot may not speak now it is not held: by the person's next message it is outdated, and `/status` says
        what holds then.
        """
        try:
            message = await self._held_messages.message(job.incoming, message, job.language)
            await retried(lambda: self._announce(job, message), _ANNOUNCING)
        except SendError:
            pass  # it is in the log
        except Exception as error:  # noqa: BLE001 - whatever the database does; its text may hold what people wrote
            log.warning("not announced", extra={"job_id": job.id, "error": type(error).__name__})

    async def _announce(self, job: Job, message: Message) -> None:
        channel = self._channels.get(job.address.channel)
        if channel is None:
            return
        try:
            await channel.show(job.address, message, reply_to=job.incoming.reply_to)
        except SendError as error:
            log.info("not announced", extra={"job_id": job.id, "outcome": error.outcome})
            raise

    async def redeliver_for_owner(self, job: Job) -> bool:
        """Redeliver for its owner, also when a receipt of the sending before was written meanwhile.

        False when its owner has had it, and the file is gone for good. One that was never delivered is looked for.
        """
        while not self._had_and_gone(job):
            if await self._begun(job):
                return True
            now = await self._store.jobs.get(job.id)
            if now is None or now.sendings != job.sendings:
                return True  # another series has begun
            job = now
        return False

    async def redeliver(self, job: Job) -> bool:
        """Begin a new series of attempts, after a wait; none where its outcome was told meanwhile. False as above."""
        if self._had_and_gone(job):
            return False
        await self._begun(job)
        return True

    def _had_and_gone(self, job: Job) -> bool:
        return job.state in _HAD and self._files.is_gone(job)

    async def _begun(self, job: Job) -> bool:
        else_at = now_ms() + BEGUN_WITHIN_MS
        if not await self._store.jobs.new_series(job, else_at=else_at):
            return False
        await self._engine.begin(DELIVER, f"{job.id}:tell:{job.sendings + 1}", job.id)
        await self._store.jobs.series_begun(job, else_at=else_at)
        return True

    async def sweep(self) -> None:
        """Redeliver outcomes whose waiting time is over, and delete copies that nobody asked for in a day."""
        await self._files.tidy()
        for job in await self._store.jobs.waiting_to_be_told(now_ms()):
            await self.redeliver(job)


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
