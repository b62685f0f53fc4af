"""A strict small iLink (personal WeChat): the bot's API, the CDN and the QR login over real HTTP, and people.

Written from the reference alone; tests/channels/test_ilink_fake.py lets an independent client pass against it.

fake = ILinkFake()
async with served(fake) as fake.url:         # ILINK_URL is fake.url, ILINK_CDN_URL is fake.cdn_url
    bot = fake.bot("fox@im.wechat")          # an account that has logged in; or script what a QR goes through
    fake.says("fox@im.wechat", "视频 一只狐狸")
"""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from tests.fakes.ilink.api import Api, Call, Fault, FaultKind
from tests.fakes.ilink.media import Encoding
from tests.fakes.ilink.world import Bot, Person, Quote, Refused, Seen, World

__all__ = ["Bot", "Call", "Fault", "ILinkFake", "Person", "Quote", "Refused", "Seen", "World"]


class ILinkFake:
    def __init__(self, *, hold_s: float = 2.0) -> None:
        """`hold_s`: how long a question for updates is held (35 s in life)."""
        self.world = World()
        self.api = Api(self.world, hold_s=hold_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.api(scope, receive, send)

    @property
    def url(self) -> str:
        return self.world.url

    @url.setter
    def url(self, url: str) -> None:
        self.world.url = url

    @property
    def cdn_url(self) -> str:
        return f"{self.world.url}/c2c"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead a bot here."""
        return {"ILINK_URL": self.url, "ILINK_CDN_URL": self.cdn_url}

    @property
    def secrets(self) -> list[str]:
        """What nobody may see: tokens, context tokens, keys of files."""
        world = self.world
        keys = [file.key.hex() for file in world.files.values() if file.key]
        return [*(bot.token for bot in world.all_bots), *world.contexts, *keys, *world.tickets]

    def bot(self, owner: str, *, bot_id: str | None = None) -> Bot:
        """A bot that `owner` has made by scanning, with a new token."""
        return self.world.new_bot(owner, bot_id=bot_id)

    def person(self, user: str) -> Person:
        return self.world.person(user)

    # What people do

    def says(self, user: str, text: str, *, quote: Quote | None = None, **more: Any) -> int:
        """The number of the message. It goes to the newest bot of this person; see World.deliver."""
        item: dict[str, Any] = {"type": 1, "text_item": {"text": text}}
        return self.world.deliver(user, [item], quote=quote, **more)

    def sends(self, user: str, *items: dict[str, Any], **more: Any) -> int:
        return self.world.deliver(user, list(items), **more)

    def sends_photo(
        self, user: str, photo: bytes, *, encoding: Encoding = "raw", full_url: bool = False, **more: Any
    ) -> int:
        return self.world.deliver(user, [self.world.photo_item(photo, encoding, full_url=full_url)], **more)

    def sends_video(self, user: str, video: bytes, **more: Any) -> int:
        media = self.world.media(video, "hex")
        item = {"type": 5, "video_item": {"media": media, "video_size": len(video) // 16 * 16 + 16, "play_length": 3}}
        return self.world.deliver(user, [item], **more)

    def sends_file(self, user: str, content: bytes, name: str = "photo.heic", **more: Any) -> int:
        media = self.world.media(content, "hex")
        item = {"type": 4, "file_item": {"media": media, "file_name": name, "len": str(len(content))}}
        return self.world.deliver(user, [item], **more)

    def sends_voice(self, user: str, transcript: str | None = None, **more: Any) -> int:
        voice = {"media": self.world.media(b"silk", "hex"), "playtime": 1200}
        voice |= {"text": transcript} if transcript is not None else {}
        return self.world.deliver(user, [{"type": 3, "voice_item": voice}], **more)

    def wrote(self, user: str) -> str:
        """The context of a message that was taken before all of this."""
        self.world.deliver(user, [])
        return str(self.world.newest_bot(user).queue.pop()["context_token"])

    # What tests look at

    def fail(self, path: str, kind: FaultKind, **more: Any) -> Fault:
        """The next call (or `times` calls) of `path` fails: see Fault. Paths: getupdates, sendmessage, upload, …"""
        fault = Fault(path, kind, **more)
        self.api.faults.append(fault)
        return fault

    def calls(self, path: str | None = None) -> list[Call]:
        return [call for call in list(self.api.calls) if path in {None, call.path}]

    async def until(self, true: Any, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.01)
