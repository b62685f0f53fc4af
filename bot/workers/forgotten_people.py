"""Sees to it that who asked to be forgotten is: their uploads go, and each job of theirs as soon as it has ended.

A mark beside the receipts outlives the database: a copy of it that is put back learns from that mark who is to be
forgotten, and until when.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bot.channels.protocol import ChannelPort
from bot.channels.types import Address, SendError
from bot.loops import Loop
from bot.settings import Settings
from bot.store import Store
from bot.store.forgotten import Wish
from bot.store.records import NEEDS_SOURCE
from core.io import disk

log = logging.getLogger(__name__)

_FIRST_S, _TURN_S = 1.0, 60.0  # soon after a yes, then less and less often, and for nobody once a minute
_MARK = ".forgotten"


class ForgottenPeople:
    """The loop over those for whom something is left to be done."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort], settings: Settings) -> None:
        self._store = store
        self._channels = channels
        self._settings = settings
        self.loop = Loop("forgotten people", self.turn, pause_s=lambda: self._pause_s)
        self._pause_s = _TURN_S
        self._open: list[Wish] = []

    async def turn(self) -> None:
        """Go on with everybody's wish, once."""
        unfulfilled = await self._store.forgotten.open_wishes()
        self._pause_s = min(self._pause_s * 2, _TURN_S) if unfulfilled == self._open else _FIRST_S
        self._open = unfulfilled
        for wish in unfulfilled:
            await asyncio.to_thread(_write_mark, self._settings.receipts_dir, wish)
            await self._remove_uploads(wish)
            is_done = await self._store.forgotten.go_on(wish)
            await self._wake_pages(wish)
            if is_done:
                await self._store.database.settle_file()
                await self._store.forgotten.done(wish)
                log.info("a person is forgotten", extra={"user": wish.user})

    async def catch_up(self) -> None:
        """Forget in a copy that was put back who asked for it after it was made."""
        for wish in await asyncio.to_thread(_marked, self._settings.receipts_dir):
            bought = await asyncio.to_thread(_ordered, self._settings.receipts_dir)
            await self._store.forgotten.again(wish, but_not=bought)
            log.info("who asked for it is forgotten in this copy, too", extra={"user": wish.user})

    async def _remove_uploads(self, wish: Wish) -> None:
        """Remove what the person sent from the page or in WeCom, but for what is still being made something of."""
        needed = set[str]()
        async for job in self._store.jobs.each(NEEDS_SOURCE):
            if job.user == wish.user:
                needed |= {Path(source.file_id).name for source in job.incoming.sources}
        await asyncio.to_thread(_remove_owned, self._settings.uploads_dir, wish, needed)

    async def _wake_pages(self, wish: Wish) -> None:
        """Let open pages of the web chat read anew: their newest entry that is gone is taken off once more."""
        channel_id, _, chat_id = wish.user.partition(":")
        channel = self._channels.get(channel_id)
        if channel_id != "web" or wish.chat or channel is None:
            return
        entries = await self._store.transcript.read(chat_id)
        gone = [entry["id"] for entry in entries if entry.get("kind") == "gone"]
        if gone:
            with suppress(SendError):
                await channel.remove(Address("web", chat_id), str(gone[-1]))


def _write_mark(receipts_dir: Path, wish: Wish) -> None:
    digest = hashlib.sha256(f"{wish.user} {wish.chat}".encode()).hexdigest()[:32]
    if wish in _marked(receipts_dir):
        return
    receipts_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with disk.whole(receipts_dir / f"{digest}{_MARK}") as draft:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"user": wish.user, "chat": wish.chat, "at": wish.at}), encoding="utf-8")


def _marked(receipts_dir: Path) -> list[Wish]:
    found = []
    for path in receipts_dir.glob(f"*{_MARK}") if receipts_dir.is_dir() else ():
        with suppress(OSError, ValueError, KeyError, TypeError):
            wish = json.loads(path.read_text(encoding="utf-8"))
            found.append(Wish(str(wish["user"]), str(wish["chat"]), int(wish["at"])))
    return found


def _ordered(receipts_dir: Path) -> frozenset[str]:
    """Return the jobs of which a receipt says that they were, or may be, bought."""
    return frozenset(path.stem.rpartition("-")[0] for path in receipts_dir.glob("*-*.json"))


def _remove_owned(folder: Path, wish: Wish, needed: set[str]) -> None:
    for owner in folder.glob("*.owner") if folder.is_dir() else ():
        with suppress(OSError):
            if (
                _is_theirs(owner.read_text(encoding="utf-8", errors="replace"), wish)
                and owner.stem not in needed
                and owner.stat().st_mtime * 1000 <= wish.at
            ):
                owner.with_suffix("").unlink(missing_ok=True)
                owner.unlink(missing_ok=True)


def _is_theirs(note: str, wish: Wish) -> bool:
    """Return whether the wish is about the file with this note: a name of the page, or a person and their chat."""
    user, _, chat = note.partition("\n")
    if not chat:
        return not wish.chat and wish.user in {user, f"web:{user}"}  # who is named so in another chat is somebody else
    return user == wish.user and wish.chat in {"", chat}
