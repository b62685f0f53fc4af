"""What a chat without captions and buttons needs around a job, for every such chat (`Limits.mailbox`).

Photos wait for the next words; buttons are typed with short codes; a finished video or a word that the chat would not
take waits for the person's next message and goes out as its answer. Decides only: what it decides is committed by the
inbox in one transaction with the letter it answers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message, Reply
from bot.conversation import commands
from bot.conversation.duration_prober import Looks
from bot.conversation.handler import FrontDesk
from bot.messages import job_messages
from bot.messages.held_messages import captioned, typed_text
from bot.messages.i18n import say
from bot.messages.text_buttons import typed
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.jobs import job_within
from bot.store.mail import (
    Pending,
    Waiting,
    code_within,
    drop_within,
    give_within,
    hand_over_within,
    take_within,
)
from bot.store.records import ACTIVE, Job, NewJob

PENDING_S = 600.0
_TEXT_ONLY = ("文生视频", "文生視頻")
_NEXT_WAITING = frozenset({"1", "１", "一"})
_CAPTION_BYTES = 500

Within = Callable[[Connection], None]


def _nothing(_connection: Connection) -> None:
    """Most answers change no more than the letter."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`within`: what belongs into the transaction that closes the letter."""

    reply: Reply
    within: Within = _nothing


@dataclass(frozen=True, slots=True)
class Order:
    """A new job. `answered` gives the reply within the job's own transaction; `refused`, when the caps forbid it."""

    new: NewJob
    answered: Callable[[Connection, str], Reply]
    refused: Callable[[Message], Answer]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What lies here for one person while one message is looked at. `passive`: the answer goes back in the callback."""

    incoming: Incoming
    language: str
    passive: bool
    photos: list[Pending]
    waiting: list[Waiting]
    codes: Mapping[str, str]
    most_bytes: int

    @property
    def videos(self) -> list[Waiting]:
        return [item for item in self.waiting if item.is_video and item.ref is not None]

    @property
    def words(self) -> list[Waiting]:
        return [item for item in self.waiting if not item.is_video]

    def say(self, key: str, **facts: object) -> str:
        return say(self.language, key, **facts)


class Mailbox:
    def __init__(
        self,
        *,
        store: Store,
        frontdesk: FrontDesk,
        channels: Mapping[str, ChannelPort],
        send_again: Callable[[Job], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._frontdesk = frontdesk
        self._channels = channels
        self._send_again = send_again
        self.looks = Looks(store=store, channels=channels)

    def serves(self, incoming: Incoming) -> bool:
        channel = self._channels.get(incoming.address.channel)
        return channel is not None and channel.limits.mailbox

    async def decide(self, incoming: Incoming, *, passive: bool) -> Answer | Order:
        desk = await self._look(incoming, passive=passive)
        if not passive:
            await self._push_again(desk)
        text = incoming.text.strip()
        if text in _NEXT_WAITING and (desk.waiting or not desk.photos):
            return self._next(desk) or Answer(Reply(desk.say("mail-nothing-waits")))
        line = typed(text)
        job = await self._named(desk, line.code) if line else None
        if line is not None and job is not None:
            return await self._on_job(desk, line.kind, job)
        if incoming.attachment is not None and not text:
            return self._kept(desk)
        return await self._on_words(desk, text)

    async def _push_again(self, desk: _Desk) -> None:
        """No callback carries a video back, but a person who has just spoken may be sent one."""
        for item in desk.waiting:
            if item.job is not None and item.is_video and item.job.state not in ACTIVE:
                await self._send_again(item.job)

    async def _look(self, incoming: Incoming, *, passive: bool) -> _Desk:
        mail = self._store.mail
        return _Desk(
            incoming=incoming,
            language=await self._frontdesk.language(incoming),
            passive=passive,
            photos=await mail.pending(incoming.user, for_s=PENDING_S),
            waiting=await mail.waiting(incoming.user),
            codes=await mail.codes(incoming.user),
            most_bytes=self._channels[incoming.address.channel].limits.text_bytes,
        )

    async def _named(self, desk: _Desk, code: str) -> Job | None:
        """The person's own job by its short code or its whole id."""
        job_id = await self._store.mail.job_of(desk.incoming.user, code) or code
        job = await self._store.jobs.get(job_id)
        return job if job is not None and job.user == desk.incoming.user else None

    # What a message means here

    def _kept(self, desk: _Desk) -> Answer:
        """A photo without words: kept in order. It counts as a message that is no command, so a video may go out."""
        incoming, attachment = desk.incoming, desk.incoming.attachment
        count = len(desk.photos) + 1
        told = desk.say("mail-photo-kept", kind=attachment.kind if attachment else "", count=count)

        def keep(connection: Connection) -> None:
            if attachment is not None:
                self._store.mail.keep_within(connection, incoming.user, attachment, for_s=PENDING_S)

        answer = self._next(desk, before=told) or Answer(Reply(told))
        return Answer(answer.reply, both(keep, answer.within))

    async def _on_words(self, desk: _Desk, text: str) -> Answer | Order:
        incoming = desk.incoming
        command = None
        if incoming.pressed is None and incoming.other is None:
            command = commands.parse(text, has_attachment=incoming.attachment is not None, direct=True)
        match command:
            case commands.PlainText() if not desk.photos:
                return self._next(desk) or self._said(desk, desk.say("mail-hint"))
            case commands.PlainText() | commands.MakeVideo():
                return await self._make_video(desk, command)
            case commands.Start():
                return self._said(desk, desk.say("mail-start"))
            case commands.Help():
                return self._said(desk, desk.say("mail-help"))
            case commands.Again(job=None) if desk.waiting:
                return self._next(desk) or self._said(desk, desk.say("mail-nothing-to-say"))
            case commands.Cancel(job=None) if desk.photos and not await self._is_busy(incoming):
                return self._dropped(desk)
            case None if incoming.other is not None:
                return self._next(desk) or self._said(desk, desk.say("mail-other", what=incoming.other))
        return self._of_frontdesk(desk, await self._frontdesk.decide(incoming))

    async def _make_video(self, desk: _Desk, command: commands.PlainText | commands.MakeVideo) -> Answer | Order:
        if isinstance(command, commands.MakeVideo) and not command.prompt.strip():
            return self._said(desk, desk.say("mail-prompt-missing", photos=len(desk.photos)))
        text_only = desk.incoming.text.strip().lstrip("/／ ").startswith(_TEXT_ONLY)
        photo = desk.photos[0] if desk.photos and not text_only and desk.incoming.attachment is None else None
        incoming = replace(desk.incoming, attachment=photo.attachment) if photo else desk.incoming
        return self._of_frontdesk(desk, await self._frontdesk.decide(incoming), photo=photo)

    async def _is_busy(self, incoming: Incoming) -> bool:
        return bool(await self._store.jobs.find(user=incoming.user, states=ACTIVE))

    def _dropped(self, desk: _Desk) -> Answer:
        answer = self._said(desk, desk.say("mail-photos-dropped", count=len(desk.photos)))
        user = desk.incoming.user
        return Answer(answer.reply, both(lambda connection: drop_within(connection, user), answer.within))

    async def _on_job(self, desk: _Desk, kind: str, job: Job) -> Answer | Order:
        """A typed button. A code alone fetches the video, or tells how the job stands."""
        if kind in {"", "fetch", "again"} and job.video is not None:
            return await self._fetched(desk, job)
        if kind == "fix":  # only its offer names it, and the price stood there
            incoming = replace(desk.incoming, text="", pressed=f"fix:{job.id}")
        else:  # as words, so that whatever costs something is asked about first
            word = {"yes": "confirm", "cancel": "cancel", "again": "again"}.get(kind, "status")
            incoming = replace(desk.incoming, text=f"/{word} {job.id}")
        return self._of_frontdesk(desk, await self._frontdesk.decide(incoming))

    async def _fetched(self, desk: _Desk, job: Job) -> Answer:
        """The video again, for nothing: at once where the chat still holds it, else it is on its way there."""
        item = await self._store.mail.held(job.id)
        if desk.passive and item is not None and item.ref is not None:
            return self._handed(desk, item)
        code = desk.codes.get(job.id, job.id)
        if job.state not in ACTIVE and not await self._send_again(job):
            return self._said(desk, desk.say("again-gone", job=code))
        return Answer(Reply(desk.say("mail-on-its-way", code=code)))

    # Answers

    def _of_frontdesk(
        self, desk: _Desk, decision: Message | NewJob | None, *, photo: Pending | None = None
    ) -> Answer | Order:
        if isinstance(decision, NewJob):
            return Order(
                decision,
                answered=lambda connection, job_id: self._ordered(desk, connection, job_id, photo),
                refused=lambda message: self._said(desk, _with_actions(message, desk)),
            )
        if decision is None:
            return self._said(desk, desk.say("mail-nothing-to-say"))
        return self._said(desk, _with_actions(decision, desk))

    def _ordered(self, desk: _Desk, connection: Connection, job_id: str, photo: Pending | None) -> Reply:
        """Accepted, model, price and code: made in the job's own transaction, so that a repeat finds it."""
        user = desk.incoming.user
        desk = replace(desk, codes={**desk.codes, job_id: code_within(connection, user, job_id)})
        if photo is not None:
            take_within(connection, photo)
        job = job_within(connection, job_id)
        text = _with_actions(job_messages.status(job, place=0, now_ms=now_ms()), desk) if job else ""
        left = len(desk.photos) - 1 if photo else 0
        if left > 0:
            text += "\n" + desk.say("mail-photos-left", count=left)
        answer = self._said(desk, text)
        answer.within(connection)
        return answer.reply

    def _said(self, desk: _Desk, text: str) -> Answer:
        """A command's own answer, then the words that waited, then how many videos do."""
        notes = [self._word(desk, item) for item in desk.words]
        ends = [*notes, *([desk.say("mail-videos-wait", count=len(desk.videos))] if desk.videos else [])]
        tail = "\n\n".join(ends)
        text = _cut(text, desk.most_bytes - len(tail.encode()) - 2)
        whole = "\n\n".join(part for part in (text, tail) if part)
        return Answer(Reply(_cut(whole, desk.most_bytes)), self._over(desk, desk.words))

    def _next(self, desk: _Desk, *, before: str = "") -> Answer | None:
        """The oldest that waits; words all at once, a video alone. None: nothing waits."""
        stuck = [item.job for item in desk.waiting if item.is_video and item.ref is None and item.job is not None]
        fit = [item for item in desk.waiting if not item.is_video or (item.ref is not None and desk.passive)]
        if not fit and not stuck:
            return None
        if not fit:
            told = desk.say("mail-video-stuck", code=desk.codes.get(stuck[0].id, stuck[0].id))
            return self._said(desk, "\n".join(part for part in (before, told) if part))
        return self._handed(desk, fit[0], before=before) if fit[0].is_video else self._said(desk, before)

    def _handed(self, desk: _Desk, item: Waiting, *, before: str = "") -> Answer:
        left = len([each for each in desk.videos if each.id != item.id])
        parts = [self._caption(desk, item), before, desk.say("mail-videos-left", count=left) if left else ""]
        text = _cut("\n".join(part for part in parts if part), _CAPTION_BYTES)
        return Answer(Reply(text, item.ref, desk.say("mail-video-title")), self._over(desk, [item]))

    def _caption(self, desk: _Desk, item: Waiting) -> str:
        return captioned(item.job, desk.codes, desk.language) if item.job else ""

    def _word(self, desk: _Desk, item: Waiting) -> str:
        if item.job is None:
            return item.text or ""
        return _with_actions(job_messages.outcome(item.job), desk)

    def _over(self, desk: _Desk, items: list[Waiting]) -> Within:
        def within(connection: Connection) -> None:
            for item in items:
                hand_over_within(connection, item, desk.incoming.origin)

        return within


def answered_within(incoming: Incoming, reply: Reply) -> Within:
    return lambda connection: give_within(connection, incoming.origin, reply)


def both(first: Within, second: Within) -> Within:
    def within(connection: Connection) -> None:
        first(connection)
        second(connection)

    return within


def _with_actions(message: Message, desk: _Desk) -> str:
    return typed_text(message, desk.codes, desk.language)


def _cut(text: str, most_bytes: int) -> str:
    """Whole lines as far as they go, for a chat that loses longer texts without a word."""
    if len(text.encode()) <= most_bytes:
        return text
    short = text.encode()[: max(0, most_bytes - 3)].decode("utf-8", "ignore")
    head, newline, _ = short.rpartition("\n")
    return (head if newline and len(head) > len(short) // 2 else short) + "…"
