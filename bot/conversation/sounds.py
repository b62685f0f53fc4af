"""What a recording on the table goes with: the photo that speaks it, or words of what is seen to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.channels.types import Incoming
from bot.conversation.draft_changes import source_of
from bot.conversation.situation import Situation
from bot.store.dialogues import Draft, DraftSource
from bot.store.records import JobDraft
from core.types import Adjustment


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording with what it goes with. `left`: what else lies there, and is no part of it."""

    sound: DraftSource
    photo: DraftSource | None
    left: tuple[DraftSource, ...]

    @property
    def sources(self) -> tuple[DraftSource, ...]:
        """Return what the film is made of, the recording first: by that it is priced."""
        return (self.sound, self.photo) if self.photo is not None else (self.sound,)

    @property
    def is_beside_a_film(self) -> bool:
        """Return whether a film lies there and no photo: a film is not made to speak."""
        return self.photo is None and any(each.attachment.kind == "video" for each in self.left)


def recording_in(sources: Sequence[DraftSource]) -> Recording | None:
    """Return the newest recording with the newest photo; None where no recording lies there."""
    sound = next((each for each in reversed(sources) if each.attachment.kind == "audio"), None)
    if sound is None:
        return None
    photo = next((each for each in reversed(sources) if each.attachment.kind == "image"), None)
    return Recording(sound, photo, tuple(each for each in sources if each not in {sound, photo}))


def table_with_recording(situation: Situation) -> Draft | None:
    """Return what lies on the table with this message's files and what it replies to, where a recording is among them.

    None: there is none, or the message is about a film of its own, to which no recording is put.
    """
    incoming, draft = situation.incoming, situation.draft
    brought = _brought(incoming)
    kinds = {each.attachment.kind for each in brought}
    if "video" in kinds and "audio" not in kinds:
        return None
    ids = {each.attachment.file_id for each in brought}
    rest = tuple(each for each in draft.sources if each.attachment.file_id not in ids)
    sources = (*rest, *brought)
    if recording_in(sources) is None:
        return None
    return replace(draft, sources=sources, at=situation.at)


def is_whole(situation: Situation) -> bool:
    """Return whether the message says by itself what it is made of, or answers the question about it."""
    just_asked = situation.dialogue.last is not None and situation.dialogue.last.topic == "source"
    return just_asked or not situation.draft.sources


def _brought(incoming: Incoming) -> tuple[DraftSource, ...]:
    """Return the message's own file, and behind it the one that it replies to: that is what it is about."""
    quoted = incoming.quoted.attachment if incoming.quoted is not None else None
    own = (source_of(incoming, incoming.attachment),) if incoming.attachment is not None else ()
    if quoted is None or quoted.kind == "file":
        return own
    other = source_of(incoming, quoted)
    return (*own, replace(other, event=f"{other.event}+quoted", album=None))


def told_of_the_rest(new: JobDraft, left: Sequence[DraftSource]) -> JobDraft:
    """Return the order with a word on what else was sent, which is no part of it."""
    if not left:
        return new
    note = Adjustment("sound_alone", f"{len(left)}", "1")
    return replace(new, plan=replace(new.plan, adjustments=(*new.plan.adjustments, note)))
