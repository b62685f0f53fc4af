"""The Official Account as the program sees it.

A video is pushed where the account may do that and the person has written lately; else it is uploaded and waits: it
then goes out as the answer to the person's next message. Only an errcode of 0 is a delivery.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from bot.channels.protocol import Services
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Activity, Address, AttachmentRef, Message, SendError, SendOutcome, VideoMessage
from bot.channels.wechat import MANIFEST, TEXT_BYTES
from bot.channels.wechat.api import PUSH, Api
from bot.channels.wechat.callback import Callback
from bot.channels.wechat.errors import WeChatError
from bot.channels.wechat.media import Media, UploadedMedia
from bot.channels.wechat.menu import menu
from bot.channels.wechat.settings import WeChatSettings
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_NO_PUSH_S = 12 * 3600.0  # how long a missing right is believed; then it is tried again
_RESERVE = 2  # of the messages that a person's last one allows: one for a video, one for a failure
_TYPING_WITHIN_S = 25.0
_DESCRIPTION_BYTES = 500


class WeChat:
    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(
        self,
        services: Services,
        settings: WeChatSettings,
        *,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._services = services
        self._account = settings.app_id or ""
        self._api = Api(settings, services.memory, alert=services.alert, sleep=sleep)
        self._media = Media(
            self._api, services.memory, account=self._account, api_url=settings.api_url, sleep=sleep, now=now
        )
        self._callback = Callback(services, settings, heard=self._note_heard)
        self._spoke: dict[str, float] = {}  # when they last wrote; gone once the typing sign was shown

    def routes(self) -> Sequence[BaseRoute]:
        return self._callback.routes()

    async def start(self) -> None:
        """WeChat calls us; there is nothing to begin."""

    async def stop_intake(self) -> None:
        self._callback.close()

    async def stop(self) -> None:
        await self._api.close()

    def alive(self) -> bool:
        return True

    async def check(self) -> str:
        """The token proves AppID, secret and IP allow-list; a typing sign to nobody tells whether we may push."""
        try:
            await self._api.check_token()
            pushes = await self._probe()
        except WeChatError as error:
            raise SendError(SendOutcome.UNREACHABLE, error.send_error().reason) from None
        where = f"{self._services.public_url}/wechat" if self._services.public_url else "REELBOT_PUBLIC_URL/wechat"
        how = "videos are pushed" if pushes else "videos wait for a person's next message (no customer-service right)"
        return f"{self._account}: {how}; the console must call {where}, message format XML"

    async def _probe(self) -> bool:
        try:
            await self._api.call("/message/custom/typing", {"touser": "nobody", "command": "Typing"})
        except WeChatError as error:
            if error.reaction == "setup":
                raise
            await self._remember(error)
            return error.reaction != "right"
        return True

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        await self._media.fetch(ref, into)

    async def show(
        self,
        to: Address,
        message: Message,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - there are no replies
        replace: str | None = None,  # noqa: ARG002 - nothing can be changed
    ) -> str:
        """A word on a job may use what a person's last message allows; anything else leaves enough for a video."""
        await self._must_push()
        if message.job_id is None and await self._services.allowance.left(_user(to)) <= _RESERVE:
            raise SendError(SendOutcome.MUST_WAIT, "kept for a video")
        text = {"content": shortened(message.text, most=TEXT_BYTES, unit=Unit.UTF8)}
        await self._push({"touser": to.chat_id, "msgtype": "text", "text": text}, to, kept=None)
        return "pushed"

    async def send_video(
        self,
        to: Address,
        video: VideoMessage,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - there are no replies
    ) -> str:
        try:
            kept = await self._media.uploaded(video)
            await self._must_push(kept)
            await self._push_video(to, video, kept)
        except WeChatError as error:
            raise error.send_error() from None
        return "pushed"

    async def _push_video(self, to: Address, video: VideoMessage, kept: UploadedMedia) -> None:
        """First without a thumbnail. A reference that is refused is made anew, once; then with one, if that is it."""
        body = {"title": video.title, "description": shortened(video.caption, most=_DESCRIPTION_BYTES, unit=Unit.UTF8)}
        try:
            await self._push(_video(to, kept, body), to, kept=kept)
        except _MediaRefused:
            kept = await self._media.uploaded(video, fresh=True)
            try:
                await self._push(_video(to, kept, body), to, kept=kept)
            except _MediaRefused as again:
                thumb = await self._media.thumbnail(video)
                if thumb is None:
                    raise SendError(SendOutcome.REJECTED, again.reason) from None
                await self._push(_video(to, kept, {**body, "thumb_media_id": thumb}), to, kept=kept)

    async def _push(self, body: dict[str, Any], to: Address, *, kept: UploadedMedia | None) -> None:
        """Taken with errcode 0, or SendError."""
        try:
            await self._api.call(PUSH, body)
        except WeChatError as error:
            await self._remember(error)
            send_error = error.send_error(kept=kept.media_id if kept else None, kept_s=kept.for_s if kept else 0.0)
            if error.told.code in _THUMB_CODES or error.reaction == "media":
                raise _MediaRefused(SendOutcome.REJECTED, send_error.reason) from None
            raise send_error from None
        await self._count(to)

    async def _count(self, to: Address) -> None:
        """WeChat has taken it: nothing that fails from here on may look like a message that was not sent."""
        try:
            await self._services.allowance.spend(_user(to))
            await self._services.memory.put(self._push_key, "yes")
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a push was not counted", extra={"error": type(error).__name__})

    async def _remember(self, error: WeChatError) -> None:
        if error.reaction == "right":
            log.warning("the account may not push: videos wait for people's next messages")
            await self._services.memory.put(self._push_key, "no", for_s=_NO_PUSH_S)

    async def _must_push(self, kept: UploadedMedia | None = None) -> None:
        if await self._services.memory.get(self._push_key) == "no":
            reason = "the account may not push"
            raise SendError(
                SendOutcome.MUST_WAIT, reason, after_s=kept.for_s if kept else 0.0, kept=kept.media_id if kept else None
            )

    @property
    def _push_key(self) -> str:
        return f"wechat:{self._account}:push"

    def _note_heard(self, person: str) -> None:
        now = time.monotonic()
        self._spoke = {who: at for who, at in self._spoke.items() if now - at < _TYPING_WITHIN_S} | {person: now}

    async def busy(self, to: Address, activity: Activity) -> None:
        """The typing sign, once after a message: WeChat allows it within 30 seconds, and not while it is shown."""
        spoke = self._spoke.pop(to.chat_id, None)
        if activity != "rendering" or spoke is None or time.monotonic() - spoke > _TYPING_WITHIN_S:
            return
        try:
            if await self._services.memory.get(self._push_key) == "yes":
                await self._api.call("/message/custom/typing", {"touser": to.chat_id, "command": "Typing"})
        except Exception as error:  # noqa: BLE001 - a decoration: whatever the chat or the database does
            log.debug("no typing sign", extra={"reason": type(error).__name__})

    async def create_menu(self) -> None:
        """For `reelbot wechat menu`. Raises SendError."""
        try:
            await self._api.call("/menu/create", menu(self._services.translate))
        except WeChatError as error:
            raise SendError(SendOutcome.REJECTED, error.send_error().reason) from None


_THUMB_CODES = frozenset({40012})


class _MediaRefused(SendError):
    """The reference of the video, or a thumbnail that it lacks."""


def _user(to: Address) -> str:
    return f"wechat:{to.chat_id}"


def _video(to: Address, kept: UploadedMedia, body: dict[str, Any]) -> dict[str, Any]:
    return {"touser": to.chat_id, "msgtype": "video", "video": {"media_id": kept.media_id, **body}}
