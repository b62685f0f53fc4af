"""What Telegram takes: for the manifest, and for the code that sends and fetches."""

from bot.channels.types import Limits

FETCH_BYTES = 20_000_000  # the cloud Bot API hands out no larger files (core.telegram.org/bots/api#getfile)
LIMITS = Limits(video_bytes=49_000_000, image_bytes=10_000_000, source_video_bytes=FETCH_BYTES)
