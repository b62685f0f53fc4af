"""Deletes on a schedule what has had its time, and nothing that a job or its owner still needs.

Published photos once no job needs them, those of nobody after REELBOT_ASSET_TTL_HOURS; videos after
REELBOT_VIDEO_TTL_DAYS, and what lies around: half downloads, working copies,
uploads, read messages, the engine's history.
"""

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.jobs.engine import Engine
from bot.jobs.erasure import films_of
from bot.jobs.job_lock import mark_of
from bot.settings import Settings
from bot.store import Store
from bot.store.records import ACTIVE, NEEDS_SOURCE, State

log = logging.getLogger(__name__)

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_OFFERS_S = 7 * 24 * 3600.0  # those that nobody took up
_HISTORY_S = 30 * _DAY_S
_SETTLED_S = 60.0  # a job that has ended so long ago is not just being begun again
_RECEIPTS_S = 90 * _DAY_S
"""Long after fal has let go of the files: what is left is only the proof of what was ordered."""
_UPLOADS_S = _HOUR_S  # that no draft, offer or job mentions
_UPLOAD_NAME = re.compile(r"\b[0-9a-f]{32}\b")
_WAITS = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED, State.DELIVERY_UNCONFIRMED, State.PARKED})
"""Its owner has not had this video yet."""


@dataclass(frozen=True, slots=True)
class _NamesToKeep:
    """The names that stay: these, and whatever the unreadable rows `ids`, with their `text`, may mean."""

    ids: frozenset[str]
    text: str
    names: frozenset[str] = frozenset()

    def and_those(self, names: Iterable[str]) -> "_NamesToKeep":
        return replace(self, names=frozenset(names))

    def __contains__(self, name: object) -> bool:
        stem = str(name).partition(".")[0]
        return name in self.names or bool(stem and stem in self.text) or any(each in stem for each in self.ids)


class Cleanup:
    """The clean-up of all folders and tables."""

    def __init__(self, *, store: Store, engine: Engine, settings: Settings) -> None:
        self._store = store
        self._engine = engine
        self._settings = settings

    async def turn(self) -> None:
        """Clean everything once. Whatever an unreadable job's row may name stays, too."""
        unread = await self._store.unreadable.find()
        keep = _NamesToKeep(frozenset(row.id for row in unread), " ".join(row.text for row in unread))
        await self._files(keep)
        await self._store.inbox.forget(before_s=_HISTORY_S)
        for passive in (self._store.callback_replies, self._store.dialogues, self._store.outbox):
            await passive.forget(before_s=_HISTORY_S)
        await self._store.strangers.forget(before_s=_HISTORY_S)
        await self._store.jobs.forget_offers(before_s=_OFFERS_S)
        await self._store.message_map.forget(before_s=_OFFERS_S)
        await self._store.key_values.sweep()
        await self._store.payloads.forget()
        await self._remove(self._settings.receipts_dir, _RECEIPTS_S, ())
        await self._store.submits.forget_results(before_s=_RECEIPTS_S)
        await self._engine.forget(before_s=_HISTORY_S)

    async def _files(self, keep: "_NamesToKeep") -> None:
        """Delete files of jobs that need them no more; an asset never while fal may still fetch it."""
        assets, videos, folders, marks, uploads = {"index.html"}, set[str](), set[str](), set[str](), set[str]()
        work_dir = self._settings.work_dir
        async for job in self._store.jobs.each(ACTIVE | _WAITS | NEEDS_SOURCE):
            folders.add(job.id)
            marks.add(mark_of(work_dir, job.incoming).name)
            for source in job.incoming.sources:
                uploads.update(_upload(source.file_id))
            if job.video and job.state in _WAITS:
                videos.add(job.video.name)
            if job.state in NEEDS_SOURCE:
                assets.update(url.rpartition("/")[2] for url in job.request.source_urls)
        video_ttl_s = self._settings.video_ttl_days * _DAY_S
        asset_ttl_s = self._settings.asset_ttl_hours * _HOUR_S
        await self._remove(self._settings.assets_dir, asset_ttl_s, keep.and_those(assets))
        await self._unpublish(keep.and_those(assets))
        await self._remove(self._settings.videos_dir, video_ttl_s, keep.and_those(videos), "*.mp4")
        await self._remove(self._settings.videos_dir, _DAY_S, (), "*.part")
        deleted = await self._store.jobs.ids({State.DELETED})
        await asyncio.to_thread(_remove_those, deleted, self._settings.videos_dir)
        an_hour_ago = time.time() - _HOUR_S
        await asyncio.to_thread(_remove_folders, work_dir, "*", keep.and_those(folders), an_hour_ago)
        await self._remove(work_dir, _HOUR_S, keep.and_those(marks), "*.held")
        await self._uploads(keep, uploads, video_ttl_s)

    async def _uploads(self, keep: "_NamesToKeep", needed: set[str], ttl_s: float) -> None:
        """Delete what people sent from the page: soon where nothing came of it, else with what was made of it."""
        folder = self._settings.uploads_dir
        await self._remove(folder, ttl_s, keep.and_those(needed))
        if not await asyncio.to_thread(_has_older, folder, time.time() - _UPLOADS_S):
            return
        used = set(_UPLOAD_NAME.findall(await self._store.dialogues.drafts()))
        async for job in self._store.jobs.each(frozenset(State) - {State.DELETED}):
            used.update(_UPLOAD_NAME.findall(repr(job)))  # of its order, and of each way that it was offered
        await self._remove(folder, _UPLOADS_S, keep.and_those(needed.union(*map(_upload, used))))

    async def _unpublish(self, keep: Container[str]) -> None:
        """Delete published photos and videos whose jobs are at their end, also unbought: nobody is to fetch them."""
        folder = self._settings.assets_dir
        names = await asyncio.to_thread(lambda: {path.name for path in folder.glob("*") if path.name not in keep})
        if not names:
            return
        at_end = frozenset(State) - NEEDS_SOURCE
        done = {name async for name in self._store.jobs.sources(at_end, settled_s=_SETTLED_S) if name in names}
        await asyncio.to_thread(_unlink, folder, done)
        if done:
            log.info("no longer published", extra={"files": len(done)})

    async def _remove(self, folder: Path, ttl_s: float, keep: Container[str], pattern: str = "*") -> None:
        gone = await asyncio.to_thread(_remove_files, folder, pattern, keep, time.time() - ttl_s)
        if gone:
            log.info("cleared away", extra={"folder": folder.name, "files": gone})


def _has_older(folder: Path, before: float) -> bool:
    return any(path.is_file() and path.stat().st_mtime < before for path in folder.glob("*"))


def _remove_files(folder: Path, pattern: str, keep: Container[str], before: float) -> int:
    gone = 0
    for path in folder.glob(pattern):
        if path.name not in keep and path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _unlink(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _remove_those(job_ids: Iterable[str], videos_dir: Path) -> None:
    for path in films_of(job_ids, videos_dir):
        path.unlink(missing_ok=True)
        log.warning("the film of a deleted job was on the disk", extra={"file": path.name})


def _upload(file_id: str) -> tuple[str, str]:
    """Return the web chat's photo, and the note beside it on whose it is."""
    return file_id, f"{file_id}.owner"


def _remove_folders(parent: Path, pattern: str, keep: Container[str], before: float) -> None:
    for path in parent.glob(pattern):
        if path.name not in keep and path.is_dir() and path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)
