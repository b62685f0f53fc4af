"""Takes and shows the photos, videos and sounds that people send from the page. Their first bytes say what they are."""

import re
import secrets
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from bot.channels.services import Services
from bot.channels.types import AttachmentRef
from bot.channels.upload_quota import OWNER, Quota
from bot.channels.webchat.gate import Gate
from bot.channels.webchat.guard import Session
from core.io.bodies import BodyTooLarge, first_bytes, write_body
from core.io.file_types import HEAD_BYTES, mime_of, other_type

_UPLOAD = re.compile(r"[0-9a-f]{32}")
_BYTES = {"image": 100_000_000, "video": 100_000_000, "audio": 100_000_000}
_LONGEST_S = 3600
_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of them
KINDS = frozenset(_BYTES)
"""What can be sent: "image", "video", "audio"."""


class Uploads:
    """The uploads of the web chat, each under a name that nobody can guess, with its owner beside it."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate
        self._quota = Quota(services.uploads_dir)

    def attachment(self, kind: Any, upload: str, seconds: Any) -> AttachmentRef:
        """Build the attachment.

        `seconds` is what the browser saw: a hint for the price, checked before anything is bought; a sound is measured.
        """
        size = (self._services.uploads_dir / upload).stat().st_size
        return AttachmentRef(kind, upload, size, None if kind == "audio" else plausible_s(seconds))

    async def take(self, request: Request, session: Session) -> Response:
        """Stream the raw file of the body to a name nobody can guess. Its first bytes say what it is."""
        size = _stated(request)
        refusal = self._quota.refusal(session.user, size)  # nothing is read before
        if refusal is not None:
            return self._gate.refused(request, f"web-upload-{refusal}", 507 if refusal == "no-room" else 429)
        with self._quota.coming(session.user, size):
            return await self._keep(request, session, self._services.uploads_dir / secrets.token_hex(16))

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
        path.with_suffix(OWNER).write_text(session.user, encoding="ascii")
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
        owner = self._services.uploads_dir / f"{name}{OWNER}"
        return bool(_UPLOAD.fullmatch(name)) and owner.is_file() and _owner(owner) == session.user

    def drop(self, session: Session, name: str) -> None:
        """Remove an upload of a person who may not ask any more."""
        if self.owns(session, name):
            (self._services.uploads_dir / name).unlink(missing_ok=True)
            (self._services.uploads_dir / f"{name}{OWNER}").unlink(missing_ok=True)

    async def show(self, request: Request, session: Session) -> Response:
        """Serve an upload to who sent it."""
        name = request.path_params["name"]
        path = self._services.uploads_dir / name
        if not self.owns(session, name) or not path.is_file():
            return self._gate.refused(request, "web-not-found", 404)
        with path.open("rb") as file:
            kind = _kind(file.read(HEAD_BYTES))
        return FileResponse(path, media_type=kind[1] if kind else "application/octet-stream")


def _stated(request: Request) -> int:
    """Return how many bytes may come: those that the head states, or as many as any file may have."""
    most, length = max(_BYTES.values()), request.headers.get("content-length", "")
    return min(most, int(length)) if length.isascii() and length.isdigit() and len(length) < _MOST_DIGITS else most


def _owner(note: Path) -> str:
    return note.read_text(encoding="utf-8", errors="replace")  # another chat's people have any letters in their ids


def plausible_s(seconds: Any) -> float | None:
    """Return the length that a browser names, if it can be one."""
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < _LONGEST_S else None


def _kind(head: bytes) -> tuple[Any, str] | None:
    mime = mime_of(head)
    return (mime.partition("/")[0], mime) if mime is not None else None


async def _receive(request: Request, path: Path) -> str | None:
    """Write the body to `path` if its first bytes are those of a photo, video or sound, else name what it is.

    In that case no more is read, and nothing written. Raises BodyTooLarge, ClientDisconnect.
    """
    chunks = request.stream()
    head = await first_bytes(chunks, enough=HEAD_BYTES)
    kind = _kind(head)
    if kind is None:
        return other_type(head[:HEAD_BYTES])
    await write_body(chunks, path, most_bytes=_BYTES[kind[0]], head=head)
    return None
