"""Writes the status message of each job: a projection of its row, sent once and then edited at the chat's pace.

The only writer of status messages. It reads rows, so it does not matter who changed them, nor when it was restarted.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from itertools import islice

from bot.channels.protocol import ChannelPort
from bot.channels.types import Activity, Message, SendError, SendOutcome
from bot.jobs.edit_pace import EditPace, edit_gap_s
from bot.loops import Loop
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.openings import with_opening
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ACTIVE, AT_FAL, Job, State

log = logging.getLogger(__name__)

_TURN_S, _TURN_OF_MANY_S = 0.5, 2.0
_RECENT_MS = 3600 * 1000
_BUSY_GAP_S = 4.5
_FEW = 20
_PER_TURN, _PER_TURN_OF_MANY = 3, 1  # bars and clocks of many jobs move more slowly; changes are shown at once
_MOST_PER_TURN = 200
_OVERLAP_MS = 5000  # a change counts from before its commit


class StatusMessages:
    """The only writer of status messages."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort], pace: EditPace | None = None) -> None:
        self._store = store
        self._channels = channels
        self._pace = pace or EditPace()
        self.loop = Loop("progress", self.turn, pause_s=self._pause_s)
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._busy_at: dict[str, float] = {}
        self._given_up: set[str] = set()
        self._behind: dict[str, None] = {}  # not shown as they are: their chat's pace did not allow it
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
        return await self._store.jobs.find(ids=turn) if turn else []

    async def _show_all(self, chat: str, jobs: list[Job]) -> None:
        for job in jobs:
            self._behind.pop(job.id, None)
            try:
                await self._show(chat, job)
            except SendError as error:
                self._hold(chat, job, error)
            except Exception:
                log.exception("status message", extra={"job_id": job.id})
                if job.status_ref is None:  # perhaps it stands in the chat, and its reference could not be written
                    self._given_up.add(job.id)
                self._pace.rest(chat, 5.0)  # a second edit does no harm: with its next change, or when its turn comes

    async def _show(self, chat: str, job: Job) -> None:
        channel = self._channels[job.address.channel]
        await self._busy(channel, chat, job)
        if channel.limits.passive_replies or (job.status_ref is None and job_messages.is_replaced(job)):
            return  # its answer said it all, and each further word there costs; or a newer offer has its message
        message = await self._message(job)
        shown = _fingerprint(message, bars=channel.limits.progress_bars)
        if shown == job.status_shown or (job.status_ref is not None and not channel.limits.edits):
            return
        if job.status_ref is not None and not self._pace.allows(chat):
            self._behind[job.id] = None
            return
        self._pace.rest(chat, edit_gap_s(channel, job.address.chat_id))
        reply_to = job.incoming.reply_to if job.status_ref is None else None
        ref = await channel.show(job.address, message, reply_to=reply_to, replace=job.status_ref)
        await self._store.jobs.shown(job.id, ref=ref, as_text=shown)
        if job.replaced_ref is not None:
            await self._put_away(channel, job, job.replaced_ref)

    async def _put_away(self, channel: ChannelPort, job: Job, ref: str) -> None:
        """Take the message of the offer away whose place this one has taken, or the buttons from under it."""
        if not await channel.remove(job.address, ref):
            gone = Message(translate(job.language, "offer-replaced"), job_id=job.id)
            with contextlib.suppress(SendError):  # its buttons do nothing but show the newer offer
                await channel.show(job.address, gone, replace=ref)
        await self._store.jobs.replaced(job.id)

    async def _message(self, job: Job) -> Message:
        place = await self._store.jobs.place(job) if job.state is State.QUEUED else 0
        card = job_messages.status(job, place=place, now_ms=now_ms())
        return await with_opening(job, card, self._channels)

    async def _busy(self, channel: ChannelPort, chat: str, job: Job) -> None:
        activity: Activity | None = None
        if job.state in AT_FAL and not self._many:  # it would be gone long before it is renewed
            activity = "rendering"
        elif job.state in {State.READY, State.UPLOADING}:
            activity = "uploading"
        if activity and time.monotonic() - self._busy_at.get(chat, -_BUSY_GAP_S) >= _BUSY_GAP_S:
            self._busy_at[chat] = time.monotonic()
            await channel.busy(job.address, activity)

    def _hold(self, chat: str, job: Job, error: SendError) -> None:
        """Put the job's status message off after a failure, or give it up; the outcome has its own, durable way."""
        if error.outcome == SendOutcome.NOT_SENT:
            self._pace.rest(chat, max(error.after_s, 2.0))
            self._behind[job.id] = None
        elif error.outcome == SendOutcome.UNCONFIRMED and job.status_ref is not None:
            self._pace.rest(chat, 5.0)
            self._behind[job.id] = None
        else:
            self._given_up.add(job.id)
        log.info("status message not shown", extra={"job_id": job.id, "outcome": error.outcome})


def _fingerprint(message: Message, *, bars: bool) -> str:
    buttons = "|".join(action.data or action.url or "" for action in message.actions)
    bar = message.progress if bars else None
    return f"{message.text}\n{buttons}\n{bar}"
