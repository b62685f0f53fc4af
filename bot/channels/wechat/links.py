"""Videos as links to our own page, where the operator allows it (WECHAT_LINK) and the account can upload none."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bot.channels.services import Services
from bot.channels.types import Reply, VideoMessage
from bot.channels.video_links import VideoLinks
from bot.channels.wechat.media import UploadedMedia
from core.io import disk

_LIFE_S = 3 * 24 * 3600
_MARK = "link"
_LANGUAGE = "zh"  # of whoever has chosen none


class LinkedVideos:
    """The maker of such links. A reference names file and end, not the signature, which is made when it is said."""

    def __init__(self, services: Services, *, now: Callable[[], float] = time.time) -> None:
        self._services = services
        self._links = VideoLinks(services.secret, now=now)
        self._now = now

    async def published(self, video: VideoMessage) -> UploadedMedia:
        """Put the file where our page shows it from, and return its reference."""
        await asyncio.to_thread(_put, video.path, self._services.videos_dir)
        lapses = int(self._now()) + _LIFE_S
        return UploadedMedia(f"{_MARK}:{lapses}:{video.path.name}", float(_LIFE_S))

    @staticmethod
    def is_link(reference: str) -> bool:
        """Return whether this is the reference of a link, not of an upload."""
        return reference.startswith(f"{_MARK}:")

    async def text(self, reference: str, *, person: str, title: str, caption: str) -> str:
        """Return the words with the link in place of the video."""
        lapses, _, name = reference.removeprefix(f"{_MARK}:").partition(":")
        await self._services.secret.refresh()
        url = f"{self._services.public_url}{self._links.path(name, lapses=int(lapses))}"
        language = await self._language(person)
        return self._services.translate(language, "wechat-video-link", title=title, caption=caption, url=url)

    async def shown(self, reply: Reply, *, person: str) -> Reply:
        """Return the reply as WeChat takes it: one whose video is a link becomes a text."""
        if reply.video is None or not self.is_link(reply.video):
            return reply
        return Reply(await self.text(reply.video, person=person, title=reply.title, caption=reply.text))

    async def _language(self, person: str) -> str:
        try:
            return await self._services.language_of(f"wechat:{person}") or _LANGUAGE
        except Exception:  # noqa: BLE001 - whatever the database does
            return _LANGUAGE


def _put(path: Path, folder: Path) -> None:
    """Copy the file whole or not at all, since the page may be asking for it."""
    target = folder / path.name
    if target.exists() and (target.samefile(path) or target.stat().st_size == path.stat().st_size):
        return
    with disk.whole(target) as draft:
        shutil.copyfile(path, draft)
