"""Looks into files that people send: what they are, where only the bytes tell, and how long a video or sound is."""

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
from core.errors import MediaError, VideoError
from core.types import Kind

log = logging.getLogger(__name__)

_LOOK_S = 120.0
_KIND_S = 30.0
_AT_ONCE = 2
_MEASURED = frozenset({"video", "audio"})


class SourceProber:
    """The look into files."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort]) -> None:
        self._store = store
        self._channels = channels
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def known(self, incoming: Incoming) -> Incoming:
        """Return the message with its files' kinds, by their bytes; one that no film can be made of is `other`.

        A file that cannot be had now counts as such, too: its sender is told, and nothing is bought without it. A video
        of which its chat does not say how long it is (WeCom, a quote) is measured where nobody waits by the second:
        at the price of the longest it would stand above most caps. A sound is always measured: its seconds are billed.
        """
        attachment, quoted = incoming.attachment, incoming.quoted
        if attachment is not None and attachment.kind == "file":
            found = await self._kind(incoming, attachment)
            incoming = replace(incoming, attachment=found, other=incoming.other if found else "file")
        if quoted is not None and quoted.attachment is not None and quoted.attachment.kind == "file":
            found = await self._kind(incoming, quoted.attachment)
            quoted = replace(quoted, attachment=found, other=quoted.other if found else "file")
        if self._channels[incoming.address.channel].limits.passive_replies:
            return replace(incoming, quoted=quoted)
        attachment = await self._measured(incoming, incoming.attachment)
        if quoted is not None:
            quoted = replace(quoted, attachment=await self._measured(incoming, quoted.attachment))
        return replace(incoming, attachment=attachment, quoted=quoted)

    async def _measured(self, incoming: Incoming, attachment: AttachmentRef | None) -> AttachmentRef | None:
        """Return the video or sound with its length, where that can be had."""
        if attachment is None or attachment.kind not in _MEASURED or attachment.duration_s is not None:
            return attachment
        found = await self._kind(incoming, attachment)
        return attachment if found is None or found.kind not in {attachment.kind, "audio"} else found

    async def _kind(self, incoming: Incoming, attachment: AttachmentRef) -> AttachmentRef | None:
        limits = self._channels[incoming.address.channel].limits
        if attachment.size is not None and attachment.size > max(limits.image_bytes, limits.source_video_bytes):
            return replace(attachment, kind="video")  # too large to look at, and for anything: so it is said
        try:
            async with self._places, asyncio.timeout(_KIND_S):
                return await self._inspect(incoming, attachment)
        except (SendError, VideoError, TimeoutError, OSError) as error:
            log.info("a file was not looked at", extra={"reason": type(error).__name__})
            return None

    async def _inspect(self, incoming: Incoming, attachment: AttachmentRef) -> AttachmentRef:
        with TemporaryDirectory(prefix="reelbot-look-") as folder:
            path = Path(folder) / "file"
            await self._channels[incoming.address.channel].fetch(attachment, path)
            kind = await asyncio.to_thread(media.sniff_kind, path)
            if kind is Kind.AUDIO or attachment.kind == "audio":  # a video's box may hold it
                return await self._sound(incoming, attachment, path)
            if kind is Kind.IMAGE:
                return replace(attachment, kind="image", size=path.stat().st_size)
            try:
                with media.on_behalf_of(incoming.user, unpaid=True):
                    found = await media.probe(path)
            except MediaError as error:
                if error.code == "unsupported_media":  # a box without pictures: browsers record voices so
                    return await self._sound(incoming, attachment, path)
                if error.code != "preparation_budget":
                    raise
                return replace(attachment, kind="video", size=path.stat().st_size)  # told when it is prepared
            return replace(attachment, kind="video", size=found.size, duration_s=found.duration_s)

    async def _sound(self, incoming: Incoming, attachment: AttachmentRef, path: Path) -> AttachmentRef:
        """Measure a sound. Raises MediaError."""
        with media.on_behalf_of(incoming.user, unpaid=True):
            sound = await media.measure_sound(path)
        return replace(attachment, kind="audio", size=sound.size, duration_s=sound.duration_s)

    def begin(self, incoming: Incoming) -> None:
        """Begin to measure a video while its sender thinks of words; returns at once.

        Without a result the price stays the upper bound, which is asked about.
        """
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
                await self._store.dialogues.measured(incoming.user, await self._inspect(incoming, attachment))
        except (SendError, VideoError, TimeoutError, OSError) as error:
            log.info("a video was not looked at", extra={"reason": type(error).__name__})
