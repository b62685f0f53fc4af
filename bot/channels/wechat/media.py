"""Uploads our videos once, remembered for their three days, and fetches what people sent to the disk."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bot.channels.services import KeyValue
from bot.channels.types import AttachmentRef, SendError, SendOutcome, VideoMessage
from bot.channels.wechat.api import Api, write_file
from bot.channels.wechat.errors import WeChatError
from bot.channels.wechat.limits import IMAGE_BYTES, VIDEO_BYTES
from bot.channels.wechat.rights import AccountRights
from bot.channels.wechat.stored import read_fields
from core.io.addresses import split_sound
from core.io.retrying import RetryPolicy, Sleep, retried

log = logging.getLogger(__name__)

_LIFE_S = 3 * 24 * 3600.0
_MARGIN_S = 3600.0
_HOSTS = (".qq.com", ".qpic.cn")  # where WeChat keeps what people send
_UNTIL_THERE = RetryPolicy(  # a video's address is not there yet for some seconds
    SendError,
    pauses_s=(1.0, 2.0, 4.0, 8.0),
    tries=5,
    only_if=lambda error: error.outcome is SendOutcome.NOT_SENT,
)
_FETCH_S = 180.0
_THUMB_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class UploadedMedia:
    """An uploaded file by WeChat's media id, and for how many more seconds it is good."""

    media_id: str
    for_s: float


class Media:
    """The uploads and downloads of one account."""

    def __init__(
        self,
        api: Api,
        key_values: KeyValue,
        rights: AccountRights,
        *,
        account: str,
        api_url: str,
        sleep: Sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._key_values = key_values
        self._rights = rights
        self._account = account
        self._origin = urlsplit(api_url)
        self._sleep = sleep
        self._now = now
        self._places = asyncio.Semaphore(2)

    async def uploaded(self, video: VideoMessage, *, fresh: bool = False) -> UploadedMedia:
        """Return the media id of this file: that of an earlier upload while it lives, unless it must be `fresh`."""
        key = await self._key(video.path)
        known = None if fresh else await self._known(key)
        if known is not None:
            return known
        async with self._places:
            media_id = await self._upload(video)
        for_s = _LIFE_S - _MARGIN_S
        await self._key_values.put(key, json.dumps({"id": media_id, "until": self._now() + for_s}), for_s=for_s)
        return UploadedMedia(media_id, for_s)

    async def _known(self, key: str) -> UploadedMedia | None:
        fields = read_fields(await self._key_values.get(key))
        media_id, until = fields.get("id"), fields.get("until")
        if isinstance(media_id, str) and isinstance(until, int | float):
            return UploadedMedia(media_id, until - self._now())
        return None

    async def _upload(self, video: VideoMessage) -> str:
        """Upload for three days; where the account may not do that, for good, and remove it after as long."""
        try:
            media_id = await self._api.upload("video", video.path)
        except WeChatError as error:
            await self._rights.learn("upload", error)
            if error.reaction != "right":
                raise
        else:
            await self._rights.learn("upload")
            return media_id
        await self._tidy()
        media_id = await self._keep(video)
        uploads = await self._materials()
        await self._key_values.put(self._materials_key, json.dumps({**uploads, media_id: self._now() + _LIFE_S}))
        return media_id

    async def _keep(self, video: VideoMessage) -> str:
        try:
            media_id = await self._api.keep(video.path, title=video.title or "reelbot")
        except WeChatError as error:
            await self._rights.learn("keep", error)
            await self._rights.tell()
            raise
        await self._rights.learn("keep")
        return media_id

    async def _tidy(self) -> None:
        """Remove permanent uploads that have had their time: an account's stock of them is small."""
        uploads = await self._materials()
        for media_id in [media_id for media_id, until in uploads.items() if until < self._now()]:
            try:
                await self._api.call("/material/del_material", {"media_id": media_id})
            except WeChatError as error:
                if error.reaction != "media":  # it is gone already
                    log.info("an old upload stays", extra={"errcode": error.info.code})
                    continue
            del uploads[media_id]
        await self._key_values.put(self._materials_key, json.dumps(uploads))

    async def _materials(self) -> dict[str, float]:
        fields = read_fields(await self._key_values.get(self._materials_key))
        return {media_id: until for media_id, until in fields.items() if isinstance(until, int | float)}

    @property
    def _materials_key(self) -> str:
        return f"wechat:{self._account}:materials"

    async def thumbnail(self, video: VideoMessage) -> str | None:
        """Upload the video's thumbnail and return its media id; None where there is none."""
        path = video.thumbnail
        if path is None or not path.is_file() or path.stat().st_size > _THUMB_BYTES:
            return None
        return await self._api.upload("thumb", path)

    async def _key(self, path: Path) -> str:
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        return f"wechat:{self._account}:media:{path.name}:{size}"

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget WeChat's names of these files: it drops an upload within three days."""
        for path in files:
            with suppress(OSError):
                await self._key_values.put(await self._key(path), None)

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download a file. Raises SendError.

        A photo's own address helps where the account may not fetch media, and where WeChat named no media id.
        """
        media_id, _, picture = ref.file_id.partition(" ")
        most = IMAGE_BYTES if ref.kind == "image" else VIDEO_BYTES
        try:
            async with asyncio.timeout(_FETCH_S):
                await self._fetch(media_id, picture, into, most)
        except BaseException as error:
            into.unlink(missing_ok=True)  # half a file, or WeChat's refusal in its place
            if isinstance(error, TimeoutError):
                raise SendError(SendOutcome.NOT_SENT, "the file did not come in time", after_s=10.0) from None
            if isinstance(error, WeChatError):
                raise _not_fetched(error) from None
            raise

    async def _fetch(self, media_id: str, picture: str, into: Path, most: int) -> None:
        if not media_id:
            await self._download(self._checked(picture), into, most)
            return
        try:
            answer = await self._api.download(media_id, into, most_bytes=most)
        except (WeChatError, SendError) as error:
            if not picture or not await self._by_address(picture, into, most):
                raise
            log.info("a photo came by its own address", extra={"reason": str(error)})
            return
        if answer is None:
            return
        url = answer.get("video_url")
        if not isinstance(url, str):
            raise SendError(SendOutcome.REJECTED, "WeChat gave no file")
        await self._download(self._checked(url), into, most)

    async def _by_address(self, picture: str, into: Path, most: int) -> bool:
        try:
            await self._download(self._checked(picture), into, most)
        except SendError:
            return False
        return True

    def _checked(self, url: str) -> str:
        """Check an address: WeChat's own hosts, or the origin of the configured API; nothing else is asked."""
        parts = split_sound(url)
        if parts is None:
            raise SendError(SendOutcome.REJECTED, "WeChat named no address")
        ours = (parts.scheme, parts.netloc) == (self._origin.scheme, self._origin.netloc)
        host = f".{(parts.hostname or '').lower()}"
        if ours or (parts.scheme in {"http", "https"} and parts.port in {None, 80, 443} and host.endswith(_HOSTS)):
            return url
        raise SendError(SendOutcome.REJECTED, "WeChat named an unexpected address")

    async def _download(self, url: str, into: Path, most: int) -> None:
        await retried(lambda: self._download_once(url, into, most), _UNTIL_THERE, sleep=self._sleep)

    async def _download_once(self, url: str, into: Path, most: int) -> None:
        try:
            async with self._api.files.stream("GET", url) as reply:
                if reply.status_code == httpx.codes.OK:
                    await write_file(reply, into, most_bytes=most)
                    return
        except httpx.HTTPError as error:
            log.info("a file did not come", extra={"reason": type(error).__name__})
        raise SendError(SendOutcome.NOT_SENT, "the file did not come from WeChat", after_s=10.0)


def _not_fetched(error: WeChatError) -> SendError:
    send_error = error.send_error()
    return (
        send_error if send_error.outcome == SendOutcome.NOT_SENT else SendError(SendOutcome.REJECTED, send_error.reason)
    )
