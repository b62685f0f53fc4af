"""What iLink knows: bots and their tokens, people and what they see, the pace, files, logins."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.ilink.media import Encoding, File, Json, Upload, sealed, stated_key

PER_WORD, PER_WORD_S = 10, 24 * 3600.0
PER_WINDOW, WINDOW_S = 12, 300.0
_TEXT_CHARS = 5000
_ITEMS = {1: "text_item", 2: "image_item", 3: "voice_item", 4: "file_item", 5: "video_item"}


class Refused(Exception):
    """A `ret` that is not 0."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Quote:
    """A message that a person's own one quotes. Newer clients say the number alone; `item`: what older ones add."""

    svr_id: int
    item: Json | None = None
    title: str | None = None

    @property
    def json(self) -> Json:
        found: Json = {"svr_id": str(self.svr_id)}
        if self.title is not None:
            found["title"] = self.title
        if self.item is not None:
            found["message_item"] = self.item | {"msg_id": str(self.svr_id)}
        return found


@dataclass(slots=True)
class Bot:
    bot_id: str
    token: str
    owner: str
    alive: bool = True
    started: int = 0  # notifystart less notifystop
    queue: list[Json] = field(default_factory=list)
    cursor: str = ""  # the newest that was handed out
    asked: str = ""  # the one of the last question
    polling: int = 0
    conflicts: int = 0  # polls while another one was held
    resets: int = 0  # polls that began anew though a cursor had been handed out


@dataclass(slots=True)
class Seen:
    """What stands in a person's chat. `number`: the message_id; `hidden`: accepted and never shown."""

    number: int
    text: str = ""
    video: bytes | None = None
    file: bytes | None = None
    context: str = ""
    hidden: bool = False


@dataclass(slots=True)
class Person:
    seen: list[Seen] = field(default_factory=list)
    typing: list[int] = field(default_factory=list)
    spoke: float | None = None  # None: never
    since: int = 0  # sent since they spoke
    sent: list[float] = field(default_factory=list)  # tries, refused ones too
    reachable: bool = True

    @property
    def shown(self) -> list[Seen]:
        return [each for each in self.seen if not each.hidden]

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.shown if each.text]

    @property
    def videos(self) -> list[bytes]:
        return [each.video for each in self.shown if each.video is not None]


class World:
    def __init__(self) -> None:
        self.url = ""
        self.ahead_s = 0.0
        self.all_bots: list[Bot] = []
        self.people: dict[str, Person] = {}
        self.files: dict[str, File] = {}  # by encrypt_query_param
        self.uploads: dict[str, Upload] = {}  # by upload_param
        self.contexts: dict[str, tuple[str, str]] = {}  # token -> bot and person
        self.tickets: dict[str, str] = {}  # typing ticket -> person
        self.client_ids: set[str] = set()
        self.full_urls = False  # of uploads
        self.paced = True
        self.wrong: list[str] = []  # what a client must never do
        self._numbers = itertools.count(9_300_000_000_000_000_001)  # uint64: beyond a double, and beyond int64

    def now(self) -> float:
        return time.time() + self.ahead_s

    # Bots and people

    def new_bot(self, owner: str, *, bot_id: str | None = None) -> Bot:
        bot_id = bot_id or f"{secrets.token_hex(6)}@im.bot"
        for old in self.all_bots:
            if old.bot_id == bot_id:
                old.alive = False
        bot = Bot(bot_id, f"{bot_id}:{secrets.token_hex(24)}", owner)
        self.all_bots.append(bot)
        self.person(owner)
        return bot

    def bot_of(self, token: str) -> Bot:
        """Raises Refused (-14) for a token that is not good, or not any more."""
        for bot in self.all_bots:
            if bot.token == token and bot.alive:
                return bot
        raise Refused(-14, "session timeout")

    def newest_bot(self, user: str) -> Bot:
        return next(bot for bot in reversed(self.all_bots) if bot.owner == user or user in self.people)

    def person(self, user: str) -> Person:
        return self.people.setdefault(user, Person())

    # What people send

    def media(self, content: bytes, encoding: Encoding, *, full_url: bool = False) -> Json:
        file, stated = sealed(content, encoding)
        param = secrets.token_urlsafe(40) + "=="
        self.files[param] = file
        found = {"encrypt_query_param": param, **stated}
        return found | ({"full_url": f"{self.url}/c2c/full?p={param}"} if full_url else {})

    def photo_item(self, photo: bytes, encoding: Encoding, *, full_url: bool = False) -> Json:
        media = self.media(photo, encoding, full_url=full_url)
        item: Json = {"media": media}
        if encoding == "field":
            item["aeskey"] = self.files[media["encrypt_query_param"]].key.hex()
            item["media"] = media | {"aes_key": "AAAA"}  # the item's own comes first
        return {"type": 2, "image_item": item}

    def deliver(
        self,
        user: str,
        items: list[Json],
        *,
        bot: Bot | None = None,
        quote: Quote | None = None,
        number: int | None = None,
        again: bool = False,
        **more: Any,
    ) -> int:
        """A person's message. `number`: an earlier one once more; `again`: that does not count as speaking."""
        bot = bot or self.newest_bot(user)
        number = number or next(self._numbers)
        token = f"ctx-{secrets.token_hex(16)}"
        self.contexts[token] = (bot.bot_id, user)
        if quote is not None:
            items = [items[0] | {"ref_msg": quote.json}, *items[1:]]
        person = self.person(user)
        if not again:
            person.spoke, person.since = self.now(), 0
        message = {
            "seq": number % 1000, "message_id": number, "from_user_id": user, "to_user_id": bot.bot_id,
            "create_time_ms": int(self.now() * 1000), "message_type": 1, "message_state": 2,
            "session_id": f"{user}#{bot.bot_id}", "item_list": items, "context_token": token,
        }  # fmt: skip
        bot.queue.append(message | more)
        return number

    def hand_out(self, bot: Bot) -> list[Json]:
        """What was handed out once is gone."""
        found, bot.queue[:] = list(bot.queue), []
        bot.cursor = f"buf-{secrets.token_hex(12)}"
        return found

    # What bots send

    def send(self, bot: Bot, body: Json) -> int:
        msg = body.get("msg")
        if not isinstance(msg, dict):
            raise Refused(-1, "no msg")
        known = {
            "from_user_id", "to_user_id", "client_id", "message_type", "message_state", "item_list", "context_token",
            "message_id", "run_id",
        }  # fmt: skip
        if (
            set(msg) - known
            or msg.get("from_user_id") != ""
            or (msg.get("message_type"), msg.get("message_state"))
            != (
                2,
                2,
            )
        ):
            raise Refused(-1, "msg")
        client_id, user = msg.get("client_id"), msg.get("to_user_id")
        if not isinstance(client_id, str) or not client_id or client_id in self.client_ids:
            raise Refused(-1, "client_id is not unique")
        person = self.people.get(user) if isinstance(user, str) else None
        if person is None:
            raise Refused(-1, "no such person")
        self._pace(bot, user, person, msg.get("context_token"))
        items = msg.get("item_list")
        if not isinstance(items, list) or len(items) != 1:
            raise Refused(-1, "one item in each message")
        seen = self._seen(user, items[0])
        self.client_ids.add(client_id)
        seen.number = msg.get("message_id") or next(self._numbers)
        seen.context = str(msg.get("context_token"))
        person.since += 1
        person.seen.append(seen)
        return seen.number

    def _pace(self, bot: Bot, user: Any, person: Person, context: Any) -> None:
        now = self.now()
        person.sent = [at for at in person.sent if now - at < WINDOW_S]
        full = len(person.sent) >= PER_WINDOW
        person.sent.append(now)
        spoken = person.spoke is not None and now - person.spoke < PER_WORD_S and person.since < PER_WORD
        if not person.reachable or (self.paced and (full or not spoken)):
            raise Refused(-2, "prepare failed")
        if self.contexts.get(context) != (bot.bot_id, user):
            raise Refused(-2, "prepare failed")

    def _seen(self, user: Any, item: Json) -> Seen:
        kind = _ITEMS.get(item.get("type", 0))
        if kind is None or set(item) != {"type", kind} or not isinstance(item[kind], dict):
            raise Refused(-1, "item")
        content = item[kind]
        if kind == "text_item":
            text = content.get("text")
            if not isinstance(text, str) or not text or len(text) > _TEXT_CHARS:
                raise Refused(-2, "prepare failed")
            return Seen(0, text)
        file = self._sent_file(user, content.get("media") or {})
        if kind == "video_item":
            if content.get("video_size") != len(file.body) or file.media_type != 2 or file.content[4:8] != b"ftyp":
                raise Refused(-1, "video_item")
            return Seen(0, video=file.content)
        if kind == "file_item" and (file.media_type != 3 or content.get("len") != str(len(file.content))):
            raise Refused(-1, "file_item")
        return Seen(0, file=file.content)

    def _sent_file(self, user: Any, media: Json) -> File:
        file = self.files.get(media.get("encrypt_query_param", ""))
        if file is None or file.to != user or media.get("encrypt_type") != 1 or stated_key(media) != file.key:
            raise Refused(-1, "media")
        return file

    def typing(self, body: Json) -> None:
        user = body.get("ilink_user_id", "")
        if self.tickets.get(body.get("typing_ticket", "")) != user or body.get("status") not in {1, 2}:
            raise Refused(-1, "ticket")
        self.person(user).typing.append(body["status"])

    def config(self, body: Json) -> Json:
        user = body.get("ilink_user_id", "")
        if user not in self.people:
            raise Refused(-1, "no such person")
        ticket = secrets.token_urlsafe(24)
        self.tickets[ticket] = user
        return {"typing_ticket": ticket}


Clock = Callable[[], float]
