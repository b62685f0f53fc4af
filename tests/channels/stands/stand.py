"""What the contract needs of a chat's fake: one person who says things, and what they see."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from starlette.types import ASGIApp

from tests.fakes.memory import Keys


class Stand(ABC):
    """One chat with one person in it, who has spoken to the bot before. Each rule gets a fresh one.

    `fake` is served by the suite at `url`; None: a chat without a server of its own. `ours`: the program's own server.
    `person` and `group` are ids of chats; `group` None: there are none. `opens_in_demo`: it is there in the demo.
    """

    fake: ASGIApp | None = None
    person: str
    account: str
    group: ClassVar[str | None] = None
    opens_in_demo: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = self.ours = ""
        self.box: Sequence[Any] = ()  # what the program has stored, for a chat that is told nothing of that

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that connect the channel to the fake at `url`."""

    @property
    def issued(self) -> list[str]:
        """Secrets that the chat's server has handed out."""
        return []

    async def prepare(self, key_values: Keys) -> None:  # noqa: B027 - most need nothing
        """What a command has left in the channel's memory, before it is connected."""

    async def answer(self, question: str) -> str:
        """What is typed when one of the channel's console commands asks."""
        raise AssertionError(question)

    async def enter(self) -> None:  # noqa: B027 - most need nothing
        """The channel has started, and its routes are served at `ours`."""

    @abstractmethod
    async def says(self, text: str, *, photo: bytes | None = None, group: bool = False) -> None:
        """The person writes, or sends a photo, and the chat delivers it until it is confirmed."""

    @abstractmethod
    async def repeats(self) -> None:
        """The chat delivers the person's last message once more."""

    @abstractmethod
    async def texts(self) -> list[str]:
        """The bot's texts as the person sees them now, oldest first."""

    @abstractmethod
    async def videos(self) -> list[bytes]:
        """The files that play in the chat."""

    async def close(self) -> None:  # noqa: B027 - most need nothing
        """Let go of what the stand itself has opened."""


class ServerStand(Stand):
    """A chat with a server of its own, which can fail."""

    fake: ASGIApp

    @abstractmethod
    def loses_answers(self) -> None:
        """From now on what the bot sends is carried out, and the line ends before the answer."""

    @abstractmethod
    def cuts_files(self) -> None:
        """The next file that the bot fetches ends in the middle."""

    @abstractmethod
    def blocks(self) -> None:
        """The person wants nothing more of the bot."""
