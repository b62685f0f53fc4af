"""The web chat as a channel: the bot's messages go into the transcript, and from there to every open page."""

import asyncio
import json
import logging
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from bot.channels.protocol import PlainChannel
from bot.channels.services import Services
from bot.channels.types import (
    Activity,
    Address,
    AttachmentRef,
    FileMessage,
    Incoming,
    Message,
    SendError,
    SendOutcome,
    VideoMessage,
)
from bot.channels.webchat import MANIFEST
from bot.channels.webchat.guard import Guard
from bot.channels.webchat.rates import Rates
from bot.channels.webchat.routes import Pages
from core.io import disk

log = logging.getLogger(__name__)

UPLOAD = re.compile(r"[0-9a-f]{32}")


class WebChat(PlainChannel):
    """The channel."""

    manifest = MANIFEST
    name = MANIFEST.name
    limits = MANIFEST.limits

    def __init__(self, services: Services, token: str | None, rates: Rates | None = None) -> None:
        """`token` None: the demo. `rates`: what each browser has left."""
        self._services = services
        guard = Guard(secret=services.secret, token=token, port=services.port, public_url=services.public_url)
        self._pages = Pages(services, guard, rates or Rates())

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of the pages and of what they call."""
        return self._pages.routes()

    async def start(self) -> None:
        """Do nothing: the pages are there as soon as the server is."""

    async def stop_intake(self) -> None:
        """Take no new message from now on; sending still works."""
        self._pages.close()

    async def stop(self) -> None:
        """Do nothing: nothing is open."""

    def alive(self) -> bool:
        """Return True: there is no loop."""
        return True

    async def check(self) -> str:
        """Return where the page is, for `doctor`."""
        return "served at REELBOT_HOST:REELBOT_PORT"

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Copy the uploaded file to `into`. Raises SendError."""
        source = self._services.uploads_dir / ref.file_id
        if not UPLOAD.fullmatch(ref.file_id) or not source.is_file():
            raise SendError(SendOutcome.REJECTED, "the upload is gone")
        await asyncio.to_thread(shutil.copyfile, source, into)

    async def show(
        self, to: Address, message: Message, *, reply_to: str | None = None, replace: str | None = None
    ) -> str:
        """Write a text into the transcript, or replace the one at `replace`, and return its reference."""
        body: dict[str, Any] = {"kind": "text", "from": "bot", "text": message.text, "job": message.job_id}
        body["actions"] = _actions(message)
        body["progress"] = message.progress
        if message.long:
            body["long"] = message.long
        if message.table:
            body |= {"table": message.table, "below_table": message.below_table}
        body["reply_to"] = reply_to
        if replace is not None:
            await self._services.transcript.replace(to.chat_id, int(replace), body)
            reference = int(replace)
        else:
            reference = await self._services.transcript.add(to.chat_id, body)
        self._pages.wake(to.chat_id)
        return str(reference)

    async def send_video(self, to: Address, video: VideoMessage, *, reply_to: str | None = None) -> str:
        """Put the video into the folder that the page plays from: a rendition lies beside the originals."""
        await asyncio.to_thread(_put, video.path, self._services.videos_dir)
        poster = None
        if video.thumbnail is not None:
            poster = video.thumbnail.name
            await asyncio.to_thread(_put, video.thumbnail, self._services.videos_dir)
        body = {
            "kind": "video",
            "from": "bot",
            "name": video.path.name,
            "poster": poster,
            "text": video.caption,
            "width": video.width,
            "height": video.height,
            "duration_s": video.duration_s,
            "job": video.job_id,
            "reply_to": reply_to,
            "actions": _actions(video),
        }
        reference = await self._services.transcript.add(to.chat_id, body)
        self._pages.wake(to.chat_id)
        return str(reference)

    async def send_file(self, to: Address, file: FileMessage, *, reply_to: str | None = None) -> str:
        """Show a link to the file, for the session that owns it, in the folder that the page plays from."""
        await asyncio.to_thread(_put, file.path, self._services.videos_dir)
        body = {"kind": "file", "from": "bot", "name": file.path.name, "text": file.caption}
        reference = await self._services.transcript.add(to.chat_id, {**body, "job": file.job_id, "reply_to": reply_to})
        self._pages.wake(to.chat_id)
        return str(reference)

    async def retire(self, pressed: Incoming) -> None:
        """Disable the button in the transcript, for every page that shows it."""
        try:
            await self._retire(pressed.address.chat_id, pressed.reply_to, pressed.pressed)
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.info("a button stays as it is", extra={"error": type(error).__name__})

    async def _retire(self, chat_id: str, ref: str | None, data: str | None) -> None:
        for entry in await self._services.transcript.read(chat_id):
            if str(entry["id"]) == ref and entry.get("actions"):
                actions = [{**each, "disabled": True} if each["data"] == data else each for each in entry["actions"]]
                body = {name: value for name, value in entry.items() if name not in {"id", "change", "at"}}
                await self._services.transcript.replace(chat_id, entry["id"], {**body, "actions": actions})
                self._pages.wake(chat_id)

    async def remove(self, to: Address, ref: str) -> bool:
        """Take a text or a film off the page; its place in the transcript stays."""
        if not ref.isdecimal():
            return False
        await self._services.transcript.replace(to.chat_id, int(ref), {"kind": "gone", "from": "bot", "text": ""})
        self._pages.wake(to.chat_id)
        return True

    async def busy(self, to: Address, activity: Activity) -> None:
        """Show the activity on the open pages."""
        self._pages.tell(to.chat_id, "busy", json.dumps({"activity": activity, "at": time.time()}))


def _put(path: Path, folder: Path) -> None:
    """Copy the file whole or not at all, since the page may be asking for it."""
    target = folder / path.name
    if target.exists() and target.samefile(path):
        return
    with disk.whole(target) as draft:
        shutil.copyfile(path, draft)


def _actions(message: Message | VideoMessage) -> list[dict[str, Any]]:
    return [{"label": action.label, "data": action.data, "danger": action.danger} for action in message.actions]
