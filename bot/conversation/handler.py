"""Decides about one message: an answer in words, or a new job. Access was checked before it came here."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Action, Incoming, Message
from bot.conversation import commands
from bot.conversation.admin_handler import AdminHandler
from bot.conversation.answer_language import answer_language
from bot.conversation.balance import BalanceHandler
from bot.conversation.ordering import OrderService
from bot.conversation.settings_handler import SettingsHandler
from bot.messages import job_messages
from bot.messages.callback_data import data_for
from bot.messages.i18n import LANGUAGES, translate
from bot.store import Store
from bot.store.database import now_ms
from bot.store.records import ACTIVE, ENDED, Job, JobDraft, State
from bot.store.stored import UnreadableJob
from core import pricing
from core.errors import BadRequest
from core.types import Adjustment, Plan

_HISTORY = 10
_PROMPT_SHOWN = 60
_MODELS_TITLE_S = 5  # the length that the title of /models names

_WAITING = (
    State.AWAITING_CONFIRMATION,
    State.SUBMIT_UNCONFIRMED,
    State.PARKED,
    State.UNDELIVERED,
    State.DELIVERY_UNCONFIRMED,
)
"""Jobs that stand still: for a yes, for a word from fal, for the chat."""

Decision = Message | JobDraft | None


class MessageHandler:
    """The handler of all commands."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        send_again: Callable[[Job], Awaitable[bool]],
        ask_fal_now: Callable[[str], Awaitable[None]],
        is_admin: Callable[[str], bool],
        balance: BalanceHandler,
        settings: SettingsHandler,
        admin: AdminHandler,
    ) -> None:
        self._store = store
        self._orders = orders
        self._send_again = send_again
        self._ask_fal_now = ask_fal_now
        self._is_admin = is_admin
        self._balance = balance
        self._settings = settings
        self._admin = admin

    async def language(self, incoming: Incoming) -> str:
        """Return the language to answer in: chosen with /language, else the group's, else the chat's."""
        return await answer_language(self._store, incoming)

    def help_for_admins(self, incoming: Incoming, language: str) -> str:
        """Return what /help says to admins beyond the rest, in private; nothing for anybody else."""
        if not self._is_admin(incoming.user) or incoming.address.chat_id != incoming.sender_id:
            return ""
        return "\n\n" + translate(language, "operator-help")

    async def handle(self, message: commands.ParsedMessage) -> Decision:
        """Decide what to do about this message. None: nothing is to be said."""
        incoming, command = message.incoming, message.command
        language = await self.language(incoming)
        match command:
            case None:
                return None
            case commands.MakeVideo():
                return await self._orders.order(incoming, command, language)
            case commands.ShowBalance():
                return await self._balance.handle(incoming, language)
            case commands.ChangeSettings(request=wanted):
                return await self._settings.handle(incoming, wanted, language)
            case commands.Administer(request=asked):
                return await self._admin.handle(incoming, asked, language)
            case commands.Help():
                return Message(translate(language, "help") + self.help_for_admins(incoming, language))
            case commands.ChooseLanguage(language=chosen):
                return await self._choose_language(incoming, chosen, language)
            case commands.ShowHistory():
                return await self._history(incoming, language)
            case _:
                return await self._about_a_job(incoming, command, language)

    async def _about_a_job(self, incoming: Incoming, command: commands.Command, language: str) -> Decision:
        try:
            return await self._about_a_readable_job(incoming, command, language)
        except UnreadableJob as error:
            return Message(translate(language, "job-unreadable", job=error.job_id))

    async def _about_a_readable_job(self, incoming: Incoming, command: commands.Command, language: str) -> Decision:
        match command:
            case commands.Cancel(job=job_id):
                return await self._cancel(incoming, job_id, language)
            case commands.Confirm(job=job_id):
                return await self._confirm(incoming, job_id, language)
            case commands.Again():
                return await self._again(incoming, command, language)
            case commands.ShowStatus(job=job_id):
                return await self._status(incoming, job_id, language)
            case _:
                return self._say(command, language)

    def _say(self, command: commands.Command, language: str) -> Message:
        """Answer a command that needs nothing but words."""
        match command:
            case commands.ShowModels():
                return Message("\n".join([translate(language, "models-title"), *_model_lines(language)]))
            case commands.ShowPrice(options=options):
                return self._prices(options, language)
            case commands.Start():
                return Message(translate(language, "start"))
            case commands.Unknown(word=word, suggestion=suggestion):
                if suggestion:
                    return Message(translate(language, "unknown-command-suggestion", word=word, suggestion=suggestion))
                return Message(translate(language, "unknown-command", word=word))
            case commands.PlainText():
                return Message(translate(language, "plain-text-hint"))
            case _:
                return Message(translate(language, "help"))

    def _prices(self, options: commands.GenerationOptions, language: str) -> Message:
        lines = [translate(language, "price-title")]
        names = [options.model] if options.model else [model.key for model in pricing.list_models() if model.tier]
        try:
            for name in names:
                plan = pricing.plan("price", model=name, duration_s=options.duration_s, resolution=options.resolution)
                facts = job_messages.facts(plan.request)
                lines.append(translate(language, "price-line", **facts, price=pricing.usd_text(plan.quote.usd)))
                lines += [job_messages.adjustment(language, *_as_facts(each)) for each in plan.adjustments]
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        lines.append(translate(language, "price-note"))
        return Message("\n".join(lines))

    async def _cancel(self, incoming: Incoming, job_id: str | None, language: str) -> Message | None:
        job = await self._which(incoming, job_id)
        if job is None:
            return await self._cancel_none_or_many(incoming, job_id, language)
        if job.state is State.AWAITING_CONFIRMATION:
            await self._store.jobs.decline(job.id)
            if incoming.pressed is None:
                return Message(translate(language, "offer-declined"))
            return None  # the offer itself now says that it was declined
        may_stop = job.state in ACTIVE | {State.PARKED}
        verdict = await self._store.jobs.ask_cancel(job.id) if may_stop else "late"
        if verdict == "free":
            return Message(translate(language, "cancelled-free", job=job.id), job_id=job.id)
        if verdict == "late":
            return Message(translate(language, "cancel-too-late", job=job.id), job_id=job.id)
        await self._ask_fal_now(job.id)
        return Message(translate(language, "cancel-requested-running", job=job.id), job_id=job.id)

    async def _cancel_none_or_many(self, incoming: Incoming, job_id: str | None, language: str) -> Message:
        if job_id is not None:
            return Message(translate(language, "job-unknown", job=job_id))
        active = await self._active(incoming)
        if not active:
            return Message(translate(language, "cancel-nothing"))
        return Message(translate(language, "cancel-which"), tuple(_button("cancel", job) for job in active))

    async def _confirm(self, incoming: Incoming, job_id: str | None, language: str) -> Message | None:
        offers = await self._store.jobs.find(user=incoming.user, states=[State.AWAITING_CONFIRMATION])
        job = await self._which(incoming, job_id) if job_id else offers[0] if len(offers) == 1 else None
        if job is not None:
            problem = await self._orders.confirm(job, language)
            if problem is not None or incoming.pressed is not None:
                return problem  # the offer itself now says that it was ordered
            return Message(translate(language, "confirm-started", job=job.id), job_id=job.id)
        if job_id is not None:
            return Message(translate(language, "job-unknown", job=job_id))
        if not offers:
            return Message(translate(language, "confirm-nothing"))
        return Message(translate(language, "confirm-which"), tuple(_button("yes", job) for job in offers))

    async def _again(self, incoming: Incoming, command: commands.Again, language: str) -> Decision:
        """Redeliver a finished video or ask about a parked job, for nothing; else reorder the job."""
        job = await self._to_repeat(incoming, command.job)
        if job is None:
            key = "job-unknown" if command.job else "again-none"
            return Message(translate(language, key, job=command.job or ""))
        if job.state in ACTIVE | {State.AWAITING_CONFIRMATION}:
            state = job_messages.state_line(replace(job, language=language), place=0, now_ms=now_ms())
            return Message(translate(language, "again-on-its-way", job=job.id, state=state))
        if job.state is State.PARKED:
            await self._ask_fal_now(job.id)
            return Message(translate(language, "again-asks-fal", job=job.id), job_id=job.id)
        if job.video is None:
            return self._orders.reorder(incoming, job, language, with_fallback=command.with_fallback)
        if not await self._send_again(job):
            return Message(translate(language, "again-gone", job=job.id))
        return None

    async def _to_repeat(self, incoming: Incoming, job_id: str | None) -> Job | None:
        """Find the job that was named; else a video that waits, else the latest that ended."""
        if job_id is not None:
            return await self._which(incoming, job_id)
        waiting = [State.UNDELIVERED, State.DELIVERY_UNCONFIRMED]
        for states in (waiting, ENDED):
            found = await self._store.jobs.find(user=incoming.user, states=states, newest=1)
            if found:
                return found[0]
        return None

    async def _status(self, incoming: Incoming, job_id: str | None, language: str) -> Message:
        if job_id is None:
            jobs = await self._active(incoming)
            jobs += await self._store.jobs.find(user=incoming.user, states=_WAITING, newest=5)
        else:
            job = await self._which(incoming, job_id)
            if job is None:
                return Message(translate(language, "job-unknown", job=job_id))
            jobs = [job]
        if not jobs:
            return Message(translate(language, "status-none"))
        return Message("\n".join([await self._status_line(job, language) for job in jobs]))

    async def _status_line(self, job: Job, language: str) -> str:
        place = await self._store.jobs.place(job) if job.state is State.QUEUED else 0
        state = job_messages.state_line(job, place=place, now_ms=now_ms())
        return translate(language, "status-line", job=job.id, state=state, prompt=_short(job.request.prompt))

    async def _history(self, incoming: Incoming, language: str) -> Message:
        jobs = await self._store.jobs.find(user=incoming.user, newest=_HISTORY)
        if not jobs:
            return Message(translate(language, "history-none"))
        return Message(
            "\n".join([translate(language, "history-title"), *(_history_line(job, language) for job in jobs)])
        )

    async def _choose_language(self, incoming: Incoming, wanted: str | None, language: str) -> Message:
        buttons = tuple(
            Action(translate(code, f"button-language-{code}"), data_for("lang", code)) for code in LANGUAGES
        )
        if wanted is None:
            return Message(translate(language, "language-choose"), buttons)
        if wanted not in LANGUAGES:
            return Message(translate(language, "language-unknown", asked=wanted), buttons)
        await self._store.people.choose_language(incoming.user, wanted)
        return Message(translate(wanted, "language-set"))

    async def _active(self, incoming: Incoming) -> list[Job]:
        return await self._store.jobs.find(user=incoming.user, states=ACTIVE)

    async def _which(self, incoming: Incoming, job_id: str | None) -> Job | None:
        """Find the person's own job: the one named, or the only one that runs. Raises UnreadableJob.

        Other people's do not exist here.
        """
        if job_id is None:
            active = await self._active(incoming)
            return active[0] if len(active) == 1 else None
        try:
            job = await self._store.jobs.get(job_id.upper())
        except UnreadableJob as error:
            if error.user == incoming.user:
                raise
            return None
        return job if job is not None and job.user == incoming.user else None


def _as_facts(each: Adjustment) -> tuple[str, str, str | None]:
    return each.field, each.requested, each.applied


def _button(kind: Literal["cancel", "yes"], job: Job) -> Action:
    return Action(f"{job.id} {_short(job.request.prompt, 24)}", data_for(kind, job.id))


def _history_line(job: Job, language: str) -> str:
    return translate(
        language,
        "history-line",
        job=job.id,
        when=datetime.fromtimestamp(job.created / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M"),
        state=job_messages.state_line(job, place=0, now_ms=now_ms()),
        price="" if job.charge == "none" else job_messages.price_text(job),
        prompt=_short(job.request.prompt),
    )


def _short(prompt: str, most: int = _PROMPT_SHOWN) -> str:
    one_line = " ".join(prompt.split())
    return shortened(one_line, most=most, unit=Unit.CHARACTER)


def _model_lines(language: str) -> list[str]:
    lines = []
    for model in pricing.list_models():
        plan = _about_five_seconds(model.key)
        seconds = plan.request.duration_s if plan else None
        lines.append(
            translate(
                language,
                "models-line",
                tier=model.tier or "",
                name=model.name,
                key=model.key,
                price=pricing.usd_text(plan.quote.usd) if plan else "",
                duration=str(seconds) if seconds and seconds != _MODELS_TITLE_S else "",
                modes=" ".join(sorted(str(mode) for mode in model.modes)),
            )
        )
    return lines


def _about_five_seconds(key: str) -> Plan | None:
    """Plan a text-to-video with the model's defaults, nearest to 5 s; None where it takes no text alone."""
    try:
        return pricing.plan("price", model=key)
    except BadRequest:
        return None
