"""Decides about finished films: how they go on, another take, more pixels, the original as a file, their deletion.

What costs money is an offer, but for a button that names the price and is pressed for the first time. A deletion is
asked about once: its yes is a second press, or typed with the code, and counts for ten minutes. Only the owner may
delete: an admin of a group may stop what is made there, not take away what somebody has paid for.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.types import Action, Message
from bot.conversation import commands
from bot.conversation.decisions import Decision
from bot.conversation.drafts import joined
from bot.conversation.generation_options import (
    GenerationOptions,
    as_flags,
    merged,
    options_of_request,
    parse_options,
)
from bot.conversation.job_commands import JobCommands
from bot.conversation.ordering import OrderService
from bot.conversation.situation import Situation
from bot.messages import film_messages, job_messages, next_films
from bot.messages.callback_data import data_for
from bot.messages.next_films import Choices, NextFilm
from bot.store import Store
from bot.store.dialogues import Draft, DraftSource
from bot.store.records import ACTIVE, FILM, FROM_FILM, Destination, Job, JobDraft, State
from core import pricing
from core.errors import BadRequest
from core.fal import protocol

_MODELS_SHOWN = 8
_OF_LATEST = (
    commands.ContinueFilm,
    commands.AnotherTake,
    commands.EnlargeFilm,
    commands.MakeFull,
    commands.MoreOfFilm,
    commands.OtherModel,
    commands.OriginalFile,
)


class FilmCommands:
    """The decisions about finished films."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        jobs: JobCommands,
        channels: Mapping[str, ChannelPort],
        send_original: Callable[[Job, Destination], Awaitable[bool]],
        due: Callable[[], None],
    ) -> None:
        """`send_original`: begin to send the film as a file; False: it is gone. `due` is told of a deletion."""
        self._store = store
        self._orders = orders
        self._jobs = jobs
        self._channels = channels
        self._send_original = send_original
        self._due = due

    async def decide(self, situation: Situation, command: commands.FilmCommand) -> Decision:
        """Decide about a film that was named, or replied to."""
        job = await self._named(situation, command)
        if job is None and isinstance(command, commands.OtherModel) and command.job is None and situation.offers:
            job = situation.latest_offer or situation.offers[-1]
        if job is None and command.job is None and situation.offers:  # "go on", while a price waits for a yes
            return self._jobs.show_offer(situation, situation.latest_offer or situation.offers[-1])
        elsewhere = job is not None and situation.chat not in {None, job.chat}
        is_typed_code = command.job is not None and situation.incoming.pressed is None
        if job is None or (elsewhere and is_typed_code):  # in a group nothing of another chat is spoken of
            return await self._no_such(situation, command)
        if job.state is State.DELETED:
            answered = isinstance(command, commands.DeleteFilm) and command.answer is not None
            return _deleted(situation, job, key="deleted-now" if answered else "was-deleted", in_place=answered)
        if isinstance(command, commands.OtherModel) and (job.state is State.AWAITING_CONFIRMATION or job.has_film):
            return self._other_model(situation, job, command.model)
        if not job.has_film:
            return await self._without_film(situation, job, command)
        if isinstance(command, commands.OriginalFile):
            return await self._original(situation, job)
        if isinstance(command, commands.DeleteFilm):
            return await self._delete(situation, job, command.answer)
        return await self._made_of(situation, job, command)

    async def _no_such(self, situation: Situation, command: commands.FilmCommand) -> Decision:
        """Say that no film of theirs is meant by this, or that it is still being made."""
        running = await self._jobs.active(situation) if situation.incoming.quoted is None else []
        if command.job is None and running and isinstance(command, _OF_LATEST):  # "go on", too early
            return _brief(situation, situation.say("film-not-yet", job=running[-1].id))
        key = "job-unknown" if command.job else "film-foreign" if _quotes_a_file(situation) else "film-which"
        if key == "film-which" and await self._latest(situation) is None:
            key = "film-none"
        return _brief(situation, situation.say(key, job=command.job or ""))

    async def _made_of(self, situation: Situation, job: Job, command: commands.FilmCommand) -> Decision:
        """Decide about what is to be made of a finished film."""
        goes_on = job.step is not None and job.step.kind == "continue"
        match command:
            case commands.ContinueFilm() | commands.EnlargeFilm() | commands.SwitchSound():
                return self._next_film(situation, job, command)
            case commands.MakeFull():
                return self._next_film(situation, job, command, seed=await self._seed_of(job))
            case commands.AnotherTake(words=words) if goes_on and (words or command.other_words):
                return await self._other_part(situation, job, command)
            case commands.AnotherTake(words=words) if words:
                return await self._other_take(situation, job, command)
            case commands.AnotherTake():
                return self._another_take(situation, job, other_words=command.other_words)
            case _:
                return self._more(situation, job)

    async def _named(self, situation: Situation, command: commands.FilmCommand) -> Job | None:
        """Find the film that was named or replied to; of one that is to be made more of, else the latest here.

        That is unambiguous unless an offer was the bot's last word or something is being made here: what costs is
        offered by its code and price.
        """
        if command.job is not None:
            return await self._jobs.named(situation.incoming, command.job)
        if situation.quoted is not None or not isinstance(command, _OF_LATEST):
            return situation.quoted
        with_words = isinstance(command, commands.ContinueFilm) and bool(command.words)
        if situation.incoming.quoted is not None or await self._jobs.active(situation):
            return None
        if situation.latest_offer is not None and not with_words:
            return None
        return await self._latest(situation)

    async def _latest(self, situation: Situation) -> Job | None:
        """Find the newest film of this person, in a group of those that were asked for there."""
        user, chat = situation.incoming.user, situation.chat
        found = await self._store.jobs.find(user=user, states=FILM, newest=1, chat=chat, ordered=True)
        return found[0] if found else None

    def _next_film(
        self,
        situation: Situation,
        job: Job,
        command: commands.ContinueFilm | commands.EnlargeFilm | commands.SwitchSound | commands.MakeFull,
        *,
        seed: int | None = None,
    ) -> Decision:
        """Make more of a film at the price of its button, or offer it. `seed`: with which it was made."""
        found: NextFilm | None
        agreed = command.agreed
        try:
            match command:
                case commands.ContinueFilm(words=words):
                    found, is_own = _continued(job, _choices(words))
                    agreed = agreed if is_own else None
                case commands.EnlargeFilm(resolution=resolution):
                    found = next_films.upscaled(job, resolution or _first_size(job))
                case commands.SwitchSound(sound=sound):
                    found = next_films.switched(job)
                    found = found if found.plan.request.sound is sound else None
                case commands.MakeFull(resolution=resolution):
                    found = _full(job, resolution, seed)
        except BadRequest as error:
            return situation.answer(job_messages.error_message(situation.language, error.code, error.facts))
        if found is None:
            return _brief(situation, situation.say("film-is-so", job=job.id))
        new = self._orders.of_film(job, found, situation.incoming, situation.language, agreed=agreed)
        return situation.ordered(new if new.question is None else replace(new, replaces=_same_offer(situation, new)))

    async def _seed_of(self, job: Job) -> int | None:
        """Return the seed that a film was made with, as it was asked for or as fal has said."""
        if job.request.seed is not None:
            return job.request.seed
        for reply in reversed(await self._store.submits.results(job.id)):
            found = protocol.parsed(reply.body)
            seed = found.get("seed") if isinstance(found, dict) else None
            if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= pricing.MOST_SEED:
                return seed
        return None

    async def _other_part(self, situation: Situation, job: Job, take: commands.AnotherTake) -> Decision:
        """Offer another part in the place of the one with which this film goes on; more words change the offer."""
        film = await self._store.jobs.get(job.follows or "")
        if film is None or not film.has_film:
            return _brief(situation, situation.say("toast-gone"))
        words = take.words if take.other_words or not take.words else joined(job.request.prompt, take.words)
        return self._next_film(situation, film, commands.ContinueFilm(film.id, words or job.request.prompt))

    async def changed(self, situation: Situation, offer: Job, text: str) -> Decision | None:
        """Offer the same of a film with other words or wishes, in the place of the offer; None: it takes none."""
        film = await self._store.jobs.get(offer.follows or "")
        if offer.step is None or offer.step.kind not in FROM_FILM or film is None:
            return None
        prompt, asked = parse_options(text)
        before = options_of_request(offer.request)
        try:
            if offer.step.kind == "upscale":
                if prompt or asked.resolution is None:
                    return None
                found = next_films.upscaled(film, asked.resolution)
            else:
                choices = _choices_of(prompt or offer.request.prompt, merged(asked, before))
                found = next_films.continued(film, choices)
        except BadRequest as error:
            return situation.answer(job_messages.error_message(situation.language, error.code, error.facts))
        new = self._orders.of_film(film, found, situation.incoming, situation.language, agreed=None)
        return situation.ordered(replace(new, replaces=offer.id))

    def _more(self, situation: Situation, job: Job) -> Decision:
        """Show all that can be made of it, each with its price."""
        limits = self._channels[situation.incoming.address.channel].limits
        here = replace(job, language=situation.language)
        listed = film_messages.all_of_film(here, files=limits.files, whole=limits.passive_replies)
        return situation.answer(listed)

    async def _without_film(self, situation: Situation, job: Job, command: commands.FilmCommand) -> Decision:
        """Decide about what has no film: an offer, what is still being made, or what has failed."""
        if job.state is State.AWAITING_CONFIRMATION:
            is_no = isinstance(command, commands.DeleteFilm)
            return await self._jobs.decline(situation, job) if is_no else self._jobs.show_offer(situation, job)
        if job.state in ACTIVE:
            key = "no-but-active" if isinstance(command, commands.DeleteFilm) else "film-not-yet"
            return _brief(situation, situation.say(key, job=job.id))
        return _brief(situation, situation.say("toast-gone"))

    def _other_model(self, situation: Situation, job: Job, model: str | None) -> Decision:
        """Show the models with which it could be made, or offer it with one of them."""
        if model is not None:
            new = self._orders.with_model(job, model, situation.incoming, situation.language)
            return situation.ordered(new) if isinstance(new, JobDraft) else situation.answer(new)
        found = self._orders.models_for(job)[:_MODELS_SHOWN]
        labels = [job_messages.model_choice(situation.language, model, plan) for model, plan in found]
        picks = [data_for("pick", f"{job.id}.{model.key}") for model, _ in found]
        buttons = tuple(map(Action, labels, picks))
        return situation.answer(Message(situation.say("model-choose"), buttons, job_id=job.id))

    def _another_take(
        self, situation: Situation, job: Job, *, other_words: bool, options: GenerationOptions | None = None
    ) -> Decision:
        """Make it once more at the price of its button, or ask for other words for it."""
        if not other_words:
            new = self._orders.reorder(situation.incoming, job, situation.language, with_fallback=False)
            return situation.ordered(new) if isinstance(new, JobDraft) else situation.answer(new)
        event = job.incoming.event_id
        sources = tuple(
            DraftSource(source, f"{event}+{number}" if number else event, at=situation.at)
            for number, source in enumerate(job.incoming.sources)
        )
        question = Message(situation.say("words-wanted"), job_id=job.id, asks=True)
        draft = Draft(options=as_flags(options or options_of_request(job.request)), sources=sources, at=situation.at)
        return situation.answer(question, topic="words", draft=draft)

    async def _other_take(self, situation: Situation, job: Job, take: commands.AnotherTake) -> Decision:
        """Offer it with the words that were typed beside its code: added to its own, or in their place."""
        prompt, asked = parse_options(take.words if take.other_words else joined(job.request.prompt, take.words))
        options = merged(asked, options_of_request(job.request))
        if not prompt:  # options alone
            return self._another_take(situation, job, other_words=True, options=options)
        text = f"{prompt} {as_flags(options)}"  # so that a later wish keeps them
        made_of = {"attachment": job.incoming.attachment, "also": job.incoming.also}
        incoming = replace(situation.incoming, text=text, **made_of)  # type: ignore[arg-type]
        mode = job.request.mode if job.incoming.also else None
        command = commands.MakeVideo(prompt, options)
        new = await self._orders.draft(incoming, command, situation.language, why="words", mode=mode)
        return situation.ordered(new) if isinstance(new, JobDraft) else situation.answer(new)

    async def _original(self, situation: Situation, job: Job) -> Decision:
        incoming = situation.incoming
        limits = self._channels[incoming.address.channel].limits
        if not limits.files:
            return _brief(situation, situation.say("file-not-here"))
        if job.state is State.UNDELIVERED:
            return _brief(situation, situation.say("state-undelivered"))
        if job.video is not None and job.video.size > limits.video_bytes:
            return _brief(situation, situation.say("file-too-large", job=job.id))
        if not await self._send_original(job, Destination(incoming.address, incoming.reply_to)):
            return _brief(situation, situation.say("again-gone", job=job.id))
        return _brief(situation, situation.say("file-coming", job=job.id))

    # Deletion

    async def _delete(self, situation: Situation, job: Job, answer: str | None) -> Decision:
        if answer is None:
            return await self._ask(situation, job)
        if answer == "no":
            await self._store.jobs.ask_delete(job.id, asked=False)
            return _in_place(situation, situation.say("delete-kept", job=job.id), job)
        if not situation.is_typed:
            return await self._ask(situation, job)
        verdict = await self._store.jobs.delete(job.id)
        if verdict == "unasked":
            return await self._ask(situation, job)
        if verdict == "none":
            return _brief(situation, situation.say("toast-gone"))
        self._due()
        return _deleted(situation, job, key="deleted-now", in_place=True)

    async def _ask(self, situation: Situation, job: Job) -> Decision:
        """Ask whether to delete; asked anew, the time for the yes begins again."""
        await self._store.jobs.ask_delete(job.id)
        question = film_messages.may_delete(job, situation.language)
        return Decision(say=question, dialogue=situation.after("delete", job=job.id))


def _choices(words: str) -> Choices:
    """Read what is said of how a film goes on: words, and options beside them."""
    prompt, options = parse_options(words)
    return _choices_of(prompt or None, options)


def _choices_of(prompt: str | None, options: GenerationOptions) -> Choices:
    return Choices(
        prompt,
        options.model,
        options.duration_s,
        options.resolution,
        options.aspect_ratio,
        options.seed,
        options.sound,
    )


def _continued(job: Job, choices: Choices) -> tuple[NextFilm, bool]:
    """Plan how a film goes on, and tell whether by the model that was meant. Raises BadRequest."""
    try:
        return next_films.continued(job, choices), True
    except BadRequest as error:
        instead = next_films.continued_instead(job, choices, error)
        if instead is None:
            raise
        return instead, False


def _same_offer(situation: Situation, new: JobDraft) -> str | None:
    """Return the open offer to make the same of the same film, otherwise: a newer one takes its place."""
    made = (each for each in reversed(situation.offers) if each.follows == new.follows and each.step is not None)
    return next((each.id for each in made if new.step and each.step and each.step.kind == new.step.kind), None)


def _full(job: Job, resolution: str | None, seed: int | None) -> NextFilm | None:
    """Plan a draft in full, at this resolution or the next; None where it is none. Raises BadRequest."""
    if resolution == "anew":
        return next_films.in_full(job, seed=seed)
    found = list(next_films.fulls(job, seed=seed))
    exact = [each for each in found if each.plan.request.resolution == resolution]
    return next(iter(exact if resolution is not None else found), None)


def _first_size(job: Job) -> str:
    """Return the first size that is larger than the film; of a film that is large enough the last."""
    sizes = [found.plan.request.resolution for found in next_films.upscales(job)]
    return next((size for size in sizes if size is not None), "4k")


def _brief(situation: Situation, text: str) -> Decision:
    """Answer a press for the eyes of who pressed, and words with words."""
    return situation.toast(text) if situation.incoming.pressed is not None else situation.answer(text)


def _deleted(situation: Situation, job: Job, *, key: str, in_place: bool) -> Decision:
    """Say that it is deleted; the question whether to do it goes with that."""
    text = situation.say(key, job=job.id)
    return _in_place(situation, text, job) if in_place else _brief(situation, text)


def _in_place(situation: Situation, text: str, job: Job) -> Decision:
    """Answer in the place of the question that was pressed."""
    return situation.answer(Message(text, job_id=job.id, in_place=True))


def _quotes_a_file(situation: Situation) -> bool:
    """Return whether a photo or a film is quoted of which nobody can say what it is, as WeCom's name no message."""
    quoted = situation.incoming.quoted
    return quoted is not None and quoted.attachment is not None
