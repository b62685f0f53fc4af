"""A model of a chat with several people: it takes films, loses confirmations, refuses, is away.

Its books are its own: a film that was taken is there, whatever the program was told about it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.channels import telegram
from bot.channels.protocol import HttpRoute, PlainChannel
from bot.channels.types import Activity, Address, AttachmentRef, Message, SendError, SendOutcome, VideoMessage
from tests.prove.film import facts_of
from tests.prove.reach import Reached
from tests.prove.virtual import comes_to

Mood = Literal["takes", "away", "unconfirmed", "lost", "refuses", "gone", "slow"]
MOODS: tuple[Mood, ...] = ("away", "unconfirmed", "lost", "refuses", "gone", "slow")
_SENT_S = 0.4


@dataclass(frozen=True, slots=True)
class Film:
    """One that the chat took. `request`: by what stands in the file itself; `life`: of which process."""

    chat_id: str
    job_id: str | None
    request: str | None
    at: float
    life: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Text:
    chat_id: str
    job_id: str | None
    text: str
    at: float


@dataclass
class ChatBooks:
    """What all people of this chat have seen. `moods`: by person, and until when."""

    now: Callable[[], float]
    rng: random.Random
    reached: Reached
    films: list[Film] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    moods: dict[str, tuple[Mood, float]] = field(default_factory=dict)
    last_trouble: float = -1.0

    def mood(self, chat_id: str) -> Mood:
        mood, until = self.moods.get(chat_id, ("takes", 0.0))
        if until <= self.now():
            return "takes"
        self.last_trouble = self.now()
        self.reached.note(f"chat: {mood}")
        return mood


class ModelChat(PlainChannel):
    """The part of it that one process talks to. Takes the place of Telegram: it has Telegram's limits."""

    manifest = telegram.MANIFEST
    name = manifest.name
    limits = manifest.limits

    def __init__(self, books: ChatBooks, *, life: int) -> None:
        self._books = books
        self._life = life

    def routes(self) -> Sequence[HttpRoute]:
        return ()

    async def start(self) -> None:
        """Nothing comes in here: the world hands messages to the process itself."""

    async def stop_intake(self) -> None:
        """As above."""

    async def stop(self) -> None:
        """Nothing is open."""

    def alive(self) -> bool:
        return True

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        raise SendError(SendOutcome.REJECTED, f"the model keeps no {ref.kind}")

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        mood = await self._on_its_way(to)
        if mood != "lost":
            self._books.texts.append(Text(to.chat_id, message.job_id, message.text, self._books.now()))
        return self._answer(mood, f"t{len(self._books.texts)}")

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        content = video.path.read_bytes()
        mood = await self._on_its_way(to, video=True)
        facts = facts_of(content) or {}
        if mood != "lost":
            confirmed = mood != "unconfirmed"
            self._books.films.append(
                Film(to.chat_id, video.job_id, facts.get("request"), self._books.now(), self._life, confirmed)
            )
        return self._answer(mood, f"v{len(self._books.films)}")

    async def _on_its_way(self, to: Address, *, video: bool = False) -> Mood:
        """Raises what a chat says before anything was taken."""
        comes_to("chat")
        await asyncio.sleep(_SENT_S)
        mood = self._books.mood(to.chat_id)
        if mood == "slow":
            await asyncio.sleep(20.0)
        if mood == "away":
            raise SendError(SendOutcome.NOT_SENT, "away", after_s=2.0)
        if mood == "gone":
            raise SendError(SendOutcome.UNREACHABLE, "blocked")
        if mood == "refuses" and video:
            raise SendError(SendOutcome.REJECTED, "not this file")
        return mood

    @staticmethod
    def _answer(mood: Mood, ref: str) -> str:
        if mood in {"unconfirmed", "lost"}:
            raise SendError(SendOutcome.UNCONFIRMED, "no answer")
        return ref

    async def busy(self, to: Address, activity: Activity) -> None:
        await asyncio.sleep(0)

    async def check(self) -> str:
        return "the model"
