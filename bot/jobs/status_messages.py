"""Writes the card of each job: one message, sent once, edited while the job lives, and taken away at its end.

The only writer of cards. It reads rows, so it does not matter who changed them, nor when it was restarted. How fast a
chat can be written to is known to its channel: it lets a new card wait for its turn, and refuses an edit for which
there is no room; that is made up for later, with what is so by then.

Exactly one card: before it is sent the row says so, in the same process's hands as its turn. A process that dies
between the two, or gets no answer, leaves a job whose card may or may not stand in the chat. It is not sent again: the
order was asked for in this chat, its outcome comes there on its own durable way, `/status` says more; but a second card
would stand there for ever, with a button that still cancels.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from itertools import islice

from bot.channels.protocol import ChannelPort
from bot.channels.types import Activity, Message, SendError, SendOutcome
from bot.loops import Loop
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.openings import with_opening
from bot.messages.shown_cards import fingerprint, is_offer
from bot.store import Store
from bot.store.database import now_ms
from bot.store.jobs import SENDING
from bot.store.records import ACTIVE, AT_FAL, ENDED, OVER, Job, State

log = logging.getLogger(__name__)

_TURN_S, _TURN_OF_MANY_S = 0.5, 2.0
_RECENT_MS = 3600 * 1000
_BUSY_GAP_S = 4.5
_FEW = 20
_PER_TURN, _PER_TURN_OF_MANY = 3, 1  # bars and clocks of many jobs move more slowly; changes are shown at once
_MOST_PER_TURN = 200
_OVERLAP_MS = 5000  # a change counts from before its commit
_SETTLING_MS = 2000  # a group's card, which is edited rarely, does not begin with "waiting" where there is room
_LAST_S = 5.0  # for answers to cards that have left when this process ends
_REST_S, _REST_IN_DOUBT_S = 2.0, 5.0  # where the chat does not say


class StatusMessages:
    """The only writer of cards. `clock`: seconds that only grow, for tests."""

    def __init__(
        self, *, store: Store, channels: Mapping[str, ChannelPort], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._name = secrets.token_hex(4)
        self.loop = Loop("progress", self.turn, pause_s=self._pause_s)
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._rests: dict[tuple[str, bool], float] = {}  # until when, by chat and whether it did not take a new card
        self._busy_at: dict[str, float] = {}
        self._given_up: set[str] = set()
        self._unrecorded: dict[str, tuple[str, str]] = {}  # reference and text of cards that were sent
        self._behind: dict[str, None] = {}  # not shown as they are
        self._active: set[str] = set()  # when the last round began
        self._round: list[str] = []  # those whose turn comes without a change
        self._many = False
        self._seen = now_ms() - _RECENT_MS

    def notify(self) -> None:
        """Notify that a job is new or has changed."""
        self.loop.notify()

    def _pause_s(self) -> float:
        return _TURN_S if 0 < len(self._active) <= _FEW else _TURN_OF_MANY_S  # of none: a new one notifies

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            await self.loop.run()
        finally:
            for task in self._chats.values():
                task.cancel()
            if self._sending:  # what has left is written down
                await asyncio.wait(self._sending, timeout=_LAST_S)

    async def turn(self) -> None:
        """Run one task per chat that has something to show, so that a slow chat delays no other."""
        by_chat: dict[str, list[Job]] = {}
        for job in await self.to_show():
            if job.id not in self._given_up and job.address.channel in self._channels:
                by_chat.setdefault(f"{job.address.channel}:{job.address.chat_id}", []).append(job)
        for chat, jobs in by_chat.items():
            task = self._chats.get(chat)
            if task is None or task.done():
                self._chats[chat] = asyncio.create_task(self._show_all(chat, jobs), name=f"progress {chat}")
            else:
                self._behind |= dict.fromkeys(job.id for job in jobs)
        for chat in [chat for chat, task in self._chats.items() if task.done() and chat not in by_chat]:
            del self._chats[chat]

    async def settle(self) -> None:
        """Wait until all that the turns so far began has been shown."""
        await asyncio.gather(*self._chats.values())

    async def to_show(self) -> list[Job]:
        """Return the jobs that changed, and the next few of all: some things move with time alone."""
        started = now_ms()
        if not self._round:
            active = await self._store.jobs.ids(ACTIVE | {State.AWAITING_CONFIRMATION})
            gone = self._active.difference(active)  # once more: another worker's clock may have hidden how they ended
            self._active, self._many = set(active), len(active) > _FEW
            self._round = [*active, *gone]
        count = _PER_TURN_OF_MANY if self._many else _PER_TURN
        changed = await self._store.jobs.changed_since(self._seen - _OVERLAP_MS)
        self._behind |= dict.fromkeys([*changed, *self._round[:count]])
        self._round = self._round[count:]
        self._seen = started
        turn = list(islice(self._behind, _MOST_PER_TURN))  # the rest, thousands after a start, has its turn next
        for job_id in turn:
            del self._behind[job_id]
        found = {job.id: job for job in await self._store.jobs.find(ids=turn)} if turn else {}
        return [found[job_id] for job_id in turn if job_id in found]  # who has waited longest comes first

    async def _show_all(self, chat: str, jobs: list[Job]) -> None:
        """Show the jobs of one chat: new cards first, then changes in the order in which they waited."""
        for listed in sorted(jobs, key=lambda job: job.status_ref is not None):
            self._behind.pop(listed.id, None)
            job = listed
            try:
                if listed.status_ref is not None:  # the last one's sending took a while; of a new one the claim tells
                    job = await self._store.jobs.get(listed.id) or listed
                await self._show(chat, job)
            except SendError as error:
                self._hold(chat, job, error)
            except Exception:
                log.exception("status message", extra={"job_id": job.id})
                self._rest(chat, job, _REST_IN_DOUBT_S)  # a second edit does no harm: with its next change, or turn

    async def _show(self, chat: str, job: Job) -> None:
        channel = self._channels[job.address.channel]
        await self._busy(channel, chat, job)
        if channel.limits.passive_replies:
            return  # its answer said it all, and each further word there costs
        if job.id in self._unrecorded:
            ref, text = self._unrecorded[job.id]
            await self._record(job, ref, text)
        elif job.status_ref is None:
            await self._post(channel, chat, job)
        elif channel.limits.edits:
            await self._edit(channel, chat, job)
        elif job.state not in OVER | ENDED | {State.AWAITING_CONFIRMATION} and is_offer(job.status_shown or ""):
            await self._store.jobs.card_gone(job.id, job.status_ref, was_own=False)
            self._behind[job.id] = None  # the offer cannot become the card: that comes below it
        if job.status_ref is not None or job.status_shown == "" or job.state in ENDED:
            for ref in job.replaced_refs:  # its own card stands by now, or there will be none
                if not channel.limits.edits:
                    await self._store.jobs.replaced(job.id, ref)  # there it stays for good
                elif self._may(chat, job):
                    await self._put_away(channel, job, ref)

    # The one card

    async def _post(self, channel: ChannelPort, chat: str, job: Job) -> None:
        """Send a job's card, unless it has been sent, or the job has ended: its outcome has its own way.

        One that failed at once still gets it while its outcome is on its way: what was ordered is said before.
        """
        fails_now = job.state is State.FAILED and job.outcome_ref is None
        was_sent = job.status_shown is not None and not self._is_interrupted_offer(job)
        if was_sent or (job.state in ENDED and not fails_now):
            return
        if self._is_settling(channel, job) or not self._may(chat, job):
            self._behind[job.id] = None
            return
        async with channel.turn(job.address):
            sending = asyncio.create_task(self._send(channel, job), name=f"card {job.id}")
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            await asyncio.shield(sending)
        if job.replaced_ref is not None:
            self._behind[job.id] = None  # to put away what it has taken the place of

    def _is_interrupted_offer(self, job: Job) -> bool:
        """Return whether a process that has ended was sending this offer: it may not have arrived."""
        by_whom = (job.status_shown or "").removeprefix(SENDING)
        return job.state is State.AWAITING_CONFIRMATION and by_whom not in {job.status_shown or "", self._name}

    async def _send(self, channel: ChannelPort, job: Job) -> None:
        """Claim the one card, send it, and record where it stands."""
        message = await self._message(channel, job)
        if not await self._store.jobs.claim_card(job.id, by=self._name):
            self._behind[job.id] = None  # it has moved on since it was read
            return
        try:
            ref = await channel.show(job.address, message, reply_to=job.incoming.reply_to)
        except SendError as error:
            if error.outcome is SendOutcome.NOT_SENT:
                await self._store.jobs.release_card(job.id)
            raise
        self._unrecorded[job.id] = ref, fingerprint(message, bars=channel.limits.progress_bars)
        await self._record(job, *self._unrecorded[job.id])

    def _is_settling(self, channel: ChannelPort, job: Job) -> bool:
        in_group = channel.manifest.is_group(job.address.chat_id)
        return in_group and job.state is State.QUEUED and job.odd is None and now_ms() - job.created < _SETTLING_MS

    async def _record(self, job: Job, ref: str, text: str) -> None:
        await self._store.jobs.shown(job.id, ref=ref, as_text=text)
        self._unrecorded.pop(job.id, None)

    # Its edits and its end

    async def _edit(self, channel: ChannelPort, chat: str, job: Job) -> None:
        ref = job.status_ref or ""
        if job_messages.is_replaced(job):
            if self._may(chat, job):
                await self._take_away(channel, job, ref, Message(translate(job.language, "offer-replaced")))
            return
        if job.state in {State.FAILED, State.CANCELLED} and job.outcome_ref is None:
            return  # its outcome is on its way, and comes first
        message = await self._message(channel, job)
        shown = fingerprint(message, bars=channel.limits.progress_bars)
        if shown != job.status_shown and self._may(chat, job):
            if job.state in OVER and job.outcome_ref:
                await self._take_away(channel, job, ref, message)
            else:
                await self._change(channel, job, ref, message)

    def _may(self, chat: str, job: Job) -> bool:
        """Return whether the chat takes a new card, or edits, by now; if not, the job comes again."""
        if self._clock() >= self._rests.get((chat, job.status_ref is None), 0.0):
            return True
        self._behind[job.id] = None
        return False

    async def _change(self, channel: ChannelPort, job: Job, ref: str, message: Message) -> None:
        """Edit the card. One that is not there any more is not sent anew: somebody did not want it."""
        shown = fingerprint(message, bars=channel.limits.progress_bars)
        try:
            await channel.show(job.address, message, replace=ref)
        except SendError as error:
            if error.outcome is not SendOutcome.REJECTED:
                raise
            log.info("a card is gone", extra={"job_id": job.id})
            await self._store.jobs.card_gone(job.id, ref, was_own=job.id in (job.status_shown or ""))
        else:
            await self._store.jobs.shown(job.id, ref=ref, as_text=shown)

    async def _take_away(self, channel: ChannelPort, job: Job, ref: str, message: Message) -> None:
        """Delete the card, or fold it to this line where the chat does not delete it any more, or keeps the line."""
        if not channel.limits.keeps_cards and await channel.remove(job.address, ref):
            await self._store.jobs.card_gone(job.id, ref)
        else:
            await self._change(channel, job, ref, message)

    async def _put_away(self, channel: ChannelPort, job: Job, ref: str) -> None:
        """Take a message away whose place the card has taken, or the buttons from under it."""
        if not await channel.remove(job.address, ref):
            gone = Message(translate(job.language, "offer-replaced"), job_id=job.id)
            try:
                await channel.show(job.address, gone, replace=ref)
            except SendError as error:
                if error.outcome is SendOutcome.NOT_SENT:
                    raise
                log.info("an older offer stays", extra={"job_id": job.id})  # its buttons only show the newer one
        await self._store.jobs.replaced(job.id, ref)

    async def _message(self, channel: ChannelPort, job: Job) -> Message:
        in_group = channel.manifest.is_group(job.address.chat_id)
        place = await self._store.jobs.place(job) if job.state is State.QUEUED and not in_group else 0
        words = job_messages.status if job.status_ref is None else job_messages.card
        card = words(job, place=place, now_ms=now_ms(), in_group=in_group)
        return await with_opening(job, card, self._channels)

    async def _busy(self, channel: ChannelPort, chat: str, job: Job) -> None:
        activity: Activity | None = None
        if job.state in AT_FAL and not self._many:  # it would be gone long before it is renewed
            activity = "rendering"
        elif job.state in {State.READY, State.UPLOADING}:
            activity = "uploading"
        if activity and self._clock() - self._busy_at.get(chat, -_BUSY_GAP_S) >= _BUSY_GAP_S:
            self._busy_at[chat] = self._clock()
            await channel.busy(job.address, activity)

    # What a chat did not take

    def _hold(self, chat: str, job: Job, error: SendError) -> None:
        """Put the job's card off after a failure, or give it up; the outcome has its own, durable way."""
        if error.outcome == SendOutcome.NOT_SENT:
            self._rest(chat, job, error.after_s or _REST_S)
            self._behind[job.id] = None
        elif error.outcome == SendOutcome.UNCONFIRMED and job.status_ref is not None:
            self._rest(chat, job, _REST_IN_DOUBT_S)
            self._behind[job.id] = None
        else:
            self._given_up.add(job.id)
        log.info("status message not shown", extra={"job_id": job.id, "outcome": error.outcome})

    def _rest(self, chat: str, job: Job, seconds: float) -> None:
        self._rests[chat, job.status_ref is None] = self._clock() + seconds
