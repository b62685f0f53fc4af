"""Sends the outcome of a job to the chat it came from: the video itself, or the text on what happened.

Sending is recorded before and after; what the chat confirmed is written until it is written (delivery_receipts.py). A
process that died while sending sends once more: a duplicate is possible, a loss is not. No answer after the bytes left
is doubt: not repeated by itself, the person gets a "Send again" button. A file that the chat does not take is made
smaller once, then kept, and its owner told. Nothing here asks today's catalogue: a model may leave it before its films
do.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bot.channels.protocol import ChannelPort
from bot.channels.types import Address, Message, SendError, SendOutcome, VideoMessage
from bot.jobs.delivery_receipts import HAS_VIDEO, Acknowledgement, DeliveryReceipts
from bot.jobs.erasure import Erasure
from bot.jobs.job_lock import mark_of
from bot.jobs.original_files import OriginalFiles
from bot.jobs.verdicts import NEXT, REST, Verdict, retry
from bot.jobs.video_files import VideoFiles
from bot.messages import job_messages
from bot.messages.admin_alerts import Alerts
from bot.messages.held_messages import HeldMessages
from bot.messages.i18n import translate
from bot.settings import Settings
from bot.store import Store
from bot.store.leases import Assignment
from bot.store.ledger import caps_of
from bot.store.message_map import chat_of
from bot.store.records import ENDED, HAD, SHELL, Destination, Job, JobError, State
from bot.store.work import Lease, LeaseLost
from core.errors import ResultExpired
from core.io.retrying import RetryPolicy, retried

log = logging.getLogger(__name__)

_PAUSES_S = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0)
_DEFERRED_S = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)
_ANNOUNCING = RetryPolicy(  # an announcement is of the moment
    SendError, pauses_s=(1.0, 3.0), tries=3, only_if=lambda error: error.outcome is SendOutcome.NOT_SENT
)
_SMALLER = 2 / 3  # of a file that the chat does not take


class Delivery:
    """The work of a delivery, one attempt at a time."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        held_messages: HeldMessages,
        settings: Settings,
        alerts: Alerts,
        files: VideoFiles,
        due: Callable[[], None],
        still_ours: Callable[[Lease], bool],
    ) -> None:
        """`due` is told when a row has become due; `still_ours`: whether a lease is valid at this moment."""
        self._store = store
        self._channels = channels
        self._held_messages = held_messages
        self._settings = settings
        self._alerts = alerts
        self._files = files
        self._confirmed = DeliveryReceipts(store)
        self.erasure = Erasure(store=store, channels=channels, settings=settings, announce=self.announce)
        self._originals = OriginalFiles(store=store, channels=channels, files=self._files, announce=self.announce)
        self._due = due
        self._still_ours = still_ours

    async def close(self) -> None:
        """Begin no more sendings; those under way are waited for a while."""
        await self._confirmed.close()

    async def deliver(self, assignment: Assignment) -> Verdict:
        """One attempt to tell the outcome. Raises LeaseLost."""
        if self._confirmed.is_closing:
            return retry(0.0)
        await self._confirmed.catch_up(assignment.lease.job_id, assignment.lease)
        job = await self._store.jobs.get(assignment.lease.job_id)
        if job is None:
            return REST
        if job.state is State.DELETED:
            return await self.erasure.erase(job, assignment)
        if job.has_film and await asyncio.to_thread(self.erasure.was_deleted, job.id):  # after this copy was made
            await self._store.jobs.delete(job.id, asked=False)
            return NEXT
        if await self._store.forgotten.take(job.id):
            return NEXT
        if job.file_to is not None and job.state in HAD | {State.DELIVERY_UNCONFIRMED}:
            return await self._originals.send(job, job.file_to, assignment)
        if job.outcome_ref is not None or job.state is State.DELIVERED:
            return REST
        try:
            return await self._send(job, assignment.lease)
        except SendError as error:
            return await self._not_taken(job, error, assignment)
        except ResultExpired as error:
            return await self._lost(job, error, assignment.lease)

    async def _send(self, job: Job, lease: Lease) -> Verdict:
        """Send the outcome. Raises SendError; ResultExpired when the video is neither here nor at fal any more."""
        if job.address.channel == SHELL:
            return await self._left_on_disk(job, lease)
        channel = self._channels.get(job.address.channel)
        if channel is None:
            raise SendError(SendOutcome.UNREACHABLE, "this channel is not connected now")
        if job.video is not None and job.state in HAS_VIDEO:
            return await self._send_video_or_smaller(job, channel, lease)
        if job.state is State.DELIVERY_UNCONFIRMED and channel.limits.unconfirmed_s is not None:
            await self._held_messages.ask_later(job)
            return REST
        if job.state in ENDED:
            await self._send_word(job, channel, lease)
        return REST

    async def _send_word(self, job: Job, channel: ChannelPort, lease: Lease) -> None:
        outcome = await self._within_caps(job, job_messages.outcome(job))
        word = await self._held_messages.message(job.incoming, outcome, job.language)
        with self._confirmed.sending():
            ref = await channel.show(job.destination.address, word, reply_to=job.destination.reply_to)
            await self._confirmed.write_down(job.id, Acknowledgement(job.state, ref), lease)

    async def tell_parked(self, job: Job, lease: Lease) -> None:
        """Say once that a job stands aside; where that is not taken, the next question after it tries again."""
        channel = self._channels.get(job.address.channel)
        if job.outcome_ref is not None or channel is None:
            return
        try:
            await self._send_word(job, channel, lease)
        except SendError as error:
            log.warning("not told that it is parked", extra={"job_id": job.id, "outcome": error.outcome})

    async def _left_on_disk(self, job: Job, lease: Lease) -> Verdict:
        """Close a job of the shell: its command has ended, the file lies where `reelbot job ID` says."""
        if job.video is not None and job.state in HAS_VIDEO:
            await self._store.jobs.move(job.id, State.DELIVERED, why="on disk", outcome_ref="", lease=lease)
        else:
            await self._store.jobs.tell(job.id, job.state, "", lease=lease)
        await asyncio.to_thread(mark_of(self._settings.work_dir, job.incoming).unlink, missing_ok=True)
        return REST

    async def _send_video_or_smaller(self, job: Job, channel: ChannelPort, lease: Lease) -> Verdict:
        """Send the video; where the chat does not take that very file, a smaller one, once."""
        video = await self._files.rendition(job, max_bytes=channel.limits.video_bytes)
        try:
            return await self._send_video(job, channel, lease, video)
        except SendError as error:
            if error.refusal != "file":
                raise
            refusal = error
        log.warning("the chat does not take this file", extra={"job_id": job.id, "reason": refusal.reason})
        try:
            smaller = int(video.path.stat().st_size * _SMALLER)
            video = await self._files.rendition(job, max_bytes=smaller)
        except SendError as error:
            if error.outcome is not SendOutcome.REJECTED:
                raise
            raise refusal from None  # nothing smaller can be watched
        return await self._send_video(job, channel, lease, video)

    async def _send_video(self, job: Job, channel: ChannelPort, lease: Lease, video: VideoMessage) -> Verdict:
        video = await self._held_messages.video(job, video)
        if not await self._store.jobs.move(job.id, State.UPLOADING, only_from=HAS_VIDEO, lease=lease):
            return REST  # it was handed over meanwhile, as the answer to its owner's message
        if not self._still_ours(lease):
            raise LeaseLost(job.id)
        with self._confirmed.sending():
            try:
                ref = await channel.send_video(job.destination.address, video, reply_to=job.destination.reply_to)
            except SendError as error:
                if error.outcome != SendOutcome.UNCONFIRMED:
                    raise
                log.warning("perhaps delivered", extra={"job_id": job.id, "reason": error.reason})
                await self._confirmed.write_down(job.id, Acknowledgement(State.UPLOADING, None, error.reason), lease)
                return NEXT  # the word on the doubt, and its button
            acknowledgement = Acknowledgement(State.UPLOADING, ref, chat=chat_of(job.destination.address))
            await self._confirmed.write_down(job.id, acknowledgement, lease)
        log.info("delivered", extra={"job_id": job.id, "channel": channel.name})
        await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
        return REST if job.file_to is None else NEXT

    async def _not_taken(self, job: Job, error: SendError, assignment: Assignment) -> Verdict:
        log.warning("not delivered", extra={"job_id": job.id, "outcome": error.outcome, "reason": error.reason})
        private = self._private(job) if error.obstacle is not None else None
        if private is not None:
            await self._store.jobs.redirect(job.id, Destination(private), lease=assignment.lease)
            await self._explain(job, private)
            return retry(0.0)
        if error.moved_to is not None and assignment.attempt == 1:
            return retry(0.0)  # its chat has told of the move, and the row follows it (store/moves.py)
        if error.outcome in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}:  # a text may be said twice, but not never
            if assignment.attempt <= len(_PAUSES_S):
                return retry(max(error.after_s, _PAUSES_S[assignment.attempt - 1]))
            return await self._defer(job, "too many attempts", assignment, round_=assignment.attempt - len(_PAUSES_S))
        if error.outcome == SendOutcome.MUST_WAIT:
            pause_s = await self._held_messages.hold(job, error)
            await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
            await self._undelivered(job, error.reason, assignment.lease)
            return retry(pause_s)
        if error.refusal is not None:
            return await self._keep_refused(job, error, assignment.lease)
        return await self._defer(job, error.reason, assignment, round_=assignment.attempt)

    async def _within_caps(self, job: Job, outcome: Message) -> Message:
        """Leave a priced button out of the text where a cap forbids its price, and say that instead."""
        if not outcome.actions or job.state not in {State.FAILED, State.SUBMIT_UNCONFIRMED}:
            return outcome
        over = await self._store.ledger.over_cap(job.id, caps_of(self._settings))
        if over is None:
            return outcome
        word = job_messages.over_cap(job.language, over, in_group=job.group_chat is not None, up_to=job.up_to)
        return replace(outcome, text=f"{outcome.text}\n{word}", actions=())

    def _private(self, job: Job) -> Address | None:
        """Return its owner's own chat with the bot, for what the chat it was going to does not take."""
        private = self._channels[job.address.channel].private(job.incoming.sender_id)
        return private if private is not None and private != job.destination.address else None

    async def _explain(self, job: Job, private: Address) -> None:
        """Say, best effort, why a video comes here that was asked for elsewhere."""
        try:
            await self._channels[private.channel].show(private, Message(translate(job.language, "kept-in-private")))
        except SendError as error:
            log.info("not explained", extra={"job_id": job.id, "outcome": error.outcome})

    async def _keep_refused(self, job: Job, error: SendError, lease: Lease) -> Verdict:
        """Keep a video whose file the chat does not take, and tell its owner: it is sent again only when they ask."""
        self._alerts.tell(f"undelivered {job.id}", "alert-undelivered", job=job.id, user=job.user, reason=error.reason)
        message = await self._held_messages.message(
            job.incoming, job_messages.refused(job, error.refusal or "file"), job.language
        )
        try:
            await retried(lambda: self._announce(job, message), _ANNOUNCING)
        except SendError as unsaid:
            if unsaid.outcome is not SendOutcome.UNCONFIRMED:
                await self._held_messages.hold_text(job.incoming, message)
        await self._undelivered(job, error.reason, lease)
        await asyncio.to_thread(_forget, self._settings.work_dir / job.id)
        return REST

    async def _defer(self, job: Job, why: str, assignment: Assignment, *, round_: int) -> Verdict:
        """Retry after a pause that grows with each round, from 1."""
        if await self._undelivered(job, why, assignment.lease):
            self._alerts.tell(f"undelivered {job.id}", "alert-undelivered", job=job.id, user=job.user, reason=why)
        return retry(_DEFERRED_S[min(round_, len(_DEFERRED_S)) - 1])

    async def _undelivered(self, job: Job, why: str, lease: Lease) -> bool:
        """Whether a video waits by this: a word has no state for it."""
        if job.video is None or job.state not in HAS_VIDEO:
            return False
        return await self._store.jobs.move(job.id, State.UNDELIVERED, only_from=HAS_VIDEO, why=why, lease=lease)

    async def _lost(self, job: Job, error: ResultExpired, lease: Lease) -> Verdict:
        """Record that a paid video is gone; what was charged stays so."""
        log.error("a finished video is gone", extra={"job_id": job.id})
        failure = JobError(error.code, dict(error.facts))
        await self._store.jobs.lose(job.id, failure, only_from=HAS_VIDEO, lease=lease)
        return NEXT  # the word on that

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
        with suppress(Exception):  # whatever the database does: the word itself is what counts
            await self._store.dialogues.spoke(job.user, chat=chat_of(job.address))
        try:
            await channel.show(job.address, message, reply_to=job.incoming.reply_to)
        except SendError as error:
            log.info("not announced", extra={"job_id": job.id, "outcome": error.outcome})
            raise

    async def send_again(self, job: Job, to: Destination | None = None) -> bool:
        """Tell the outcome once more, soon; a video that was never delivered is looked for.

        `to`: the chat where that was asked for. False when its owner has had the video, and the file is gone for good.
        """
        if job.state in HAD and self._files.is_gone(job):
            return False
        await self._store.jobs.send_again(job.id, to=to)
        self._due()
        return True

    async def send_original(self, job: Job, to: Destination) -> bool:
        """Send the original as a file, soon. False: it is gone for good."""
        if await asyncio.to_thread(self._files.is_gone, job) or not await self._store.jobs.want_file(job.id, to):
            return False
        self._due()
        return True

    async def tidy(self) -> None:
        """Delete copies that nobody asked for in a day."""
        await self._files.tidy()


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
