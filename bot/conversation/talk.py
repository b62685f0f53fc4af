"""Decides about words, photos and videos: what is ordered at once, what is offered, and what lies on the table.

The law of consent (contract, law 6) in one place. Ordered at once: a command with own words, a photo or video with an
own caption in a direct chat, a photo that a command has asked for. Everything else that could become a video is offered
with its price first; what is small talk is answered and never becomes a prompt.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.channels.types import AttachmentRef, Incoming, Message
from bot.conversation import commands
from bot.conversation.decisions import NOTHING, Decision
from bot.conversation.drafts import with_phrase, with_source, with_words, without_lapsed
from bot.conversation.generation_options import as_flags, merged, parse_options
from bot.conversation.job_commands import JobCommands
from bot.conversation.ordering import OfferReason, OrderService
from bot.conversation.photo_words import photo_way, read_with_photos
from bot.conversation.scene_phrases import phrase_in, phrase_of
from bot.conversation.several_photos import SeveralPhotos
from bot.conversation.situation import Situation
from bot.conversation.words import Line, Meaning, asked_about, is_farewell, line_in, meaning_of, speaks_of_a_photo
from bot.messages import job_lists, job_messages
from bot.store.dialogues import Draft, DraftSource
from bot.store.records import Job, JobDraft, State, Way
from core import pricing
from core.errors import BadRequest
from core.types import Adjustment, Plan

MOST_SOURCES = 10
_SHORT_CODE = 2
_SMALL_TALK = frozenset(
    {Meaning.YES, Meaning.VAGUE, Meaning.NO, Meaning.THANKS, Meaning.GREETING, Meaning.NOISE, Meaning.FETCH}
)


class Talk:
    """The decisions about what people say without a command, and about orders."""

    def __init__(
        self,
        *,
        orders: OrderService,
        jobs: JobCommands,
        bring: Callable[[Incoming], Awaitable[bool]],
        of_film: Callable[[Situation, Job, str], Awaitable[Decision | None]],
    ) -> None:
        """`bring`: send the person's finished videos that wait; whether there are any.

        `of_film`: decide about other words or wishes for what is offered of a film; None: it takes none.
        """
        self._of_film = of_film
        self._orders = orders
        self._several = SeveralPhotos(orders)
        self._jobs = jobs
        self._bring = bring

    # Words without a command

    async def words(self, situation: Situation, talk: commands.PlainText) -> Decision:
        """Decide about words without a command, with or without a photo or video of their own."""
        incoming, text = situation.incoming, talk.text.strip()
        own = not incoming.forwarded
        line = line_in(text) if own and incoming.attachment is None else None
        if line is not None:
            decided = await self._line(situation, line)
            if decided is not None:
                return decided
        phrase = phrase_of(text) if own and incoming.attachment is None else None
        if phrase is not None:
            return await self.phrase(situation, phrase_in(*phrase))
        meaning = meaning_of(text) if text else None
        if incoming.attachment is not None and _describes_nothing(text):
            options = text if _is_only_options(text) else _way_flag(text)
            return await self._source(situation, incoming.attachment, options=options)
        if meaning is not None:
            return await self._small_talk(situation, text, meaning)
        if not text:
            return situation.answer(situation.say("said-noise"))
        if _is_only_options(text) or (_has_photos(situation) and _is_only_way(text)):
            return await self._options_alone(situation, text)
        return await self._request(situation, text)

    async def _line(self, situation: Situation, line: Line) -> Decision | None:
        """Decide about a typed button; None where it names no job of theirs and may be words."""
        job = await self._jobs.named_here(situation, line.code)
        if job is None:
            is_code = line.kind or len(line.code) == _SHORT_CODE
            is_code = is_code or await self._jobs.named(situation.incoming, line.code) is not None  # of another chat
            return situation.answer(situation.say("job-unknown", job=line.code)) if is_code else None
        match line.kind:
            case "yes":
                return await self.agreed_to(situation, job, line.way)
            case "cancel":
                return await self._jobs.cancel(situation, job.id)
            case "fix":
                return await self._jobs.again(situation, commands.Again(job.id, with_fallback=True))
            case "again" | "fetch":
                return await self._jobs.again(situation, commands.Again(job.id))
            case _ if job.has_film:
                return await self._jobs.again(situation, commands.Again(job.id))
            case _ if job.state is State.AWAITING_CONFIRMATION:
                return self._jobs.show_offer(situation, job)
            case _:
                return await self._jobs.status(situation, job.id)

    async def _small_talk(self, situation: Situation, text: str, meaning: Meaning) -> Decision:
        incoming = situation.incoming
        typed = situation.is_typed
        match meaning:
            case Meaning.YES if typed:
                return await self.agreed(situation)
            case Meaning.YES | Meaning.VAGUE if situation.offers:
                return self._jobs.show_offer(situation, situation.latest_offer or situation.offers[-1])
            case Meaning.NO:
                return await self._refused(situation)
            case Meaning.FETCH if await self._bring(incoming):
                return NOTHING
            case Meaning.QUESTION:
                return await self._question(situation, text)
        hello = "said-bye" if is_farewell(text) else "said-hello"
        key = {Meaning.THANKS: "said-thanks", Meaning.GREETING: hello}.get(meaning, "said-noise")
        return await self._with_reminder(situation, situation.say(key))

    async def agreed_to(self, situation: Situation, job: Job, way: int) -> Decision:
        """Decide about a yes that names its offer: heard or passed on, it is answered with the offer."""
        if situation.is_typed or job.state is not State.AWAITING_CONFIRMATION:
            return await self._jobs.confirm(situation, job, way)
        return self._jobs.show_offer(situation, job)

    async def agreed(self, situation: Situation) -> Decision:
        """Decide about a bare yes: it counts for the offer that was the bot's last word here, or is replied to."""
        if not situation.is_typed:
            return await self._jobs.confirm(situation, None)
        offer = situation.latest_offer
        if offer is not None and (situation.quoted is not None or len(situation.offers) == 1):
            return await self._jobs.confirm(situation, offer)
        if not situation.offers and not situation.draft.is_empty:
            return await self._with_reminder(situation, "")
        return await self._jobs.confirm(situation, None)

    async def _refused(self, situation: Situation) -> Decision:
        if situation.quoted is not None and situation.quoted.state is State.AWAITING_CONFIRMATION:
            return await self._jobs.decline(situation, situation.quoted)
        return await self._jobs.decline(situation)

    async def _question(self, situation: Situation, text: str) -> Decision:
        about = asked_about(text)
        active = await self._jobs.active(situation)
        if about in {"time", "where"} and active:
            return await self._jobs.status(situation, None)
        if about == "where" and await self._bring(situation.incoming):
            return NOTHING
        key = {"price": "said-question-price", "time": "said-question-time", "where": "status-none"}
        price = (
            await self._orders.about_price(replace(situation.incoming, attachment=None), "") if about == "price" else ""
        )
        return await self._with_reminder(
            situation, situation.say(key.get(about or "", "said-question-how"), price=price)
        )

    async def _with_reminder(self, situation: Situation, text: str) -> Decision:
        """Answer, and say in one line what is still open: an offer with its price, or what lies on the table."""
        offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
        if offer is not None:
            what = job_lists.short(offer.request.prompt)
            price = job_messages.price_text(offer)
            line = situation.say("offer-repeat", code=offer.id, what=what, price=price)
            message = Message("\n".join(filter(None, (text, line))), job_id=offer.id)
            return Decision(say=message, dialogue=situation.after("offer", job=offer.id))
        draft = situation.draft
        if draft.sources:
            question = Message(_lines(text, await self._photo_question(situation, draft)), asks=True)
            return situation.answer(question, topic="source")
        if draft.words:
            return situation.answer(_lines(text, situation.say("draft-words", words=job_lists.short(draft.words))))
        return situation.answer(text or situation.say("confirm-nothing"))

    async def _options_alone(self, situation: Situation, text: str) -> Decision:
        """Decide about options alone: they change what is offered or lies on the table."""
        offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
        draft = situation.draft
        if situation.latest_offer is None and draft.words and not draft.words_at:
            offer = None  # what was refused a moment ago is meant, not an older offer
        if offer is not None and offer.step is not None:
            decided = await self._of_film(situation, offer, text)
            if decided is not None:
                return decided
        if offer is not None and not _is_made_of(offer, draft):
            draft = _draft_of(offer, situation)  # of an explicit order, or the draft has lapsed
        asked = merged(read_with_photos(text)[1], parse_options(draft.options)[1])
        changed = replace(draft, options=as_flags(asked), at=situation.at)
        if changed.words and (changed.sources or not changed.explicit):
            return await self._offer(replace_draft(situation, changed), "words", replaces=offer)
        if changed.sources:
            question = Message(await self._photo_question(situation, changed), asks=True)
            return situation.answer(question, topic="source", draft=changed)
        noted = Message(situation.say("draft-wishes", wishes=text), asks=True)
        return situation.answer(noted, topic="words", draft=changed)

    async def phrase(self, situation: Situation, phrase: str) -> Decision:
        """Decide about a camera move or a style alone: it goes behind the words that are offered or on the table."""
        offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
        draft = situation.draft
        if offer is not None and not _is_made_of(offer, draft):
            draft = _draft_of(offer, situation)
        if not draft.words and draft.sources:
            return await self._request(situation, phrase)
        if not draft.words:
            return situation.answer(situation.say("ideas-alone", phrase=phrase))
        longer = with_phrase(draft, phrase, at=situation.at)
        if longer is None:
            return await self._with_reminder(situation, situation.say("ideas-there", phrase=phrase))
        if offer is not None and offer.step is not None:
            decided = await self._of_film(situation, offer, longer.words)
            if decided is not None:
                return decided
        return await self._offer(replace_draft(situation, longer), "words", replaces=offer)

    async def _request(self, situation: Situation, text: str) -> Decision:
        """Decide about words that describe a video."""
        incoming = situation.incoming
        quoted = incoming.quoted
        if quoted is not None and quoted.other is not None and not incoming.attachment:
            return situation.answer(situation.say("source-unusable", what=quoted.other))
        why = _why_offered(incoming, text)
        own_caption = incoming.attachment is not None and incoming.private and not incoming.album
        if own_caption and why is None and situation.is_typed:
            command = _with_wishes(situation.draft, commands.MakeVideo(*parse_options(text)), has_source=True)
            return await self._place(situation, command, explicit=True)
        offer = situation.latest_offer
        if offer is not None and offer.step is not None and incoming.attachment is None and why is None:
            decided = await self._of_film(situation, offer, text)
            if decided is not None:
                return decided
        meant = situation.latest_offer if situation.quoted is not None else None
        replaced = meant or _offer_of_draft(situation)
        before = situation.draft
        if replaced is not None and (before.is_empty or (meant is not None and not _is_made_of(meant, before))):
            before = _draft_of(replaced, situation)
        draft, alternative = with_words(before, text, event=_event(incoming), at=situation.at)
        source = incoming.attachment or (quoted.attachment if quoted else None)
        if source is not None:
            album = _of_album(draft, incoming)
            if incoming.edits is None or not album:
                draft = replace(draft, sources=album)
            draft = with_source(draft, _source(incoming, source), at=situation.at)
        return await self._offer(replace_draft(situation, draft), why or "words", also=alternative, replaces=replaced)

    def gather(self, situation: Situation, command: commands.Command | None) -> Decision:
        """Put one of several photos, of which more are coming, on the table; the last one's answer speaks of all."""
        incoming = situation.incoming
        if incoming.attachment is None:
            return NOTHING
        text = incoming.text.strip()
        draft = replace(situation.draft, sources=_of_album(situation.draft, incoming) or situation.draft.sources)
        draft = with_source(draft, _source(incoming, incoming.attachment), at=situation.at)
        if isinstance(command, commands.MakeVideo):
            draft = _with_command(draft, command, situation)
        elif _is_only_options(text) or _is_only_way(text):
            draft = replace(draft, options=as_flags(merged(read_with_photos(text)[1], parse_options(draft.options)[1])))
        elif not _describes_nothing(text):
            draft, _ = with_words(replace(draft, words=""), text, event=_event(incoming), at=situation.at)
        return Decision(dialogue=situation.after("source", draft=draft))

    # Photos and videos

    def keep(self, situation: Situation) -> Situation:
        """Put the photo or video of a command that is about something else on the table: it is not lost."""
        attachment = situation.incoming.attachment
        if attachment is None:
            return situation
        draft = with_source(situation.draft, _source(situation.incoming, attachment), at=situation.at)
        return replace_draft(situation, draft)

    async def _source(self, situation: Situation, attachment: AttachmentRef, *, options: str = "") -> Decision:
        """Decide about a photo or video without words that describe anything."""
        incoming = situation.incoming
        problem = self._orders.size_problem(incoming, situation.language)
        if problem is not None:
            return situation.answer(problem)
        draft = with_source(situation.draft, _source(incoming, attachment), at=situation.at)
        if options:
            draft = replace(draft, options=f"{draft.options}, {options}" if draft.options else options)
        if len(draft.sources) > MOST_SOURCES:
            text = situation.say("album-too-many", count=len(draft.sources), most=MOST_SOURCES)
            draft = replace(draft, sources=draft.sources[:MOST_SOURCES])
            return situation.answer(text, topic="source", draft=draft)
        if not draft.words:
            question = await self._photo_question(situation, draft)
            return situation.answer(Message(question, asks=True), topic="source", draft=draft)
        is_alone = len(draft.sources) == 1 and incoming.album is None
        if draft.explicit and is_alone and not incoming.forwarded and (options or not incoming.text.strip()):
            command = commands.MakeVideo(*parse_options(_whole_text(draft)))
            return await self._place(replace_draft(situation, draft), command, explicit=True, sources=draft.sources)
        replaced = _offer_of_draft(situation)
        return await self._offer(replace_draft(situation, draft), "words", replaces=replaced)

    async def _photo_question(self, situation: Situation, draft: Draft) -> str:
        kind, count = draft.sources[-1].attachment.kind, len(draft.sources)
        incoming = replace(situation.incoming, attachment=draft.sources[0].attachment)
        price = await self._orders.about_price(incoming, draft.options)
        return situation.say("draft-photo", kind=kind, count=count, price=price)

    # Orders

    async def quote(self, situation: Situation, command: commands.Command | None) -> str | None:
        """Return the price of a request that is whole: with it on the send button, to send is to agree (`agreed`).

        None for small talk, for what is asked about whatever it costs, what has several ways or no exact price, and
        what would not be made exactly as it was asked for.
        """
        match command:
            case commands.PlainText(text=text) if situation.is_fresh and not _describes_nothing(text.strip()):
                decided = await self._request(situation, text.strip())
            case commands.MakeVideo(prompt=prompt) if situation.is_fresh and prompt and not _is_small_talk(prompt):
                decided = await self.order(situation, command)
            case _:
                return None
        new = decided.order
        if new is None or new.ways or not _is_exact(new.plan):
            return None
        lifted = new.question is None or new.question.why == "words"
        return pricing.usd_text(new.plan.quote.usd) if lifted and self._orders.is_small(new.plan) else None

    async def order(self, situation: Situation, command: commands.MakeVideo) -> Decision:
        """Decide about a command that orders a video."""
        incoming, quoted = situation.incoming, situation.incoming.quoted
        unusable = incoming.other or (quoted.other if quoted is not None and incoming.attachment is None else None)
        if unusable is not None:
            return situation.answer(situation.say("source-unusable", what=unusable))
        source = incoming.attachment or (quoted.attachment if quoted is not None else None)
        if not command.prompt.strip():
            return await self._bare(situation, command, source)
        command = _with_wishes(situation.draft, command, has_source=source is not None)
        if source is not None and incoming.attachment is not None and incoming.album is not None:
            album = replace(situation.draft, sources=_of_album(situation.draft, incoming))
            album = with_source(album, _source(incoming, source), at=situation.at)
            return await self._offer_commanded(situation, command, album)  # more of it may still come
        if source is not None:
            with_it = with_attachment(situation, source)
            sources = (_source(incoming, source),)
            return await self._place(with_it, command, explicit=True, sources=sources)
        if command.wants == "words" or not situation.draft.sources:
            return await self._from_words(situation, command)
        return await self._with_draft(situation, command)

    async def _from_words(self, situation: Situation, command: commands.MakeVideo) -> Decision:
        if command.wants == "photo":
            draft = Draft(
                words=situation.incoming.text and _typed(command, situation),
                explicit=situation.is_typed,
                at=situation.at,
            )
            draft = replace(draft, events=(situation.incoming.event_id,), words_at=situation.at)
            photo = replace(situation.incoming, attachment=AttachmentRef("image", ""))
            text = situation.say(_photo_wanted(situation), price=await self._orders.about_price(photo, draft.words))
            return situation.answer(Message(text, asks=True), topic="source", draft=draft)
        return await self._place(situation, command, explicit=True)

    async def _with_draft(self, situation: Situation, command: commands.MakeVideo) -> Decision:
        """Take what lies on the table: at once if it was just asked about, else with or without it is a question."""
        sources = situation.draft.sources
        if len(sources) > 1:
            return await self._offer_commanded(situation, command, situation.draft)
        just_asked = situation.dialogue.last is not None and situation.dialogue.last.topic == "source"
        with_it = with_attachment(situation, sources[0].attachment)
        if just_asked or command.wants == "photo":
            return await self._place(with_it, command, explicit=True)
        bare = replace(situation.incoming, attachment=None)
        ways = await self._ways(self._orders.way("without", bare, command, [None]))
        return await self._place(with_it, command, why="photo", ways=ways)

    async def _offer_commanded(self, situation: Situation, command: commands.MakeVideo, draft: Draft) -> Decision:
        """Offer a command's words with several photos or videos: it stays on the table, and more may join it."""
        why = _why_offered(situation.incoming, command.prompt) or "words"
        if _is_small_talk(command.prompt):
            draft, why = replace(draft, words=""), "words"
        with_it = replace_draft(situation, _with_command(draft, command, situation))
        return await self._offer(with_it, why, replaces=_offer_of_draft(situation))

    async def _bare(self, situation: Situation, command: commands.MakeVideo, source: AttachmentRef | None) -> Decision:
        """Decide about a command without words: they may stand in what it replies to, or on the table."""
        incoming, quoted, draft = situation.incoming, situation.incoming.quoted, situation.draft
        asked = merged(command.options, parse_options(draft.options)[1])
        draft = replace(draft, options=as_flags(asked))
        if quoted is not None and quoted.text and not quoted.ours and meaning_of(quoted.text) is None:
            words, _ = with_words(replace(draft, words=""), quoted.text, event=incoming.event_id, at=situation.at)
            if source is not None:
                words = with_source(replace(words, sources=()), _source(incoming, source), at=situation.at)
            return await self._offer(replace_draft(situation, words), "forward")
        if source is not None:
            draft = with_source(draft, _source(incoming, source), at=situation.at)
        if draft.words and draft.sources:
            return await self._offer(replace_draft(situation, draft), "words")
        if draft.sources:
            question = Message(await self._photo_question(situation, draft), asks=True)
            return situation.answer(question, topic="source", draft=draft)
        key = _photo_wanted(situation) if command.wants == "photo" else "words-wanted"
        draft = replace(draft, explicit=False, at=situation.at)
        return situation.answer(Message(situation.say(key), asks=True), topic="words", draft=draft)

    async def _offer(
        self,
        situation: Situation,
        why: OfferReason,
        *,
        also: tuple[str, str] | None = None,
        replaces: Job | None = None,
    ) -> Decision:
        """Offer what lies on the table. `also`: other words it could be made of, and the name of that way."""
        draft = situation.draft
        text = _whole_text(draft)
        sources = draft.sources[:MOST_SOURCES]
        command = _request_of(text, several=len(sources) > 1)
        with_it = with_attachment(situation, sources[0].attachment if sources else None)
        with_it = replace(with_it, incoming=replace(with_it.incoming, text=text))
        other = (also[0], _request_of(also[1], several=len(sources) > 1)) if also is not None else None
        if len(sources) > 1 and {source.attachment.kind for source in sources} == {"image"}:
            return await self._offer_several(with_it, command, sources, other=other, replaces=replaces)
        ways: tuple[Way, ...] = ()
        if other is not None:
            ways = await self._ways(
                self._orders.way(other[0], with_it.incoming, other[1], [with_it.incoming.attachment])
            )
        return await self._place(with_it, command, why=why, ways=ways, sources=sources, replaces=replaces)

    async def _offer_several(
        self,
        situation: Situation,
        command: commands.MakeVideo,
        sources: tuple[DraftSource, ...],
        *,
        other: tuple[str, commands.MakeVideo] | None,
        replaces: Job | None,
    ) -> Decision:
        """Offer what can be made of several photos. `other`: other words for it, and the name of that way."""
        if not command.prompt.strip():
            draft = replace(situation.draft, words="", options=as_flags(command.options))
            return situation.answer(Message(situation.say("words-wanted"), asks=True), topic="words", draft=draft)
        photos = [source.attachment for source in sources]
        new = await self._several.offer(situation.incoming, command, situation.language, photos, other=other)
        if isinstance(new, Message):
            return _not_taken(situation, command, new)
        new = replace(new, replaces=replaces.id if replaces is not None else None)
        return Decision(order=new, dialogue=situation.after("offer"))

    async def _place(
        self,
        situation: Situation,
        command: commands.MakeVideo,
        *,
        explicit: bool = False,
        why: OfferReason | None = None,
        ways: tuple[Way, ...] = (),
        sources: tuple[DraftSource, ...] = (),
        replaces: Job | None = None,
    ) -> Decision:
        """Make it a job or an offer: here it is decided whether words and photos are ordered at once."""
        incoming = situation.incoming
        if len(command.prompt.split()) == 0:
            return situation.answer(Message(situation.say("words-wanted"), asks=True), topic="words")
        why = _reason(situation, command.prompt, why, explicit=explicit)
        beside = _quoted_words(incoming)
        if beside and beside not in command.prompt and len(sources) <= 1:  # neither is left out in silence
            joined = replace(command, prompt=f"{command.prompt}\n{beside}")
            ways = (*ways, *await self._ways(self._orders.way("quoted", incoming, joined, [incoming.attachment])))
            why = why or "quoted"
        if len(sources) > 1:  # of videos each has a price of its own
            why = "one"
        new = await self._orders.draft(incoming, command, situation.language, why=why)
        if isinstance(new, Message):
            return _not_taken(situation, command, new)
        if incoming.agreed is not None and (why is None or (why == "words" and not explicit)):
            as_agreed = incoming.agreed == pricing.usd_text(new.plan.quote.usd)
            lifted = as_agreed and (explicit or (situation.is_fresh and not ways and _is_exact(new.plan)))
            new = await self._orders.draft(incoming, command, situation.language, why=None if lifted else "words")
        if isinstance(new, Message):
            return situation.answer(new)
        new = _told_of_one(new, command)
        if new.question is None:
            return Decision(order=new, dialogue=situation.after("else"), left=_left(situation, sources))
        new = replace(new, ways=ways, replaces=replaces.id if replaces is not None else None)
        return Decision(order=new, dialogue=situation.after("offer"))

    async def _ways(self, plan: Awaitable[Way]) -> tuple[Way, ...]:
        """Return the way, or nothing where it cannot be had at all."""
        try:
            return (await plan,)
        except BadRequest:
            return ()

    # What is no words

    async def unusable(self, situation: Situation) -> Decision:
        """Decide about something that no video can be made of."""
        what = situation.incoming.other
        text = situation.say("said-noise") if what == "unknown" else situation.say("source-unusable", what=what)
        return await self._with_reminder(situation, text)


def _not_taken(situation: Situation, command: commands.MakeVideo, refusal: Message) -> Decision:
    """Answer why it is not made; where its model is the reason, all else stays on the table for another model's name.

    Words have no time then: what is said next takes their place, and is not joined to them.
    """
    if _is_sold(command.options.model):
        return situation.answer(refusal)
    words = f"{command.prompt} {as_flags(replace(command.options, model=None))}".strip()
    event = (situation.incoming.event_id,)
    draft = replace(situation.draft, words=words, options="", events=event, words_at=0, at=situation.at, explicit=False)
    attachment = situation.incoming.attachment
    if attachment is not None and all(each.attachment != attachment for each in draft.sources):
        draft = with_source(draft, _source(situation.incoming, attachment), at=situation.at)
    return situation.answer(refusal, draft=draft)


def _is_sold(name: str | None) -> bool:
    """Return whether a model can be bought; nobody's choice can."""
    if name is None:
        return True
    try:
        model = pricing.find(name)
    except BadRequest:
        return False
    return model.retired is None and any(pricing.offered(model, mode) for mode in model.modes)


def _told_of_one(new: JobDraft, command: commands.MakeVideo) -> JobDraft:
    """Return the order with a word on what was said of several photos, where there are not several."""
    if command.options.photos is None:
        return new
    more = Adjustment("photos", command.options.photos, None)
    return replace(new, plan=replace(new.plan, adjustments=(*new.plan.adjustments, more)))


def _quoted_words(incoming: Incoming) -> str:
    """Return the words of the message that this one replies to, where they describe a video; of a photo none."""
    quoted = incoming.quoted
    if quoted is None or quoted.ours or quoted.attachment is not None or meaning_of(quoted.text) is not None:
        return ""
    match commands.parse(quoted.text):
        case commands.MakeVideo(prompt=prompt):
            return prompt.strip()
        case commands.PlainText(text=text):
            return parse_options(text)[0].strip()
        case _:
            return ""


def _is_exact(plan: Plan) -> bool:
    """Return whether it is made as it was asked for, at a price that is no upper bound."""
    return not plan.adjustments and not plan.quote.up_to


def replace_draft(situation: Situation, draft: Draft) -> Situation:
    """Return the situation with another draft on the table."""
    return replace(situation, dialogue=replace(situation.dialogue, draft=without_lapsed(draft)))


def with_attachment(situation: Situation, attachment: AttachmentRef | None) -> Situation:
    """Return the situation with this photo or video in the message itself."""
    return replace(situation, incoming=replace(situation.incoming, attachment=attachment))


def _event(incoming: Incoming) -> str:
    """Return which message it is: a newer version of one is the same message."""
    return incoming.edits or incoming.event_id


def _source(incoming: Incoming, attachment: AttachmentRef) -> DraftSource:
    return DraftSource(attachment, _event(incoming), incoming.reply_to, incoming.at or 0, incoming.album)


def _left(situation: Situation, used: tuple[DraftSource, ...]) -> Draft:
    """Return what an order leaves on the table: photos and videos that it is not made from."""
    attachment = situation.incoming.attachment
    ids = {source.attachment.file_id for source in used} | ({attachment.file_id} if attachment else set())
    rest = tuple(each for each in situation.draft.sources if each.attachment.file_id not in ids)
    return Draft(options=situation.draft.options, sources=rest, at=situation.draft.at) if rest else Draft()


def _with_wishes(draft: Draft, command: commands.MakeVideo, *, has_source: bool) -> commands.MakeVideo:
    """Add the options that were sent alone before: they are for the next video, or for the photo that they came with.

    `has_source`: the message has a photo or video of its own, or replies to one.
    """
    if draft.words or not draft.options or (draft.sources and has_source):
        return command
    return replace(command, options=merged(command.options, parse_options(draft.options)[1]))


def _of_album(draft: Draft, incoming: Incoming) -> tuple[DraftSource, ...]:
    """Return what lies on the table of the message's own album."""
    return tuple(each for each in draft.sources if incoming.album is not None and each.album == incoming.album)


def _draft_of(offer: Job, situation: Situation) -> Draft:
    """Return what would lie on the table if this offer had been made of it: its words, options and source."""
    event = offer.incoming.event_id
    sources = tuple(
        DraftSource(source, f"{event}+{number}" if number else event, at=situation.at)
        for number, source in enumerate(offer.offered_sources)
    )
    command = commands.parse_message(replace(offer.incoming, pressed=None)).command
    match command:
        case commands.MakeVideo(options=options):
            asked = options
        case commands.PlainText(text=text):
            asked = _request_of(text, several=len(sources) > 1).options
        case _:
            asked = parse_options("")[1]
    words_at = min(offer.created, situation.at)
    return Draft(
        words=offer.request.prompt, options=as_flags(asked), sources=sources, words_at=words_at, at=situation.at
    )


def _is_made_of(offer: Job, draft: Draft) -> bool:
    """Return whether the offer was made of what lies on the table, by its words."""
    return _request_of(_whole_text(draft), several=len(draft.sources) > 1).prompt == offer.request.prompt


def _offer_of_draft(situation: Situation) -> Job | None:
    """Return the open offer that was made of what lies on the table: a newer one takes its place."""
    made = (
        each
        for each in reversed(situation.offers)
        if each.question and each.question.why != "restored" and each.step is None
    )
    return next(made, None)


def _why_offered(incoming: Incoming, text: str) -> OfferReason | None:
    """Return why even an explicit order is offered first: its words are not the sender's own typed ones, or ask."""
    if incoming.forwarded:
        return "forward"
    if incoming.transcript:
        return "heard"
    return "asks" if incoming.attachment is not None and _asks(text) else None


def _reason(situation: Situation, prompt: str, why: OfferReason | None, *, explicit: bool) -> OfferReason | None:
    """Return why this is offered, not ordered. `why`: what is known already, of what is not `explicit`."""
    if explicit:
        why = _why_offered(situation.incoming, prompt) or ("words" if _is_small_talk(prompt) else None)
    return "lone" if why in {None, "words"} and _lacks_its_photo(situation, prompt) else why


def _lacks_its_photo(situation: Situation, prompt: str) -> bool:
    """Return whether words point at a photo that could not reach the bot by itself."""
    return not situation.lone_photos and situation.incoming.attachment is None and speaks_of_a_photo(prompt)


def _photo_wanted(situation: Situation) -> str:
    """Return the key of the sentence that asks for a photo: where none comes alone, it says how one comes."""
    return "photo-wanted" if situation.lone_photos else "photo-wanted-addressed"


def _asks(text: str) -> bool:
    """Return whether the text ends as a question does."""
    return text.rstrip(" \t\r\n\u3000.。!！~～)）”\"'").endswith(("?", "？"))


def _request_of(text: str, *, several: bool) -> commands.MakeVideo:
    """Read words and options; beside several photos also what is to be made of them."""
    return commands.MakeVideo(*(read_with_photos(text) if several else parse_options(text)))


def _with_command(draft: Draft, command: commands.MakeVideo, situation: Situation) -> Draft:
    """Return the draft with a command's words and options."""
    event, asked = _event(situation.incoming), merged(command.options, parse_options(draft.options)[1])
    draft, _ = with_words(replace(draft, words=""), command.prompt, event=event, at=situation.at)
    return replace(draft, options=as_flags(asked))


def _has_photos(situation: Situation) -> bool:
    """Return whether several photos lie on the table, or are what the latest offer is about."""
    offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
    return len(situation.draft.sources) > 1 or (offer is not None and len(offer.offered_sources) > 1)


def _way_flag(text: str) -> str:
    """Return what is said to be made of several photos, as a flag; "" where the text says something else."""
    return as_flags(read_with_photos(text)[1]) if _is_only_way(text) else ""


def _is_only_way(text: str) -> bool:
    """Return whether the text says what is to be made of several photos, perhaps with options, and nothing else."""
    return photo_way(text) is not None or (bool(text) and not read_with_photos(text)[0])


def _describes_nothing(caption: str) -> bool:
    """Return whether a caption is small talk, a command's word, a code or options alone: no prompt."""
    if _is_only_way(caption):
        return True
    if not caption or meaning_of(caption) is not None or line_in(caption) is not None or _is_only_options(caption):
        return True
    return not isinstance(commands.parse(caption), commands.PlainText | commands.MakeVideo)


def _is_small_talk(prompt: str) -> bool:
    """Return whether a command's own words may be meant as something else: "/video thanks", "/video 👍"."""
    meaning = meaning_of(prompt)
    shows_something = meaning is Meaning.NOISE and any(character.isalpha() for character in prompt)
    return meaning in _SMALL_TALK and not shows_something


def _is_only_options(text: str) -> bool:
    prompt, options = parse_options(text)
    return not prompt and options != parse_options("")[1]


def _whole_text(draft: Draft) -> str:
    return f"{draft.words}, {draft.options}" if draft.options else draft.words


def _typed(command: commands.MakeVideo, situation: Situation) -> str:
    """Return the words of a command as they were typed, options and all, to be read again when its photo is there."""
    text = situation.incoming.text.strip()
    found = text.find(command.prompt[:20]) if command.prompt else -1
    return text[found:] if found > 0 else command.prompt


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
