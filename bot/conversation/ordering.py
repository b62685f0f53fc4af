"""Turns a request into a job: planned, priced, held against the caps, confirmed where it is dear or looks double.

Everything that can buy starts here; the reservation is made in the transaction that makes the job.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.channels.protocol import ChannelPort
from bot.channels.types import Address, AttachmentRef, Incoming, Message
from bot.conversation import commands
from bot.conversation.answer_language import zone_of
from bot.conversation.generation_options import as_flags, options_of_request, parse_options
from bot.conversation.planning import MadeOf, Planner, plan_with
from bot.messages import job_messages, retry_offers
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate, translate_known
from bot.messages.next_films import NextFilm
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.drifts import findings_tx
from bot.store.job_orders import confirm_tx
from bot.store.job_rows import job_tx
from bot.store.ledger import OverCap, caps_of
from bot.store.pause import OrdersPaused
from bot.store.records import (
    ACTIVE,
    MICRO,
    OF_FILM,
    Confirmation,
    Fallback,
    Job,
    JobDraft,
    State,
    Way,
    micro,
    source_kind,
)
from bot.store.reorders import AlreadyOrdered
from core import pricing
from core.catalogue import Model
from core.catalogue.finding import able
from core.catalogue.offers import hold_back
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Adjustment, Kind, Mode, Plan, Quote, VideoRequest

log = logging.getLogger(__name__)

OfferReason = Literal[
    "words", "forward", "quoted", "heard", "asks", "photo", "one", "again", "lone",
    "frames", "likeness", "each", "many", "unable", "speak",
]  # fmt: skip
"""What makes an offer of a request, whatever it costs (see Confirmation)."""


class OrderService:
    """The service of all orders."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        settings: Settings,
        alerts: Alerts,
        planner: Planner,
        due: Callable[[], None],
        has_own_purse: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`due` is told when a job asks for its turn; `has_own_purse`: whether a channel was let in as such."""
        self._has_own_purse = has_own_purse
        self._planner = planner
        self._store = store
        self._due = due
        self._channels = channels
        self._settings = settings
        self._alerts = alerts
        self._caps = caps_of(settings)

    async def draft(
        self,
        incoming: Incoming,
        command: commands.MakeVideo,
        language: str,
        *,
        why: OfferReason | None = None,
        mode: Mode | None = None,
    ) -> JobDraft | Message:
        """Plan an order and decide whether it is asked about first; a text where it cannot be made at all.

        `why`: what makes it an offer whatever it costs; None: an explicit order. `mode`: of all its photos together.
        """
        try:
            self._check_size(incoming)
            plan = await self._plan(incoming, command, mode=mode)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        new = JobDraft(incoming, language, plan)
        return replace(new, question=await self._question(new, why))

    async def _question(self, new: JobDraft, why: OfferReason | None) -> Confirmation | None:
        duplicate = await self._duplicate(new)
        if duplicate is not None:
            return Confirmation("same", duplicate.id)
        if why is not None:
            return Confirmation(why)
        return Confirmation("price") if new.plan.quote.usd > self._settings.confirm_usd else None

    def is_small(self, plan: Plan) -> bool:
        """Return whether this may be ordered without a question about its price."""
        return plan.quote.usd <= self._settings.confirm_usd

    async def way(
        self,
        key: str,
        incoming: Incoming,
        command: commands.MakeVideo,
        sources: Sequence[AttachmentRef | None],
        *,
        mode: Mode | None = None,
    ) -> Way:
        """Plan another way to take an offer: the same words with these sources, one job each. Raises BadRequest.

        `mode`: one job of all of them.
        """
        also = tuple(source for source in sources[1:] if source is not None) if mode is not None else ()
        plan = await self._plan(replace(incoming, attachment=sources[0], also=also), command, mode=mode)
        return _planned_way(key, plan, tuple(sources), joint=mode is not None)

    async def way_by_another(
        self,
        key: str,
        incoming: Incoming,
        command: commands.MakeVideo,
        sources: Sequence[AttachmentRef],
        *,
        mode: Mode,
        price_micro: int,
    ) -> Way | None:
        """Plan one job of all these sources with a model that can make it; None: there is none.

        The first of the catalogue's order, so a tier before others, that changes nothing of the wishes and costs no
        more than `price_micro`; else the cheapest.
        """
        together = replace(incoming, attachment=sources[0], also=tuple(sources[1:]))
        preferred = await self._planner.preferred(incoming)
        made_of = MadeOf(_source_facts(together), mode, len(sources))
        found = []
        for place, name in enumerate(able(mode)):
            try:
                options = replace(command.options, model=name)
                plan = plan_with(command.prompt, options, preferred, default_model=name, made_of=made_of)
            except BadRequest:
                continue
            price = micro(plan.quote.usd)
            is_dear = price > price_micro
            found.append(((bool(plan.adjustments), is_dear, price if is_dear else place, place), plan))
        if not found:
            return None
        return _planned_way(key, min(found, key=lambda each: each[0])[1], tuple(sources), joint=True)

    async def _duplicate(self, new: JobDraft) -> Job | None:
        """Find the same request of the same person that is under way: a double tap more often than a second order."""
        user, group = new.incoming.user, self._planner.group_of(new.incoming)
        for job in await self._store.jobs.find(user=user, states=ACTIVE | {State.PARKED}, chat=group):
            same_source = _file_ids(job.incoming) == _file_ids(new.incoming) and job.follows == new.follows
            if same_source and job.request.unpublished() == new.plan.request:
                return job
        return None

    async def start(
        self, new: JobDraft, *, inbox_id: int | None, within: Callable[[Connection, str], None] | None = None
    ) -> Message | None:
        """Make the draft a job, once per message. A message only when the caps forbid it, or it is offered already.

        A press that has bought before makes an offer. `within`: see Jobs.accept.
        """
        obstacle = await self._obstacle(new.incoming.address, new.language)
        if obstacle is not None:
            return obstacle
        group = self._planner.group_of(new.incoming)
        new = replace(new, group=group, purse=await self._purse(new.incoming, group))
        try:
            made = await self._store.jobs.accept(new, inbox_id=inbox_id, caps=self._caps, within=within)
        except AlreadyOrdered as error:
            if error.existing.state is State.AWAITING_CONFIRMATION:
                return job_messages.status(replace(error.existing, language=new.language), place=0, now_ms=now_ms())
            again = replace(new, question=Confirmation("again", error.existing.id))
            return await self.start(again, inbox_id=inbox_id, within=within)
        except OrdersPaused:
            return Message(translate(new.language, "orders-paused"))
        self._alerts.spent()
        if isinstance(made, OverCap):
            log.info("over the cap", extra={"user": new.incoming.user, "whose": made.whose})
            zone = await zone_of(self._store, new.incoming)
            return Message(
                job_messages.over_cap(
                    new.language, made, zone=zone, in_group=new.group is not None, up_to=new.plan.quote.up_to
                )
            )
        if made is not None:
            self._due()
            log.info("job accepted", extra={"job_id": made, "model": new.plan.request.model})
        return None

    async def _purse(self, incoming: Incoming, group: str | None) -> str | None:
        """Return who pays if not the sender: the group, for a member who writes as a channel.

        Channels are made in a minute, each with a new id: as many purses as somebody likes.
        """
        manifest = self._channels[incoming.address.channel].manifest if group is not None else None
        if manifest is None or incoming.user == group or not manifest.is_group(incoming.sender_id):
            return None
        return None if await self._has_own_purse(incoming.user) else group

    async def obstacle(self, job: Job, language: str) -> Message | None:
        """Say what is known to keep a video of this offer from its chat; None: nothing is."""
        return await self._obstacle(job.destination.address, language)

    def confirm_tx(
        self,
        tx: Connection,
        job: Job,
        agreed: Incoming,
        language: str,
        *,
        zone: str | None,
        way: int = 0,
    ) -> Message | JobDraft | None:
        """Accept an offer: at that price, once, within its time; everything is checked again. None: it is ordered.

        A new offer where its price has changed, or where fal does not take it any more. `agreed`: the message that said
        yes. `way`: 0: what it offers first.
        """
        way = way or job.first_way
        if way > len(job.ways):
            return self._late(job, language)
        try:
            pricing.find((job.ways[way - 1].request if way else job.request).model)
        except BadRequest as error:  # it has left the catalogue since
            return Message(job_messages.error_message(language, error.code, error.facts), job_id=job.id)
        if self._is_gone(tx, job, way):
            return self._offer_nearest(job, way, agreed, language)
        price = self._price_now(job, way)
        try:
            verdict = confirm_tx(tx, job.id, price=price, caps=self._caps, way=way)
        except OrdersPaused:
            return Message(translate(language, "orders-paused"))
        if isinstance(verdict, OverCap):
            return Message(
                job_messages.over_cap(
                    language, verdict, zone=zone, in_group=job.group_chat is not None, up_to=job.up_to
                )
            )
        if verdict == "started":
            return None
        if verdict == "lapsed":
            return Message(translate(language, "offer-lapsed"), job_id=job.id)
        if verdict in {"price", "bought"}:
            other = job.question.job if job.question is not None else None
            why = Confirmation("price") if verdict == "price" else Confirmation("edited", other)
            return self._offer_anew(job, agreed, language, price, why)
        return self._late(job_tx(tx, job.id) or job, language)

    async def reserved(self) -> None:
        """Say that a yes may have reserved something: the job is due, and a mark may be passed."""
        self._alerts.spent()
        self._due()

    async def _obstacle(self, to: Address, language: str) -> Message | None:
        """Say what is known to keep a video from this chat, before anything is bought or offered."""
        channel = self._channels.get(to.channel)
        obstacle = await channel.obstacle(to) if channel is not None else None
        if obstacle is None:
            return None
        return Message(translate_known(language, f"obstacle-{obstacle}", otherwise="obstacle-no-right"))

    def _late(self, job: Job, language: str) -> Message:
        state = job_messages.state_line(replace(job, language=language), place=0, now_ms=now_ms())
        return Message(translate(language, "confirm-late", job=job.id, state=state), job_id=job.id)

    def _offer_anew(
        self, job: Job, agreed: Incoming, language: str, price: Decimal, why: Confirmation
    ) -> JobDraft | Message:
        try:
            plan = self._plan_again(job, None)
        except BadRequest:
            shown = job_messages.priced(language, pricing.usd_text(price), up_to=job.up_to)
            return Message(job_messages.error_message(language, "price_changed", {"price": shown}))
        incoming = replace(
            agreed, attachment=job.incoming.attachment, also=job.incoming.also, text=job.incoming.text, pressed=None
        )
        new = JobDraft(incoming, language, plan, why, ways=self._ways_again(job), replaces=job.id)
        return replace(new, follows=job.follows, step=job.step)

    def _is_gone(self, tx: Connection, job: Job, way: int) -> bool:
        """Return whether fal does not take this offer any more, as the last look of any process found it."""
        hold_back(findings_tx(tx))
        request = job.ways[way - 1].request if way else job.request
        return job.state is State.AWAITING_CONFIRMATION and not pricing.is_offered(request)

    def _offer_nearest(self, job: Job, way: int, agreed: Incoming, language: str) -> JobDraft | Message:
        """Offer what comes nearest to an offer that cannot be made any more, in its place."""
        model: str | None = None
        notes: tuple[Adjustment, ...] = ()
        try:
            try:
                plan = self._plan_again(job, None)
            except BadRequest as error:
                model = str(error.facts.get("instead_key") or "")
                if error.code != "model_unavailable" or not model:
                    raise
                plan = self._plan_again(job, None, model=model)
                notes = (Adjustment("model", str(error.facts["model"]), str(error.facts["instead"])),)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts), job_id=job.id)
        text = f"{job.incoming.text} --model {model}" if model else job.incoming.text  # so that a later wish keeps it
        incoming = replace(agreed, attachment=job.incoming.attachment, also=job.incoming.also, text=text, pressed=None)
        plan = replace(plan, adjustments=(*notes, *plan.adjustments))
        ways = self._ways_again(job, model)
        new = JobDraft(incoming, language, plan, Confirmation("gone"), ways=ways, replaces=job.id)
        new = replace(new, follows=job.follows, step=job.step)
        wanted = next((each for each in ways if way and each.joint and each.key == job.ways[way - 1].key), None)
        if wanted is None:
            return new
        text = f"{job.incoming.text} --model {wanted.request.model}"
        of_all = _with_all_photos(replace(new, incoming=replace(incoming, text=text)), wanted.key)
        return replace(of_all, question=Confirmation("gone"))

    def with_model(self, job: Job, model: str, pressed: Incoming, language: str) -> JobDraft | Message:
        """Offer the same with another model, in the place of the offer `job`."""
        try:
            plan = self._plan_again(job, None, model=model)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        text = f"{job.incoming.text} --model {model}"  # so that a later wish keeps it
        incoming = replace(pressed, attachment=job.incoming.attachment, also=job.incoming.also, text=text, pressed=None)
        if job.state is not State.AWAITING_CONFIRMATION:
            new = JobDraft(incoming, language, plan, Confirmation("words"))
            return replace(new, follows=job.follows, step=job.step)
        why, ways = job.question or Confirmation("words"), self._ways_again(job, model)
        new = JobDraft(incoming, language, plan, why, ways=ways, replaces=job.id, takes_card=True)
        new = replace(new, follows=job.follows, step=job.step)
        return _with_all_photos(new) if why.why == "unable" else new

    def models_for(self, job: Job) -> list[tuple[Model, Plan]]:
        """Return the models that can make this offer, each with its plan, the tiers first."""
        found = []
        for model in sorted(pricing.list_models(), key=lambda each: each.tier is None):
            try:
                found.append((model, self._plan_again(job, None, model=model.key)))
            except BadRequest:
                continue  # it cannot make this
        return found

    def reorder(self, pressed: Incoming, job: Job, language: str, *, with_fallback: bool) -> Message | JobDraft:
        """Reorder a failed job, as a purchase of its own at the price of now.

        `with_fallback`: with the fallback for its failure.
        """
        fallback = retry_offers.fallback(job) if with_fallback else None
        if job.has_film and job.request.seed is not None:  # with the same it would be the same film
            job = replace(job, request=replace(job.request, seed=secrets.randbelow(pricing.MOST_SEED)))
        try:
            plan = self._plan_again(job, fallback)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        # The press is the new message; what it was about comes from the old one.
        options = as_flags(options_of_request(plan.request))
        text = f"{plan.request.prompt} {options}"  # so that a later wish keeps them
        incoming = replace(
            pressed,
            attachment=job.incoming.attachment,
            also=job.incoming.also,
            reply_to=job.incoming.reply_to,
            text=text,
            pressed=None,
        )
        as_priced = pressed.pressed is not None and plan.quote.usd <= min(job.usd, self._settings.confirm_usd)
        as_priced = as_priced and set(plan.adjustments) <= set(job.adjustments)  # else it is not what was made before
        question = None if as_priced else Confirmation("again")
        new = JobDraft(incoming, language, plan, question, again_of=job.id, fallback=fallback)
        return replace(new, follows=job.follows, step=job.step)

    def of_film(
        self, film: Job, found: NextFilm, incoming: Incoming, language: str, *, agreed: Decimal | None
    ) -> JobDraft:
        """Make what was planned of a film an order, or an offer of it.

        `agreed`: the price on the button that was pressed for it; None: it is offered whatever it costs.
        """
        as_priced = found.usd == agreed and found.usd <= self._settings.confirm_usd  # cheaper is not what was pressed
        request = found.plan.request
        text = f"{request.prompt} {as_flags(options_of_request(request))}"
        sources = (None, ()) if found.step.kind in OF_FILM else (film.incoming.attachment, film.incoming.also)
        incoming = replace(incoming, attachment=sources[0], also=sources[1], text=text, pressed=None)
        question = None if as_priced else Confirmation("film")
        return JobDraft(incoming, language, found.plan, question, follows=film.id, step=found.step)

    def _plan_again(self, job: Job, fallback: Fallback | None, *, model: str | None = None) -> Plan:
        prompt = job.request.prompt
        prompt = retry_offers.simpler(prompt) if fallback == "shorter-prompt" else prompt
        return _plan_like(replace(job.request, prompt=prompt), _facts_of(job), model)

    def _ways_again(self, job: Job, model: str | None = None) -> tuple[Way, ...]:
        """Plan an offer's other ways at today's prices, with another model too; without what that cannot make.

        A way of another model than the offer itself, which fal does not take any more, is planned with what stands in.
        """
        ways = []
        for way in job.ways:
            wanted = way.request if model is None else _as_first(job.request, way.request)
            source = _source_facts(replace(job.incoming, attachment=way.sources[0]))
            by_another = way.joint and model is None and way.request.model != job.request.model
            try:
                plan = _plan_like(wanted, source, model)
            except BadRequest as error:
                instead = _plan_instead(wanted, source, error) if by_another else None
                if instead is None:
                    continue
                plan = instead
            ways.append(_planned_way(way.key, plan, way.sources, joint=way.joint))
        return tuple(ways)

    def _price_now(self, job: Job, way: int) -> Decimal:
        """Compute the price of one job by today's table, for exactly the values of the offer."""
        choice = job.ways[way - 1] if way else None
        request, facts = job.request, _facts_of(job)
        if choice is not None:
            request, facts = choice.request, _source_facts(replace(job.incoming, attachment=choice.sources[0]))
        try:
            return pricing.quote(request, source=facts).usd
        except BadRequest:
            return choice.price_micro / MICRO if choice else job.usd

    def size_problem(self, incoming: Incoming, language: str) -> str | None:
        """Say that the message's file is too large for this chat or for us; None: it is not."""
        try:
            self._check_size(incoming)
        except BadRequest as error:
            return job_messages.error_message(language, error.code, error.facts)
        return None

    async def likely_quote(self, incoming: Incoming, options: str) -> Quote | None:
        """Return what a video from the message's photo or video would cost, with these options; None: nobody knows."""
        try:
            return (await self._plan(incoming, commands.MakeVideo("price", parse_options(options)[1]))).quote
        except BadRequest:
            return None

    async def sound_problem(self, incoming: Incoming, options: str, language: str) -> str | None:
        """Say that a recording is too short for any film, before more is asked about it; None: it is not."""
        try:
            await self._plan(incoming, commands.MakeVideo("price", parse_options(options)[1]))
        except BadRequest as error:
            if error.code == "audio_too_short":
                return job_messages.error_message(language, error.code, error.facts)
        return None

    def _check_size(self, incoming: Incoming) -> None:
        limits = self._channels[incoming.address.channel].limits
        for source in incoming.sources:
            most = limits.image_bytes if source.kind == "image" else limits.source_video_bytes
            if source.size is not None and source.size > most:
                raise BadRequest("file_too_large", kind=source.kind, max_bytes=most)

    async def _plan(self, incoming: Incoming, command: commands.MakeVideo, *, mode: Mode | None = None) -> Plan:
        source = _source_facts(incoming)
        return await self._planner.plan(
            incoming, command.prompt, command.options, source=source, mode=mode, references=len(incoming.sources)
        )


def _planned_way(key: str, plan: Plan, sources: tuple[AttachmentRef | None, ...], *, joint: bool) -> Way:
    price = micro(plan.quote.usd)
    return Way(key, plan.request, plan.adjustments, price, plan.quote.up_to, sources, joint)


def _as_first(first: VideoRequest, way: VideoRequest) -> VideoRequest:
    """Return a way with the values of the offer itself: it may be another model's, with values of its own."""
    return replace(first, prompt=way.prompt, mode=way.mode, sources=way.sources)


def _plan_instead(wanted: VideoRequest, source: SourceFacts | None, error: BadRequest) -> Plan | None:
    """Plan a request with the model that stands in for one that fal does not take; None: there is none."""
    instead = str(error.facts.get("instead_key") or "")
    if error.code != "model_unavailable" or not instead:
        return None
    try:
        plan = _plan_like(wanted, source, instead)
    except BadRequest:
        return None
    note = Adjustment("model_unavailable", str(error.facts["model"]), str(error.facts["instead"]))
    return replace(plan, adjustments=(note, *plan.adjustments))


def _with_all_photos(new: JobDraft, key: str | None = None) -> JobDraft:
    """Return the offer of the first photo, with a model that can make one film of all, as the offer of that film.

    `key`: in this way; None: in the first that there is.
    """
    at = next((number for number, way in enumerate(new.ways) if way.joint and key in {None, way.key}), None)
    if at is None:
        return replace(new, question=Confirmation("many"))
    way, rest = new.ways[at], [way for number, way in enumerate(new.ways) if number != at]
    first = new.incoming.attachment
    also = tuple(source for source in way.sources[1:] if source is not None)
    return replace(
        new,
        incoming=replace(new.incoming, also=also),
        plan=Plan(way.request, Quote(way.price_micro / MICRO, way.request.endpoint, way.up_to), way.adjustments),
        question=Confirmation(way.key),
        ways=(*rest, _planned_way("first", new.plan, (first,), joint=False)),
    )


def _plan_like(request: VideoRequest, source: SourceFacts | None, model: str | None) -> Plan:
    """Plan the same request at today's prices, from this photo or video. Raises BadRequest."""
    return pricing.plan(
        request.prompt,
        model=model or request.model,
        mode=request.mode,
        duration=request.duration_s,
        resolution=request.resolution,
        aspect_ratio=request.aspect_ratio,
        seed=request.seed,
        sound=request.sound,
        negative_prompt=request.negative_prompt,
        source=source,
        references=max(1, len(request.sources)),
    )


def _facts_of(job: Job) -> SourceFacts | None:
    """Return the facts of what a job is made from: a film of before, or what its message brought."""
    if job.step is not None and job.step.kind in OF_FILM:
        return job.step.facts(job.request.mode)
    return _source_facts(job.incoming)


def _source_facts(incoming: Incoming) -> SourceFacts | None:
    """Return the facts of the source. A sound has been measured, or its length is not known.

    Of a video chats state whole seconds, often rounded down: the price is for one more, and can only become lower.
    """
    kind, attachment = source_kind(incoming), incoming.attachment
    if kind is None:
        return None
    seconds = attachment.duration_s if attachment else None
    if kind is Kind.AUDIO:
        return SourceFacts(kind, duration_s=seconds)
    return SourceFacts(kind, duration_s=seconds + 1 if seconds else None)


def _file_ids(incoming: Incoming) -> list[str]:
    return [source.file_id for source in incoming.sources]
