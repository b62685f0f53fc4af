"""Adapts the bot's own messages to chats with passive replies (`Limits`), and holds what may not be sent now.

Other chats get everything unchanged.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Incoming, Message, SendError, VideoMessage
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.text_buttons import is_yes, may_be_typed, offered, typing_link, with_codes, without_tags
from bot.store import Store
from bot.store.records import Job

_LEAST_WORDS = 60  # bytes that a film's words are left at least, before other words are shortened
_LOOK_AGAIN_S = 6 * 3600
_EARLY_S = 6 * 3600  # an upload is renewed so long before the chat forgets it


class HeldMessages:
    """The adapter."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort]) -> None:
        self._store = store
        self._channels = channels

    async def message(self, incoming: Incoming, message: Message, language: str) -> Message:
        """Return the message with the person's short codes, and what to type in place of buttons."""
        if not self._channels[incoming.address.channel].limits.passive_replies:
            return message
        codes = await self._store.short_codes.codes(incoming.user)
        links = self._channels[incoming.address.channel].limits.typing_links
        return Message(typed_text(message, codes, language, links=links), job_id=message.job_id)

    async def video(self, job: Job, video: VideoMessage) -> VideoMessage:
        """Return the video with a title, and the code by which it can be had again."""
        if not self._channels[job.address.channel].limits.passive_replies:
            return video
        codes = await self._store.short_codes.codes(job.user)
        most_bytes = self._channels[job.address.channel].limits.caption_bytes
        caption = captioned(job, codes, job.language, most_bytes=most_bytes)
        return replace(video, title=translate(job.language, "passive-video-title"), caption=caption)

    async def hold_text(self, incoming: Incoming, message: Message) -> bool:
        """Hold a text for the person's next message; False in a chat where the bot may always speak."""
        if not self._channels[incoming.address.channel].limits.passive_replies:
            return False
        await self._store.outbox.hold_text(incoming.user, message.text)
        return True

    async def hold(self, job: Job, error: SendError) -> int:
        """Hold the outcome for the person's next message; return the seconds after which to try again unasked."""
        await self._store.outbox.hold(job, ref=error.uploaded_ref, for_s=error.after_s)
        if error.uploaded_ref is None and error.after_s > 0:
            return int(error.after_s) + 1
        return max(_LOOK_AGAIN_S, int(error.after_s) - _EARLY_S)

    async def ask_later(self, job: Job) -> None:
        """Hold the question whether a video has arrived for its owner's next message."""
        await self._store.outbox.hold(job, ref=None, for_s=0.0)


def captioned(
    job: Job, codes: Mapping[str, str], language: str, *, most_bytes: int, before: str = "", after: str = ""
) -> str:
    """Return the words beside a video: what it is and its code, its words, what else is told, and what can be typed.

    In whole lines and at most so many bytes. Where not all fits, the film's own words are shortened first, `before`
    then, by whole lines. Nothing of it can be taken for a tag.
    """
    job, code = replace(job, language=language), codes.get(job.id, job.id)
    head = translate(language, "passive-caption", caption=job_messages.what_it_is(job), code=code)
    head = "\n".join(filter(None, (head, with_codes(job_messages.of_chain(job), codes))))
    foot = "\n".join(filter(None, (translate(language, "passive-film", code=code), without_tags(after))))
    room = most_bytes - _size(head) - _size(foot) - 2
    more = without_tags(before)
    if more:
        more = shortened(more, most=max(0, room - _LEAST_WORDS), unit=Unit.UTF8, whole_lines=True)
        room -= _size(more) + 1
    words = without_tags(job_messages.caption_words(job, most_bytes=room))
    return "\n".join(filter(None, (head, words, more, foot)))


def _size(text: str) -> int:
    return len(text.encode())


def typed_text(message: Message, codes: Mapping[str, str], language: str, *, links: bool = False) -> str:
    """Return the text, and under it one line for each button.

    `links`: the chat's texts may hold links that type a line (`Limits.typing_links`). A yes is one then, with what to
    type beside it, and nothing in the text itself can be taken for one.
    """
    text = with_codes(message.text, codes)
    lines = [without_tags(text) if links else text]
    actions = [action for action in message.actions if may_be_typed(action)]
    for action, (line, meaning) in zip(actions, offered(actions, codes, language), strict=True):
        if links and is_yes(action):
            link = typing_link(line, with_codes(action.label, codes))
            lines.append(translate(language, "passive-tap", link=link, typed=line))
        else:
            key = "passive-type-for" if meaning else "passive-type"
            lines.append(translate(language, key, typed=line, what=without_tags(meaning) if links else meaning))
    return "\n".join(lines)
