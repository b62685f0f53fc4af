"""What Telegram takes and gives: its own servers, and a server of one's own in local mode."""

import json
from dataclasses import replace

from bot.channels.memory import Memory
from bot.channels.types import Limits

FETCH_BYTES = 20_000_000  # the cloud Bot API hands out no larger files (core.telegram.org/bots/api#getfile)
LIMITS = Limits(video_bytes=49_000_000, image_bytes=FETCH_BYTES, source_video_bytes=FETCH_BYTES, files=True)
_LOCAL_VIDEO_BYTES = 1_990_000_000  # of 2000 MB, with room for what is sent around the file
_LOCAL_FETCH_BYTES = 2_000_000_000
_PHOTO_BYTES = 100_000_000  # what core/assets/publish.py takes
_KNOWN_FOR_S = 7 * 86_400.0


class Capacity:
    """What this server is assumed to take. In local mode that is 2 GB, until it says that a file is too big.

    Then it is what Telegram's own servers take, for a week.
    """

    def __init__(self, memory: Memory, *, local: bool) -> None:
        self._memory = memory
        self._local = local
        self._lowered: frozenset[str] = frozenset()

    @property
    def limits(self) -> Limits:
        """Return the limits as they are assumed now."""
        if not self._local:
            return LIMITS
        return replace(
            LIMITS,
            video_bytes=LIMITS.video_bytes if "uploads" in self._lowered else _LOCAL_VIDEO_BYTES,
            image_bytes=FETCH_BYTES if "downloads" in self._lowered else _PHOTO_BYTES,
            source_video_bytes=FETCH_BYTES if "downloads" in self._lowered else _LOCAL_FETCH_BYTES,
        )

    async def load(self) -> None:
        """Load what was learnt before."""
        known = await self._memory.get("lowered") if self._local else None
        self._lowered |= frozenset(json.loads(known)) if known else frozenset()

    async def lower_uploads(self) -> bool:
        """Assume less of uploads. False where nothing less is to be assumed."""
        return await self._lower("uploads")

    async def lower_downloads(self) -> bool:
        """Assume less of downloads, in the same way."""
        return await self._lower("downloads")

    async def _lower(self, what: str) -> bool:
        if not self._local or what in self._lowered:
            return False
        self._lowered |= {what}
        await self._memory.put("lowered", json.dumps(sorted(self._lowered)), for_s=_KNOWN_FOR_S)
        return True
