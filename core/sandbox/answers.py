"""What all of the sandbox's routes share: the key's check, misfortunes, a gateway's page, a cut connection."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from core.sandbox.faults import Faults

_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"


class Gate:
    """Stands before every route that wants the key; misfortunes come first, as they do in life."""

    def __init__(self, key: str | None, faults: Faults) -> None:
        self._key = key
        self._faults = faults

    def refusal(self, http: HttpRequest, kind: str | None = None, *texts: str) -> Response | None:
        """The answer of the fault `kind` that waits, or 401 without the right key; None: come in."""
        fault = self._faults.take(kind, *texts) if kind else None
        if fault is not None:
            if fault.body is None:
                return page(fault.status or 502, headers=fault.headers)
            return JSONResponse(fault.body, fault.status or 500, fault.headers)
        if self._key is not None and http.headers.get("authorization") != f"Key {self._key}":
            return JSONResponse({"detail": "Authentication is required to access this application"}, 401)
        return None


def page(status: int, *, said: int | None = None, headers: dict[str, str] | None = None) -> HTMLResponse:
    """The HTML of a gateway in trouble; `said`: the status in its headline, when that is another."""
    titles = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
    number = said or status
    return HTMLResponse(_PAGE.format(titles.get(number, f"{number} Error")), status, headers)


async def json_object(http: HttpRequest) -> dict[str, Any] | None:
    """The body, when it is a JSON object."""
    try:
        value = json.loads(await http.body())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def base_of(http: HttpRequest) -> str:
    """This sandbox's own address, as the caller wrote it."""
    return f"{http.url.scheme}://{http.url.netloc}"


class Cut(Response):
    """Cuts the connection: at once, or in the middle of a file."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        if self._path is not None:
            whole = self._path.read_bytes()
            headers = [(b"content-type", b"video/mp4"), (b"content-length", str(len(whole)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            await asyncio.sleep(0.05)
        transport = getattr(getattr(scope["server_send"], "__self__", None), "transport", None)
        if transport is None:  # not under uvicorn: the nearest to a cut that ASGI knows
            raise ConnectionResetError
        transport.abort()


class Trickle(Response):
    """A file in sixteen pieces over `seconds`."""

    def __init__(self, path: Path, *, seconds: float, headers: dict[str, str]) -> None:
        super().__init__(path.read_bytes(), 200, headers, "video/mp4")
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        whole = bytes(self.body)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        step = len(whole) // 16 + 1
        for at in range(0, len(whole), step):
            await send({"type": "http.response.body", "body": whole[at : at + step], "more_body": True})
            await asyncio.sleep(self._seconds / 16)
        await send({"type": "http.response.body"})
