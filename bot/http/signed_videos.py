"""Serves `/videos/{name}` to whoever has a signed link that has not lapsed; the web chat's own route comes before."""

import asyncio
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.video_links import VideoLinks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.mp4")
_HEADERS = {
    "Cache-Control": "private, max-age=3600, no-transform",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def signed_videos(folder: Path, links: VideoLinks) -> Route:
    """Build the route."""

    async def video(request: Request) -> Response:
        name = request.path_params["name"]
        if not _NAME.fullmatch(name) or not links.opens(name, request.query_params):
            return _not_found()
        path = folder / name
        if not await asyncio.to_thread(lambda: path.is_file() and not path.is_symlink()):
            return _not_found()
        return FileResponse(
            path, media_type="video/mp4", filename=name, content_disposition_type="inline", headers=_HEADERS
        )

    return Route("/videos/{name}", video)


def _not_found() -> Response:
    return PlainTextResponse("not found", 404, {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
