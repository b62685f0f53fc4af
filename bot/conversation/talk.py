"""Decides about what people say without a command: small talk, a yes, a no, wishes alone, words for a video.

What is small talk is answered and never becomes a prompt; what could become a video goes to offering.py.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace

from bot.channels.types import Incoming, Message
from bot.conversation import commands, price_list
from bot.conversation.decisions import NOTHING, Decision
from bot.conversation.draft_changes import (
    draft_of,
    is_made_of,
    replace_draft,
)
from bot.conversation.drafts import with_phrase
from bot.conversation.generation_options import GenerationOptions, as_flags, merged, parse_options
from bot.conversation.job_commands import JobCommands
from bot.conversation.offering import Offering, is_exact
from bot.conversation.ordering import OrderService
from bot.conversation.photo_words import read_with_photos
from bot.conversation.scene_phrases import phrase_in, phrase_of
from bot.conversation.situation import Situation
from bot.conversation.text_kinds import (
    describes_nothing,
    is_only_options,
    is_only_way,
    is_small_talk,
    priced_wishes,
    refused_wish,
    way_flag,
    wishes_in,
)
from bot.conversation.words import Line, Meaning, asked_about, is_farewell, line_in, meaning_of
from bot.messages import job_lists, job_messages
from bot.store.records import OF_FILM, Job, State
from core import pricing

_A_PAIR = 2
_SHORT_CODE = 2
_DELETES = re.compile(r"delet|erase|删|刪", re.IGNORECASE)


class Talk:
    """The decisions about what people say without a command."""

    def __init__(
        self,
        *,
        orders: OrderService,
        jobs: JobCommands,
        offering: Offering,
        bring: Callable[[Incoming], Awaitable[bool]],
        of_film: Callable[[Situation, Job, str], Awaitable[Decision | None]],
    ) -> None:
        """`bring`: send the person's finished videos that wait; whether there are any.

        `of_film`: decide about other words or wishes for what is offered of a film; None: it takes none.
        """
        self._orders = orders
        self._jobs = jobs
        self._offering = offering
        self._bring = bring
        self._of_film = of_film

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
        text = text if meaning is not None else wishes_in(text)
        if incoming.attachment is not None and describes_nothing(text):
            options = text if is_only_options(text) else way_flag(text)
            return await self._offering.source(situation, incoming.attachment, options=options)
        if meaning is not None:
            return await self._small_talk(situation, text, meaning)
        if not text:
            return situation.answer(situation.say("said-noise"))
        if is_only_options(text) or (_has_photos(situation) and is_only_way(text)):
            return await self._options_alone(situation, text)
        against = refused_wish(text) if incoming.attachment is None and situation.offers else None
        if against is not None:
            return await self._without(situation, against)
        return await self._offering.request(situation, text)

    async def _without(self, situation: Situation, against: GenerationOptions) -> Decision:
        """Decide about a wish that is taken back: the offer is made anew without it."""
        offer = situation.latest_offer or situation.offers[-1]
        draft = situation.draft if is_made_of(offer, situation.draft) else draft_of(offer, situation)
        words, beside = read_with_photos(draft.words)
        wished = merged(beside, parse_options(draft.options)[1])
        left = replace(
            wished, **{each.name: None for each in fields(against) if getattr(against, each.name) is not None}
        )
        if left == wished or offer.step is not None:
            return await self._with_reminder(situation, "")
        changed = replace(draft, words=words, options=as_flags(left), at=situation.at)
        return await self._offering.offer(replace_draft(situation, changed), "words", replaces=offer)

    async def _line(self, situation: Situation, line: Line) -> Decision | None:
        """Decide about a typed button; None where it names no job of theirs and may be words."""
        job = await self._jobs.named_here(situation, line.code)
        if job is None:
            is_code = line.kind or (len(line.code) == _SHORT_CODE and not is_only_options(situation.incoming.text))
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
                return await self._refused(situation, text)
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
        """Decide about a bare yes: it counts for the offer that was the bot's last word here, or is replied to.

        One in reply to anything else that the bot said is no yes to the offer, which is shown again.
        """
        if not situation.is_typed or (situation.offers and situation.replies_elsewhere):
            return await self._jobs.confirm(situation, None)
        offer = situation.latest_offer
        if offer is not None and (situation.quoted is not None or len(situation.offers) == 1):
            if not await self._jobs.was_seen(situation, offer):
                return self._jobs.show_offer(situation, offer)
            return await self._jobs.confirm(situation, offer)
        if not situation.offers and not situation.draft.is_empty:
            return await self._with_reminder(situation, "")
        return await self._jobs.confirm(situation, None)

    async def _refused(self, situation: Situation, text: str) -> Decision:
        if situation.quoted is not None and situation.quoted.state is State.AWAITING_CONFIRMATION:
            return await self._jobs.decline(situation, situation.quoted)
        nothing_open = not situation.offers and situation.draft.is_empty
        if nothing_open and _DELETES.search(text) and not await self._jobs.active(situation):
            return situation.answer(situation.say("film-which"))  # there is nothing to drop: a film is meant
        return await self._jobs.decline(situation)

    async def _question(self, situation: Situation, text: str) -> Decision:
        about = asked_about(text)
        active = await self._jobs.active(situation)
        if about in {"time", "where"} and active:
            return await self._jobs.status(situation, None)
        if about == "where" and await self._bring(situation.incoming):
            return NOTHING
        asked = priced_wishes(text) if about == "price" and not situation.offers and situation.draft.is_empty else None
        if asked is not None:
            return situation.answer(price_list.prices(asked, situation.language))
        key = {"price": "said-question-price", "time": "said-question-time", "where": "status-none"}
        alone = replace(situation.incoming, attachment=None)
        quote = await self._orders.likely_quote(alone, "") if about == "price" else None
        price = job_messages.quote_text(situation.language, quote) if quote else ""
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
            question = Message(_lines(text, await self._offering.photo_question(situation, draft)), asks=True)
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
            decided = await self._of_film(situation, offer, text) or await self._of_copy(situation, offer)
            if decided is not None:
                return decided
        if offer is not None and not is_made_of(offer, draft):
            draft = draft_of(offer, situation)  # of an explicit order, or the draft has lapsed
        asked = merged(read_with_photos(text)[1], parse_options(draft.options)[1])
        changed = replace(draft, options=as_flags(asked), at=situation.at)
        if asked.photos == "frames" and is_only_way(text) and len(changed.sources) == _A_PAIR and not changed.words:
            # That says what is to be seen, too.
            changed = replace(changed, words=situation.say("frames-words"), words_at=situation.at)
        if changed.words and (changed.sources or not changed.explicit):
            return await self._offering.offer(replace_draft(situation, changed), "words", replaces=offer)
        if changed.sources:
            question = Message(await self._offering.photo_question(situation, changed), asks=True)
            return situation.answer(question, topic="source", draft=changed)
        noted = Message(situation.say("draft-wishes", wishes=text), asks=True)
        return situation.answer(noted, topic="words", draft=changed)

    async def phrase(self, situation: Situation, phrase: str) -> Decision:
        """Decide about a camera move or a style alone: it goes behind the words that are offered or on the table."""
        offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
        draft = situation.draft
        copied = await self._of_copy(situation, offer) if offer is not None else None
        if copied is not None:
            return copied
        if offer is not None and not is_made_of(offer, draft):
            draft = draft_of(offer, situation)
        if not draft.words and draft.sources:
            return await self._offering.request(situation, phrase)
        if not draft.words:
            return situation.answer(situation.say("ideas-alone", phrase=phrase))
        longer = with_phrase(draft, phrase, at=situation.at)
        if longer is None:
            return await self._with_reminder(situation, situation.say("ideas-there", phrase=phrase))
        if offer is not None and offer.step is not None:
            decided = await self._of_film(situation, offer, longer.words)
            if decided is not None:
                return decided
        return await self._offering.offer(replace_draft(situation, longer), "words", replaces=offer)

    async def _of_copy(self, situation: Situation, offer: Job) -> Decision | None:
        """Say that a copy of a film stays as the film is; None: something else is offered, or lies on the table."""
        is_copy = offer.step is not None and offer.step.kind in OF_FILM - {"continue"}
        if offer.step is None or not is_copy or situation.draft.words or situation.draft.sources:
            return None
        return await self._with_reminder(situation, situation.say("film-kept", kind=offer.step.kind))

    async def quote(self, situation: Situation, command: commands.Command | None) -> str | None:
        """Return the price of a request that is whole: with it on the send button, to send is to agree (`agreed`).

        None for small talk, for what is asked about whatever it costs, what has several ways or no exact price, and
        what would not be made exactly as it was asked for.
        """
        match command:
            case commands.PlainText(text=text) if situation.is_fresh and not describes_nothing(wishes_in(text.strip())):
                decided = await self._offering.request(situation, text.strip())
            case commands.MakeVideo(prompt=prompt) if situation.is_fresh and prompt and not is_small_talk(prompt):
                decided = await self._offering.order(situation, command)
            case _:
                return None
        new = decided.order
        if new is None or new.ways or not is_exact(new.plan):
            return None
        lifted = new.question is None or new.question.why == "words"
        return pricing.usd_text(new.plan.quote.usd) if lifted and self._orders.is_small(new.plan) else None

    async def unusable(self, situation: Situation) -> Decision:
        """Decide about something that no video can be made of."""
        what = situation.incoming.other
        text = situation.say("said-noise") if what == "unknown" else situation.say("source-unusable", what=what)
        return await self._with_reminder(situation, text)


def _has_photos(situation: Situation) -> bool:
    """Return whether several photos lie on the table, or are what the latest offer is about."""
    offer = situation.latest_offer or (situation.offers[-1] if situation.offers else None)
    return len(situation.draft.sources) > 1 or (offer is not None and len(offer.offered_sources) > 1)


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
