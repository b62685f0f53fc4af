"""Tells a database that was put back from a copy, or made anew, from the one that was served last with this folder.

Once a minute both the database and a file in the output folder say that they are served together. A database that is
behind its folder, or knows less than the files there, is a copy; so is one with the stamp of `reelbot backup`.
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.loops import Loop
from bot.settings import Settings
from bot.store import Store
from bot.store.copies import CopyFacts, Origin
from core.io import disk

log = logging.getLogger(__name__)

MARK = ".reelbot-heartbeat"
BEHIND_MS = 10 * 60 * 1000
_BEAT_S = 60.0
_RECEIPT = re.compile(r"([2-9A-HJ-NP-Z]{7})-(\d{1,6})\.json")
_FILM = re.compile(r".+_[2-9A-HJ-NP-Z]{7}\.mp4")


class Heartbeat:
    """The heartbeat of one process, by its `loop`."""

    def __init__(self, store: Store, output_dir: Path, *, beat_s: float = _BEAT_S) -> None:
        self._store = store
        self._mark = output_dir / MARK
        self.loop = Loop("heartbeat", self.turn, pause_s=lambda: beat_s)

    async def turn(self) -> None:
        """Record in the database, then in the folder, that both are served now: the folder is never ahead by itself."""
        at = await self._store.copies.beat()
        try:
            await asyncio.to_thread(_write, self._mark, at)
        except OSError as error:  # a full disk, which others tell of
            log.warning("the folder's heartbeat is not written", extra={"reason": error.strerror})


_WORDS: Mapping[Origin, str] = {
    "stamped": "alert-database-stamped",
    "older": "alert-database-older",
    "new": "alert-database-new",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What was noticed of a database: which kind of copy it is, and how many files of jobs it does not know."""

    origin: Origin
    files: int

    @property
    def words(self) -> str:
        """Return the key of the sentence for the admins; its fact is `files`."""
        return _WORDS[self.origin]


async def examine_database(store: Store, settings: Settings) -> Notice | None:
    """Return what is odd about this database beside this folder; None: nothing is. Changes nothing."""
    before = await store.copies.facts()  # the folder is read after that, and the claims after the folder
    if before.copied is not None:
        return Notice("stamped", 0)
    if not before.has_jobs:
        films = await asyncio.to_thread(_count_files, settings) if before.restored is None else 0
        return Notice("new", films) if films else None
    mark, orders = await asyncio.to_thread(_read_folder, settings, before)
    unknown = await store.copies.without_claim(orders)
    behind = mark - max(before.heartbeat or 0, before.restored.at if before.restored else 0) > BEHIND_MS
    return Notice("older", unknown) if behind or unknown else None


def _write(mark: Path, at: int) -> None:
    with disk.whole(mark) as draft:
        draft.write_text(f"{at}\n", encoding="ascii")


def _read_folder(settings: Settings, known: CopyFacts) -> tuple[int, list[tuple[str, int]]]:
    """Return the folder's heartbeat, and the orders whose receipts are younger than what is settled already."""
    try:
        mark = int((settings.output_dir / MARK).read_text(encoding="ascii"))
    except (OSError, ValueError):
        mark = 0
    settled = max((known.heartbeat or 0) - BEHIND_MS, known.restored.at if known.restored else 0)
    return mark, [order for order, at in _receipts(settings.receipts_dir) if at > settled]


def _receipts(folder: Path) -> Iterator[tuple[tuple[str, int], float]]:
    """Yield each order that has a receipt, and when that was written, in milliseconds UTC."""
    for path in folder.glob("*.json") if folder.is_dir() else ():
        name = _RECEIPT.fullmatch(path.name)
        try:
            if name is not None:
                yield (name[1], int(name[2])), path.stat().st_mtime * 1000
        except FileNotFoundError:
            continue  # cleared away meanwhile


def _count_files(settings: Settings) -> int:
    films = settings.videos_dir.glob("*.mp4") if settings.videos_dir.is_dir() else ()
    return sum(1 for _ in _receipts(settings.receipts_dir)) + sum(bool(_FILM.fullmatch(path.name)) for path in films)
