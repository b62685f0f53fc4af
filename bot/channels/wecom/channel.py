"""The AI bot of WeCom as a channel: its start and stop, and which part does what."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.routing import BaseRoute

from bot.channels.budget import Budget
from bot.channels.memory import Memory
from bot.channels.pace import Pace
from bot.channels.protocol import PlainChannel
from bot.channels.services import Services
from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    Incoming,
    Message,
    SendError,
    SendOutcome,
    Toast,
    VideoMessage,
)
from bot.channels.wecom import MANIFEST
from bot.channels.wecom.answers import Answers
from bot.channels.wecom.errors import NoRoom, send_error
from bot.channels.wecom.groups import Groups
from bot.channels.wecom.intake import Intake
from bot.channels.wecom.limits import WeComRates
from bot.channels.wecom.line import ANSWER_S, PING_S, Line
from bot.channels.wecom.media import Media
from bot.channels.wecom.parsing import Reader
from bot.channels.wecom.presses import Presses
from bot.channels.wecom.sender import Sender
from bot.channels.wecom.settings import WeComSettings
from bot.channels.wecom.uploads import Uploads
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_GROUPS_S = 30.0


class WeCom(PlainChannel):
    """The channel. `ping_s`, `answer_s`, `sleep` and `pace` are arguments for tests, which do not wait."""

    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(
        self,
        services: Services,
        settings: WeComSettings,
        *,
        ping_s: float = PING_S,
        answer_s: float = ANSWER_S,
        sleep: Sleep = asyncio.sleep,
        pace: Pace | None = None,
    ) -> None:
        self._services = services
        self._account = settings.bot_id or ""
        self._sleep = sleep
        self._pace = pace or Pace(Budget(WeComRates()), name="wecom", no_room=NoRoom, counts=services.call_counts)
        self._line = Line(
            services,
            settings,
            self._take,
            memory=self._memory("line"),
            ping_s=ping_s,
            answer_s=answer_s,
            sleep=sleep,
        )
        self._media = Media(services.uploads_dir, self._memory("link"), url=settings.url, sleep=sleep)
        self._groups = Groups(self._memory("groups"))
        answers = Answers(self._line, self._memory("answer"))
        self._presses = Presses(self._line, presses=self._memory("press"), cards=self._memory("card"))
        self._sender = Sender(
            self._line,
            self._pace,
            answers=answers,
            presses=self._presses,
            uploads=Uploads(self._line, self._pace, files=self._memory("file"), sessions=self._memory("upload")),
            words=self._memory("words"),
        )
        self._intake = Intake(
            services,
            reader=Reader(self._account, self._sender.find, settings.bot_name),
            answers=answers,
            presses=self._presses,
            media=self._media,
            groups=self._groups,
            sleep=sleep,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _memory(self, kind: str) -> Memory:
        return Memory(self._services.key_values, channel="wecom", account=self._account, kind=kind)

    def _take(self, frame: dict[str, object]) -> None:
        self._intake.take(frame)

    def routes(self) -> Sequence[BaseRoute]:
        """Return none: the bot connects to WeCom."""
        return []

    async def start(self) -> None:
        """Begin to keep the line, in the process that has the role."""
        for work, name in (
            (self._services.run_alone("wecom", self._line.run), "wecom line"),
            (self._intake.run(), "wecom messages"),
            (self._learn_groups(), "wecom groups"),
        ):
            self._tasks.append(asyncio.create_task(work, name=name))

    async def _learn_groups(self) -> None:
        while True:
            await self._groups.load()
            await self._sleep(_GROUPS_S)

    async def stop_intake(self) -> None:
        """Take no new message from now on; the line stays, for what is to be sent."""
        self._pace.hurry()
        self._intake.close()

    async def stop(self) -> None:
        """Close the line."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._intake.end()
        await self._media.close()
        self._pace.close()

    def alive(self) -> bool:
        """Return whether the line is kept, and messages are handled."""
        return self._line.alive() and not any(task.done() for task in self._tasks)

    async def check(self) -> str:
        """Say how the line stands; connect only where no program keeps it, which that would throw out."""
        problem = await self._line.problem()
        if problem is not None:
            raise SendError(SendOutcome.UNREACHABLE, problem)
        if await self._line.is_kept_elsewhere():
            return f"{self._account}: connected by the running bot (not asked anew: that would throw it out)"
        return f"{self._account}: connected" if self._line.is_connected else f"{self._account}: id and secret are right"

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Write the attachment to `into`. Raises SendError."""
        await self._media.fetch(ref, into, is_up=self._line.is_up)

    async def show(
        self,
        to: Address,
        message: Message,
        *,
        reply_to: str | None = None,
        replace: str | None = None,  # noqa: ARG002 - nothing can be changed
    ) -> str:
        """Show a text and return its reference. Raises SendError."""
        return await self._sender.show(to, message, reply_to=reply_to)

    async def send_video(
        self,
        to: Address,
        video: VideoMessage,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - a pushed message replies to none
    ) -> str:
        """Upload the film, send it as a native video, and return its reference. Raises SendError."""
        return await self._sender.send_video(to, video)

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget WeCom's names of these files. Never raises."""
        try:
            await self._sender.forget(files)
        except OSError as error:
            log.warning("names of uploads were not forgotten", extra={"error": type(error).__name__})

    async def retire(self, pressed: Incoming) -> None:
        """Tick off the button that was pressed."""
        await self._presses.retire(pressed)

    async def busy(self, to: Address, activity: Activity) -> None:
        """Do nothing: WeCom has no such sign outside of a stream."""

    async def toast(self, pressed: Incoming, toast: Toast) -> bool:
        """Show a few words on the card, to who pressed alone."""
        return await self._presses.toast(pressed, toast)

    @asynccontextmanager
    async def turn(self, to: Address) -> AsyncIterator[None]:
        """Wait for the turn of one text to this chat. Raises SendError."""
        turn = self._pace.turn(to.chat_id)
        try:
            await turn.__aenter__()
        except NoRoom as error:
            raise send_error(error) from None
        try:
            yield
        finally:
            await turn.__aexit__(None, None, None)

    def private(self, sender_id: str) -> Address | None:
        """Return the person's own chat, which is named like them."""
        return Address(self.name, sender_id)
