"""deliver_v1: the outcome of a job goes back to the chat it came from: the video itself, or the word on what happened.

Sending is recorded before and after. A process that died while sending sends once more: a duplicate is possible, a loss
is not. No answer after the bytes left is doubt: not repeated by itself, the person gets a "Send again" button.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from pathlib import Path
from weakref import WeakValueDictionary

from bot import notices
from bot.alerts import Alerts
from bot.channels.port import ChannelPort, DeliveryError, VideoMessage
from bot.engine import Engine
from bot.jobs import DELIVER, SHELL
from bot.outgoing import Outgoing
from bot.settings import Settings
from bot.steps import STOP, Next, retry
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ENDED, Job, JobError, State, record
from core import media
from core.errors import DownloadFailed, Repeat, ResultExpired, VideoError
from core.fitting import Fitting

log = logging.getLogger(__name__)

_TRIES = 6
_PAUSES_S = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0)
_PARKED_S = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)  # between two series of attempts, longer each time
_BEGUN_WITHIN_MS = 60_000  # a series that was noted is under way by then, or its process has died
_FAL_KEEPS_MS = 7 * 24 * 3600 * 1000  # as asked for at the submit: core/fal.py
_KEEP_FITTED_S = 24 * 3600
_HAS_VIDEO = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED})
_NO_FILE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_HAD = frozenset({State.DELIVERED, State.HANDED_OVER})


class Delivery:
    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        channels: Mapping[str, ChannelPort],
        outgoing: Outgoing,
        settings: Settings,
        alerts: Alerts,
        fetch_again: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._store = store
        self._channels = channels
        self._outgoing = outgoing
        self._settings = settings
        self._alerts = alerts
        self._fetch_again = fetch_again
        self._fitting = Fitting(settings.output_dir / "fitted")
        self._sending: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def register(self) -> None:
        self._engine.register(DELIVER, self.deliver)

    async def deliver(self, job_id: str) -> None:
        for attempt in range(_TRIES):
            result = await self._engine.step("send", self._guarded, job_id)
            if result["next"] != "retry":
                return
            await self._engine.sleep(max(result["after"], _PAUSES_S[attempt]))
        for attempt in count():
            if (await self._engine.step("wait", self._parked, job_id))["next"] != "retry":
                return
            await self._engine.sleep(min(60.0, 2.0 ** min(attempt, 6)))

    async def _guarded(self, job_id: str) -> Next:
        """A bug or a database that is away must not end the workflow: the video would be stranded.

        One at a time for a job: a series that is about to end and the one its owner just asked for send one video.
        """
        lock = self._sending.setdefault(job_id, asyncio.Lock())
        try:
            async with lock:
                return await self._attempt(job_id)
        except Exception:
            log.exception("delivery failed", extra={"job_id": job_id})
            return retry(5.0)

    async def _attempt(self, job_id: str) -> Next:
        try:
            return await self.send(job_id)
        except DeliveryError as error:
            return await self._not_taken(job_id, error)
        except ResultExpired as error:
            return await self._lost(job_id, error)

    async def _parked(self, job_id: str) -> Next:
        try:
            return await self.park(job_id)
        except Exception:
            log.exception("not parked", extra={"job_id": job_id})
            return retry(5.0)

    async def send(self, job_id: str) -> Next:
        """One attempt. Raises DeliveryError; ResultExpired when the video is neither here nor at fal any more."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.told is not None:
            return STOP
        if job.address.channel == SHELL:
            return await self._left_on_disk(job)
        channel = self._channels.get(job.address.channel)
        if channel is None:
            raise DeliveryError("gone", "this channel is not connected now")
        if job.video is not None and job.state in _HAS_VIDEO:
            await self._send_video(job, channel)
        elif job.state in ENDED:
            word = await self._outgoing.message(job.incoming, notices.outcome(job), job.language)
            ref = await channel.show(job.address, word, reply_to=job.incoming.reply_to)
            await self._store.jobs.tell(job, ref)
        return STOP

    async def _left_on_disk(self, job: Job) -> Next:
        """A job of the shell: its command has ended, the file lies where `reelbot job ID` says."""
        if job.video is not None and job.state in _HAS_VIDEO:
            await self._store.jobs.move(job.id, State.DELIVERED, why="on disk", told="")
        else:
            await self._store.jobs.note(job.id, told="")
        return STOP

    async def _send_video(self, job: Job, channel: ChannelPort) -> None:
        video = await self._outgoing.video(job, await self._fitted(job, channel))
        if not await self._store.jobs.move(job.id, State.UPLOADING, only_from=_HAS_VIDEO):
            return  # it was handed over meanwhile, as the answer to its owner's message
        ref = await channel.send_video(job.address, video, reply_to=job.incoming.reply_to)
        await self._store.jobs.move(job.id, State.DELIVERED, told=ref, send_after=None)
        log.info("delivered", extra={"job_id": job.id, "channel": channel.name})
        await asyncio.to_thread(_forget, self._settings.work_dir / job.id)

    async def _fitted(self, job: Job, channel: ChannelPort) -> VideoMessage:
        """A copy that this chat plays natively and takes; the original stays as fal made it."""
        if job.video is None:
            raise DeliveryError("refused", "no video")
        original = self._settings.videos_dir / job.video.name
        try:
            if not original.exists():
                await self._bring_back(job)
            with media.on_behalf_of(job.user):
                fitted = await self._fitting.fitted(original, max_bytes=channel.limits.video_bytes)
        except ResultExpired:
            raise
        except VideoError as error:
            again = error.repeat is Repeat.FREE_STEP
            raise DeliveryError("retry" if again else "refused", error.code) from error
        return VideoMessage(
            path=fitted.path,
            caption=notices.caption(job),
            width=fitted.width,
            height=fitted.height,
            duration_s=fitted.duration_s or job.video.duration_s,
            thumbnail=fitted.thumbnail,
            job_id=job.id,
        )

    async def _bring_back(self, job: Job) -> None:
        """The file is on another machine's disk, or was lost from ours. Raises VideoError."""
        try:
            await self._fetch_again(job)
        except DownloadFailed as error:
            if not _fal_keeps(job) and error.facts.get("status") in _NO_FILE:
                raise ResultExpired from error
            raise

    async def _not_taken(self, job_id: str, error: DeliveryError) -> Next:
        log.warning("not delivered", extra={"job_id": job_id, "verdict": error.verdict, "reason": error.reason})
        job = await self._store.jobs.get(job_id)
        if job is None:
            return STOP
        if error.moved_to is not None:
            address = replace(job.address, chat_id=error.moved_to)
            await self._store.jobs.note(job_id, incoming=record(replace(job.incoming, address=address)))
            return retry(0.0)
        if error.verdict == "retry" or (error.verdict == "doubt" and job.state is not State.UPLOADING):
            return retry(error.after_s)  # a text may be said twice, but never not at all
        if error.verdict == "doubt":
            await self._store.jobs.move(job_id, State.DELIVERY_DOUBT, only_from={State.UPLOADING}, why=error.reason)
            return retry(0.0)  # now with the word on the doubt, and its button
        if error.verdict == "waits":
            pause_s = await self._outgoing.hold(job, error)
            await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
            return await self.park(job_id, why=error.reason, pause_s=pause_s)
        return await self.park(job_id, why=error.reason)

    async def _lost(self, job_id: str, error: ResultExpired) -> Next:
        """It was paid for, and what was charged stays so."""
        log.error("a finished video is gone", extra={"job_id": job_id})
        await self._store.jobs.lose(job_id, JobError(error.code, dict(error.facts)), only_from=_HAS_VIDEO)
        return retry(0.0)  # now with the word on that

    async def park(self, job_id: str, why: str = "too many attempts", pause_s: int | None = None) -> Next:
        """It waits as a row, with no workflow; the sweeper starts the next series of attempts."""
        job = await self._store.jobs.get(job_id)
        if job is None or job.told is not None:
            return STOP
        waits = pause_s is not None
        if pause_s is None:
            pause_s = _PARKED_S[min(job.sendings, len(_PARKED_S) - 1)]
        if job.video is not None and job.state in _HAS_VIDEO:
            await self._store.jobs.move(job_id, State.UNDELIVERED, why=why)
            if not waits:
                self._alerts.tell(f"undelivered {job_id}", "alert-undelivered", job=job_id, user=job.user, reason=why)
        await self._store.jobs.note(job_id, send_after=now_ms() + pause_s * 1000)
        return STOP

    async def again(self, job: Job) -> bool:
        """A new series of attempts: after a wait, or because its owner asked.

        False when its owner has had it, and the file is gone for good. One that was never delivered is looked for.
        """
        else_at = now_ms() + _BEGUN_WITHIN_MS
        if job.state in _HAD and self._is_gone(job):
            return False
        if await self._store.jobs.new_series(job, else_at=else_at):
            await self._engine.begin(DELIVER, f"{job.id}:tell:{job.sendings + 1}", job.id)
            await self._store.jobs.series_begun(job, else_at=else_at)
        return True

    def _is_gone(self, job: Job) -> bool:
        if job.video is None or _fal_keeps(job):
            return False
        return not (self._settings.videos_dir / job.video.name).exists()

    async def sweep(self) -> None:
        """Outcomes whose waiting time is over; and copies that nobody asked for in a day."""
        await asyncio.to_thread(self._fitting.remove_old, older_than_s=_KEEP_FITTED_S)
        for job in await self._store.jobs.waiting_to_be_told(now_ms()):
            await self.again(job)


def _fal_keeps(job: Job) -> bool:
    return now_ms() - (job.rendering_since or job.created) < _FAL_KEEPS_MS


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
