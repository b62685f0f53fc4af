"""Serves the finished files: open to all, with ranges, and on demand as files are served on bad days."""

import asyncio
import gzip
import re
from pathlib import Path

from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from core.sandbox.state import Fault, Faults

NGINX = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"
FILE_NAME = re.compile(r"[0-9a-f]{24}\.(mp4|jpg|wav)")
CACHE_NAME = re.compile(r"[0-9a-f]{24}\.cache")
_KINDS = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".wav": "audio/wav", ".cache": "application/octet-stream"}
_POLICY = {"Content-Security-Policy": "sandbox; default-src 'none'", "Access-Control-Allow-Origin": "*"}
_FROM = re.compile(r"bytes=(\d+)-")


def answer(http: HttpRequest, folder: Path, faults: Faults) -> Response:
    """Serve the file by its name, whatever stands before the name; or the next fault for it."""
    name = http.path_params["name"]
    path = folder / name
    if (
        not (FILE_NAME.fullmatch(name) or CACHE_NAME.fullmatch(name))
        or not path.is_file()
        or faults.take("file_404", name)
    ):
        return JSONResponse({"detail": "Not Found"}, 404)
    kind = _KINDS[path.suffix]
    misfortune = _elsewhere(http, name, faults) or _broken(path, faults) or _odd_range(http, path, faults)
    if misfortune is not None:
        return misfortune
    typed = faults.take("file_type", name)
    if typed is not None:
        whole = Response(path.read_bytes(), 200, _POLICY)
        return whole if typed.body is None else Response(path.read_bytes(), 200, _POLICY, typed.body)
    if faults.take("file_gzip", name):
        return Response(gzip.compress(path.read_bytes()), 200, _POLICY | {"Content-Encoding": "gzip"}, kind)
    if faults.take("file_no_range", name):
        return Response(path.read_bytes(), 200, _POLICY, kind)
    return FileResponse(path, headers=_POLICY, media_type=kind)


def _elsewhere(http: HttpRequest, name: str, faults: Faults) -> Response | None:
    """Redirect by `file_redirect`: to the address in its body, to the same file at this origin without one."""
    moved = faults.take("file_redirect", name)
    if moved is None:
        return None
    same = f"{http.url.scheme}://{http.url.netloc}/files/b/moved/{name}"
    return RedirectResponse(moved.body or same, moved.status if moved.status in {301, 302, 303, 307, 308} else 302)


def _broken(path: Path, faults: Faults) -> Response | None:
    name = path.name
    if faults.take("file_html", name):
        return HTMLResponse(NGINX.format("503 Service Unavailable"), 200)
    if faults.take("file_empty", name):
        return Response(b"", 200, _POLICY, "video/mp4")
    if faults.take("file_lies", name):
        return Response(b"<html>oops</html>", 200, _POLICY, "video/mp4")
    other = faults.take("file_other", name)
    if other is not None:
        return FileResponse(other.body, headers=_POLICY, media_type="video/mp4")
    slow = faults.take("file_slow", name)
    if slow is not None:
        return Cut(path, after_s=slow.seconds)
    return Cut(path) if faults.take("file_truncated", name) else None


def _odd_range(http: HttpRequest, path: Path, faults: Faults) -> Response | None:
    """Answer a ranged question with a 206 that is true but names no size, or that begins elsewhere."""
    match = _FROM.fullmatch(http.headers.get("range", ""))
    if match is None:
        return None
    start, whole = int(match[1]), path.read_bytes()
    if faults.take("file_range_star", path.name):
        return _part(whole, start, "*")
    elsewhere: Fault | None = faults.take("file_range_elsewhere", path.name)
    if elsewhere is not None:
        return _part(whole, start // 2, str(len(whole)))
    packed = faults.take("file_range_packed", path.name)
    if packed is not None:
        return _part(gzip.compress(whole, mtime=0), min(start, 20), "*", claimed=start)
    return None


def _part(whole: bytes, start: int, size: str, *, claimed: int | None = None) -> Response:
    """Answer with a part of the file. `claimed`: where it says that it begins."""
    first = start if claimed is None else claimed
    body = whole[start:]
    headers = _POLICY | {"Content-Range": f"bytes {first}-{first + len(body) - 1}/{size}"}
    return Response(body, 206, headers, "video/mp4")


class Cut(Response):
    """A response that sends nothing (or half of a file) and cuts the connection."""

    def __init__(self, path: Path | None = None, *, after_s: float = 0.05) -> None:
        super().__init__()
        self._path = path
        self._after_s = after_s

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the beginning of the answer and cut the connection."""
        if self._path is not None:
            whole = self._path.read_bytes()
            headers = [(b"content-type", b"video/mp4"), (b"content-length", str(len(whole)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            await asyncio.sleep(self._after_s)
        scope["cut"]()
