"""What an Official Account takes: for the manifest, and for the code that sends and fetches."""

from bot.channels.types import Limits

IMAGE_BYTES = 10_000_000
VIDEO_BYTES = 30_000_000
TEXT_BYTES = 2047
CAPTION_BYTES = 500
LIMITS = Limits(
    video_bytes=9_500_000,
    image_bytes=IMAGE_BYTES,
    source_video_bytes=VIDEO_BYTES,
    text_bytes=TEXT_BYTES,
    caption_bytes=CAPTION_BYTES,
    edits=False,
    passive_replies=True,
    typing_links=True,
    per_message=(5, 48 * 3600.0),
    per_tap=(3, 60.0),
    sounds=False,
)
