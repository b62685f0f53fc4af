"""Measures how long a stored video is, in the background, while the person still thinks of words.

An edit is priced by its seconds, and the dearest price of an unknown length would have to be asked about.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.channels.protocol import ChannelPort
from bot.channels.types import AttachmentRef, Incoming, SendError
from bot.store import Store
from core import media
from core.errors import VideoError

log = logging.getLogger(__name__)

_LOOK_S = 120.0
_AT_ONCE = 2


class DurationProber:
    """The measuring of waiting videos."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort]) -> None:
        self._store = store
        self._channels = channels
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, incoming: Incoming) -> None:
        """Begin to measure; returns at once. Without a result the price stays the upper bound, which is asked about."""
        attachment = incoming.attachment
        if attachment is not None and attachment.kind == "video" and attachment.duration_s is None:
            task = asyncio.create_task(self._probe(incoming, attachment))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Stop measuring."""
        for task in self._tasks:
            task.cancel()

    async def _probe(self, incoming: Incoming, attachment: AttachmentRef) -> None:
        try:
            async with self._places, asyncio.timeout(_LOOK_S):
                with TemporaryDirectory(prefix="reelbot-look-") as folder:
                    path = Path(folder) / "video"
                    await self._channels[incoming.address.channel].fetch(attachment, path)
                    found = await media.probe(path)
                measured = replace(attachment, duration_s=found.duration_s, size=found.size)
                await self._store.pending_uploads.measured(incoming.user, measured)
        except (SendError, VideoError, TimeoutError, OSError) as error:
            log.info("a video was not looked at", extra={"reason": type(error).__name__})
