"""Decides what words, photos and videos become: ordered at once, offered, or kept on the table.

The law of consent (contract, law 6) in one place. Ordered at once: a command with own words, a photo or video with an
own caption in a direct chat, a photo that a command has asked for. Everything else that could become a video is offered
with its price first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.channels.types import AttachmentRef, Incoming, Message
from bot.conversation import commands
from bot.conversation.decisions import NOTHING, Decision
from bot.conversation.draft_changes import (
    before_album,
    draft_of,
    event_of,
    is_made_of,
    of_album,
    offer_of_draft,
    replace_draft,
    request_of,
    source_of,
    what_is_left,
    whole_text,
    with_attachment,
    with_command,
    with_wishes,
)
from bot.conversation.drafts import with_source, with_words
from bot.conversation.generation_options import as_flags, merged, parse_options
from bot.conversation.ordering import OfferReason, OrderService
from bot.conversation.photo_words import read_with_photos
from bot.conversation.several_photos import SeveralPhotos
from bot.conversation.situation import Situation
from bot.conversation.sounds import Recording, is_whole, recording_in, table_with_recording, told_of_the_rest
from bot.conversation.text_kinds import (
    as_typed,
    asks,
    describes_nothing,
    is_only_options,
    is_only_way,
    is_small_talk,
    quoted_words,
    wishes_in,
)
from bot.conversation.words import meaning_of, speaks_of_a_photo
from bot.messages import job_messages
from bot.store.dialogues import Draft, DraftSource
from bot.store.records import Job, JobDraft, Way
from core import pricing
from core.errors import BadRequest
from core.types import Adjustment, Mode, Plan

MOST_SOURCES = 10


class Offering:
    """The decisions about orders and offers."""

    def __init__(
        self, orders: OrderService, of_film: Callable[[Situation, Job, str], Awaitable[Decision | None]]
    ) -> None:
        """`of_film`: decide about other words or wishes for what is offered of a film; None: it takes none."""
        self._orders = orders
        self._of_film = of_film
        self._several = SeveralPhotos(orders)

    async def order(self, situation: Situation, command: commands.MakeVideo) -> Decision:
        """Decide about a command that orders a video."""
        incoming, quoted = situation.incoming, situation.incoming.quoted
        unusable = incoming.other or (quoted.other if quoted is not None and incoming.attachment is None else None)
        if unusable is not None:
            return situation.answer(situation.say("source-unusable", what=unusable))
        source = incoming.attachment or (quoted.attachment if quoted is not None else None)
        if not command.prompt.strip():
            return await self._bare(situation, command, source)
        table = table_with_recording(situation) if command.wants != "words" else None
        if table is not None:
            return await self._order_with_sound(situation, command, table)
        command = with_wishes(situation.draft, command, has_source=source is not None)
        if source is not None and incoming.attachment is not None and incoming.album is not None:
            album = replace(situation.draft, sources=of_album(situation.draft, incoming))
            album = with_source(album, source_of(incoming, source), at=situation.at)
            return await self._offer_commanded(situation, command, album)  # more of it may still come
        siblings = _of_quoted_album(situation)
        if len(siblings) > 1:
            return await self._offer_commanded(situation, command, replace(situation.draft, sources=siblings))
        if source is not None:
            with_it = with_attachment(situation, source)
            sources = (source_of(incoming, source),)
            return await self._place(with_it, command, explicit=True, sources=sources)
        if command.wants == "words" or not situation.draft.sources:
            return await self._from_words(situation, command)
        return await self._with_draft(situation, command)

    async def _order_with_sound(self, situation: Situation, command: commands.MakeVideo, table: Draft) -> Decision:
        """Take a recording with a command's words: at once where the message names all that it is made of."""
        command = with_wishes(situation.draft, command, has_source=situation.incoming.attachment is not None)
        recording = recording_in(table.sources)
        brings_files = situation.incoming.attachment is not None or situation.incoming.quoted is not None
        if recording is not None and not brings_files and not recording.is_beside_a_film and not is_whole(situation):
            return await self._with_or_without_sound(situation, command, table, recording)
        if recording is None or recording.is_beside_a_film or recording.left or not is_whole(situation):
            return await self._offer_commanded(situation, command, table)
        return await self._place(_made_of(situation, recording), command, explicit=True, sources=recording.sources)

    async def _with_or_without_sound(
        self, situation: Situation, command: commands.MakeVideo, table: Draft, recording: Recording
    ) -> Decision:
        """Offer a command's words with the recording that lies there, and beside it from the words alone."""
        bare = replace(situation.incoming, attachment=None, also=())
        ways = await self._ways(self._orders.way("alone", bare, command, [None]))
        why: OfferReason = "speak" if recording.photo is not None else "words"
        with_it = _made_of(replace_draft(situation, with_command(table, command, situation)), recording)
        sources, left = recording.sources, recording.left
        return await self._place(with_it, command, why=why, ways=ways, sources=sources, left=left)

    async def _from_words(self, situation: Situation, command: commands.MakeVideo) -> Decision:
        if command.wants == "photo":
            draft = Draft(
                words=situation.incoming.text and as_typed(command, situation),
                explicit=situation.is_typed,
                at=situation.at,
            )
            draft = replace(draft, events=(situation.incoming.event_id,), words_at=situation.at)
            photo = replace(situation.incoming, attachment=AttachmentRef("image", ""))
            quote = await self._orders.likely_quote(photo, draft.words)
            price = job_messages.quote_text(situation.language, quote) if quote else ""
            text = situation.say(_photo_wanted(situation), price=price)
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
        if is_small_talk(command.prompt):
            draft, why = replace(draft, words=""), "words"
        with_it = replace_draft(situation, with_command(draft, command, situation))
        return await self.offer(with_it, why, replaces=offer_of_draft(situation))

    async def _bare(self, situation: Situation, command: commands.MakeVideo, source: AttachmentRef | None) -> Decision:
        """Decide about a command without words: they may stand in what it replies to, or on the table."""
        incoming, quoted, draft = situation.incoming, situation.incoming.quoted, situation.draft
        asked = merged(command.options, parse_options(draft.options)[1])
        draft = replace(draft, options=as_flags(asked))
        if quoted is not None and quoted.text and not quoted.ours and meaning_of(quoted.text) is None:
            words, _ = with_words(replace(draft, words=""), quoted.text, event=incoming.event_id, at=situation.at)
            if source is not None:
                words = with_source(replace(words, sources=()), source_of(incoming, source), at=situation.at)
            return await self.offer(replace_draft(situation, words), "forward")
        if source is not None:
            draft = with_source(draft, source_of(incoming, source), at=situation.at)
        table = table_with_recording(replace_draft(situation, draft))
        if table is not None:
            return await self.sound(situation, table)
        if draft.words and draft.sources:
            return await self.offer(replace_draft(situation, draft), "words")
        if draft.sources:
            question = Message(await self.photo_question(situation, draft), asks=True)
            return situation.answer(question, topic="source", draft=draft)
        key = _photo_wanted(situation) if command.wants == "photo" else "words-wanted"
        draft = replace(draft, explicit=False, at=situation.at)
        return situation.answer(Message(situation.say(key), asks=True), topic="words", draft=draft)

    async def request(self, situation: Situation, text: str) -> Decision:
        """Decide about words that describe a video."""
        incoming = situation.incoming
        quoted = incoming.quoted
        if quoted is not None and quoted.other is not None and not incoming.attachment:
            return situation.answer(situation.say("source-unusable", what=quoted.other))
        why = _why_offered(incoming, text)
        table = table_with_recording(situation)
        own_caption = incoming.attachment is not None and incoming.private and not incoming.album and table is None
        if own_caption and why is None and situation.is_typed:
            command = with_wishes(situation.draft, commands.MakeVideo(*parse_options(text)), has_source=True)
            return await self._place(situation, command, explicit=True)
        offer = situation.latest_offer
        if offer is not None and offer.step is not None and incoming.attachment is None and why is None:
            decided = await self._of_film(situation, offer, text)
            if decided is not None:
                return decided
        meant = situation.latest_offer if situation.quoted is not None else None
        replaced = meant or offer_of_draft(situation)
        before = before_album(situation.draft, incoming)
        if before is not situation.draft:
            replaced = None
        if replaced is not None and (before.is_empty or (meant is not None and not is_made_of(meant, before))):
            before = draft_of(replaced, situation)
        draft, alternative = with_words(before, text, event=event_of(incoming), at=situation.at)
        source = incoming.attachment or (quoted.attachment if quoted else None)
        table = table_with_recording(replace_draft(situation, draft))
        if table is not None:
            draft = table
        elif source is not None:
            album = of_album(draft, incoming)
            if incoming.edits is None or not album:
                draft = replace(draft, sources=album)
            draft = with_source(draft, source_of(incoming, source), at=situation.at)
        return await self.offer(replace_draft(situation, draft), why or "words", also=alternative, replaces=replaced)

    def gather(self, situation: Situation, command: commands.Command | None) -> Decision:
        """Put one of several photos, of which more are coming, on the table; the last one's answer speaks of all."""
        incoming = situation.incoming
        if incoming.attachment is None:
            return NOTHING
        text = wishes_in(incoming.text.strip())
        has_words = isinstance(command, commands.MakeVideo) or not (describes_nothing(text) or is_only_options(text))
        before = before_album(situation.draft, incoming) if has_words else situation.draft
        draft = replace(before, sources=of_album(before, incoming) or before.sources)
        table = table_with_recording(replace_draft(situation, draft))
        draft = table or with_source(draft, source_of(incoming, incoming.attachment), at=situation.at)
        if isinstance(command, commands.MakeVideo):
            draft = with_command(draft, command, situation)
        elif is_only_options(text) or is_only_way(text):
            draft = replace(draft, options=as_flags(merged(read_with_photos(text)[1], parse_options(draft.options)[1])))
        elif not describes_nothing(text):
            draft, _ = with_words(replace(draft, words=""), text, event=event_of(incoming), at=situation.at)
        return Decision(dialogue=situation.after("source", draft=draft))

    def keep(self, situation: Situation) -> Situation:
        """Put the photo or video of a command that is about something else on the table: it is not lost."""
        attachment = situation.incoming.attachment
        if attachment is None:
            return situation
        draft = with_source(situation.draft, source_of(situation.incoming, attachment), at=situation.at)
        return replace_draft(situation, draft)

    async def source(self, situation: Situation, attachment: AttachmentRef, *, options: str = "") -> Decision:
        """Decide about a photo or video without words that describe anything."""
        incoming = situation.incoming
        problem = self._orders.size_problem(incoming, situation.language)
        if problem is not None:
            return situation.answer(problem)
        draft = with_source(situation.draft, source_of(incoming, attachment), at=situation.at)
        if options:
            draft = replace(draft, options=f"{draft.options}, {options}" if draft.options else options)
        if len(draft.sources) > MOST_SOURCES:
            text = situation.say("album-too-many", count=len(draft.sources), most=MOST_SOURCES)
            draft = replace(draft, sources=draft.sources[:MOST_SOURCES])
            return situation.answer(text, topic="source", draft=draft)
        table = table_with_recording(replace_draft(situation, draft))
        if table is not None:
            return await self.sound(situation, table)
        if not draft.words:
            question = await self.photo_question(situation, draft)
            return situation.answer(Message(question, asks=True), topic="source", draft=draft)
        is_alone = len(draft.sources) == 1 and incoming.album is None
        if draft.explicit and is_alone and not incoming.forwarded and (options or not incoming.text.strip()):
            command = commands.MakeVideo(*parse_options(whole_text(draft)))
            return await self._place(replace_draft(situation, draft), command, explicit=True, sources=draft.sources)
        replaced = offer_of_draft(situation)
        if replaced is not None and incoming.album is not None and not is_made_of(replaced, draft):
            replaced = None  # of another album, with words of its own
        return await self.offer(replace_draft(situation, draft), "words", replaces=replaced)

    async def sound(self, situation: Situation, draft: Draft, *, replaces: Job | None = None) -> Decision:
        """Offer what a recording on the table makes, or ask for the photo that speaks it or for words."""
        recording = recording_in(draft.sources)
        with_it = replace_draft(situation, draft)
        if recording is not None and (recording.photo is not None or draft.words) and not recording.is_beside_a_film:
            return await self.offer(with_it, "words", replaces=replaces or offer_of_draft(situation))
        alone = _made_of(situation, recording).incoming if recording is not None else situation.incoming
        problem = await self._orders.sound_problem(alone, draft.options, situation.language)
        if problem is not None:
            rest = tuple(each for each in draft.sources if each.attachment.kind != "audio")
            return situation.answer(problem, draft=replace(draft, sources=rest))
        question = Message(await self.photo_question(situation, draft), asks=True)
        return situation.answer(question, topic="source", draft=draft)

    async def _offer_sound(
        self,
        situation: Situation,
        recording: Recording,
        why: OfferReason,
        *,
        also: tuple[str, str] | None,
        replaces: Job | None,
    ) -> Decision:
        """Offer a film with this recording. Without words about it the photo speaks, in words that are shown."""
        draft = situation.draft
        if recording.is_beside_a_film:
            return await self.sound(situation, draft)
        command = request_of(whole_text(draft), several=False)
        if recording.photo is not None and not command.prompt.strip():
            command = replace(command, prompt=situation.say("sound-words"))
        if recording.photo is not None and why == "words":
            why = "speak"
        with_it = _made_of(situation, recording)
        text = f"{command.prompt} {as_flags(command.options)}".strip()  # so that a later wish keeps them
        with_it = replace(with_it, incoming=replace(with_it.incoming, text=text))
        ways: tuple[Way, ...] = ()
        if also is not None:
            other, mode = request_of(also[1], several=False), Mode.AUDIO_TO_VIDEO
            way = self._orders.way(also[0], with_it.incoming, other, with_it.incoming.sources, mode=mode)
            ways = await self._ways(way)
        sources = recording.sources
        return await self._place(
            with_it, command, why=why, ways=ways, sources=sources, replaces=replaces, left=recording.left
        )

    async def photo_question(self, situation: Situation, draft: Draft) -> str:
        """Ask how what lies on the table should move, or who speaks it; the price is said."""
        recording = recording_in(draft.sources)
        if recording is not None:
            about = _made_of(situation, recording).incoming
            quote = await self._orders.likely_quote(about, draft.options)
            price = job_messages.about_text(situation.language, quote) if quote else ""
            return situation.say("sound-film" if recording.is_beside_a_film else "draft-sound", price=price)
        kind, count = draft.sources[-1].attachment.kind, len(draft.sources)
        incoming = replace(situation.incoming, attachment=draft.sources[0].attachment)
        quote = await self._orders.likely_quote(incoming, draft.options)
        price = job_messages.about_text(situation.language, quote) if quote else ""
        return situation.say("draft-photo", kind=kind, count=count, price=price)

    async def offer(
        self,
        situation: Situation,
        why: OfferReason,
        *,
        also: tuple[str, str] | None = None,
        replaces: Job | None = None,
    ) -> Decision:
        """Offer what lies on the table. `also`: other words it could be made of, and the name of that way."""
        draft = situation.draft
        text = whole_text(draft)
        recording = recording_in(draft.sources)
        if recording is not None:
            return await self._offer_sound(situation, recording, why, also=also, replaces=replaces)
        sources = draft.sources[:MOST_SOURCES]
        command = request_of(text, several=len(sources) > 1)
        with_it = with_attachment(situation, sources[0].attachment if sources else None)
        with_it = replace(with_it, incoming=replace(with_it.incoming, text=text))
        other = (also[0], request_of(also[1], several=len(sources) > 1)) if also is not None else None
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
        left: tuple[DraftSource, ...] = (),
    ) -> Decision:
        """Make it a job or an offer: here it is decided whether words and photos are ordered at once."""
        incoming = situation.incoming
        if len(command.prompt.split()) == 0:
            return situation.answer(Message(situation.say("words-wanted"), asks=True), topic="words")
        why = _reason(situation, command.prompt, why, explicit=explicit)
        beside = quoted_words(incoming)
        has_sound = incoming.attachment is not None and incoming.attachment.kind == "audio"
        if beside and beside not in command.prompt and (len(sources) <= 1 or has_sound):  # neither is left out unsaid
            joined = replace(command, prompt=f"{command.prompt}\n{beside}")
            mode, made_of = (Mode.AUDIO_TO_VIDEO, incoming.sources) if has_sound else (None, (incoming.attachment,))
            ways = (*ways, *await self._ways(self._orders.way("quoted", incoming, joined, made_of, mode=mode)))
            why = why or "quoted"
        if len(sources) > 1 and not has_sound:  # of videos each has a price of its own
            why = "one"
        new = await self._orders.draft(incoming, command, situation.language, why=why)
        if isinstance(new, Message):
            return _not_taken(situation, command, new)
        if incoming.agreed is not None and (why is None or (why == "words" and not explicit)):
            as_agreed = incoming.agreed == pricing.usd_text(new.plan.quote.usd)
            lifted = as_agreed and (explicit or (situation.is_fresh and not ways and is_exact(new.plan)))
            new = await self._orders.draft(incoming, command, situation.language, why=None if lifted else "words")
        if isinstance(new, Message):
            return situation.answer(new)
        new = told_of_the_rest(_told_of_one(new, command), left)
        if new.question is None:
            return Decision(order=new, dialogue=situation.after("else"), left=what_is_left(situation, sources))
        new = replace(new, ways=ways, replaces=replaces.id if replaces is not None else None)
        return Decision(order=new, dialogue=situation.after("offer"))

    async def _ways(self, plan: Awaitable[Way]) -> tuple[Way, ...]:
        """Return the way, or nothing where it cannot be had at all."""
        try:
            return (await plan,)
        except BadRequest:
            return ()


def _made_of(situation: Situation, recording: Recording) -> Situation:
    """Return the situation with the recording, and the photo that speaks it, in the message itself."""
    also = (recording.photo.attachment,) if recording.photo is not None else ()
    return replace(situation, incoming=replace(situation.incoming, attachment=recording.sound.attachment, also=also))


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
        draft = with_source(draft, source_of(situation.incoming, attachment), at=situation.at)
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


def is_exact(plan: Plan) -> bool:
    """Return whether it is made as it was asked for, at a price that is no upper bound."""
    return not plan.adjustments and not plan.quote.up_to


def _why_offered(incoming: Incoming, text: str) -> OfferReason | None:
    """Return why even an explicit order is offered first: its words are not the sender's own typed ones, or ask."""
    if incoming.forwarded:
        return "forward"
    if incoming.transcript:
        return "heard"
    return "asks" if incoming.attachment is not None and asks(text) else None


def _reason(situation: Situation, prompt: str, why: OfferReason | None, *, explicit: bool) -> OfferReason | None:
    """Return why this is offered, not ordered. `why`: what is known already, of what is not `explicit`."""
    if explicit:
        why = _why_offered(situation.incoming, prompt) or ("words" if is_small_talk(prompt) else None)
    return "lone" if why in {None, "words"} and _lacks_its_photo(situation, prompt) else why


def _lacks_its_photo(situation: Situation, prompt: str) -> bool:
    """Return whether words point at a photo that could not reach the bot by itself."""
    return not situation.lone_photos and situation.incoming.attachment is None and speaks_of_a_photo(prompt)


def _of_quoted_album(situation: Situation) -> tuple[DraftSource, ...]:
    """Return what lies on the table of the album of which one photo is replied to."""
    quoted, own = situation.incoming.quoted, situation.incoming.attachment
    if quoted is None or quoted.attachment is None or own is not None:
        return ()
    found = [each for each in situation.draft.sources if each.attachment.file_id == quoted.attachment.file_id]
    album = found[0].album if found else None
    return tuple(each for each in situation.draft.sources if album is not None and each.album == album)


def _photo_wanted(situation: Situation) -> str:
    """Return the key of the sentence that asks for a photo: where none comes alone, it says how one comes."""
    return "photo-wanted" if situation.lone_photos else "photo-wanted-addressed"
