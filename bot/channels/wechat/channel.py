"""The Official Account as a channel.

A video is pushed where the account may do that and the person has written lately; else it is uploaded and waits: it
then goes out as the answer to the person's next message. Only an errcode of 0 is a delivery.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from bot.channels.protocol import PlainChannel
from bot.channels.services import Services
from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Activity, Address, AttachmentRef, Message, Obstacle, SendError, SendOutcome, VideoMessage
from bot.channels.wechat import MANIFEST
from bot.channels.wechat.api import PUSH, Api
from bot.channels.wechat.callback import Callback
from bot.channels.wechat.clock import Clock
from bot.channels.wechat.errors import WeChatError
from bot.channels.wechat.limits import CAPTION_BYTES
from bot.channels.wechat.links import LinkedVideos
from bot.channels.wechat.media import Media, UploadedMedia
from bot.channels.wechat.menu import menu
from bot.channels.wechat.parsing import shown, without_tags
from bot.channels.wechat.rights import OBSTACLES, RIGHTS, AccountRights
from bot.channels.wechat.settings import WeChatSettings
from core.io.retrying import Sleep

log = logging.getLogger(__name__)

_PROBE_S = 3 * 3600.0
_PROBE_AGAIN_S = 300.0
_RESERVE = 2  # of the messages that a person's last one allows: one for a video, one for a failure
_TYPING_WITHIN_S = 25.0
_BY_AI = {"aimsgcontext": {"is_ai_msg": 1}}


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
        self._sleep = sleep
        self._clock = Clock(alert=services.alert, now=now)
        self._api = Api(settings, services.key_values, alert=services.alert, sleep=sleep, on_date=self._clock.read)
        self._link_wanted = settings.link
        self._says_by_ai = settings.ai_label != "off"
        self._links = LinkedVideos(services, now=now) if settings.link and services.public_url else None
        if self._links is not None:  # its page may be asked for in any process
            self.manifest = replace(MANIFEST, serves_files=True)
        self._rights = AccountRights(
            self._api,
            services.key_values,
            account=self._account,
            alert=services.alert,
            links=self._links is not None,
        )
        self._media = Media(
            self._api,
            services.key_values,
            self._rights,
            account=self._account,
            api_url=settings.api_url,
            sleep=sleep,
            now=now,
        )
        self._callback = Callback(
            services, settings, on_message=self._note_message, on_stale=self._note_stale, links=self._links, now=now
        )
        self._probing: asyncio.Task[None] | None = None
        self._spoke: dict[str, float] = {}  # when they last wrote; gone once the typing sign was shown

    def routes(self) -> Sequence[BaseRoute]:
        """Return the callback's routes."""
        return self._callback.routes()

    async def start(self) -> None:
        """Begin to probe the account's rights now and then; WeChat calls us by itself."""
        loop = self._services.run_alone("wechat rights", self._probe_often)
        self._probing = asyncio.create_task(loop, name="wechat rights")

    async def _probe_often(self) -> None:
        while True:
            pause_s = _PROBE_S
            try:
                await self._rights.probe()
                await self._rights.tell()
            except Exception as error:  # noqa: BLE001 - whatever WeChat, the network and the database do
                log.info("the account's rights are not known", extra={"error": type(error).__name__})
                pause_s = _PROBE_AGAIN_S
            await self._sleep(pause_s)

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""
        self._callback.close()
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    async def stop(self) -> None:
        """Close the connections."""
        await self._api.close()

    def alive(self) -> bool:
        """Return True: there is no loop."""
        return True

    async def check(self) -> str:
        """Check AppID, secret, IP allow-list, clock, and by doing it what the account may do. Raises SendError."""
        try:
            await self._api.check_token()
            await self._rights.probe()
        except WeChatError as error:
            raise SendError(SendOutcome.UNREACHABLE, error.send_error().reason) from None
        problem = await self._problem()
        if problem is not None:
            raise SendError(SendOutcome.UNREACHABLE, problem)
        where = f"{self._services.public_url}/wechat" if self._services.public_url else "REELBOT_PUBLIC_URL/wechat"
        missing = await self._rights.missing()
        without = "".join(f"; without the right “{right}”: {RIGHTS[right].without}" for right in missing)
        how = "videos wait for a person's next message" if "send" in missing else "videos are pushed"
        return f"{self._account}: {how}{without}; the console must call {where}, message format XML"

    async def _problem(self) -> str | None:
        if self._link_wanted and self._links is None:
            return "WECHAT_LINK needs REELBOT_PUBLIC_URL: links lead to this bot's own page"
        if self._clock.problem is not None:
            return self._clock.problem
        obstacle = await self._rights.obstacle()
        return self._services.translate("en", OBSTACLES[obstacle]) if obstacle else None

    async def obstacle(self, to: Address) -> Obstacle | None:  # noqa: ARG002 - it is the account's, for everybody
        """Return what keeps videos from everybody, as it was found when the rights were last probed. Never raises."""
        try:
            return await self._rights.obstacle()
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("the account's rights could not be read", extra={"error": type(error).__name__})
            return None

    async def _note_stale(self, off_s: float) -> None:
        """Note a call signed right at a time long ago or ahead; WeChat's own time tells a replay from a wrong clock."""
        if not self._clock.is_known:
            with suppress(SendError, WeChatError):
                await self._api.check_token()
        self._clock.doubt(off_s)

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download the attachment to `into`. Raises SendError."""
        await self._media.fetch(ref, into)

    async def forget(self, files: Sequence[Path]) -> None:
        """Forget WeChat's names of these files. Never raises."""
        try:
            await self._media.forget(files)
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("names of uploads were not forgotten", extra={"error": type(error).__name__})

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
        text = {"content": shown(message.text)}
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
            uploaded = await self._uploaded(video)
            await self._must_push(uploaded)
            if self._links is not None and self._links.is_link(uploaded.media_id):
                await self._push_link(to, video, uploaded, self._links)
            else:
                await self._push_video(to, video, uploaded)
        except WeChatError as error:
            raise error.send_error() from None
        return "pushed"

    async def _uploaded(self, video: VideoMessage) -> UploadedMedia:
        """Upload the video; where the account can upload none and links are allowed, publish it on our page."""
        if self._links is not None and not await self._rights.may_upload():
            return await self._links.published(video)
        try:
            return await self._media.uploaded(video)
        except WeChatError as error:
            if error.reaction != "right" or self._links is None:
                raise
        return await self._links.published(video)

    async def _push_link(self, to: Address, video: VideoMessage, uploaded: UploadedMedia, links: LinkedVideos) -> None:
        person = to.chat_id
        text = await links.text(uploaded.media_id, person=person, title=video.title, caption=video.caption)
        await self._push({"touser": person, "msgtype": "text", "text": {"content": shown(text)}}, to, uploaded=uploaded)

    async def _push_video(self, to: Address, video: VideoMessage, uploaded: UploadedMedia) -> None:
        """Push without a thumbnail; a refused reference is renewed once; a thumbnail is added if that is it."""
        body = {
            "title": video.title,
            "description": shortened(without_tags(video.caption), most=CAPTION_BYTES, unit=Unit.UTF8, whole_lines=True),
        }
        try:
            await self._push(_video(to, uploaded, body), to, uploaded=uploaded)
        except _MediaRefused:
            uploaded = await self._media.uploaded(video, fresh=True)
            try:
                await self._push(_video(to, uploaded, body), to, uploaded=uploaded)
            except _MediaRefused as again:
                thumb = await self._media.thumbnail(video)
                if thumb is None:
                    raise SendError(SendOutcome.REJECTED, again.reason, refusal="file") from None
                await self._push(_video(to, uploaded, {**body, "thumb_media_id": thumb}), to, uploaded=uploaded)

    async def _push(self, body: dict[str, Any], to: Address, *, uploaded: UploadedMedia | None) -> None:
        """Push, to be taken with errcode 0. Raises SendError."""
        try:
            await self._api.call(PUSH, body | _BY_AI if uploaded is not None and self._says_by_ai else body)
        except WeChatError as error:
            if error.reaction == "right":
                await self._rights.learn("send", error)
            send_error = error.send_error(
                uploaded_ref=uploaded.media_id if uploaded else None, uploaded_for_s=uploaded.for_s if uploaded else 0.0
            )
            if error.info.code in _THUMB_CODES or error.reaction == "media":
                raise _MediaRefused(SendOutcome.REJECTED, send_error.reason, refusal="file") from None
            raise send_error from None
        await self._count(to)

    async def _count(self, to: Address) -> None:
        """Count the push that WeChat has taken: nothing that fails from here on may look like a message not sent."""
        try:
            await self._services.send_quota.spend(_user(to))
            await self._rights.learn("send")
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a push was not counted", extra={"error": type(error).__name__})

    async def _must_push(self, uploaded: UploadedMedia | None = None) -> None:
        if await self._rights.has("send") is False:
            reason = "the account may not push"
            raise SendError(
                SendOutcome.MUST_WAIT,
                reason,
                after_s=uploaded.for_s if uploaded else 0.0,
                uploaded_ref=uploaded.media_id if uploaded else None,
            )

    def _note_message(self, person: str) -> None:
        now = time.monotonic()
        self._spoke = {who: at for who, at in self._spoke.items() if now - at < _TYPING_WITHIN_S} | {person: now}

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show the typing sign, once after a message: WeChat allows it within 30 seconds, and not while it is shown."""
        spoke = self._spoke.pop(to.chat_id, None)
        if activity != "rendering" or spoke is None or time.monotonic() - spoke > _TYPING_WITHIN_S:
            return
        try:
            if await self._rights.has("send"):
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
