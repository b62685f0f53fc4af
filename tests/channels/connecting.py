"""A channel between its fake and an inbox that a rule looks into, behind the program's own HTTP server."""

import asyncio
import os
import stat
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pydantic import AliasChoices, SecretStr
from pydantic_settings import BaseSettings

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.services import Remember, S, Services
from bot.channels.signing_secret import SigningSecret
from bot.channels.types import Address, Incoming, Reply, SendError, VideoMessage
from bot.http.server import Health, NoWebhook, build
from bot.messages.i18n import translate
from tests.channels.stands import ServerStand, Stand
from tests.corpus import clip, jpeg
from tests.fakes.memory import Counts, Keys, Transcript, no_alert
from tests.serving import free_port, listener, served


@dataclass
class Box:
    """The protocol's Inbox. The next `broken` messages cannot be stored."""

    all: list[Incoming] = field(default_factory=list)
    broken: int = 0

    async def put(self, incoming: Sequence[Incoming], *, remember: Remember | None = None) -> frozenset[str]:
        if self.broken:
            self.broken -= 1
            raise OSError("the disk is full")
        origins = frozenset(each.origin for each in incoming)
        if remember is not None:
            await remember(origins)
        self.all += incoming
        return origins

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        """Taken without a word; None where it could not be stored."""
        try:
            await self.put([incoming])
        except OSError:
            return None
        return Reply("")


@dataclass
class Connected:
    """What a rule is given. The channel has been started, unless the rule wants it otherwise."""

    manifest: ChannelManifest
    channel: ChannelPort
    stand: Stand
    box: Box
    key_values: Keys
    folder: Path
    secrets: set[str]

    @property
    def server(self) -> ServerStand:
        assert isinstance(self.stand, ServerStand)
        return self.stand

    @property
    def person(self) -> Address:
        return Address(self.manifest.name, self.stand.person)

    async def refused(self, work: Awaitable[object]) -> SendError:
        """The error that this ends with. Nothing that could be printed of it holds a secret."""
        with pytest.raises(SendError) as caught:
            await work
        error = caught.value
        shown = f"{error!r} {error.reason} {''.join(traceback.format_exception(error))}"
        assert not [secret for secret in self.known_secrets() if secret in shown]
        return error

    def known_secrets(self) -> set[str]:
        return self.secrets | set(self.stand.issued)

    def film(self, **more: Any) -> VideoMessage:
        """A real mp4 with its still."""
        path, still = self.folder / "film.mp4", self.folder / "film.jpg"
        path.write_bytes(film_bytes())
        still.write_bytes(jpeg((320, 180)))
        video = VideoMessage(path, "A fox", 320, 180, 5.2, still, job_id="K3X9Q2A", title="Done")
        return replace(video, **more)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is so. TimeoutError when it never is."""
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.005)


class StandTerminal:
    """A console in which the stand answers, and nothing stands behind any option."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.lines: list[str] = []

    def option(self, name: str) -> str | None:
        return None

    def say(self, text: str) -> None:
        self.lines.append(text)

    async def ask(self, question: str) -> str:
        return await self.stand.answer(question)


@cache
def film_bytes() -> bytes:
    with TemporaryDirectory() as folder:
        return clip(Path(folder) / "film.mp4", seconds=0.3).read_bytes()


def variables_of(settings: type[BaseSettings]) -> dict[str, bool]:
    """The environment variables that a settings class reads, and whether each holds a secret."""
    found = {}
    for field_name, info in settings.model_fields.items():
        alias = info.validation_alias
        name = str(alias.choices[0]) if isinstance(alias, AliasChoices) else field_name.upper()
        found[name] = "SecretStr" in str(info.annotation)
    return found


def secrets_of(settings: BaseSettings) -> set[str]:
    """The values that nobody may see; of `account:secret` the part after the colon, too."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    whole = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    return whole | {each.partition(":")[2] for each in whole if ":" in each}


def services(folder: Path, *, box: Box, key_values: Keys, port: int = 0, demo: bool = False) -> Services:
    """As the program hands them out, settings from the environment."""

    def load(cls: type[S]) -> S:
        return cls()

    async def no_language(_user: str) -> str | None:
        return None

    for name in ("videos", "uploads", "assets"):
        (folder / name).mkdir(exist_ok=True)
    return Services(
        inbox=box,
        transcript=Transcript(),
        key_values=key_values,
        send_quota=Counts(),
        translate=translate,
        alert=no_alert,
        language_of=no_language,
        secret=SigningSecret(b"s" * 32),
        videos_dir=folder / "videos",
        uploads_dir=folder / "uploads",
        public_url=f"http://127.0.0.1:{port}",
        port=port,
        demo=demo,
        load=load,
    )


@asynccontextmanager
async def connected(
    manifest: ChannelManifest,
    stand: Stand,
    setenv: Callable[[str, str], None],
    *,
    away: bool = False,
    demo: bool = False,
) -> AsyncIterator[Connected]:
    """`away`: nobody listens where the chat's server should be. After all of it nothing of the channel is left."""
    box, key_values, sock = Box(), Keys(), listener()
    stand.box = box.all
    async with served_fake(stand, away=away):
        for name, value in stand.environment.items():
            setenv(name, value)
        await stand.prepare(key_values)
        given = services(stand.folder, box=box, key_values=key_values, port=sock.getsockname()[1], demo=demo)
        before = asyncio.all_tasks(), open_sockets()
        channel = manifest.connect(given)
        assert channel is not None
        made = Connected(manifest, channel, stand, box, key_values, stand.folder, secrets_of(manifest.settings()))
        web = build(health=Health(), assets_dir=stand.folder / "assets", webhook=NoWebhook(), routes=channel.routes())
        async with served(web, sock) as stand.ours:
            try:
                if manifest.is_set_up is not None:
                    assert await manifest.is_set_up(channel)
                await channel.start()
                if not away:
                    await stand.enter()
                yield made
            finally:
                await stand.close()
                await channel.stop_intake()
                await channel.stop()
        await nothing_left(*before)


@asynccontextmanager
async def served_fake(stand: Stand, *, away: bool) -> AsyncIterator[None]:
    if stand.fake is None or away:
        stand.url = f"http://127.0.0.1:{free_port()}"
        yield
        return
    async with served(stand.fake) as stand.url:
        yield


async def nothing_left(tasks: set[asyncio.Task[Any]], sockets: set[int]) -> None:
    """No task and no socket more than before, once the servers of the suite have seen the ends of their lines."""
    left: object = None
    try:
        async with asyncio.timeout(5):
            while (left := (asyncio.all_tasks() - tasks, open_sockets() - sockets)) != (set(), set()):
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"left behind after stop: {left}")


def open_sockets() -> set[int]:
    """The sockets of this process, by inode."""
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - Path.iterdir looks at each entry, also at its own
        try:
            state = os.fstat(int(name))
        except OSError:
            continue  # closed meanwhile: the listing's own
        if stat.S_ISSOCK(state.st_mode):
            found.add(state.st_ino)
    return found
