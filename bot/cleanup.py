"""Clean-up on a schedule: what has had its time goes, and nothing that a job or its owner still needs.

Published photos after REELBOT_ASSET_TTL_HOURS, videos after REELBOT_VIDEO_TTL_DAYS, and what lies around: half
downloads, working copies, uploads, read messages, the engine's history.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from bot.engine import Engine
from bot.settings import Settings
from bot.store import Store
from bot.store.records import ACTIVE, NEEDS_SOURCE, State

log = logging.getLogger(__name__)

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_HISTORY_S = 30 * _DAY_S
_WAITS = frozenset({State.READY, State.UPLOADING, State.UNDELIVERED, State.DELIVERY_DOUBT})
"""Its owner has not had this video yet."""


class Cleanup:
    def __init__(self, *, store: Store, engine: Engine, settings: Settings) -> None:
        self._store = store
        self._engine = engine
        self._settings = settings

    async def turn(self) -> None:
        """Once over everything."""
        await self._assets()
        await self._videos()
        await self._workshop()
        await self._store.inbox.forget(before_s=_HISTORY_S)
        await self._store.mail.forget(before_s=_HISTORY_S)
        await self._store.memory.sweep()
        await self._engine.forget(before_s=_HISTORY_S)

    async def _assets(self) -> None:
        """Never while fal may still fetch it for a job, however long that waits."""
        open_jobs = await self._store.jobs.find(states=NEEDS_SOURCE)
        needed = {job.request.source_url.rpartition("/")[2] for job in open_jobs if job.request.source_url}
        await self._remove(self._settings.assets_dir, self._settings.asset_ttl_hours * _HOUR_S, needed | {"index.html"})

    async def _videos(self) -> None:
        ttl_s = self._settings.video_ttl_days * _DAY_S
        waiting = {job.video.name for job in await self._store.jobs.find(states=_WAITS) if job.video}
        await self._remove(self._settings.videos_dir, ttl_s, waiting, "*.mp4")
        await self._remove(self._settings.videos_dir, _DAY_S, (), "*.part")
        await self._remove(self._settings.uploads_dir, ttl_s, ())

    async def _workshop(self) -> None:
        """Working copies of jobs that have ended."""
        busy = {job.id for job in await self._store.jobs.find(states=ACTIVE | _WAITS | NEEDS_SOURCE)}
        await asyncio.to_thread(_remove_folders, self._settings.work_dir, busy, time.time() - _HOUR_S)

    async def _remove(self, folder: Path, ttl_s: float, keep: Iterable[str], pattern: str = "*") -> None:
        gone = await asyncio.to_thread(_remove_files, folder, pattern, frozenset(keep), time.time() - ttl_s)
        if gone:
            log.info("cleared away", extra={"folder": folder.name, "files": gone})


def _remove_files(folder: Path, pattern: str, keep: frozenset[str], before: float) -> int:
    gone = 0
    for path in folder.glob(pattern):
        if path.name not in keep and path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _remove_folders(parent: Path, keep: set[str], before: float) -> None:
    for path in parent.glob("*"):
        if path.name not in keep and path.is_dir() and path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)
