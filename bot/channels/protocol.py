"""The protocol of a chat: its manifest, what every channel implements, and what a channel is handed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic_settings import BaseSettings

from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    FileMessage,
    Incoming,
    Limits,
    Message,
    Obstacle,
    Reply,
    SendError,
    SendOutcome,
    Toast,
    VideoMessage,
)

S = TypeVar("S", bound=BaseSettings)


class HttpRoute(Protocol):
    """A route of Starlette, named by its shape: who reads a manifest loads no web server."""

    def matches(self, scope: Any) -> tuple[Any, Any]:
        """Match a request, as Starlette's routes do."""
        ...


class ChannelPort(Protocol):
    """A chat that is connected. Methods raise SendError and nothing else for what the chat's servers do."""

    @property
    def manifest(self) -> "ChannelManifest":
        """Return the chat's manifest."""
        ...

    @property
    def name(self) -> str:
        """Return the manifest's name."""

    @property
    def limits(self) -> Limits:
        """Return the manifest's limits."""

    def routes(self) -> Sequence[HttpRoute]:
        """Return the HTTP routes of this chat (webhooks, pages), all below the manifest's `routes`."""

    async def start(self) -> None:
        """Begin to take messages. Returns soon: outside calls go on in the background and repeat until they work."""

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""

    async def stop(self) -> None:
        """Close everything."""

    def alive(self) -> bool:
        """Return False when the update loop has not turned lately: /healthz turns red."""

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Write the attachment's bytes to the file `into`. Raises SendError."""

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Show a text and return its reference; `replace` is the reference of an earlier one to change instead.

        Where the earlier one is not there any more nothing is shown: REJECTED. Where there is no room for a change now
        it is NOT_SENT, at once; nothing that is changed waits.
        """

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Send the file as a native video message and return its reference."""

    async def send_file(self, to: Address, file: FileMessage, *, reply_to: str | None = None) -> str:
        """Hand the file over unchanged, where the chat does that (`Limits.files`), and return its reference."""
        ...

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget by what names the chat's servers hold these files: they are being deleted. Never raises."""

    async def retire(self, pressed: Incoming) -> None:
        """Disable the button that was pressed, or remove it where the chat cannot. Never raises."""

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show the chat's "sending a video…" sign, for a few seconds. Never raises."""

    async def check(self) -> str:
        """Ask the chat's servers who we are, without effect, for `doctor`. Raises SendError with the reason."""

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:
        """Show a few words to the person who pressed, and to nobody else. False where they were not shown."""
        ...

    async def remove(self, to: Address, ref: str) -> bool:
        """Delete one of our own messages. False where the chat does not, or not any more."""
        ...

    def turn(self, to: Address) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of one text to this chat: `show` inside sends it at once. Raises SendError."""
        ...

    async def obstacle(self, to: Address) -> Obstacle | None:
        """Return what is known to keep a video from this chat; asks the chat at most now and then. Never raises."""
        ...

    async def is_admin_of(self, to: Address, sender_id: str) -> bool:
        """Return whether this person is an admin of that group, as the chat said lately. Never raises."""
        ...

    def private(self, sender_id: str) -> Address | None:
        """Return the address of a person's own chat with the bot; None where there is no such thing."""
        ...

    async def opening_link(self, sender_id: str, code: str, *, once: bool = True) -> str | None:
        """Return a link by which a person opens the bot, where the chat wants that before the bot may write to them.

        `code` comes back with it, as what /start carries. `once`: with one code a day. None: not needed, or nobody can
        tell. Never raises.
        """
        ...


class PlainChannel:
    """The answers of a chat that has no toasts, no groups and nothing to take back: a base for channels."""

    async def send_file(self, to: Address, file: FileMessage, *, reply_to: str | None = None) -> str:  # noqa: ARG002 - the protocol's names
        """Raise SendError: the chat hands over no files."""
        raise SendError(SendOutcome.REJECTED, "this chat takes no files")

    async def forget(self, files: Sequence[Path]) -> None:
        """Do nothing: the chat has no names for files."""

    async def retire(self, pressed: Incoming) -> None:
        """Do nothing: there are no buttons."""

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:  # noqa: ARG002 - the protocol's names
        """Show nothing."""
        return False

    async def remove(self, to: Address, ref: str) -> bool:  # noqa: ARG002 - the protocol's names
        """Delete nothing."""
        return False

    def turn(self, to: Address) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 - the protocol's name
        """Wait for nothing."""
        return nullcontext()

    async def obstacle(self, to: Address) -> Obstacle | None:  # noqa: ARG002 - the protocol's name
        """Return None: nothing is known."""
        return None

    async def is_admin_of(self, to: Address, sender_id: str) -> bool:  # noqa: ARG002 - the protocol's names
        """Return False: there are no groups."""
        return False

    def private(self, sender_id: str) -> Address | None:  # noqa: ARG002 - the protocol's name
        """Return None: every chat is a person's own."""
        return None

    async def opening_link(
        self,
        sender_id: str,  # noqa: ARG002 - the protocol's name
        code: str,  # noqa: ARG002 - the protocol's name
        *,
        once: bool = True,  # noqa: ARG002 - the protocol's name
    ) -> str | None:
        """Return None: nobody has to open anything."""
        return None


class Inbox(Protocol):
    """The inbox as a channel sees it."""

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

    async def get(self, key: str) -> str | None:
        """Return the value, or None when it is absent or has lapsed."""
        ...

    async def put(self, key: str, value: str | None, *, for_s: float | None = None) -> None:
        """Set the value; None removes it."""

    async def swap(self, key: str, *, old: str | None, new: str, for_s: float | None = None) -> bool:
        """Set the value only if it is `old` now (None: absent or lapsed). False, and nothing changes, otherwise."""


class SendQuota(Protocol):
    """A count of how often the bot may still speak to a person unasked, where a chat limits that."""

    async def opened(self, user: str, kind: str, *, messages: int, for_s: float) -> None:
        """Allow `messages` within `for_s` seconds, for what the person did; it replaces the last of its kind."""

    async def closed(self, user: str) -> None:
        """Allow nothing any more: the person has left."""

    async def spend(self, user: str) -> None:
        """Count one message as sent."""

    async def left(self, user: str) -> int:
        """Return how many may still be sent now, as far as we know."""


class CallCounts(Protocol):
    """A count of calls over all processes of the installation, where a chat's servers limit the sum of them."""

    def processes(self) -> int:
        """Return how many processes serve this installation, as known lately."""
        ...

    async def take(self, key: str, rates: Mapping[str, tuple[int, float]]) -> float:
        """Count one call under `key` in each of the windows, if all have room; each is at most so many in so long.

        Returns 0.0, or after how many seconds there may be room.
        """
        ...


class Invitations(Protocol):
    """The guests of a chat that has no accounts of its own (the web chat)."""

    async def redeem(self, secret: str) -> tuple[str, str] | None:
        """Spend the secret of a link, once, and return the guest's name and series; None for one that is void."""
        ...

    async def holds(self, name: str, series: str) -> bool:
        """Return whether that guest's invitation still holds."""
        ...


class NoGuests:
    """Nobody is invited."""

    async def redeem(self, secret: str) -> tuple[str, str] | None:  # noqa: ARG002 - the protocol's name
        """Return None."""
        return None

    async def holds(self, name: str, series: str) -> bool:  # noqa: ARG002 - the protocol's names
        """Return False."""
        return False


class Transcript(Protocol):
    """A durable list of what was said in a chat that has no server of its own to remember it (the web chat)."""

    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int:
        """Append an entry and return its number."""
        ...

    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None:
        """Replace the entry with this number."""
        ...

    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        """Return the entries changed after this change number, oldest first: {"id", "change", "at", **body}."""


Translate = Callable[..., str]
"""translate(language, key, **facts) -> the sentence in that person's language."""


Alert = Callable[..., None]
"""alert(topic, key, **facts): say the sentence to the admins, at most once an hour for a topic. Returns at once."""


class RunAlone(Protocol):
    """A way to run a loop in one process of the installation."""

    async def __call__(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop` (which ends by being cancelled) only while no other process of this installation does."""


async def _only_process(name: str, loop: Callable[[], Awaitable[None]]) -> None:  # noqa: ARG001 - the protocol's name
    await loop()


async def _no_quote(_incoming: Incoming) -> str | None:
    """Return None: no price stands on any send button."""


async def _nothing_moves(channel: str, old: str, new: str) -> None:
    """Do nothing: a chat whose groups keep their ids."""


class LoadSettings(Protocol):
    """A way to load a channel's own settings."""

    def __call__(self, cls: type[S]) -> S:
        """Load the settings class from environment and `.env`; in the demo from nothing at all."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that a channel is handed when it is connected.

    `secret`: 32 bytes of this installation, for signing cookies and links. `demo`: open and offline; a channel must
    then ignore every credential. `language_of(user)`: the language a person has chosen with /language, or None.
    `pick_language(code)`: the one of `languages` for a language code, or for a browser's list of them.
    `moved(channel, old, new)`: a group has another chat id now; to be called before anything is confirmed to the chat.
    `quote(incoming)`: the price that may stand on the send button for this message, which is not stored; or None.
    `run_alone(name, loop)`: for a loop of which there may be only one, such as one that asks for updates; while another
    process runs it, `alive` is not asked. `call_counts`: None where this process is the only one.
    """

    inbox: Inbox
    transcript: Transcript
    key_values: KeyValue
    send_quota: SendQuota
    translate: Translate
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
    pick_language: Callable[[str | None], str] = lambda _code: "en"
    run_alone: RunAlone = _only_process
    quote: Callable[[Incoming], Awaitable[str | None]] = _no_quote
    moved: Callable[[str, str, str], Awaitable[None]] = _nothing_moves
    call_counts: CallCounts | None = None
    invitations: Invitations = field(default_factory=NoGuests)


@dataclass(frozen=True, slots=True)
class ConsoleCommand:
    """A console command of a chat: `reelbot <channel> <word>`, run once with the connected channel.

    `run` returns the line to print. Raises SendError.
    """

    word: str
    help: str
    run: Callable[[ChannelPort], Awaitable[str]]


def no_groups(_chat_id: str) -> bool:
    """Return False: every chat is of two people only."""
    return False


def any_id(_ident: str) -> str | None:
    """Return None: every id may be listed."""
    return None


@dataclass(frozen=True, slots=True)
class ChannelManifest:
    """What a chat is, known before anything of it is loaded: the `MANIFEST` of its folder.

    `name` begins its ids in REELBOT_ACCESS (`telegram:42`), `title` is for people. `settings`: its own settings class.
    `connect` loads the chat's SDK and gives the channel; None where it is not set up; raises ValueError where it is set
    up by halves. `hint` tells an operator how to connect it. `is_group(chat_id)`: several people read there.
    `id_problem(ident)`: what is wrong with an id that REELBOT_ACCESS lists, or None. `routes`: the paths it serves; one
    that ends with a slash stands for all below it, but for `/` itself. `serves_files`: its pages play the films from
    our own folder, so workers must share that.
    """

    name: str
    title: str
    settings: type[BaseSettings]
    limits: Limits
    connect: Callable[[Services], ChannelPort | None]
    hint: str
    is_group: Callable[[str], bool] = no_groups
    id_problem: Callable[[str], str | None] = any_id
    commands: tuple[ConsoleCommand, ...] = ()
    routes: tuple[str, ...] = ()
    serves_files: bool = False
    language: str = "en"
