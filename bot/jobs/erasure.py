"""Removes what is left of a film that its owner has deleted: the files, the chat's names of them, messages, sources.

The row says that it is deleted before any of this begins. Each step may be done again, so whoever takes the job after a
crash does all of them. A mark beside the receipts outlives the database: a copy of it that is put back learns from that
mark what was deleted after it was made, and does not fetch the film again.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from bot.channels.protocol import ChannelPort
from bot.channels.types import Address, Message, SendError, SendOutcome
from bot.jobs.verdicts import REST, Verdict, retry
from bot.messages import film_messages
from bot.settings import Settings
from bot.store import Store
from bot.store.leases import Assignment
from bot.store.records import Job
from core.io import disk

log = logging.getLogger(__name__)

_PAUSES_S = (2.0, 10.0, 60.0, 600.0, 3600.0)
_MARK = ".deleted"
_MASKS = ("*_{0}.*", "*_{0}-*")  # the film, and the copies and stills that are made of it


class Erasure:
    """The removal of deleted films."""

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        settings: Settings,
        announce: Callable[[Job, Message], Awaitable[None]],
    ) -> None:
        """`announce`: say something on a job in its chat, best effort."""
        self._store = store
        self._channels = channels
        self._settings = settings
        self._announce = announce

    async def erase(self, job: Job, assignment: Assignment) -> Verdict:
        """Remove what is left. Raises LeaseLost, OSError."""
        try:
            await asyncio.to_thread(mark_deleted, self._settings.receipts_dir, job.id)
        except OSError as error:  # a full disk, where a deletion is all the more welcome
            log.warning("a deletion is not marked", extra={"job_id": job.id, "reason": error.strerror})
        await self._remove_files(job)
        await self._store.outbox.drop(job.id)
        try:
            staying = await self._remove_messages(job, last_try=assignment.attempt > len(_PAUSES_S))
        except SendError as error:
            return retry(max(error.after_s, _PAUSES_S[assignment.attempt - 1]))
        await self._remove_sources(job)
        await self._store.jobs.erased(job.id, _what(staying), lease=assignment.lease)
        log.info("a deleted film is gone", extra={"job_id": job.id, "messages_left": len(staying)})
        if await self._store.forgotten.covers(job.id):  # where messages stay, that was said
            await self._forget(job, assignment)
            return REST
        for address in dict.fromkeys(staying):
            if not self._is_passive(address):
                there = replace(job.incoming, address=address, reply_to=None)
                await self._announce(replace(job, incoming=there), film_messages.film_stays(job))
        return REST

    async def _forget(self, job: Job, assignment: Assignment) -> None:
        """Forget what fal said of it, and its words: the last thing, since the rest is found by them."""
        results = await asyncio.to_thread(lambda: list(self._settings.receipts_dir.glob(f"{job.id}-*.result")))
        await asyncio.to_thread(_unlink, results)
        await self._store.forgotten.blank(job.id, lease=assignment.lease)

    async def _remove_files(self, job: Job) -> None:
        folders = (self._settings.videos_dir, self._settings.output_dir / "fitted")
        files = await asyncio.to_thread(_files_of, job.id, folders)
        for channel in self._channels.values():
            await channel.forget(files)
        await asyncio.to_thread(_unlink, files)
        await asyncio.to_thread(shutil.rmtree, self._settings.work_dir / job.id, ignore_errors=True)

    async def _remove_messages(self, job: Job, *, last_try: bool) -> list[Address]:
        """Remove the messages that show the film; return the chats that keep theirs.

        Raises SendError where another try may do, unless this is the last.
        """
        staying = []
        for address, ref in await self._store.message_map.films(job.id):
            if not await self._is_removed(address, ref, last_try=last_try):
                staying.append(address)
            await self._store.message_map.without_film(address, ref)
        return staying

    async def _is_removed(self, address: Address, ref: str, *, last_try: bool) -> bool:
        channel = self._channels.get(address.channel)
        if channel is None:
            return False
        try:
            return await channel.remove(address, ref)
        except SendError as error:
            if last_try or error.outcome not in {SendOutcome.NOT_SENT, SendOutcome.UNCONFIRMED}:
                return False
            raise

    def _is_passive(self, address: Address) -> bool:
        """Return whether the chat takes nothing back: that was said when it was deleted."""
        channel = self._channels.get(address.channel)
        return channel is None or channel.limits.passive_replies

    async def _remove_sources(self, job: Job) -> None:
        """Remove the photo or video that it was made from, unless something else still needs the upload."""
        # published for this job alone
        sources = [self._settings.assets_dir / url.rpartition("/")[2] for url in job.request.source_urls]
        for file_id in await self._store.jobs.own_files(job):
            name = Path(file_id).name
            sources += [self._settings.uploads_dir / name, self._settings.uploads_dir / f"{name}.owner"]
        await asyncio.to_thread(_unlink, sources)

    def was_deleted(self, job_id: str) -> bool:
        """Return whether it was deleted, perhaps after this copy of the database was made."""
        return is_marked(self._settings.receipts_dir, job_id)

    async def catch_up(self) -> None:
        """Delete in a copy that was put back what was deleted after it was made."""
        for job_id in await asyncio.to_thread(_marked, self._settings.receipts_dir):
            if await self._store.jobs.delete(job_id, asked=False) == "deleted":
                log.info("it was deleted after this copy was made", extra={"job_id": job_id})


def mark_deleted(receipts_dir: Path, job_id: str) -> None:
    """Write the mark that the film of this job was deleted. Raises OSError."""
    mark = receipts_dir / f"{job_id}{_MARK}"
    if not mark.exists():
        receipts_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with disk.whole(mark) as draft:
            draft.touch(mode=0o600)


def is_marked(receipts_dir: Path, job_id: str) -> bool:
    """Return whether the film of this job was deleted by its owner."""
    return (receipts_dir / f"{job_id}{_MARK}").exists()


def films_of(job_ids: Iterable[str], videos_dir: Path) -> list[Path]:
    """Return what lies in the folder of these jobs: a worker that was frozen may have fetched one again."""
    wanted = frozenset(job_ids)
    return [path for path in videos_dir.glob("*_*") if path.stem.rpartition("_")[2].partition("-")[0] in wanted]


def _marked(receipts_dir: Path) -> list[str]:
    return [path.stem for path in receipts_dir.glob(f"*{_MARK}")] if receipts_dir.is_dir() else []


def _files_of(job_id: str, folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for mask in _MASKS for path in folder.glob(mask.format(job_id))]


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _what(staying: list[Address]) -> str:
    left = f"; {len(staying)} messages stay in the chat" if staying else ""
    return f"files and sources are removed{left}"
