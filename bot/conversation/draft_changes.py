"""Changes what lies on the table: the draft of the next video, its words, wishes, photos and videos. Pure."""

from dataclasses import replace

from bot.channels.types import AttachmentRef, Incoming
from bot.conversation import commands
from bot.conversation.command_parser import parse_message
from bot.conversation.drafts import with_words, without_lapsed
from bot.conversation.generation_options import as_flags, merged, parse_options
from bot.conversation.photo_words import read_with_photos
from bot.conversation.situation import Situation
from bot.store.dialogues import Draft, DraftSource
from bot.store.records import Job


def replace_draft(situation: Situation, draft: Draft) -> Situation:
    """Return the situation with another draft on the table."""
    return replace(situation, dialogue=replace(situation.dialogue, draft=without_lapsed(draft)))


def with_attachment(situation: Situation, attachment: AttachmentRef | None) -> Situation:
    """Return the situation with this photo or video in the message itself."""
    return replace(situation, incoming=replace(situation.incoming, attachment=attachment))


def event_of(incoming: Incoming) -> str:
    """Return which message it is: a newer version of one is the same message."""
    return incoming.edits or incoming.event_id


def source_of(incoming: Incoming, attachment: AttachmentRef) -> DraftSource:
    """Return a message's photo or video as it lies on the table."""
    return DraftSource(attachment, event_of(incoming), incoming.reply_to, incoming.at or 0, incoming.album)


def what_is_left(situation: Situation, used: tuple[DraftSource, ...]) -> Draft:
    """Return what an order leaves on the table: photos and videos that it is not made from."""
    attachment = situation.incoming.attachment
    ids = {source.attachment.file_id for source in used} | ({attachment.file_id} if attachment else set())
    rest = tuple(each for each in situation.draft.sources if each.attachment.file_id not in ids)
    return Draft(options=situation.draft.options, sources=rest, at=situation.draft.at) if rest else Draft()


def with_wishes(draft: Draft, command: commands.MakeVideo, *, has_source: bool) -> commands.MakeVideo:
    """Add the options that were sent alone before: they are for the next video, or for the photo that they came with.

    `has_source`: the message has a photo or video of its own, or replies to one.
    """
    if draft.words or not draft.options or (draft.sources and has_source):
        return command
    return replace(command, options=merged(command.options, parse_options(draft.options)[1]))


def of_album(draft: Draft, incoming: Incoming) -> tuple[DraftSource, ...]:
    """Return what lies on the table of the message's own album."""
    return tuple(each for each in draft.sources if incoming.album is not None and each.album == incoming.album)


def before_album(draft: Draft, incoming: Incoming) -> Draft:
    """Return what lies on the table for words that an album brings: nothing, where that is another whole request."""
    is_other = incoming.album is not None and incoming.edits is None and not of_album(draft, incoming)
    return Draft() if is_other and draft.words and draft.sources else draft


def draft_of(offer: Job, situation: Situation) -> Draft:
    """Return what would lie on the table if this offer had been made of it: its words, options and source."""
    event = offer.incoming.event_id
    sources = tuple(
        DraftSource(source, f"{event}+{number}" if number else event, at=situation.at)
        for number, source in enumerate(offer.offered_sources)
    )
    command = parse_message(replace(offer.incoming, pressed=None)).command
    match command:
        case commands.MakeVideo(options=options):
            asked = options
        case commands.PlainText(text=text):
            asked = request_of(text, several=len(sources) > 1).options
        case _:
            asked = parse_options("")[1]
    words_at = min(offer.created, situation.at)
    return Draft(
        words=offer.request.prompt, options=as_flags(asked), sources=sources, words_at=words_at, at=situation.at
    )


def is_made_of(offer: Job, draft: Draft) -> bool:
    """Return whether the offer was made of what lies on the table, by its words."""
    return request_of(whole_text(draft), several=len(draft.sources) > 1).prompt == offer.request.prompt


def offer_of_draft(situation: Situation) -> Job | None:
    """Return the open offer that was made of what lies on the table: a newer one takes its place."""
    made = (
        each
        for each in reversed(situation.offers)
        if each.question and each.question.why != "restored" and each.step is None
    )
    return next(made, None)


def with_command(draft: Draft, command: commands.MakeVideo, situation: Situation) -> Draft:
    """Return the draft with a command's words and options."""
    event, asked = event_of(situation.incoming), merged(command.options, parse_options(draft.options)[1])
    draft, _ = with_words(replace(draft, words=""), command.prompt, event=event, at=situation.at)
    return replace(draft, options=as_flags(asked))


def whole_text(draft: Draft) -> str:
    """Return the words with the wishes that were sent alone, to be read as one text."""
    return f"{draft.words}, {draft.options}" if draft.options else draft.words


def request_of(text: str, *, several: bool) -> commands.MakeVideo:
    """Read words and options; beside several photos also what is to be made of them."""
    return commands.MakeVideo(*(read_with_photos(text) if several else parse_options(text)))
