"""Decides about a message that its sender has changed: what it was about follows it, as far as that is possible."""

from dataclasses import replace

from bot.channels.types import Incoming, Message
from bot.conversation import commands
from bot.conversation.command_parser import parse_message
from bot.conversation.decisions import NOTHING, Decision
from bot.conversation.generation_options import (
    GenerationOptions,
    as_flags,
    merged,
    options_of_request,
    parse_options,
)
from bot.conversation.ordering import OrderService
from bot.conversation.photo_words import read_with_photos
from bot.conversation.several_photos import SeveralPhotos
from bot.conversation.situation import Situation
from bot.conversation.words import meaning_of
from bot.store import Store
from bot.store.dialogues import Draft
from bot.store.records import FREE, Confirmation, Job, JobDraft, State


class Edits:
    """The decisions about edits."""

    def __init__(self, *, store: Store, orders: OrderService) -> None:
        self._store = store
        self._orders = orders
        self._several = SeveralPhotos(orders)

    async def decide(self, situation: Situation, command: commands.Command | None) -> Decision | None:
        """Decide about a message that takes the place of an earlier one; None: it is to be read as a new one."""
        incoming = situation.incoming
        before = await self._store.inbox.message_of(replace(incoming, event_id=incoming.edits or "").origin)
        if before is None or (not incoming.private and isinstance(command, commands.PlainText | None)):
            return NOTHING  # of long ago, or talk of a group
        newest = await self._store.message_map.job_of(incoming.address, incoming.reply_to)
        job = await self._store.jobs.get(newest) if newest is not None else None
        if job is None or job.again_of is not None:  # a repeat has no words of its own
            job = await self._store.jobs.by_origin(before.origin) or job
        if _same(replace(job.incoming, pressed=None) if job is not None else before, incoming):
            return NOTHING
        if job is None:
            return None
        if isinstance(command, commands.PlainText) and meaning_of(command.text) is not None:
            return None  # small talk is answered as any
        wanted = _request(command)
        if wanted is None or job.state is State.CANCELLED:
            return None  # another command, as "/cancel" is
        new = await self._planned(job, incoming, wanted, situation.language)
        if isinstance(new, Message):
            return situation.answer(new)
        return self._in_place_of(job, new, situation)

    async def _planned(
        self, job: Job, incoming: Incoming, wanted: commands.MakeVideo, language: str
    ) -> JobDraft | Message:
        """Plan the new words with what the job is made of; of several photos in the way that it goes by."""
        photos = job.offered_sources
        if len(photos) > 1 and {source.kind for source in photos} == {"image"}:
            prompt, asked = read_with_photos(f"{wanted.prompt}, {as_flags(wanted.options)}")
            before = GenerationOptions(photos=options_of_request(job.request).photos)
            both = commands.MakeVideo(prompt, merged(asked, before))
            return await self._several.offer(incoming, both, language, photos)
        if job.incoming.attachment is not None and job.incoming.attachment.kind == "audio":
            with_both = replace(incoming, attachment=job.incoming.attachment, also=job.incoming.also)
            return await self._orders.draft(with_both, wanted, language, why="words")
        source = incoming.attachment or job.incoming.attachment
        return await self._orders.draft(replace(incoming, attachment=source), wanted, language, why="words")

    def _in_place_of(self, job: Job, new: JobDraft, situation: Situation) -> Decision:
        """Change an open offer in place; of an order, offer the new text beside it."""
        if job.state is State.AWAITING_CONFIRMATION:
            words = Draft() if situation.draft.is_empty else replace(situation.draft, words=new.incoming.text)
            changed = replace(new, replaces=job.id, takes_card=True)
            return Decision(order=changed, dialogue=situation.after("offer", draft=words))
        why = "instead" if job.state in FREE else "edited"
        return Decision(order=replace(new, question=Confirmation(why, job.id)), dialogue=situation.after("offer"))


def _same(before: Incoming, after: Incoming) -> bool:
    """Return whether both say the same to the bot, however they are written."""
    return parse_message(before).command == parse_message(after).command


def _request(command: commands.Command | None) -> commands.MakeVideo | None:
    match command:
        case commands.MakeVideo(prompt=prompt) if prompt.strip():
            return command
        case commands.PlainText(text=text) if text.strip():
            return commands.MakeVideo(*parse_options(text))
    return None
