"""The protocol of a chat: its manifest, and what every channel implements."""

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic_settings import BaseSettings

from bot.channels.services import Services
from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    FileMessage,
    Finding,
    Incoming,
    Limits,
    Message,
    Obstacle,
    SendError,
    SendOutcome,
    Toast,
    VideoMessage,
)


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

    async def examine(self, groups: Sequence[str]) -> Sequence[Finding]:
        """Look at what else may be wrong with this chat, without effect, for `doctor`; `groups`: ids that were let in.

        Raises SendError.
        """
        ...

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

    async def examine(self, groups: Sequence[str]) -> Sequence[Finding]:  # noqa: ARG002 - the protocol's name
        """Return nothing: `check` says all."""
        return ()

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


class Terminal(Protocol):
    """The terminal in which a console command was typed."""

    def option(self, name: str) -> str | None:
        """Return what stands behind `--name`; None: it was not given."""
        ...

    def say(self, text: str) -> None:
        """Print something before the command's own last line."""

    async def ask(self, question: str) -> str:
        """Ask for a line. Raises SendError where nobody can answer."""
        ...


@dataclass(frozen=True, slots=True)
class ConsoleOption:
    """An option of a console command: `--name VALUE`. `form`: what a value is made of, where not all can be meant."""

    name: str
    value: str
    help: str
    form: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class ConsoleCommand:
    """A console command of a chat: `reelbot <channel> <word>`, run once with the connected channel.

    `run` returns the line to print. Raises SendError. `under`: stands in the place of the channel's name, which several
    chats may share.
    """

    word: str
    help: str
    run: Callable[[ChannelPort, Terminal], Awaitable[str]]
    under: str | None = None
    options: tuple[ConsoleOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A setting of a chat that `reelbot setup` asks for. `words`: where a person finds it.

    `checked`: it is one of those that the chat's servers judge together. `make`: makes one for who types nothing.
    """

    name: str
    words: str
    secret: bool = True
    checked: bool = True
    optional: bool = False
    make: Callable[[], str] | None = None


TryCode = Callable[[str, str], Awaitable[bool]]
"""try_code(text, user's id) -> whether this private message was the code, and its sender is an admin now."""


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """How `reelbot setup` sets a chat up.

    `check(settings)` asks the chat's servers who we are and returns the name; raises SendError, NOT_SENT where they are
    silent. `steps(settings, account, public_url)`: what is left for a person to do. `say_code(account, code)`: how the
    code is sent to the bot; None where nobody becomes an admin by it. `watch(settings, try_code)` waits for the code
    while no bot runs, takes no message from it, and returns the sender's id; raises SendError. `public`: the chat works
    only with REELBOT_PUBLIC_URL. `alone`: a check would throw out a bot that runs, so then there is none.
    """

    questions: tuple[Question, ...]
    check: Callable[[Any], Awaitable[str]]
    steps: Callable[[Any, str, str | None], tuple[str, ...]]
    say_code: Callable[[str, str], str] | None = None
    watch: Callable[[Any, TryCode], Awaitable[str]] | None = None
    public: bool = False
    alone: bool = False


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
    our own folder; `keeps_files`: it keeps there what people send: so workers must share that. `is_set_up(channel)`: of
    a chat that is set up by a command, perhaps while the bot runs: it is built and started, but served only once that
    is so. None: as soon as it is connected. `setup`: None where `reelbot setup` does not know the chat.
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
    is_set_up: Callable[[ChannelPort], Awaitable[bool]] | None = None
    keeps_files: bool = False
    language: str = "en"
    setup: ChatSetup | None = None
