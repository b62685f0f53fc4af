"""The CDN and the storage: files open to all, uploads by a one-time address."""

import re
import secrets

from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, JSONResponse, Response

from core.sandbox.answers import Cut, Gate, Trickle, base_of, json_object, page
from core.sandbox.faults import Faults
from core.sandbox.state import Memory

_CDN = {"Content-Security-Policy": "sandbox; default-src 'none'", "Access-Control-Allow-Origin": "*"}
_UPLOAD_BYTES = 110_000_000
_TYPES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
}
_MIME = {suffix: mime for mime, suffix in _TYPES.items()}
_NAME = re.compile(rf"[0-9a-f]{{24}}\.({'|'.join(_MIME)})")


class Files:
    def __init__(self, *, memory: Memory, faults: Faults, gate: Gate) -> None:
        self._memory = memory
        self._faults = faults
        self._gate = gate
        self._awaited: set[str] = set()

    async def get(self, http: HttpRequest) -> Response:
        """No key, ranges, a policy that shows a person nothing, no word of a download."""
        name = http.path_params["name"]
        path = self._memory.files / name
        if not _NAME.fullmatch(name) or not path.is_file():
            return JSONResponse({"detail": "Not Found"}, 404)
        bad = self._misfortune(name)
        if bad is not None:
            return bad
        return FileResponse(path, headers=_CDN, media_type=_MIME[path.suffix.removeprefix(".")])

    def _misfortune(self, name: str) -> Response | None:
        path = self._memory.files / name
        if self._faults.take("file_404", name):
            return JSONResponse({"detail": "Not Found"}, 404)
        if self._faults.take("file_html", name):
            return page(200, said=503)
        if self._faults.take("file_lies", name):
            return Response(page(200, said=503).body, 200, _CDN, "video/mp4")
        if self._faults.take("file_truncated", name):
            return Cut(path)
        if self._faults.take("file_no_range", name):
            return Response(path.read_bytes(), 200, _CDN, "video/mp4")
        slow = self._faults.take("file_slow", name)
        return Trickle(path, seconds=slow.seconds, headers=_CDN) if slow else None

    async def initiate(self, http: HttpRequest) -> Response:
        """`POST /storage/upload/initiate`: an address to PUT to, and the one it will have."""
        refused = self._gate.refusal(http, "storage_status")
        if refused is not None:
            return refused
        asked = await json_object(http)
        suffix = _TYPES.get(str((asked or {}).get("content_type")))
        if suffix is None:
            return JSONResponse({"detail": "content_type is missing or of no use here"}, 422)
        name = f"{secrets.token_hex(12)}.{suffix}"
        self._awaited.add(name)
        base = base_of(http)
        return JSONResponse({"upload_url": f"{base}/upload/{name}", "file_url": f"{base}/files/b/sandbox/{name}"})

    async def upload(self, http: HttpRequest) -> Response:
        """A signed address: once, and without the key, which has no business there."""
        name = http.path_params["name"]
        if name not in self._awaited or "authorization" in http.headers:
            return JSONResponse({"detail": "Forbidden"}, 403)
        body = await http.body()
        if len(body) > _UPLOAD_BYTES:
            return JSONResponse({"detail": "Too large"}, 413)
        self._awaited.discard(name)
        (self._memory.files / name).write_bytes(body)
        return JSONResponse({})
