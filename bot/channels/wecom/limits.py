"""What WeCom takes of an AI bot, and how often."""

from dataclasses import dataclass, field

from bot.channels.budget import Kind, Rate, Windows
from bot.channels.types import Limits

TEXT_BYTES = 20_000  # of 20,480
TITLE_BYTES, DESCRIPTION_BYTES = 128, 512
IMAGE_BYTES = 100_000_000
SOURCE_BYTES = 100_000_000
LIMITS = Limits(
    video_bytes=9_500_000,
    image_bytes=IMAGE_BYTES,
    source_video_bytes=SOURCE_BYTES,
    text_chars=TEXT_BYTES,
    text_bytes=TEXT_BYTES,
    caption_bytes=DESCRIPTION_BYTES,
    edits=False,
    lone_photos=False,
    slashes=False,
)
UPLOADS = "uploads"
"""Stands for all uploads where chats are counted."""


@dataclass(frozen=True, slots=True)
class WeComRates:
    """The windows: 30 messages a minute and 1,000 an hour in each chat, and as many uploads.

    A margin is left, for what WeCom counts and we do not see; texts leave room for the videos.
    """

    overall: Windows = field(default_factory=dict)
    chat: Windows = field(
        default_factory=lambda: {
            (Kind.VIDEO, Kind.TEXT): Rate(28, 60.0),
            (Kind.VIDEO, Kind.TEXT, Kind.SIGN): Rate(960, 3600.0),
            (Kind.TEXT,): Rate(22, 60.0),
            (Kind.TEXT, Kind.SIGN): Rate(800, 3600.0),
        }
    )

    def of(self, chat: str) -> Windows:  # noqa: ARG002 - all chats are alike
        """Return the windows of a chat."""
        return self.chat
