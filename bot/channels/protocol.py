"""What a chat is to us: the nouns and the small protocol every channel implements. Imports nothing of ours."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic_settings import BaseSettings
from starlette.routing import BaseRoute

S = TypeVar("S", bound=BaseSettings)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes. `thread_id`: a topic inside the chat, where the chat has them."""

    channel: str
    chat_id: str
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A photo or video by the chat's own name for it; fetched only when a job needs it. `size` in bytes, if told."""

    kind: Literal["image", "video"]
    file_id: str
    size: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person said or pressed, in JSON-able values only: it is stored before it is confirmed to the chat.

    `account` is the bot, app or corp id, `event_id` unique within (channel, account, chat): together they are the
    origin key, so a repeated delivery starts nothing. `text` has the bot's own @name already removed. `attachment`
    is the message's own, or that of the message it replies to. `direct`: a private chat, or the bot was addressed.
    `pressed` holds a button's data (then `text` is empty), `reply_to` the chat's id of this message. `other` is what a
    person sent that no video can be made of ("voice", "location", "link", "file"), to be answered with what can. `tap`:
    pressed in a menu, which lets the bot speak less afterwards than a message does.
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
    other: Literal["voice", "location", "link", "file"] | None = None
    tap: bool = False

    @property
    def user(self) -> str:
        """The id that REELBOT_ACCESS lists: `telegram:42`."""
        return f"{self.address.channel}:{self.sender_id}"

    @property
    def origin(self) -> str:
        return f"{self.address.channel}:{self.account}:{self.address.chat_id}:{self.event_id}"


@dataclass(frozen=True, slots=True)
class Action:
    """A button, or on chats without buttons a code to type. `data` at most 64 bytes (Telegram's limit)."""

    label: str
    data: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text (no markup) with optional actions. `job_id` ties it to a job; `progress` 0..1 where known."""

    text: str
    actions: tuple[Action, ...] = ()
    job_id: str | None = None
    progress: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat's callback is answered with: a text, or a video that the chat holds already.

    `video` is the chat's own reference of that video; `text` then stands beside it, under `title`.
    """

    text: str
    video: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class VideoMessage:
    """A local mp4 ready for this chat (already within its limits). It cannot carry an address.

    `title`: for chats that show one above the caption.
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What differs between chats, as data. Sizes in bytes, gaps between two edits in seconds; `progress_bars`: the chat
    draws `Message.progress`. `mailbox`: no captions, no buttons, no status message, and the bot may not always speak
    first: photos wait for words, buttons are typed as codes, finished videos wait to be fetched (passive_replies.py).
    `per_message`, `per_tap`: how many messages of the bot a person's own one, or a tap on a menu, allows, and for how
    many seconds.
    """

    video_bytes: int
    image_bytes: int
    source_video_bytes: int = 100_000_000
    caption_chars: int = 1024
    text_chars: int = 4096
    text_bytes: int = 16_000
    edits: bool = True
    edit_gap_s: float = 3.0
    group_edit_gap_s: float = 6.0
    progress_bars: bool = False
    mailbox: bool = False
    per_message: tuple[int, float] | None = None
    per_tap: tuple[int, float] | None = None


class DeliveryError(Exception):
    """The chat did not take a message.

    verdict "retry": certainly not sent, try again after `after_s`; "doubt": bytes left and no answer came, it may have
    arrived; "gone": this person cannot be reached now (blocked, chat deleted); "refused": the chat will not take this
    file; "waits": the bot may not speak first now, and what it has to say goes out as the answer to the person's next
    message: `kept` is then the chat's reference of the video, good for `after_s` more seconds, or None. `moved_to`: the
    chat's new id (a Telegram group that became a supergroup). No secrets in `reason`.
    """

    def __init__(
        self,
        verdict: Literal["retry", "doubt", "gone", "refused", "waits"],
        reason: str,
        *,
        after_s: float = 0.0,
        moved_to: str | None = None,
        kept: str | None = None,
    ) -> None:
        super().__init__(verdict, reason)
        self.verdict = verdict
        self.reason = reason
        self.after_s = after_s
        self.moved_to = moved_to
        self.kept = kept


Activity = Literal["rendering", "uploading"]


class ChannelPort(Protocol):
    """A chat. Methods raise DeliveryError and nothing else for what the chat's servers do."""

    name: str
    limits: Limits

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes of this chat on the one server (webhooks, pages)."""

    async def start(self) -> None:
        """Begin to take messages. Returns soon: outside calls go on in the background and repeat until they work."""

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""

    async def stop(self) -> None:
        """Close everything."""

    def alive(self) -> bool:
        """False when the update loop has not turned lately: /healthz turns red."""

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Write the attachment's bytes to the file `into`. Raises DeliveryError."""

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Show a text; `replace` is the reference of an earlier one to change instead. Returns the reference."""

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Send the file as a native video message. Returns its reference."""

    async def busy(self, to: Address, activity: Activity) -> None:
        """The chat's "sending a video…" sign, for a few seconds. Never raises."""

    async def check(self) -> str:
        """For `doctor`: ask the chat's servers who we are, without effect. Raises DeliveryError with the reason."""


class Inbox(Protocol):
    async def put(self, incoming: Sequence[Incoming]) -> None:
        """Commit these before confirming them to the chat. Repeats are ignored. Strangers are answered, not stored."""

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        """Commit this message and wait for its answer, for a chat whose callback carries it. A repeat gets the same.

        None: not stored within `store_s`, or not answered within `answer_s`. Then nothing must be confirmed to the
        chat, so that it delivers the message again; an answer that nobody fetches in time is given by `show`.
        """


class KeyValue(Protocol):
    """A small durable memory of one channel, shared by all its processes: tokens, references of uploaded files.

    A value with `for_s` is gone after so many seconds. Keys begin with the channel's name.
    """

    async def get(self, key: str) -> str | None: ...
    async def put(self, key: str, value: str | None, *, for_s: float | None = None) -> None:
        """Set it; None takes it away."""

    async def swap(self, key: str, *, old: str | None, new: str, for_s: float | None = None) -> bool:
        """Set it only if it is `old` now (None: absent or gone). False, and nothing changes, otherwise."""


class Allowance(Protocol):
    """How often the bot may speak to a person unasked, where a chat counts that."""

    async def opened(self, user: str, kind: str, *, messages: int, for_s: float) -> None:
        """The person did something that allows `messages` within `for_s` seconds; it replaces the last of its kind."""

    async def closed(self, user: str) -> None:
        """The person has left: nothing is allowed any more."""

    async def spend(self, user: str) -> None:
        """One was sent."""

    async def left(self, user: str) -> int:
        """How many may still be sent now, as far as we know."""


class Journal(Protocol):
    """A durable list of what was said in a chat that has no server of its own to remember it (the web chat)."""

    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int: ...
    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None: ...
    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        """Entries changed after the given change number, oldest first: {"id", "change", "at", **body}."""


Say = Callable[..., str]
"""say(language, key, **facts) -> the sentence in that person's language."""


Alert = Callable[..., None]
"""alert(topic, key, **facts): say the sentence to the admins, at most once an hour for a topic. Returns at once."""


class RunAlone(Protocol):
    async def __call__(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop` (which ends by being cancelled) only while no other process of this installation does."""


async def _only_process(name: str, loop: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG001 - the protocol's name
    await loop()


class LoadSettings(Protocol):
    def __call__(self, cls: type[S]) -> S:
        """A channel's own settings class, read from environment and `.env`; in the demo from nothing at all."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a channel is handed when it is connected. `secret`: 32 bytes of this installation, for signing cookies and
    links. `demo`: open and offline; a channel must then ignore every credential. `language_of(user)`: the language a
    person has chosen with /language, or None. `run_alone(name, loop)`: for a loop of which there may be only one, such
    as one that asks for updates; while another process runs it, `alive` is not asked.
    """

    inbox: Inbox
    journal: Journal
    memory: KeyValue
    allowance: Allowance
    say: Say
    alert: Alert
    language_of: Callable[[str], Awaitable[str | None]]
    secret: bytes
    videos_dir: Path
    uploads_dir: Path
    public_url: str | None
    port: int
    demo: bool
    load: LoadSettings
    languages: tuple[str, ...] = ("en", "zh")
    run_alone: RunAlone = _only_process
