"""What a channel is handed when it is connected: the program's services, each by its protocol."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic_settings import BaseSettings

from bot.channels.signing_secret import SigningSecret
from bot.channels.types import Incoming, Reply

S = TypeVar("S", bound=BaseSettings)


Remember = Callable[[frozenset[str]], Awaitable[None]]
"""remember(origins): keep what answering these messages needs; they are of people who may ask."""


class Inbox(Protocol):
    """The inbox as a channel sees it."""

    async def put(self, incoming: Sequence[Incoming], *, remember: Remember | None = None) -> frozenset[str]:
        """Commit these before confirming them to the chat, and return the origins of those that are kept.

        Repeats are ignored. Strangers are answered, not stored: so a channel keeps, fetches or shows nothing for a
        message before it is in what `remember` is called with, once, before anything is stored or answered. What takes
        room or time, such as a download, is begun for what is returned: that leaves out what is too much as well.
        """
        ...

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


class Relay(Protocol):
    """A way to the process that has a chat's only connection, for the others of this installation."""

    async def ask(self, name: str, request: str, *, wait_s: float, answer_s: float) -> str | None:
        """Have the request carried out there and return its answer.

        None: nobody took it within `wait_s`, and nobody will. "": it was taken, and no answer came within `answer_s`.
        """
        ...

    async def serve(self, name: str, answer: Callable[[str], Awaitable[str]]) -> None:
        """Answer the requests of others until cancelled."""
        ...


class Invitations(Protocol):
    """The guests of a chat that has no accounts of its own (the web chat)."""

    async def redeem(self, secret: str) -> tuple[str, str] | None:
        """Spend the secret of a link, once, and return the guest's name and series; None for one that is void."""
        ...

    async def holds(self, name: str, series: str) -> bool:
        """Return whether that guest's invitation still holds."""
        ...


@dataclass(frozen=True, slots=True)
class PageView:
    """What stands on a page for admins: plain texts. `image`: an SVG. `question`: one line is asked for, by `button`.

    `moves`: it is looked at again by itself.
    """

    title: str
    text: str
    image: bytes | None = None
    question: str | None = None
    button: str | None = None
    moves: bool = False


class AdminPage(Protocol):
    """A page of a chat, which the web chat shows to admins, where it is on."""

    async def view(self, language: str) -> PageView:
        """Return what stands there now, in this language."""
        ...

    async def press(self, answer: str) -> None:
        """Take the press of the button, with what was typed."""


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


def _nobody_owns(channel: str, users: Mapping[str, str]) -> None:
    """Do nothing: a chat whose people are let in by settings and admins alone."""


def _hides_nothing(secret: str) -> None:
    """Do nothing: the chat's secrets stand in its settings."""


async def _nothing_moves(channel: str, old: str, new: str) -> None:
    """Do nothing: a chat whose groups keep their ids."""


class LoadSettings(Protocol):
    """A way to load a channel's own settings."""

    def __call__(self, cls: type[S]) -> S:
        """Load the settings class from environment and `.env`; in the demo from nothing at all."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that a channel is handed when it is connected.

    `secret`: for signing cookies and links; another process may replace it. `demo`: open and offline; a channel must
    then ignore every credential. `language_of(user)`: the language a person has chosen with /language, or None.
    `pick_language(code)`: the one of `languages` for a language code, or for a browser's list of them.
    `moved(channel, old, new)`: a group has another chat id now; to be called before anything is confirmed to the chat.
    `quote(incoming)`: the price that may stand on the send button for this message, which is not stored; or None.
    `admin_pages`: a channel puts its page there, by a short name; the web chat shows it at `/chat/admin/NAME` to those
    who are admins by `is_admin(user)`.
    `owners(channel, users)`: these people have made an account of this chat theirs, each by the id of that account:
    they are let in, and are admins of it; this takes the place of what was said before. `hide(secret)`: no log
    shows it from now on. `run_alone(name, loop)`: for a loop of which there may be only one, such as one that asks
    for updates; while another process runs it, `alive` is not asked. `call_counts`, `relay`: None where this
    process is the only one.
    """

    inbox: Inbox
    transcript: Transcript
    key_values: KeyValue
    send_quota: SendQuota
    translate: Translate
    alert: Alert
    language_of: Callable[[str], Awaitable[str | None]]
    secret: SigningSecret
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
    admin_pages: dict[str, AdminPage] = field(default_factory=dict)
    is_admin: Callable[[str], bool] = lambda _user: False
    owners: Callable[[str, Mapping[str, str]], None] = _nobody_owns
    hide: Callable[[str], None] = _hides_nothing
    relay: Relay | None = None
    invitations: Invitations = field(default_factory=NoGuests)
