"""The nouns that travel between a chat and the program. Imports nothing of ours."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Address:
    """The place an answer goes to. `thread_id`: a topic inside the chat, where the chat has them."""

    channel: str
    chat_id: str
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A photo, video or sound by the chat's own name for it; fetched only when a job needs it.

    `size` in bytes, where the chat states it. `kind`: "file" where only its bytes tell what it is.
    """

    kind: Literal["image", "video", "audio", "file"]
    file_id: str
    size: int | None = None
    duration_s: float | None = None


Other = Literal[
    "voice", "audio", "location", "link", "file", "sticker", "contact", "poll", "dice", "story", "paid", "unknown"
]
"""What a person sends that no video can be made of."""
Membership = Literal["unblocked", "added", "removed"]
"""What became of the bot in a chat: a person lets it write again, a group has taken it in, either has put it out."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that a person's own one replies to or quotes.

    `ref`: the chat's id of it, as `Incoming.reply_to` has it or as `show` and `send_video` returned it; None where the
    chat does not say. `ours`: the bot wrote it. `other`: it is something no video can be made of.
    """

    ref: str | None = None
    text: str = ""
    attachment: AttachmentRef | None = None
    other: Other | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person said or pressed. JSON-able values only: it is stored before it is confirmed to the chat.

    `account` is the bot, app or corp id, `event_id` unique within (channel, account, chat): together they are the
    origin key, so a repeated delivery starts nothing. `text` has the bot's own @name already removed. `attachment`
    is the message's own, `quoted` the message it replies to. `also`: further photos of the same job, where one is made
    of several (`attachment` is then the first of them). `direct`: a private chat, or the bot was addressed;
    `private`: nobody else reads there. `pressed` holds a button's data (then `text` is empty), `reply_to` the chat's id
    of this message, or of the one that the button stands on. `other` is what a person sent that no video can be made
    of, to be answered with what can. `tap`: pressed in a menu, which lets the bot speak less afterwards than a message
    does. `forwarded`: the words and files are not the sender's own (a forward, another bot's by their hand).
    `transcript`: the text was heard, not typed. `album`: the same for all items of one album. `edits`: the event id of
    the message that this one is a newer version of. `at`: when it was sent, milliseconds UTC by the chat's clock.
    `anonymous`: the sender speaks for the whole group, as its anonymous admins do. `name`: as the chat shows them.
    `membership`: nothing was said; the bot was let in or put out. `agreed`: the price that stood on the sender's own
    button as they sent this, for exactly this ("$0.70").
    """

    address: Address
    account: str
    event_id: str
    sender_id: str
    text: str = ""
    language: str | None = None
    attachment: AttachmentRef | None = None
    direct: bool = True
    reply_to: str | None = None
    pressed: str | None = None
    other: Other | None = None
    tap: bool = False
    quoted: Quoted | None = None
    private: bool = True
    forwarded: bool = False
    transcript: bool = False
    album: str | None = None
    edits: str | None = None
    at: int | None = None
    anonymous: bool = False
    name: str | None = None
    membership: Membership | None = None
    agreed: str | None = None
    also: tuple[AttachmentRef, ...] = ()

    @property
    def sources(self) -> tuple[AttachmentRef, ...]:
        """Return the photos or the video that a job is made of, in their order."""
        return (self.attachment, *self.also) if self.attachment is not None else ()

    @property
    def user(self) -> str:
        """Return the id that REELBOT_ACCESS lists: `telegram:42`."""
        return f"{self.address.channel}:{self.sender_id}"

    @property
    def origin(self) -> str:
        """Return the key that is the same for every delivery of this message."""
        return f"{self.address.channel}:{self.account}:{self.address.chat_id}:{self.event_id}"


@dataclass(frozen=True, slots=True)
class Action:
    """A button, or on chats without buttons a code to type. `data` at most 64 bytes (Telegram's limit).

    `url`: the button opens this place instead of saying something to the bot; its `data` is empty.
    """

    label: str
    data: str
    danger: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A plain text (no markup) with optional actions. `job_id` ties it to a job; `progress` 0..1 where known.

    `long`: a text to be shown folded, where the chat can fold, below `text`. `asks`: the person's next words are the
    answer, so a chat that can opens its keyboard for them. `in_place`: where it answers a press, it takes the place of
    the message that the button stands on. `only_for`: the person whom it concerns alone: a chat that can shows it to
    nobody else; others show it to all, so it holds nothing that they may not read. `table`: what `text` says below its
    first line once more, in rows whose first is the head: a chat that draws tables shows that instead, and under it
    `below_table`, which is a part of `text` as well. `narrow_table`, with `below_narrow`: the same in few, short
    columns where `table` has many, for a chat that can do no more than line up its letters.
    """

    text: str
    actions: tuple[Action, ...] = ()
    job_id: str | None = None
    progress: float | None = None
    long: str = ""
    asks: bool = False
    in_place: bool = False
    only_for: str | None = None
    table: tuple[tuple[str, ...], ...] = ()
    below_table: str = ""
    narrow_table: tuple[tuple[str, ...], ...] = ()
    below_narrow: str = ""


@dataclass(frozen=True, slots=True)
class Toast:
    """A few words that only the person who pressed a button sees, over the chat; nothing is left of them there.

    `needed`: where they cannot be shown so they are a message; else the card of the job says the same.
    """

    text: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a chat's callback: a text, or a video that the chat holds already.

    `video` is the chat's own reference of that video; `text` then stands beside it, under `title`.
    """

    text: str
    video: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class VideoMessage:
    """A local mp4 ready for this chat (already within its limits). It cannot carry an address.

    `title`: for chats that show one above the caption. `cover`: a still of the film's own size, where there is one; the
    thumbnail is small.
    """

    path: Path
    caption: str
    width: int
    height: int
    duration_s: float
    thumbnail: Path | None
    actions: tuple[Action, ...] = ()
    job_id: str | None = None
    title: str = ""
    cover: Path | None = None


@dataclass(frozen=True, slots=True)
class FileMessage:
    """A local file to be handed over as it is: no chat makes a smaller copy of it. It cannot carry an address."""

    path: Path
    caption: str
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a chat, as data. Sizes in bytes.

    `progress_bars`: the chat draws `Message.progress`. `keeps_cards`: the card of a job that is over stays as one
    line, where there is room for it. `passive_replies`: no captions, no buttons, no status message, and the bot may
    not always speak first: photos wait for words, buttons are typed as codes, finished videos wait to be fetched.
    `typing_links`: a text may hold links that type a line for whoever taps them. `per_message`, `per_tap`: how many
    messages of the bot a person's own one, or a tap on a menu, allows, and for how many seconds. `files`: the chat
    hands over files of up to `video_bytes` unchanged. `caption_bytes`: of the words beside a video, in UTF-8.
    `lone_photos`: a photo that stands alone reaches the bot in groups, too; else only in one message with words
    that address it, or as what these reply to. `unconfirmed_s`: a chat that often takes a video without confirming
    it: its owner is asked with their next message only, and an unconfirmed one counts as delivered so many seconds
    later. `slashes`: people type commands with a slash there, and a photo may have a caption. `sounds`: a person can
    send a song or a recording as a file.
    """

    video_bytes: int
    image_bytes: int
    source_video_bytes: int = 100_000_000
    caption_chars: int = 1024
    text_chars: int = 4096
    text_bytes: int = 16_000
    caption_bytes: int = 16_000
    edits: bool = True
    progress_bars: bool = False
    keeps_cards: bool = False
    passive_replies: bool = False
    typing_links: bool = False
    files: bool = False
    per_message: tuple[int, float] | None = None
    per_tap: tuple[int, float] | None = None
    unconfirmed_s: float | None = None
    lone_photos: bool = True
    slashes: bool = True
    sounds: bool = True


class SendOutcome(StrEnum):
    """The outcome of a message that was not delivered."""

    NOT_SENT = "not_sent"  # certainly: try again after `after_s`
    UNCONFIRMED = "unconfirmed"  # bytes left and no answer came: it may have arrived
    UNREACHABLE = "unreachable"  # this person cannot be reached now: blocked, chat deleted
    REJECTED = "rejected"  # the chat will not take this
    MUST_WAIT = "must_wait"  # the bot may not speak first now: it goes out as the answer to the person's next message


Obstacle = Literal["no-video-right", "no-right", "removed", "topic-closed"]
"""What is known to keep a video from a chat before it is tried."""

Refusal = Literal["file", "content"]
"""What a chat does not like of a file: how it is made, which another copy may mend, or what it shows."""


class SendError(Exception):
    """A message that the chat did not take.

    `after_s`: when to try again, at the earliest. `uploaded_ref`: of MUST_WAIT, the chat's reference of the video, good
    for `after_s` more seconds; None: then `after_s` says when to try unasked, where the chat says that.
    `moved_to`: the chat's new id (a Telegram group that became a supergroup).
    `obstacle`: of UNREACHABLE, what stands between the bot and this chat, where that is known: there its owner can be
    told in private. `refusal`: of REJECTED, that it is this very file which the chat does not take.
    No secrets in `reason`.
    """

    def __init__(
        self,
        outcome: SendOutcome,
        reason: str,
        *,
        after_s: float = 0.0,
        moved_to: str | None = None,
        uploaded_ref: str | None = None,
        obstacle: Obstacle | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(outcome, reason)
        self.outcome = outcome
        self.reason = reason
        self.after_s = after_s
        self.moved_to = moved_to
        self.uploaded_ref = uploaded_ref
        self.obstacle = obstacle
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check of `doctor`, and how to mend what is wrong. No secret is in it."""

    name: str
    state: Literal["ok", "wrong", "warn", "off", "info"]
    text: str


Activity = Literal["rendering", "uploading"]
