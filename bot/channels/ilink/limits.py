"""What personal WeChat takes: for the manifest, and for the code that sends and fetches."""

from bot.channels.types import Limits

IMAGE_BYTES = 100_000_000
SOURCE_BYTES = 100_000_000
TEXT_CHARS = 4000
TEXT_BYTES = 12_000
LIMITS = Limits(
    video_bytes=9_500_000,
    image_bytes=IMAGE_BYTES,
    source_video_bytes=SOURCE_BYTES,
    text_chars=TEXT_CHARS,
    text_bytes=TEXT_BYTES,
    caption_bytes=1500,
    edits=False,
    passive_replies=True,
    unconfirmed_s=3600.0,
)
