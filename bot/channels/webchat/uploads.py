"""Takes and shows the photos and videos that people send from the page. Their first bytes say what they are."""

import re
import secrets
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from bot.channels.services import Services
from bot.channels.types import AttachmentRef
from bot.channels.webchat.gate import Gate
from bot.channels.webchat.guard import Session
from bot.channels.webchat.upload_quota import Quota, owned
from core.io.bodies import BodyTooLarge, first_bytes, write_body
from core.io.file_types import HEAD_BYTES, mime_of, other_type

_UPLOAD = re.compile(r"[0-9a-f]{32}")
_BYTES = {"image": 100_000_000, "video": 100_000_000}
_LONGEST_S = 3600
MOST_FILES, _MOST_BYTES = 60, 1_000_000_000  # of one person within an hour
_MOST_KEPT, _MOST_KEPT_BYTES = 200, 3_000_000_000  # of one person at any time, whatever still needs them
LEAST_FREE = 600_000_000  # bytes on the disk: a little more than what films are ordered with
KINDS = frozenset(_BYTES)
"""What can be sent: "image", "video"."""


class Uploads:
    """The uploads of the web chat, each under a name that nobody can guess, with its owner beside it."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate
        self._quota = Quota()
        self._coming: Counter[str] = Counter()

    def attachment(self, kind: Any, upload: str, seconds: Any) -> AttachmentRef:
        """Build the attachment.

        `seconds` is what the browser saw: a hint for the price, checked before anything is bought.
        """
        size = (self._services.uploads_dir / upload).stat().st_size
        return AttachmentRef(kind, upload, size, plausible_s(seconds))

    async def take(self, request: Request, session: Session) -> Response:
        """Stream the raw file of the body to a name nobody can guess. Its first bytes say what it is."""
        refusal = self._no_room(request, session)
        if refusal is not None:
            return refusal
        name = secrets.token_hex(16)
        path = self._services.uploads_dir / name
        self._coming[session.user] += 1
        try:
            return await self._keep(request, session, path)
        finally:
            self._coming[session.user] -= 1

    def _no_room(self, request: Request, session: Session) -> Response | None:
        """Return the refusal of one more file: a full disk, or a person who has sent enough. Nothing is read before."""
        if shutil.disk_usage(self._services.uploads_dir).free < LEAST_FREE:
            return self._gate.refused(request, "web-upload-no-room", 507)
        size, files = self._quota.used(session.user)
        if files + self._coming[session.user] >= MOST_FILES or size >= _MOST_BYTES:
            return self._gate.refused(request, "web-upload-quota", 429)
        sizes = owned(self._services.uploads_dir, session.user)
        if len(sizes) >= _MOST_KEPT or sum(sizes) >= _MOST_KEPT_BYTES:
            return self._gate.refused(request, "web-upload-quota", 429)
        return None

    async def _keep(self, request: Request, session: Session, path: Path) -> Response:
        """Write the file of the body, and whose it is beside it."""
        refuse = partial(self._gate.refused, request, max_mb=str(_BYTES["image"] // 1_000_000))
        try:
            what = await _receive(request, path)
        except (BodyTooLarge, ClientDisconnect) as error:
            path.unlink(missing_ok=True)
            large = isinstance(error, BodyTooLarge)
            return refuse("web-upload-large", 413) if large else refuse("web-upload-gone", 400)
        if what is not None:
            return refuse("web-upload-unknown", 415, what=what)
        self._quota.note(session.user, path.stat().st_size)
        path.with_suffix(".owner").write_text(session.user, encoding="ascii")
        return JSONResponse({"upload": path.name, "kind": await self.kind_of(path.name)}, 201)

    async def kind_of(self, name: str) -> Any:
        """Return what the upload is, of KINDS; None: it is not there, or neither."""
        path = self._services.uploads_dir / name
        if not _UPLOAD.fullmatch(name) or not path.is_file():
            return None
        with path.open("rb") as file:
            kind = _kind(file.read(HEAD_BYTES))
        return kind[0] if kind else None

    def owns(self, session: Session, name: str) -> bool:
        """Return whether this person sent the upload."""
        owner = self._services.uploads_dir / f"{name}.owner"
        return bool(_UPLOAD.fullmatch(name)) and owner.is_file() and owner.read_text(encoding="ascii") == session.user

    def drop(self, session: Session, name: str) -> None:
        """Remove an upload of a person who may not ask any more."""
        if self.owns(session, name):
            (self._services.uploads_dir / name).unlink(missing_ok=True)
            (self._services.uploads_dir / f"{name}.owner").unlink(missing_ok=True)

    async def show(self, request: Request, session: Session) -> Response:
        """Serve an upload to who sent it."""
        name = request.path_params["name"]
        path = self._services.uploads_dir / name
        if not self.owns(session, name) or not path.is_file():
            return self._gate.refused(request, "web-not-found", 404)
        with path.open("rb") as file:
            kind = _kind(file.read(HEAD_BYTES))
        return FileResponse(path, media_type=kind[1] if kind else "application/octet-stream")


def plausible_s(seconds: Any) -> float | None:
    """Return the length that a browser names, if it can be one."""
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < _LONGEST_S else None


def _kind(head: bytes) -> tuple[Any, str] | None:
    mime = mime_of(head)
    return (mime.partition("/")[0], mime) if mime is not None else None


async def _receive(request: Request, path: Path) -> str | None:
    """Write the body to `path` if its first bytes are those of a photo or video, else name what it is.

    In that case no more is read, and nothing written. Raises BodyTooLarge, ClientDisconnect.
    """
    chunks = request.stream()
    head = await first_bytes(chunks, enough=HEAD_BYTES)
    kind = _kind(head)
    if kind is None:
        return other_type(head[:HEAD_BYTES])
    await write_body(chunks, path, most_bytes=_BYTES[kind[0]], head=head)
    return None
