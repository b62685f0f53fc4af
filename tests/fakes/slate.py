"""A chat in memory, with the manifest and the limits of Telegram: what was shown in it, and what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.channels import telegram
from bot.channels.protocol import ChannelManifest, HttpRoute, PlainChannel
from bot.channels.types import Activity, Address, AttachmentRef, Limits, Message, SendError, SendOutcome, VideoMessage


@dataclass(frozen=True, slots=True)
class Line:
    """`edited`: the reference of the line whose place it took."""

    chat_id: str
    text: str
    job_id: str | None
    edited: str | None


@dataclass
class Slate(PlainChannel):
    """`refusals` are raised one after the other, before anything is shown. References: chat and line, `42:1`.

    `deletes`: it takes messages away when asked to.
    """

    limits: Limits = telegram.MANIFEST.limits
    lines: list[Line] = field(default_factory=list)
    signs: list[tuple[str, Activity]] = field(default_factory=list)
    refusals: list[SendError] = field(default_factory=list)
    deletes: bool = False
    deleted: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def manifest(self) -> ChannelManifest:
        return replace(telegram.MANIFEST, limits=self.limits)

    @property
    def name(self) -> str:
        return self.manifest.name

    def routes(self) -> Sequence[HttpRoute]:
        return ()

    async def start(self) -> None:
        """Nothing comes in here."""

    async def stop_intake(self) -> None:
        """As above."""

    async def stop(self) -> None:
        """Nothing is open."""

    def alive(self) -> bool:
        return True

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        raise SendError(SendOutcome.REJECTED, f"a slate keeps no {ref.kind}")

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        del reply_to
        self.asked += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.lines.append(Line(to.chat_id, message.text, message.job_id, replace))
        return replace or f"{to.chat_id}:{sum(line.chat_id == to.chat_id for line in self.lines)}"

    async def remove(self, to: Address, ref: str) -> bool:
        del to
        if self.deletes:
            self.deleted.append(ref)
        return self.deletes

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        raise SendError(SendOutcome.REJECTED, "a slate shows no films")

    async def busy(self, to: Address, activity: Activity) -> None:
        self.signs.append((to.chat_id, activity))

    async def check(self) -> str:
        return "a slate"
