"""The Official Account as a channel.

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

from bot.channels.protocol import PlainChannel, Services
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Activity, Address, AttachmentRef, Message, SendError, SendOutcome, VideoMessage
from bot.channels.wechat import MANIFEST
from bot.channels.wechat.api import PUSH, Api
from bot.channels.wechat.callback import Callback
from bot.channels.wechat.errors import WeChatError
from bot.channels.wechat.limits import TEXT_BYTES
from bot.channels.wechat.media import Media, UploadedMedia
from bot.channels.wechat.menu import menu
from bot.channels.wechat.settings import WeChatSettings
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_NO_PUSH_S = 12 * 3600.0  # how long a missing right is believed; then it is tried again
_RESERVE = 2  # of the messages that a person's last one allows: one for a video, one for a failure
_TYPING_WITHIN_S = 25.0
_DESCRIPTION_BYTES = 500


class WeChat(PlainChannel):
    """The channel."""

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
        self._api = Api(settings, services.key_values, alert=services.alert, sleep=sleep)
        self._media = Media(
            self._api, services.key_values, account=self._account, api_url=settings.api_url, sleep=sleep, now=now
        )
        self._callback = Callback(services, settings, on_message=self._note_message)
        self._spoke: dict[str, float] = {}  # when they last wrote; gone once the typing sign was shown

    def routes(self) -> Sequence[BaseRoute]:
        """Return the callback's routes."""
        return self._callback.routes()

    async def start(self) -> None:
        """Do nothing: WeChat calls us."""

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""
        self._callback.close()

    async def stop(self) -> None:
        """Close the connections."""
        await self._api.close()

    def alive(self) -> bool:
        """Return True: there is no loop."""
        return True

    async def check(self) -> str:
        """Check AppID, secret and IP allow-list by the token; a typing sign to nobody tells whether we may push."""
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
        """Download the attachment to `into`. Raises SendError."""
        await self._media.fetch(ref, into)

    async def show(
        self,
        to: Address,
        message: Message,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - there are no replies
        replace: str | None = None,  # noqa: ARG002 - nothing can be changed
    ) -> str:
        """Push a text.

        One on a job may use up what a person's last message allows; any other leaves enough for a video.
        """
        await self._must_push()
        if message.job_id is None and await self._services.send_quota.left(_user(to)) <= _RESERVE:
            raise SendError(SendOutcome.MUST_WAIT, "kept for a video")
        text = {"content": shortened(message.text, most=TEXT_BYTES, unit=Unit.UTF8)}
        await self._push({"touser": to.chat_id, "msgtype": "text", "text": text}, to, uploaded=None)
        return "pushed"

    async def send_video(
        self,
        to: Address,
        video: VideoMessage,
        *,
        reply_to: str | None = None,  # noqa: ARG002 - there are no replies
    ) -> str:
        """Push the video where the account may, else upload it to wait for the person. Raises SendError."""
        try:
            uploaded = await self._media.uploaded(video)
            await self._must_push(uploaded)
            await self._push_video(to, video, uploaded)
        except WeChatError as error:
            raise error.send_error() from None
        return "pushed"

    async def _push_video(self, to: Address, video: VideoMessage, uploaded: UploadedMedia) -> None:
        """Push without a thumbnail; a refused reference is renewed once; a thumbnail is added if that is it."""
        body = {"title": video.title, "description": shortened(video.caption, most=_DESCRIPTION_BYTES, unit=Unit.UTF8)}
        try:
            await self._push(_video(to, uploaded, body), to, uploaded=uploaded)
        except _MediaRefused:
            uploaded = await self._media.uploaded(video, fresh=True)
            try:
                await self._push(_video(to, uploaded, body), to, uploaded=uploaded)
            except _MediaRefused as again:
                thumb = await self._media.thumbnail(video)
                if thumb is None:
                    raise SendError(SendOutcome.REJECTED, again.reason) from None
                await self._push(_video(to, uploaded, {**body, "thumb_media_id": thumb}), to, uploaded=uploaded)

    async def _push(self, body: dict[str, Any], to: Address, *, uploaded: UploadedMedia | None) -> None:
        """Push, to be taken with errcode 0. Raises SendError."""
        try:
            await self._api.call(PUSH, body)
        except WeChatError as error:
            await self._remember(error)
            send_error = error.send_error(
                uploaded_ref=uploaded.media_id if uploaded else None, uploaded_for_s=uploaded.for_s if uploaded else 0.0
            )
            if error.info.code in _THUMB_CODES or error.reaction == "media":
                raise _MediaRefused(SendOutcome.REJECTED, send_error.reason) from None
            raise send_error from None
        await self._count(to)

    async def _count(self, to: Address) -> None:
        """Count the push that WeChat has taken: nothing that fails from here on may look like a message not sent."""
        try:
            await self._services.send_quota.spend(_user(to))
            await self._services.key_values.put(self._push_key, "yes")
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a push was not counted", extra={"error": type(error).__name__})

    async def _remember(self, error: WeChatError) -> None:
        if error.reaction == "right":
            log.warning("the account may not push: videos wait for people's next messages")
            await self._services.key_values.put(self._push_key, "no", for_s=_NO_PUSH_S)

    async def _must_push(self, uploaded: UploadedMedia | None = None) -> None:
        if await self._services.key_values.get(self._push_key) == "no":
            reason = "the account may not push"
            raise SendError(
                SendOutcome.MUST_WAIT,
                reason,
                after_s=uploaded.for_s if uploaded else 0.0,
                uploaded_ref=uploaded.media_id if uploaded else None,
            )

    @property
    def _push_key(self) -> str:
        return f"wechat:{self._account}:push"

    def _note_message(self, person: str) -> None:
        now = time.monotonic()
        self._spoke = {who: at for who, at in self._spoke.items() if now - at < _TYPING_WITHIN_S} | {person: now}

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show the typing sign, once after a message: WeChat allows it within 30 seconds, and not while it is shown."""
        spoke = self._spoke.pop(to.chat_id, None)
        if activity != "rendering" or spoke is None or time.monotonic() - spoke > _TYPING_WITHIN_S:
            return
        try:
            if await self._services.key_values.get(self._push_key) == "yes":
                await self._api.call("/message/custom/typing", {"touser": to.chat_id, "command": "Typing"})
        except Exception as error:  # noqa: BLE001 - a decoration: whatever the chat or the database does
            log.debug("no typing sign", extra={"reason": type(error).__name__})

    async def create_menu(self) -> None:
        """Create the account's menu, for `reelbot wechat menu`. Raises SendError."""
        try:
            await self._api.call("/menu/create", menu(self._services.translate))
        except WeChatError as error:
            raise SendError(SendOutcome.REJECTED, error.send_error().reason) from None


_THUMB_CODES = frozenset({40012})


class _MediaRefused(SendError):
    """A refusal of the video's reference, or of a missing thumbnail."""


def _user(to: Address) -> str:
    return f"wechat:{to.chat_id}"


def _video(to: Address, uploaded: UploadedMedia, body: dict[str, Any]) -> dict[str, Any]:
    return {"touser": to.chat_id, "msgtype": "video", "video": {"media_id": uploaded.media_id, **body}}
