"""Sends the original of a film as a file, for who asks for it: as fal made it, free, and never by fal's address.

The row says where it is wanted until it was sent; after a crash it may be sent twice, never not at all.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.types import FileMessage, Message, SendError, SendOutcome
from bot.jobs.verdicts import NEXT, REST, Verdict, retry
from bot.jobs.video_files import VideoFiles
from bot.messages import film_messages
from bot.store import Store
from bot.store.leases import Assignment
from bot.store.records import Destination, Job
from core.errors import ResultExpired

log = logging.getLogger(__name__)

_PAUSES_S = (1.0, 5.0, 30.0, 120.0)


class OriginalFiles:
    """The sender of originals."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        files: VideoFiles,
        announce: Callable[[Job, Message], Awaitable[None]],
    ) -> None:
        """`announce`: say something on a job in its chat, best effort."""
        self._store = store
        self._channels = channels
        self._files = files
        self._announce = announce

    async def send(self, job: Job, to: Destination, assignment: Assignment) -> Verdict:
        """Send it there, or say why that does not work. Raises LeaseLost."""
        try:
            ref = await self._send(job, to)
        except ResultExpired:
            return await self._refused(job, to, "again-gone", assignment)
        except SendError as error:
            log.warning("an original was not sent", extra={"job_id": job.id, "reason": error.reason})
            if error.outcome is SendOutcome.NOT_SENT and assignment.attempt <= len(_PAUSES_S):
                return retry(max(error.after_s, _PAUSES_S[assignment.attempt - 1]))
            return await self._refused(job, to, "file-not-sent", assignment)
        await self._store.jobs.file_sent(job.id, to.address, ref, lease=assignment.lease)
        return _then(job)

    async def _send(self, job: Job, to: Destination) -> str:
        """Raise SendError, ResultExpired."""
        channel = self._channels.get(to.address.channel)
        if channel is None or not channel.limits.files:
            raise SendError(SendOutcome.REJECTED, "this chat takes no files")
        original = await self._files.original(job)
        if original.stat().st_size > channel.limits.video_bytes:
            raise SendError(SendOutcome.REJECTED, "too large for this chat")
        file = FileMessage(original, film_messages.original_caption(job), job_id=job.id)
        return await channel.send_file(to.address, file, reply_to=to.reply_to)

    async def _refused(self, job: Job, to: Destination, key: str, assignment: Assignment) -> Verdict:
        await self._store.jobs.file_sent(job.id, to.address, None, lease=assignment.lease)
        asked_there = replace(job.incoming, address=to.address, reply_to=to.reply_to)
        await self._announce(replace(job, incoming=asked_there), film_messages.about_film(job, key))
        return _then(job)


def _then(job: Job) -> Verdict:
    """Return what follows: nothing, unless the outcome itself is yet to be told."""
    return REST if job.outcome_ref is not None else NEXT
