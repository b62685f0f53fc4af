"""Decides the replies of chats without captions and buttons (`Limits.passive_replies`).

What a message means is decided as in every chat (handler.py). Here buttons are typed with short codes, and a finished
video or a text that the chat would not take waits for the person's next message and goes out as its answer. Decides
only: what it decides is committed by the inbox in one transaction with the message it answers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.channels.protocol import ChannelPort
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Incoming, Message, Reply, Toast
from bot.conversation import commands
from bot.conversation.commands import ParsedMessage
from bot.conversation.decisions import NOTHING, Decision, OrderInstead
from bot.conversation.handler import MessageHandler
from bot.conversation.words import Meaning, line_in, meaning_of
from bot.messages import job_messages
from bot.messages.held_messages import captioned, typed_text
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.callback_replies import give_tx
from bot.store.database import Connection, now_ms
from bot.store.job_rows import job_tx
from bot.store.outbox import Waiting, hand_over_tx
from bot.store.records import ACTIVE, Destination, Job, JobDraft
from bot.store.short_codes import code_tx

Within = Callable[[Connection], None]


def _nothing(_connection: Connection) -> None:
    """Change nothing but the row of the message, as most answers do."""


def _no_other(decision: Decision) -> "Answer | Order":
    raise OrderInstead(decision)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply without a new job. `within`: what belongs into the transaction that closes the row of the message.

    `act`: what is done there first; the answer that it returns takes the place of this one. `afterwards`: see Decision.
    `instead`: makes the reply of what is decided in place of the act.
    """

    reply: Reply
    within: Within = _nothing
    act: Callable[[Connection], "Answer"] | None = None
    afterwards: Callable[[], Awaitable[None]] | None = None
    instead: Callable[[Decision], "Answer | Order"] = _no_other

    def settled_tx(self, tx: Connection) -> "Answer":
        """Do what is to be done, and what belongs to it; return the answer. Raises OrderInstead."""
        answer = self if self.act is None else self.act(tx)
        answer.within(tx)
        return answer


@dataclass(frozen=True, slots=True)
class Order:
    """A new job. `reply_in` makes the reply within the job's own transaction; `refused`, when the caps forbid it."""

    new: JobDraft
    reply_in: Callable[[Connection, str], Reply]
    refused: Callable[[Message], Answer]


@dataclass(frozen=True, slots=True)
class PersonContext:
    """What waits for one person while one message is handled. `passive`: the answer goes back in the callback."""

    incoming: Incoming
    language: str
    passive: bool
    waiting: list[Waiting]
    codes: Mapping[str, str]
    most_bytes: int
    caption_bytes: int
    links: bool
    asks_later: bool

    @property
    def videos(self) -> list[Waiting]:
        """Return the videos that wait."""
        return [item for item in self.waiting if item.is_video and item.ref is not None]

    @property
    def words(self) -> list[Waiting]:
        """Return the texts that wait."""
        return [item for item in self.waiting if not item.is_video]

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence in the person's language."""
        return translate(self.language, key, **facts)


class PassiveReplies:
    """The decisions for such chats."""

    def __init__(
        self,
        *,
        store: Store,
        handler: MessageHandler,
        channels: Mapping[str, ChannelPort],
        send_again: Callable[[Job, Destination | None], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._handler = handler
        self._channels = channels
        self._send_again = send_again

    def serves(self, incoming: Incoming) -> bool:
        """Return whether the message's chat is one of these."""
        channel = self._channels.get(incoming.address.channel)
        return channel is not None and channel.limits.passive_replies

    async def decide(self, message: ParsedMessage, *, passive: bool) -> Answer | Order:
        """Decide the reply to a message."""
        incoming = message.incoming
        person = await self._read_person(incoming, passive=passive)
        if not passive:
            await self._push_again(person)
        text = incoming.text.strip()
        meaning = meaning_of(text) if isinstance(message.command, commands.PlainText) and text else None
        if meaning is Meaning.FETCH:
            return self._next(person) or await self._not_yet(person)
        line = line_in(text) if not isinstance(message.command, commands.FilmCommand) else None
        job = await self._job_named(person, line.code) if line is not None else None
        if line is not None and job is not None and line.kind in {"", "fetch", "again"} and job.has_film:
            return await self._fetched(person, job)
        match message.command:
            case commands.Start():
                return self._answer_with(person, person.say("passive-start"))
            case commands.Help():
                more = await self._handler.help_for_admins(incoming, person.language)
                sounds = "yes" if self._channels[incoming.address.channel].limits.sounds else "no"
                return self._answer_with(person, person.say("passive-help", sounds=sounds) + more)
            case commands.Again(job=None) if person.waiting:
                return self._next(person) or self._answer_with(person, person.say("passive-nothing-to-say"))
        decision = await self._handler.handle(message)
        if isinstance(message.command, commands.Again) and replace(decision, spent=False) == NOTHING:
            decision = Decision(say=Message(person.say("passive-again")))
        if meaning is not None or incoming.attachment is not None or incoming.other is not None:
            return self._of_decision(person, decision, fetches=True)
        return self._of_decision(person, decision)

    async def gather(self, message: ParsedMessage) -> Answer:
        """Put a photo on the table after which more are coming at once: the last one's answer speaks of all."""
        decision = await self._handler.gather(message)
        return Answer(Reply(""), decision.write_tx)

    async def _push_again(self, person: PersonContext) -> None:
        """Begin to send again: no callback carries a video back, but a person who has just spoken may be sent one."""
        for item in person.waiting:
            if item.job is not None and item.is_video and item.job.state not in ACTIVE:
                await self._send_again(item.job, None)

    async def _read_person(self, incoming: Incoming, *, passive: bool) -> PersonContext:
        return PersonContext(
            incoming=incoming,
            language=await self._handler.language(incoming),
            passive=passive,
            waiting=await self._store.outbox.waiting(incoming.user),
            codes=await self._store.short_codes.codes(incoming.user),
            most_bytes=self._channels[incoming.address.channel].limits.text_bytes,
            caption_bytes=self._channels[incoming.address.channel].limits.caption_bytes,
            links=self._channels[incoming.address.channel].limits.typing_links,
            asks_later=self._channels[incoming.address.channel].limits.unconfirmed_s is not None,
        )

    async def _job_named(self, person: PersonContext, code: str) -> Job | None:
        """Find the person's own job by its short code or its whole id."""
        job_id = await self._store.short_codes.job_of(person.incoming.user, code) or code
        job = await self._store.jobs.get(job_id)
        return job if job is not None and job.user == person.incoming.user else None

    async def _fetched(self, person: PersonContext, job: Job) -> Answer:
        """Redeliver the video, for nothing: at once where the chat still holds it, else it is sent there."""
        item = await self._store.outbox.video_of(job.id)
        if person.passive and item is not None and item.ref is not None:
            return self._handed(person, item)
        code = person.codes.get(job.id, job.id)
        if job.state not in ACTIVE and not await self._send_again(job, None):
            return self._answer_with(person, person.say("again-gone", job=code))
        return Answer(Reply(person.say("passive-on-its-way", code=code)))

    async def _not_yet(self, person: PersonContext) -> Answer:
        """Answer who fetches while nothing waits: a video that is being sent, or sent again, is not denied."""
        made = await self._store.outbox.undelivered(person.incoming.user)
        if not made:
            return Answer(Reply(person.say("passive-nothing-waits")))
        return Answer(Reply(person.say("passive-on-its-way", code=person.codes.get(made[0].id, made[0].id))))

    # Answers

    def _of_decision(self, person: PersonContext, decision: Decision, *, fetches: bool = False) -> Answer | Order:
        """Make the reply of a decision. `fetches`: what waits may go out with it, as it orders nothing."""
        if decision.order is not None:
            return Order(
                decision.order,
                reply_in=lambda tx, job_id: self._ordered(person, tx, job_id, decision),
                refused=lambda message: self._refused(person, decision.refused(message)),
            )
        if decision.act is not None:
            return Answer(
                Reply(""),
                act=lambda tx: self._spoken(person, decision.decided_tx(tx)),  # which writes what it changes
                instead=lambda other: self._of_decision(person, other),
            )
        answer = self._spoken(person, decision, fetches=fetches and not decision.drops)
        return replace(answer, within=both(decision.write_tx, answer.within))

    def _refused(self, person: PersonContext, decision: Decision) -> Answer:
        answer = self._spoken(person, decision)
        return replace(answer, within=both(decision.write_tx, answer.within))

    def _spoken(self, person: PersonContext, decision: Decision, *, fetches: bool = False) -> Answer:
        say = decision.say
        if isinstance(say, Toast):
            say = Message(say.text)
        text = _with_actions(say, person) if say is not None else ""
        answer = self._next(person, before=text) if fetches else None
        if answer is None:
            answer = self._answer_with(person, text or person.say("passive-nothing-to-say"))
        return replace(answer, afterwards=decision.afterwards)

    def _ordered(self, person: PersonContext, tx: Connection, job_id: str, decision: Decision) -> Reply:
        """Make the reply to an order, in the job's own transaction, so that a repeat finds it: model, price, code."""
        user = person.incoming.user
        person = replace(person, codes={**person.codes, job_id: code_tx(tx, user, job_id)})
        decision.write_ordered_tx(tx, job_id)
        job = job_tx(tx, job_id)
        text = _with_actions(job_messages.status(job, place=0, now_ms=now_ms()), person) if job else ""
        answer = self._answer_with(person, text)
        answer.within(tx)
        return answer.reply

    def _answer_with(self, person: PersonContext, text: str) -> Answer:
        """Answer with a command's own text, then the texts that waited, then how many videos do."""
        notes = [self._word(person, item) for item in person.words]
        ends = [*notes, *([person.say("passive-videos-wait", count=len(person.videos))] if person.videos else [])]
        tail = "\n\n".join(ends)
        text = _cut(text, person.most_bytes - len(tail.encode()) - 2)
        whole = "\n\n".join(part for part in (text, tail) if part)
        return Answer(Reply(_cut(whole, person.most_bytes)), self._over(person, person.words))

    def _next(self, person: PersonContext, *, before: str = "") -> Answer | None:
        """Answer with the oldest that waits; texts all at once, a video alone. None: nothing waits."""
        stuck = [item.job for item in person.waiting if item.is_video and item.ref is None and item.job is not None]
        fit = [item for item in person.waiting if not item.is_video or (item.ref is not None and person.passive)]
        if not fit and not stuck:
            return None
        if not fit:
            key = "passive-video-stuck" if person.passive else "passive-on-its-way"  # as it has just been begun anew
            text = person.say(key, code=person.codes.get(stuck[0].id, stuck[0].id))
            return self._answer_with(person, "\n".join(part for part in (before, text) if part))
        return self._handed(person, fit[0], before=before) if fit[0].is_video else self._answer_with(person, before)

    def _handed(self, person: PersonContext, item: Waiting, *, before: str = "") -> Answer:
        left = len([each for each in person.videos if each.id != item.id])
        after = person.say("passive-videos-left", count=left) if left else ""
        text = _cut("\n".join(part for part in (before, after) if part), person.caption_bytes)
        if item.job is not None:
            most = person.caption_bytes
            text = captioned(item.job, person.codes, person.language, most_bytes=most, before=before, after=after)
        return Answer(Reply(text, item.ref, person.say("passive-video-title")), self._over(person, [item]))

    def _word(self, person: PersonContext, item: Waiting) -> str:
        if item.job is None:
            return item.text or ""
        if person.asks_later and item.is_in_doubt:
            return person.say("passive-unconfirmed", code=person.codes.get(item.job.id, item.job.id))
        return _with_actions(job_messages.outcome(item.job), person)

    def _over(self, person: PersonContext, items: list[Waiting]) -> Within:
        def within(tx: Connection) -> None:
            for item in items:
                hand_over_tx(tx, item, person.incoming.origin)

        return within


def write_reply(incoming: Incoming, reply: Reply) -> Within:
    """Return the change that stores the reply to this message."""
    return lambda tx: give_tx(tx, incoming.origin, reply)


def both(first: Within, second: Within) -> Within:
    """Combine two changes of one transaction."""

    def within(tx: Connection) -> None:
        first(tx)
        second(tx)

    return within


def _with_actions(message: Message, person: PersonContext) -> str:
    return typed_text(message, person.codes, person.language, links=person.links)


def _cut(text: str, most_bytes: int) -> str:
    """Cut at whole lines, for a chat that loses longer texts without an error."""
    return shortened(text, most=most_bytes, unit=Unit.UTF8, whole_lines=True)
