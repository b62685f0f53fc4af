"""Turns a request into a job: planned, priced, held against the caps, confirmed where it is dear or looks double.

Everything that can buy starts here; the reservation is made in the transaction that makes the job.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message
from bot.conversation import commands
from bot.conversation.planning import Planner
from bot.messages import job_messages, retry_offers
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.settings import Settings
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.ledger import OverCap, caps_of
from bot.store.pause import OrdersPaused
from bot.store.records import ACTIVE, Confirmation, Fallback, Job, JobDraft, State, source_kind
from bot.store.reorders import AlreadyOrdered
from core import pricing
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Kind, Plan

log = logging.getLogger(__name__)


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
    ) -> None:
        """`due` is told when a job asks for its turn."""
        self._planner = planner
        self._store = store
        self._due = due
        self._channels = channels
        self._settings = settings
        self._alerts = alerts
        self._caps = caps_of(settings)

    async def order(self, incoming: Incoming, command: commands.MakeVideo, language: str) -> Message | JobDraft:
        """Decide about an order: a job, a job with a question, or the text on why not."""
        if not command.prompt.strip():
            return Message(translate(language, _missing_prompt(source_kind(incoming))))
        try:
            self._check_size(incoming)
            plan = await self._plan(incoming, command)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        new = JobDraft(incoming, language, plan)
        return replace(new, question=await self._question(new))

    async def _question(self, new: JobDraft) -> Confirmation | None:
        duplicate = await self._duplicate(new)
        if duplicate is not None:
            return Confirmation("same", duplicate.id)
        return Confirmation("price") if new.plan.quote.usd > self._settings.confirm_usd else None

    async def _duplicate(self, new: JobDraft) -> Job | None:
        """Find the same request of the same person that is under way: a double tap more often than a second order."""
        user = new.incoming.user
        for job in await self._store.jobs.find(user=user, states=ACTIVE | {State.AWAITING_CONFIRMATION, State.PARKED}):
            same_source = _file_id(job.incoming) == _file_id(new.incoming)
            if same_source and replace(job.request, source_url=None) == new.plan.request:
                return job
        return None

    async def start(
        self, new: JobDraft, *, inbox_id: int | None, within: Callable[[Connection, str], None] | None = None
    ) -> Message | None:
        """Make the draft a job, once per message. A message only when the caps forbid it, or it is a repeat.

        A repeat of what was reordered before. `within`: see Jobs.accept.
        """
        new = replace(new, group=self._planner.group_of(new.incoming))
        try:
            made = await self._store.jobs.accept(new, inbox_id=inbox_id, caps=self._caps, within=within)
        except AlreadyOrdered as error:
            return job_messages.ordered_before(error.existing, new.language, now_ms=now_ms())
        except OrdersPaused:
            return Message(translate(new.language, "orders-paused"))
        self._alerts.spent()
        if isinstance(made, OverCap):
            log.info("over the cap", extra={"user": new.incoming.user, "whose": made.whose})
            return Message(job_messages.over_cap(new.language, made, in_group=new.group is not None))
        if made is not None:
            self._due()
            log.info("job accepted", extra={"job_id": made, "model": new.plan.request.model})
        return None

    async def confirm(self, job: Job, language: str) -> Message | None:
        """Accept an offer: at that price, once, within its time; everything is checked again. None: it is ordered."""
        price = self._price_now(job)
        try:
            verdict = await self._store.jobs.confirm(job.id, price=price, caps=self._caps)
        except AlreadyOrdered as error:
            await self._store.jobs.decline(job.id)
            return job_messages.ordered_before(error.existing, language, now_ms=now_ms())
        except OrdersPaused:
            return Message(translate(language, "orders-paused"))
        self._alerts.spent()
        if isinstance(verdict, OverCap):
            return Message(job_messages.over_cap(language, verdict, in_group=job.group_chat is not None))
        if verdict == "started":
            self._due()
            return None
        if verdict == "lapsed":
            await self._store.jobs.lapse()
            return Message(translate(language, "offer-lapsed"), job_id=job.id)
        if verdict == "price":
            return Message(job_messages.error_message(language, "price_changed", {"price": pricing.usd_text(price)}))
        now = replace(await self._store.jobs.get(job.id) or job, language=language)
        state = job_messages.state_line(now, place=0, now_ms=now_ms())
        return Message(translate(language, "confirm-late", job=job.id, state=state))

    def reorder(self, pressed: Incoming, job: Job, language: str, *, with_fallback: bool) -> Message | JobDraft:
        """Reorder a failed job, as a purchase of its own at the price of now.

        `with_fallback`: with the fallback for its failure.
        """
        fallback = retry_offers.fallback(job) if with_fallback else None
        try:
            plan = self._plan_again(job, fallback)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        # The press is the new message; what it was about comes from the old one.
        incoming = replace(
            pressed, attachment=job.incoming.attachment, reply_to=job.incoming.reply_to, text="", pressed=None
        )
        dearer = plan.quote.usd > job.usd or plan.quote.usd > self._settings.confirm_usd
        question = Confirmation("again") if dearer or pressed.pressed is None else None
        return JobDraft(incoming, language, plan, question, again_of=job.id, fallback=fallback)

    def _plan_again(self, job: Job, fallback: Fallback | None) -> Plan:
        request = job.request
        return pricing.plan(
            retry_offers.simpler(request.prompt) if fallback == "shorter-prompt" else request.prompt,
            model=request.model,
            mode=request.mode,
            duration_s=request.duration_s,
            resolution=request.resolution,
            aspect_ratio=request.aspect_ratio,
            seed=request.seed,
            source=_source_facts(job.incoming),
        )

    def _price_now(self, job: Job) -> Decimal:
        """Compute the price by today's table, for exactly the values of the offer."""
        try:
            return pricing.quote(job.request, source=_source_facts(job.incoming)).usd
        except BadRequest:
            return job.usd

    def _check_size(self, incoming: Incoming) -> None:
        attachment = incoming.attachment
        if attachment is None or attachment.size is None:
            return
        limits = self._channels[incoming.address.channel].limits
        most = limits.image_bytes if attachment.kind == "image" else limits.source_video_bytes
        if attachment.size > most:
            raise BadRequest("file_too_large", kind=attachment.kind, max_bytes=most)

    async def _plan(self, incoming: Incoming, command: commands.MakeVideo) -> Plan:
        return await self._planner.plan(incoming, command.prompt, command.options, source=_source_facts(incoming))


def _source_facts(incoming: Incoming) -> SourceFacts | None:
    """Return the facts of the source.

    Chats state whole seconds, often rounded down: the price is for one more, and can only become lower.
    """
    kind, attachment = source_kind(incoming), incoming.attachment
    if kind is None:
        return None
    seconds = attachment.duration_s if attachment else None
    return SourceFacts(kind, duration_s=seconds + 1 if seconds else None)


def _file_id(incoming: Incoming) -> str | None:
    return incoming.attachment.file_id if incoming.attachment else None


def _missing_prompt(kind: Kind | None) -> str:
    return {None: "prompt-missing", Kind.IMAGE: "photo-needs-prompt", Kind.VIDEO: "video-needs-prompt"}[kind]
