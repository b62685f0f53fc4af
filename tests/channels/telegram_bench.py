"""The Telegram channel alone, between a strict Telegram over real HTTP and an inbox that a test looks into."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from pydantic_settings import BaseSettings

from bot.channels.services import Remember, Services
from bot.channels.signing_secret import SigningSecret
from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Address, Incoming, Reply, VideoMessage
from bot.messages.i18n import translate
from tests.corpus import clip
from tests.fakes.botapi import TOKEN, TelegramFake
from tests.fakes.memory import Counts, Keys, no_alert
from tests.serving import served

S = TypeVar("S", bound=BaseSettings)

ME = Address("telegram", "42")


@dataclass
class Box:
    """The port's Inbox; the next `broken` batches cannot be stored."""

    batches: list[list[Incoming]] = field(default_factory=list)
    broken: int = 0
    refused: int = 0

    async def put(self, incoming: Sequence[Incoming], *, remember: Remember | None = None) -> frozenset[str]:
        if self.broken:
            self.broken -= 1
            self.refused += 1
            raise OSError("the disk is full of secrets people wrote")
        origins = frozenset(each.origin for each in incoming)
        if remember is not None:
            await remember(origins)
        self.batches.append(list(incoming))
        return origins

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        raise AssertionError("Telegram's answers are messages of their own")

    def anything(self) -> bool:
        return bool(self.batches)

    @property
    def all(self) -> list[Incoming]:
        return [each for batch in self.batches for each in batch]


class NoTranscript:
    async def add(self, chat_id: str, body: Mapping[str, Any]) -> int:
        raise AssertionError("Telegram keeps its own history")

    async def replace(self, chat_id: str, number: int, body: Mapping[str, Any]) -> None:
        raise AssertionError("Telegram keeps its own history")

    async def read(self, chat_id: str, *, after_change: int = 0) -> list[Mapping[str, Any]]:
        raise AssertionError("Telegram keeps its own history")


async def _no_language(_user: str) -> str | None:
    return None


def services(
    box: Box,
    settings: TelegramSettings,
    folder: Path,
    *,
    public_url: str | None = None,
    demo: bool = False,
    secret: SigningSecret | None = None,
) -> Services:
    def load(cls: type[S]) -> S:
        return settings  # type: ignore[return-value] # the only class that this channel asks for

    return Services(
        inbox=box,
        transcript=NoTranscript(),
        key_values=Keys(),
        send_quota=Counts(),
        translate=translate,
        alert=no_alert,
        language_of=_no_language,
        secret=secret or SigningSecret(b"s" * 32),
        videos_dir=folder,
        uploads_dir=folder,
        public_url=public_url,
        port=0,
        demo=demo,
        load=load,
    )


def settings(url: str, *, token: str | None = TOKEN, webhook: bool = False, local: bool = False) -> TelegramSettings:
    return TelegramSettings.offline(token=token, api_url=url, webhook=webhook, local=local)


@dataclass
class Bench:
    telegram: TelegramFake
    channel: Telegram
    box: Box
    rests: list[float]
    late_s: list[float]
    """By how much the channel's clock is ahead."""
    key_values: Keys
    again: Callable[[], Telegram]
    """Another process of the same installation."""


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    webhook: bool = False,
    public_url: str | None = None,
    answer_s: float = 5.0,
    press_s: float = 8.0,
    local: bool = False,
    server_local: bool = False,
    pace: Pace | None = None,
    secret: SigningSecret | None = None,
    **server: Any,
) -> AsyncIterator[Bench]:
    """Not started. Rests are short and written down. `local`: as it is set; the rest: what the fake is like."""
    fake = TelegramFake(state=folder / "telegram", local=server_local, **server)
    box, keys = Box(), Keys()
    rests, late_s = list[float](), list[float]()

    async def short(seconds: float) -> None:
        rests.append(seconds)
        await asyncio.sleep(0.01)

    async with served(fake) as fake.url:
        own = settings(fake.url, webhook=webhook, local=local)
        given = replace(services(box, own, folder, public_url=public_url, secret=secret), key_values=keys)
        made = list[Telegram]()

        def process() -> Telegram:
            made.append(
                Telegram(
                    given,
                    own,
                    poll_s=2,
                    answer_s=answer_s,
                    press_s=press_s,
                    sleep=short,
                    clock=lambda: time.monotonic() + sum(late_s),
                    pace=pace,
                )
            )
            return made[-1]

        try:
            yield Bench(fake, process(), box, rests, late_s, keys, process)
        finally:
            for each in made:
                await each.stop_intake()
                await each.stop()


def jpeg(size: tuple[int, int] = (640, 400)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "teal").save(out, "JPEG")
    return out.getvalue()


def film(folder: Path, **more: Any) -> VideoMessage:
    """A real mp4 with its still."""
    path = folder / "film.mp4"
    if not path.exists():
        clip(path, seconds=0.3)
    still = folder / "film.jpg"
    still.write_bytes(jpeg((320, 180)))
    given: dict[str, Any] = {"caption": "A fox", "width": 320, "height": 180, "duration_s": 5.2, "thumbnail": still}
    return VideoMessage(path=path, **{**given, **more})
