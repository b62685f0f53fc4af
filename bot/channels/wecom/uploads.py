"""Uploads a file in pieces, goes on after a connection was lost, and remembers the names of files for their three days.

Repeated pieces are ignored by WeCom, so each may be sent as often as it takes; nobody sees anything of an upload.
"""

import asyncio
import hashlib
import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from bot.channels.budget import Kind
from bot.channels.memory import Memory
from bot.channels.pace import Pace
from bot.channels.types import SendError, SendOutcome
from bot.channels.wecom.connection import Frame
from bot.channels.wecom.errors import LineError, NoRoom, NotConnected, Refused, Unanswered, send_error
from bot.channels.wecom.limits import UPLOADS
from bot.channels.wecom.line import Line

log = logging.getLogger(__name__)

_CHUNK = 512 * 1024
_SESSION_S = 1700.0
_MEDIA_S = 3 * 86_400.0 - 3600.0
_TRIES = 6
_RECONNECT_S = 45.0
_AT_ONCE = 2
_LATER_S = 5.0


class Uploads:
    """The uploads. `files`: names of files that WeCom holds; `sessions`: of uploads that have begun."""

    def __init__(self, line: Line, pace: Pace, *, files: Memory, sessions: Memory) -> None:
        self._line = line
        self._pace = pace
        self._files = files
        self._sessions = sessions
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def media_id(self, kind: str, path: Path) -> str:
        """Return WeCom's name of this file, of an earlier upload or a new one. Raises SendError, never UNCONFIRMED."""
        md5 = await asyncio.to_thread(_md5, path)
        known = await self._files.get(md5)
        if known:
            return known
        async with self._places:
            try:
                media_id = await self._upload(kind, path, md5)
            except (LineError, NoRoom) as error:
                raise _nothing_sent(error) from None
        await self._files.put(md5, media_id, for_s=_MEDIA_S)
        return media_id

    async def forget(self, paths: Sequence[Path]) -> None:
        """Forget the names of these files."""
        for path in paths:
            if await asyncio.to_thread(path.is_file):
                await self._files.put(await asyncio.to_thread(_md5, path), None)

    async def _upload(self, kind: str, path: Path, md5: str) -> str:
        """Upload in a session that an earlier try has begun, or in a new one. Raises LineError and NoRoom."""
        session = json.loads(await self._sessions.get(md5) or "{}")
        if session:
            try:
                return await self._finish(path, md5, session["upload_id"], done=session["done"])
            except Refused:
                log.info("an upload begins anew")
                await self._sessions.put(md5, None)
        size = path.stat().st_size
        about: Frame = {
            "type": kind,
            "filename": f"{md5[:12]}{path.suffix}",
            "total_size": size,
            "total_chunks": -(-size // _CHUNK),
            "md5": md5,
        }
        async with self._pace.place(Kind.VIDEO, UPLOADS):
            upload_id = str((await self._call("aibot_upload_media_init", about))["upload_id"])
        await self._note(md5, upload_id, done=0)
        return await self._finish(path, md5, upload_id, done=0)

    async def _finish(self, path: Path, md5: str, upload_id: str, *, done: int) -> str:
        """Send the pieces from number `done` on, and end the upload. Raises LineError."""
        size = path.stat().st_size
        for index in range(done, -(-size // _CHUNK)):
            part = await asyncio.to_thread(_part, path, index)
            piece: Frame = {"upload_id": upload_id, "chunk_index": index, "base64_data": part}
            await self._call("aibot_upload_media_chunk", piece)
            await self._note(md5, upload_id, done=index + 1)
        answer = await self._call("aibot_upload_media_finish", {"upload_id": upload_id})
        await self._sessions.put(md5, None)
        return str(answer["media_id"])

    async def _note(self, md5: str, upload_id: str, *, done: int) -> None:
        """Remember how far an upload has come: it goes on from there within its half hour, in whatever process."""
        await self._sessions.put(md5, json.dumps({"upload_id": upload_id, "done": done}), for_s=_SESSION_S)

    async def _call(self, cmd: str, body: Frame) -> Frame:
        """Send a frame of an upload until it is acknowledged. Raises LineError."""
        for left in reversed(range(_TRIES)):
            try:
                return await self._line.call(cmd, body, wait_s=_RECONNECT_S if left < _TRIES - 1 else 3.0)
            except Unanswered:
                if not left:
                    raise
        raise NotConnected


def _nothing_sent(error: LineError | NoRoom) -> SendError:
    found = send_error(error)
    if found.outcome is SendOutcome.REJECTED:
        return SendError(SendOutcome.REJECTED, found.reason, refusal="file")
    return SendError(
        SendOutcome.NOT_SENT, f"the upload was not finished: {found.reason}", after_s=found.after_s or _LATER_S
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _part(path: Path, index: int) -> str:
    with path.open("rb") as file:
        file.seek(index * _CHUNK)
        return b64encode(file.read(_CHUNK)).decode()
