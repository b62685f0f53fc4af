"""A strict small WeCom: the long connection of an AI bot over a real websocket, its files over real HTTP.

fake = WeComFake()
async with served(fake) as url:              # WECOM_BOT_URL is the same with ws:// in front
    await fake.until(lambda: fake.line)
    await fake.says("zhang.san", "a fox")
    await fake.says("zhang.san", "a fox", chat="wrGroup")

Written from the protocol's description alone. What breaks its rules is refused, and noted in `violations`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from tests.fakes.wecom.lines import Fault, FaultKind, Line, Lines
from tests.fakes.wecom.media import Files
from tests.fakes.wecom.world import BOT_ID, SECRET, Said, World

__all__ = ["BOT_ID", "SECRET", "Fault", "FaultKind", "Line", "Said", "WeComFake"]


class WeComFake:
    def __init__(self) -> None:
        self.world = World()
        self.files = Files(self.world)
        self.lines = Lines(self.world)
        self.url = ""
        self._last: tuple[str, dict[str, Any]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.lines(scope, receive, send)
        else:
            await self.files(scope, receive, send)

    @property
    def line(self) -> Line | None:
        """The one connection of the bot."""
        return self.lines.current

    @property
    def violations(self) -> list[str]:
        return self.world.violations

    def environment(self, url: str) -> dict[str, str]:
        self.url = url
        ws_url = url.replace("http", "ws", 1)
        return {"WECOM_BOT_ID": BOT_ID, "WECOM_BOT_SECRET": SECRET, "WECOM_BOT_URL": ws_url}

    def fail(self, cmd: str, kind: FaultKind, *, times: int = 1, code: int = -1) -> Fault:
        """The next `times` frames of `cmd` fail; "file" stands for the downloads. See Fault."""
        fault = Fault(cmd, kind, times, code)
        (self.files if cmd == "file" else self.lines).faults.append(fault)
        return fault

    # What people do

    async def says(
        self,
        person: str,
        text: str = "",
        *,
        chat: str | None = None,
        photo: bytes | None = None,
        photos: Sequence[bytes] = (),
        video: bytes | None = None,
        file: bytes | None = None,
        voice: str | None = None,
        quote: dict[str, Any] | None = None,
        msgid: str | None = None,
    ) -> str:
        """A person writes in their own chat, or in a group and addresses the bot there. Returns the msgid.

        A photo with words, or several `photos`, are one mixed message; a single photo, a film, a file and a voice exist
        in single chats only.
        """
        body = self.world.message(person, chat, msgid)
        if photos or (photo is not None and (text or chat is not None)):
            words = [{"msgtype": "text", "text": {"content": self._addressed(text, chat)}}] if text or chat else []
            pictures = map(self._image, photos or [photo or b""])
            body |= {"msgtype": "mixed", "mixed": {"msg_item": [*words, *pictures]}}
        elif photo is not None:
            body |= self._image(photo)
        elif video is not None or file is not None or voice is not None:
            assert chat is None, "only in single chats"
            kind, found = ("video", video) if video is not None else ("file", file)
            body |= (
                {"msgtype": "voice", "voice": {"content": voice}}
                if voice is not None
                else {"msgtype": kind, kind: self.files.keep(self.url, found or b"")}
            )
        else:
            body |= {"msgtype": "text", "text": {"content": self._addressed(text, chat)}}
        if quote is not None:
            body["quote"] = quote
        self.world.spoke(person, chat)
        await self.deliver("aibot_msg_callback", body)
        return str(body["msgid"])

    def _addressed(self, text: str, chat: str | None) -> str:
        return text if chat is None else f"@{self.world.bot_name} {text}"

    def _image(self, photo: bytes) -> dict[str, Any]:
        return {"msgtype": "image", "image": self.files.keep(self.url, photo)}

    def quoted_photo(self, photo: bytes) -> dict[str, Any]:
        return self._image(photo)

    async def repeats(self) -> None:
        """WeCom delivers the last message once more, under a new req_id."""
        assert self._last is not None
        await self.deliver(*self._last)

    async def enters(self, person: str) -> None:
        """A person opens the chat with the bot, for the first time today."""
        body = self.world.message(person, None, None) | {"msgtype": "event", "event": {"eventtype": "enter_chat"}}
        await self.deliver("aibot_event_callback", body)

    async def presses(self, person: str, label: str, *, chat: str | None = None) -> None:
        """A person presses the button with this label, on the newest card in the chat that shows it to them."""
        card = self.world.card_with(label, chat or person, person)
        key = next(each["key"] for each in card.shown_to(person)["button_list"] if label in each["text"])
        await self.presses_key(person, card.task_id, key, chat=chat)

    async def presses_key(self, person: str, task_id: str, key: str, *, chat: str | None = None) -> None:
        pressed = {"card_type": "button_interaction", "event_key": key, "task_id": task_id}
        event = {"eventtype": "template_card_event", "template_card_event": pressed}
        body = self.world.message(person, chat, None) | {"msgtype": "event", "event": event}
        await self.deliver("aibot_event_callback", body)

    async def deliver(self, cmd: str, body: dict[str, Any]) -> None:
        self._last = cmd, body
        req_id = self.world.asks(cmd, body)
        if self.lines.current is None:
            self.lines.waiting.append({"cmd": cmd, "headers": {"req_id": req_id}, "body": body})
        else:
            await self.lines.current.send({"cmd": cmd, "headers": {"req_id": req_id}, "body": body})

    # What people see

    def said(self, chat: str) -> list[Said]:
        return [each for each in self.world.said if each.chat == chat]

    def texts(self, chat: str) -> list[str]:
        """The words of the bot, those on its cards among them, oldest first."""
        return [each.text for each in self.said(chat) if each.video is None]

    def videos(self, chat: str) -> list[bytes]:
        return [each.video for each in self.said(chat) if each.video is not None]

    def buttons(self, chat: str, person: str | None = None) -> list[str]:
        """The labels under the newest card."""
        cards = [each.card for each in self.said(chat) if each.card is not None]
        return [str(each["text"]) for each in cards[-1].shown_to(person or chat)["button_list"]] if cards else []

    async def until(self, true: Callable[[], object], *, s: float = 10.0) -> None:
        async with asyncio.timeout(s):
            while not true():
                await asyncio.sleep(0.005)
