"""People who talk to the bot, each in a chat of their own kind: what they can do there, and what they see."""

import asyncio
import re
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from tests.corpus import jpeg
from tests.fakes.botapi.methods import said_in
from tests.turns.stage import WEB_TOKEN, Stage

PHOTO = jpeg((640, 360))
_ISOLATES = dict.fromkeys((0x2068, 0x2069))
CLIENT = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0), timeout=10)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of the bot as it stands in the chat; `buttons`: their data and what stands on them."""

    key: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    is_film: bool = False

    def __post_init__(self) -> None:
        """Take the marks of direction out, which nobody sees."""
        object.__setattr__(self, "text", self.text.translate(_ISOLATES))

    @property
    def offer(self) -> str | None:
        """The code of the offer that this message makes, if it does."""
        codes = [
            data.removeprefix("yes:")
            for data, _ in self.buttons
            if data.startswith("yes:") and not {".", "-"} & set(data)
        ]
        return codes[0] if len(codes) == 1 and "$" in self.text else None


class Talker(ABC):
    """A person in a chat. `direct`: nobody else reads there. What `how` may hold depends on the chat."""

    kind: str
    stage: Stage
    user: str
    chat: str
    direct: bool = True

    @abstractmethod
    def say(self, text: str, **how: Any) -> None: ...

    @abstractmethod
    def photos(self, count: int, caption: str = "", **how: Any) -> list[str]:
        """Send so many. Gives what their chat calls them."""

    @abstractmethod
    def press(self, data: str, **how: Any) -> None: ...

    @abstractmethod
    def seen(self) -> list[Seen]: ...

    def toasts(self) -> list[str]:
        return []


class OnTelegram(Talker):
    """A private chat, or with `group` what one person says in it."""

    def __init__(self, stage: Stage, person: int, *, group: int | None = None, language: str = "en") -> None:
        self.stage, self._person, self._language = stage, person, language
        self._chat = group or person
        self.user, self.chat = f"telegram:{person}", f"telegram:{self._chat}"
        self.kind, self.direct = ("group" if group else "telegram"), group is None
        self.words: list[int] = []  # the ids of what was said
        self._presses: list[str] = []
        if group is not None:
            stage.telegram.group(group)

    def say(self, text: str, **how: Any) -> None:
        """`forward`, `mention`: it is one; `quote`: the key of a message."""
        extra: dict[str, Any] = {}
        if how.get("forward"):
            sender = {"id": 9, "is_bot": False, "first_name": "N"}
            extra["forward_origin"] = {"type": "user", "date": 1_700_000_000, "sender_user": sender}
        if how.get("mention"):
            text = f"@reelbot {text}"
            extra["entities"] = [{"type": "mention", "offset": 0, "length": 8}]
        self._said(text, extra=extra, reply_to=int(how["quote"]) if "quote" in how else None)

    def photos(self, count: int, caption: str = "", **how: Any) -> list[str]:
        origin = {"type": "hidden_user", "sender_user_name": "x", "date": 1}
        extra = {"forward_origin": origin} if how.get("forward") else {}
        album = uuid.uuid4().hex if count > 1 else None
        found = []
        for number in range(count):
            said = self._said(caption if number == 0 else "", photo=PHOTO, album=album, extra=extra)
            found.append(self.stage.telegram.world.messages[self._chat, said]["photo"][-1]["file_id"])
        return found

    def _said(self, text: str, **more: Any) -> int:
        number = self.stage.telegram.user_says(self._chat, text, sender=self._person, language=self._language, **more)
        self.words.append(number)
        return number

    def edit(self, text: str) -> None:
        """Change what was said last."""
        self.stage.telegram.world.edits(self._chat, self.words[-1], text)

    def redeliver(self) -> None:
        """Telegram sends the last batch of updates again."""
        self.stage.telegram.fail("getUpdates", "repeat")

    def press(self, data: str, **how: Any) -> None:
        """Press it, also where it stands only on a screen that has not heard of its end. `sender`: who does."""
        world, sender = self.stage.telegram.world, how.get("sender", self._person)
        try:
            self._presses.append(world.press(self._chat, data, sender=sender))
        except AssertionError:
            query = f"{5_000_000_000 + len(world.presses)}"
            world.presses[query] = False
            chat = world.chats[self._chat].json()
            message = {"message_id": 1, "date": 1, "chat": chat, "from": world.bot, "text": "…"}
            person = world.person(sender, self._language)
            body = {"id": query, "from": person, "chat_instance": "1", "message": message, "data": data}
            world.update({"callback_query": body})
            self._presses.append(query)

    def seen(self) -> list[Seen]:
        found = []
        for message in self.stage.telegram.said(self._chat):
            rows = message.get("reply_markup", {}).get("inline_keyboard", [])
            buttons = tuple(
                (each["callback_data"], each["text"]) for row in rows for each in row if "callback_data" in each
            )
            text = str(said_in(message) or message.get("caption") or "")
            found.append(Seen(str(message["message_id"]), text, buttons, "video" in message))
        return found

    def toasts(self) -> list[str]:
        world = self.stage.telegram.world
        return [world.toasts.get(number, "") for number in self._presses if world.presses[number]]


class OnWeChat(Talker):
    """A follower. What stood in an answer stays there."""

    kind = "wechat"

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self._openid = f"o{name}_0123456789abcdefghijkl"
        self.user = self.chat = f"wechat:{self._openid}"
        self.last = ""

    def say(self, text: str, **how: Any) -> None:
        """`voice`: it is heard."""
        voice = how.get("voice", False)
        fields = {"MediaId": "v", "Format": "amr", "Recognition": text} if voice else {"Content": text}
        self._send("voice" if voice else "text", **fields)

    def photos(self, count: int, caption: str = "", **how: Any) -> list[str]:
        found = []
        for _ in range(count):
            media_id, url = self.stage.wechat.world.keep("image", PHOTO), "http://mmbiz.qpic.cn/p/0"
            self._send("image", PicUrl=url, MediaId=media_id)
            found.append(f"{media_id} {url}")
        if caption:
            self.say(caption)
        return found

    def _send(self, kind: str, **fields: Any) -> None:
        caller = self.stage.wechat.caller
        self.stage.wechat.world.spoke(self._openid, "message")
        self.last = caller.xml(self._openid, kind, MsgId=uuid.uuid4().int >> 66, **fields)
        self.redeliver()

    def redeliver(self) -> None:
        """WeChat sends the last message (again)."""
        asyncio.run(self.stage.wechat.caller.deliver(self._openid, self.last))

    def press(self, data: str, **how: Any) -> None:
        """Tap a link that types a line."""
        self.say(data)

    def seen(self) -> list[Seen]:
        found = []
        for number, each in enumerate(self.stage.wechat.person(self._openid).seen):
            links = re.findall(r'msgmenucontent=([^&]*)&msgmenuid=\d+">(.*?)</a>', each.text)
            buttons = tuple((f"yes:{unquote(line).partition(' ')[2]}", label) for line, label in links)
            found.append(Seen(str(number), each.text, buttons, each.video is not None))
        return found


class OnPage(Talker):
    """A browser with a session of its own: of the operator, whom all browsers share, or of an invited `guest`."""

    kind = "page"

    def __init__(self, stage: Stage, *, language: str = "en", guest: str = "") -> None:
        self.stage = stage
        self._headers = {"Accept-Language": language}
        if guest:
            response = self._asked("POST", "/chat/redeem", json={"invitation": stage.invitation(guest)})
        else:
            response = self._asked("POST", "/chat/enter", data={"token": WEB_TOKEN})
        self._headers["Cookie"] = response.headers["set-cookie"].partition(";")[0]
        self.user = f"web:{self._asked('GET', '/chat/messages').json()['me']}"
        self.chat = self.user
        self._presses = 0

    def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As the page does: again until it is taken."""
        answers: list[httpx.Response] = []

        def taken() -> bool:
            headers = {**self._headers, "Origin": self.stage.page_url, **more.get("headers", {})}
            rest = {name: value for name, value in more.items() if name != "headers"}
            answers.append(CLIENT.request(method, self.stage.page_url + path, headers=headers, **rest))
            return answers[-1].status_code not in {429, 500, 502, 503}

        self.stage.until(taken)
        assert answers[-1].status_code < 400, answers[-1].text
        return answers[-1]

    def say(self, text: str, **how: Any) -> None:
        """`upload`: what was uploaded before."""
        body = {"id": str(uuid.uuid4()), "text": text, **how}
        for _ in range(2):  # the page is not sure that the first was heard
            self._asked("POST", "/chat/send", json=body)

    def photos(self, count: int, caption: str = "", **how: Any) -> list[str]:
        uploads = [self._asked("POST", "/chat/upload", content=PHOTO).json()["upload"] for _ in range(count)]
        for number, upload in enumerate(uploads):
            self.say(caption if number == 0 else "", upload=upload)
        return uploads

    def press(self, data: str, **how: Any) -> None:
        self._asked("POST", "/chat/press", json={"id": str(uuid.uuid4()), "data": data})

    def reload(self) -> None:
        self._asked("GET", "/")

    def seen(self) -> list[Seen]:
        entries = self._asked("GET", "/chat/messages").json()["messages"]
        return [
            Seen(
                str(entry["id"]),
                entry.get("text") or "",
                tuple((each["data"], each["label"]) for each in entry.get("actions") or ()),
                entry["kind"] == "video",
            )
            for entry in entries
            if entry.get("from") == "bot" and entry["kind"] != "gone"
        ]
