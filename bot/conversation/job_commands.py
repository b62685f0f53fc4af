"""Decides about jobs and offers that exist: a state, a cancel, sending again, yes and no, another model."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.channels.types import Action, Incoming, Message
from bot.conversation import commands
from bot.conversation.answer_language import zone_of
from bot.conversation.decisions import Decision
from bot.conversation.ordering import OrderService
from bot.conversation.situation import Situation
from bot.messages import job_lists, job_messages
from bot.messages.callback_data import data_for
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.dialogues import Draft
from bot.store.job_orders import ask_cancel_tx, drop_offers_tx
from bot.store.job_rows import job_tx
from bot.store.records import ACTIVE, ENDED, Destination, Job, JobDraft, State
from bot.store.stored import UnreadableJob

_HISTORY = 10
_WAITING = (
    State.AWAITING_CONFIRMATION,
    State.SUBMIT_UNCONFIRMED,
    State.PARKED,
    State.UNDELIVERED,
    State.DELIVERY_UNCONFIRMED,
)
"""Jobs that stand still: for a yes, for a word from fal, for the chat."""


class JobCommands:
    """The decisions about jobs."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        send_again: Callable[[Job, Destination | None], Awaitable[bool]],
        ask_fal_now: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._orders = orders
        self._send_again = send_again
        self._ask_fal_now = ask_fal_now

    async def named(self, incoming: Incoming, code: str) -> Job | None:
        """Find the person's own job by its id or short code; other people's do not exist here. Raises UnreadableJob."""
        job_id = await self._store.short_codes.job_of(incoming.user, code) or code.upper()
        job = await self._store.jobs.get(job_id)
        return job if job is not None and job.user == incoming.user else None

    async def named_here(self, situation: Situation, code: str) -> Job | None:
        """Find it as `named` does; in a group nothing of another chat, but films, which come where they are asked for.

        Raises UnreadableJob.
        """
        job = await self.named(situation.incoming, code)
        return job if job is None or job.has_film or _is_of(job, situation) else None

    async def active(self, situation: Situation) -> list[Job]:
        """Return what is being made for the person, in a group only what was asked for there."""
        return await self._store.jobs.find(user=situation.incoming.user, states=ACTIVE, chat=situation.chat)

    async def decide(self, situation: Situation, command: commands.Command) -> Decision | None:
        """Decide about a command on jobs; None: it is none of those."""
        match command:
            case commands.Confirm(job=str(code), way=way):
                return await self._agreed(situation, code, way)
            case commands.Cancel(job=code):
                return await self.cancel(situation, code)
            case commands.Again():
                return await self.again(situation, command)
            case commands.ShowStatus(job=code):
                return await self.status(situation, code)
            case commands.ShowHistory():
                return await self.history(situation)
            case commands.Start(payload=str(code)) if situation.incoming.private:
                return await self.opened(situation, code)
        return None

    # Yes and no

    async def _agreed(self, situation: Situation, code: str, way: int) -> Decision:
        """Decide about a yes that names its offer; one that was not typed only shows it."""
        job = await self.named_here(situation, code)
        if job is None:
            return situation.answer(situation.say("job-unknown", job=code))
        if not situation.is_typed and job.state is State.AWAITING_CONFIRMATION:
            return self.show_offer(situation, job)
        return await self.confirm(situation, job, way)

    async def confirm(self, situation: Situation, job: Job | None, way: int = 0) -> Decision:
        """Decide about a yes to this offer; None: to whichever is open."""
        if job is None:
            return self._confirm_none_or_many(situation)
        if situation.incoming.pressed is None and way == 0 and job.state is not State.AWAITING_CONFIRMATION:
            newer = self._newer(job, situation)
            if newer is not None:
                return self.show_offer(situation, newer)
        obstacle = await self._orders.obstacle(job, situation.language)
        if obstacle is not None:
            return situation.answer(obstacle)
        zone = await zone_of(self._store, situation.incoming)
        return Decision(act=lambda tx: self._confirm_tx(tx, situation, job, way, zone))

    def _confirm_tx(self, tx: Connection, situation: Situation, job: Job, way: int, zone: str | None) -> Decision:
        incoming, language = situation.incoming, situation.language
        problem = self._orders.confirm_tx(tx, job, incoming, language, zone=zone, way=way)
        if isinstance(problem, JobDraft):
            return situation.ordered(problem)
        if problem is not None:
            newer = self._newer(job_tx(tx, job.id) or job, situation)
            return self.show_offer(situation, newer) if newer is not None else situation.answer(problem)
        if situation.incoming.pressed is not None:  # the offer itself now says that it was ordered
            decided = replace(situation.toast(situation.say("toast-ordered"), needed=False), spent=True)
        else:
            decided = Decision(say=Message(situation.say("confirm-started", job=job.id), job_id=job.id))
        done = situation.after("else", job=job.id, draft=_unused(situation.draft, job))
        return replace(decided, dialogue=done, afterwards=self._orders.reserved)

    def _newer(self, job: Job, situation: Situation) -> Job | None:
        """Return the open offer that has replaced this one."""
        replaced = job.error is not None and job.error.code == "offer_replaced"
        return situation.offers[-1] if replaced and situation.offers else None

    async def was_seen(self, situation: Situation, offer: Job) -> bool:
        """Return whether the person may have seen this offer when they wrote: a yes of before is to something else.

        An offer made after the message had come cannot have been; nor one whose card waits for its turn in the chat.
        """
        if situation.quoted is not None:
            return True
        came = await self._store.inbox.came(situation.incoming.origin)
        if came is not None and came < offer.created:
            return False
        if not situation.has_cards or offer.status_shown == "" or offer.id in (offer.status_shown or ""):
            return True
        return await self._store.message_map.is_shown(offer.id, but_not=(offer.status_ref, offer.incoming.reply_to))

    def _confirm_none_or_many(self, situation: Situation) -> Decision:
        offers = situation.offers
        if not offers:
            return situation.answer(situation.say("confirm-nothing"))
        if len(offers) == 1:
            return self.show_offer(situation, offers[0])
        buttons = tuple(_button("yes", job) for job in offers)
        return situation.answer(Message(situation.say("confirm-which"), buttons))

    def show_offer(self, situation: Situation, offer: Job) -> Decision:
        """Repeat an offer with its price: from now on a bare yes means it."""
        card = job_messages.status(replace(offer, language=situation.language), place=0, now_ms=now_ms())
        return Decision(say=card, dialogue=situation.after("offer", job=offer.id))

    async def decline(self, situation: Situation, job: Job | None = None) -> Decision:
        """Decide about a no: offers (this one, or all that are open here) and draft are gone."""
        dropped = (job,) if job is not None else situation.offers
        draft = Draft() if job is None or job.id == (situation.offers[-1].id if situation.offers else None) else None
        active = await self.active(situation)

        def act(tx: Connection) -> Decision:
            ended = drop_offers_tx(tx, [offer.id for offer in dropped])
            started = [offer.id for offer in dropped if offer.id not in ended]  # by a yes that came first
            key = "draft-dropped" if not dropped else "offer-declined" if ended else "cancel-nothing"
            running = started[-1] if started else active[-1].id if active else None
            text = situation.say(key)
            if running is not None:
                text = f"{text}\n{situation.say('no-but-active', job=running)}"
            return situation.answer(text, draft=draft)

        return Decision(act=act)

    # A job that is being made

    async def cancel(self, situation: Situation, code: str | None) -> Decision:
        """Decide about /cancel: the job named, the one replied to, what is open here, the only one that is made."""
        if code is not None:
            job = await self.named_here(situation, code)
            if job is None:
                return situation.answer(situation.say("job-unknown", job=code))
            return await self._cancel(situation, job)
        if situation.quoted is not None:
            return await self._cancel(situation, situation.quoted)
        if situation.offers or not situation.draft.is_empty:
            return await self.decline(situation)
        active = await self.active(situation)
        if not active:
            return situation.answer(situation.say("cancel-nothing"))
        if len(active) > 1:
            buttons = tuple(_button("cancel", job) for job in active)
            return situation.answer(Message(situation.say("cancel-which"), buttons))
        return await self._cancel(situation, active[0])

    async def _cancel(self, situation: Situation, job: Job) -> Decision:
        pressed = situation.incoming.pressed is not None
        if job.state is State.AWAITING_CONFIRMATION:
            decided = await self.decline(situation, job)
            # of a press the offer itself now says that it was declined
            return decided.mapped(lambda each: replace(each, say=None)) if pressed else decided
        if job.state is State.DELETED:
            return situation.answer(Message(situation.say("was-deleted", job=job.id), job_id=job.id))
        if job.state is State.CANCELLED or job.cancel_asked:
            return situation.answer(situation.say("already-cancelled", job=job.id))
        return Decision(act=lambda tx: self._cancel_tx(tx, situation, job))

    def _cancel_tx(self, tx: Connection, situation: Situation, job: Job) -> Decision:
        verdict = ask_cancel_tx(tx, job.id) if job.state in ACTIVE | {State.PARKED} else "late"
        if verdict == "free" and situation.incoming.pressed is not None:
            toast = situation.toast(situation.say("cancelled-free", job=job.id), needed=False)  # its card says it, too
            return replace(toast, spent=True)
        key = {"free": "cancelled-free", "late": "cancel-too-late"}.get(verdict, "cancel-requested-running")
        decided = situation.answer(Message(situation.say(key, job=job.id), job_id=job.id))
        return replace(decided, afterwards=lambda: self._ask_fal_now(job.id)) if verdict == "running" else decided

    # Once more

    async def again(self, situation: Situation, command: commands.Again) -> Decision:
        """Redeliver a finished video or ask about a parked job, for nothing; else reorder the job."""
        job = await self._to_repeat(situation, command.job)
        if job is None:
            key = "job-unknown" if command.job else "again-none"
            return situation.answer(situation.say(key, job=command.job or ""))
        if not job.has_film and not _is_of(job, situation):
            return situation.answer(situation.say("job-unknown", job=command.job or job.id))
        if job.state is State.AWAITING_CONFIRMATION:
            return self.show_offer(situation, job)
        if job.state is State.DELETED:
            return situation.answer(Message(situation.say("was-deleted", job=job.id), job_id=job.id))
        asked = Destination(situation.incoming.address, situation.incoming.reply_to)
        if job.send_to == asked and asked.reply_to is not None and situation.incoming.pressed is None:
            return Decision()  # this very message has asked for it before, and was not closed
        if job.state in ACTIVE:
            state = job_messages.state_line(replace(job, language=situation.language), place=0, now_ms=now_ms())
            return situation.answer(situation.say("again-on-its-way", job=job.id, state=state))
        if job.state is State.PARKED:
            answer = situation.answer(Message(situation.say("again-asks-fal", job=job.id), job_id=job.id))
            return replace(answer, afterwards=lambda: self._ask_fal_now(job.id))
        if job.video is None:
            new = self._orders.reorder(situation.incoming, job, situation.language, with_fallback=command.with_fallback)
            return situation.ordered(new) if isinstance(new, JobDraft) else situation.answer(new)
        if not await self._send_again(job, asked):
            return situation.answer(situation.say("again-gone", job=job.id))
        return Decision(spent=True)

    async def _to_repeat(self, situation: Situation, code: str | None) -> Job | None:
        """Find the job that was named or replied to; else a video that waits, else the latest that ended."""
        if code is not None:
            return await self.named(situation.incoming, code)
        if situation.quoted is not None:
            return situation.quoted
        waiting = [State.UNDELIVERED, State.DELIVERY_UNCONFIRMED]
        for states in (waiting, ENDED - {State.DELETED}):
            found = await self._store.jobs.find(
                user=situation.incoming.user, states=states, newest=1, chat=situation.chat, ordered=True
            )
            if found:
                return found[0]
        asked = Destination(situation.incoming.address, situation.incoming.reply_to)
        if asked.reply_to is None:
            return None
        active = await self._store.jobs.find(user=situation.incoming.user, states=ACTIVE, chat=situation.chat)
        return next((job for job in active if job.send_to == asked), None)  # met again: its worker died on the way

    # Lists

    async def status(self, situation: Situation, code: str | None) -> Decision:
        """Say how things stand: with the job named or replied to, else with all that is under way."""
        incoming = situation.incoming
        if code is not None or situation.quoted is not None:
            job = await self.named(incoming, code) if code is not None else situation.quoted
            if job is None or not _is_of(job, situation):
                return situation.answer(situation.say("job-unknown", job=code))
            jobs = [job]
        else:
            jobs = await self.active(situation)
            jobs += await self._store.jobs.find(user=incoming.user, states=_WAITING, newest=5, chat=situation.chat)
        if not jobs:
            return situation.answer(situation.say("status-none"))
        lines = [await self._status_line(job, situation.language) for job in jobs]
        return situation.answer("\n".join(lines))

    async def opened(self, situation: Situation, code: str) -> Decision | None:
        """Say how a job stands by whose link the bot was opened, and bring what waits; None: it is none of theirs.

        Nobody learns from a link whether somebody else has such a job.
        """
        try:
            job = await self.named(situation.incoming, code)
        except UnreadableJob:
            job = None
        if job is None:
            return None
        if job.outcome_ref is None and job.state in ENDED:
            await self._send_again(job, Destination(situation.incoming.address))
        line = await self._status_line(job, situation.language)
        return situation.answer(Message("\n".join([situation.say("start-job"), line]), job_id=job.id))

    async def _status_line(self, job: Job, language: str) -> str:
        place = await self._store.jobs.place(job) if job.state is State.QUEUED else 0
        return job_lists.status_line(job, language, place=place, now_ms=now_ms())

    async def history(self, situation: Situation) -> Decision:
        """List the latest jobs, in a group those that were asked for there."""
        jobs = await self._store.jobs.find(
            user=situation.incoming.user, newest=_HISTORY, chat=situation.chat, ordered=True
        )
        if not jobs:
            return situation.answer(situation.say("history-none"))
        language, zone = situation.language, await zone_of(self._store, situation.incoming)
        lines = [job_lists.history_line(job, language, now_ms=now_ms(), zone=zone) for job in jobs]
        return situation.answer("\n".join([job_lists.history_title(language, zone), *lines]))


def _unused(draft: Draft, offer: Job) -> Draft:
    """Return what stays on the table when an offer is taken: photos that came after it, and are no part of it."""
    offered = (*offer.incoming.sources, *(source for way in offer.ways for source in way.sources))
    ids = {source.file_id for source in offered if source is not None}
    rest = tuple(source for source in draft.sources if source.attachment.file_id not in ids)
    return Draft(sources=rest, at=draft.at) if rest else Draft()


def _is_of(job: Job, situation: Situation) -> bool:
    """Return whether a job may be spoken of here: in a group only what was asked for there."""
    return situation.chat is None or job.chat == situation.chat


def _button(kind: str, job: Job) -> Action:
    label = f"{job.id} {job_lists.short(job.request.prompt, 24)}"
    return Action(label, data_for("cancel" if kind == "cancel" else "yes", job.id))
