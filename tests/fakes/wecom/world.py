"""What WeCom knows of one bot: who has spoken, what may still be answered, cards, uploads, and how often it spoke."""

import hashlib
import itertools
import re
import time
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from typing import Any

BOT_ID = "aibWeComBotOfTheTests01"
SECRET = "wEc0mSecretThatTheTestsMustNeverLeak0001"

_TEXT_BYTES = 20_480
_STREAM_S, _ASKED_S, _QUICK_S = 360.0, 86_400.0, 5.0
_SESSION_S, _MEDIA_S = 1800.0, 3 * 86_400.0
_CHUNK, _CHUNKS = 512 * 1024, 100
_MOST = {"video": 10 << 20, "file": 20 << 20, "image": 2 << 20, "voice": 2 << 20}
_RATES = ((30, 60.0), (1000, 3600.0))
_CARD_KEYS = {
    "card_type", "source", "action_menu", "main_title", "quote_area", "sub_title_text", "horizontal_content_list",
    "jump_list", "card_action", "button_selection", "button_list", "task_id", "feedback", "emphasis_content",
}  # fmt: skip


class Refused(Exception):
    """An errcode. `violation`: a client that keeps the rules never meets it."""

    def __init__(self, code: int, reason: str, *, violation: bool = True) -> None:
        super().__init__(reason)
        self.code, self.reason, self.violation = code, reason, violation


@dataclass
class Card:
    task_id: str
    card: dict[str, Any]
    own: dict[str, dict[str, Any]] = field(default_factory=dict)  # what single people see instead

    def shown_to(self, person: str) -> dict[str, Any]:
        return self.own.get(person, self.card)


@dataclass
class Said:
    """One message of the bot, as it stands in the chat."""

    chat: str
    kind: str
    plain: str = ""
    card: Card | None = None
    video: bytes | None = None
    title: str = ""
    description: str = ""
    finished: bool = True
    answers: str | None = None

    @property
    def text(self) -> str:
        return words_of(self.card.card) if self.card is not None else self.plain

    def text_for(self, person: str) -> str:
        return words_of(self.card.shown_to(person)) if self.card is not None else self.plain


def words_of(card: dict[str, Any]) -> str:
    title = card.get("main_title", {})
    return "\n".join(filter(None, (title.get("title"), title.get("desc"), card.get("sub_title_text"))))


@dataclass
class Asked:
    """A message or event that may be answered under its req_id."""

    cmd: str
    body: dict[str, Any]
    at: float
    stream: tuple[str, float, Said] | None = None
    done: bool = False

    @property
    def chat(self) -> str:
        return str(self.body.get("chatid") or self.body["from"]["userid"])

    @property
    def event(self) -> str:
        return str(self.body.get("event", {}).get("eventtype", ""))


@dataclass
class Upload:
    kind: str
    size: int
    count: int
    md5: str
    at: float
    parts: dict[int, bytes] = field(default_factory=dict)
    media_id: str | None = None


class World:
    """`ahead_s` moves the clock. `blocked`: chats that take nothing more."""

    def __init__(self) -> None:
        self.bot_name = "小电影"
        self.ahead_s = 0.0
        self.spoken: set[str] = set()
        self.groups: set[str] = set()
        self.blocked: set[str] = set()
        self.asked: dict[str, Asked] = {}
        self.said: list[Said] = []
        self.cards: dict[str, Card] = {}
        self.uploads: dict[str, Upload] = {}
        self.media: dict[str, tuple[str, bytes, float]] = {}
        self.violations: list[str] = []
        self.repeated_chunks = 0
        self._own_ids: set[str] = set()
        self._pace: dict[str, deque[float]] = {}
        self._numbers = itertools.count(1)

    def now(self) -> float:
        return time.monotonic() + self.ahead_s

    def message(self, person: str, chat: str | None, msgid: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "msgid": msgid or f"MSG{next(self._numbers):012d}==",
            "aibotid": BOT_ID,
            "chattype": "single" if chat is None else "group",
            "from": {"userid": person},
            "create_time": int(time.time()),
            "response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=oneTimeCode",
        }
        return body if chat is None else body | {"chatid": chat}

    def spoke(self, person: str, chat: str | None) -> None:
        self.spoken.add(chat or person)
        if chat is not None:
            self.groups.add(chat)

    def asks(self, cmd: str, body: dict[str, Any]) -> str:
        req_id = f"srv-{next(self._numbers)}"
        self.asked[req_id] = Asked(cmd, body, self.now())
        return req_id

    def card_with(self, label: str, chat: str, person: str) -> Card:
        for said in reversed(self.said):
            if said.chat == chat and said.card is not None:
                shown = said.card.shown_to(person)
                if any(label in each["text"] for each in shown.get("button_list", ())):
                    return said.card
        raise AssertionError(f"no card in {chat} has a button {label!r}")

    # The commands

    def obey(self, cmd: str, req_id: str, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise Refused(40058, "body is no object")
        handlers = {
            "aibot_respond_msg": self._respond,
            "aibot_respond_welcome_msg": self._welcome,
            "aibot_respond_update_msg": self._update,
            "aibot_send_msg": self._send,
            "aibot_upload_media_init": self._init,
            "aibot_upload_media_chunk": self._chunk,
            "aibot_upload_media_finish": self._finish,
        }
        if cmd not in handlers:
            raise Refused(40058, f"unknown cmd {cmd}")
        return handlers[cmd](req_id, body)

    def _asked(self, req_id: str, cmd: str, event: str, within_s: float) -> Asked:
        found = self.asked.get(req_id)
        if found is None or found.cmd != cmd or found.event != event:
            raise Refused(846605, "invalid req_id")
        if self.now() - found.at > within_s:
            raise Refused(846608, "too late for this req_id", violation=False)
        return found

    def _respond(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        asked = self._asked(req_id, "aibot_msg_callback", "", _ASKED_S)
        stream = body.get("stream")
        if body.get("msgtype") != "stream" or not isinstance(stream, dict) or set(body) != {"msgtype", "stream"}:
            raise Refused(40008, "msgtype")
        if set(stream) - {"id", "finish", "content", "feedback"}:
            raise Refused(40058, "stream has other fields: msg_item is withdrawn")
        ident, content = stream.get("id"), stream.get("content", "")
        if not isinstance(ident, str) or not ident:
            raise Refused(40058, "stream.id")
        self._text(content)
        self._may_reach(asked.chat)
        if asked.stream is None:
            self._count(asked.chat)
            said = Said(asked.chat, "stream", finished=False, answers=str(asked.body["msgid"]))
            asked.stream = ident, self.now(), said
            self.said.append(said)
        known, began, said = asked.stream
        if known != ident:
            raise Refused(40058, "another stream answers this message")
        if said.finished:
            raise Refused(846609, "the stream has ended")
        if self.now() - began > _STREAM_S:
            raise Refused(846608, "the stream is over six minutes old", violation=False)
        said.plain, said.finished = content, bool(stream.get("finish"))
        return {}

    def _welcome(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        asked = self._asked(req_id, "aibot_event_callback", "enter_chat", _QUICK_S)
        if asked.done:
            raise Refused(846609, "welcomed already")
        if body.get("msgtype") == "text":
            text = body.get("text", {}).get("content", "")
            self._text(text)
            said = Said(asked.chat, "welcome", text)
        else:
            said = Said(asked.chat, "welcome", card=self._new_card(body))
        asked.done = True
        self.said.append(said)
        return {}

    def _update(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        asked = self._asked(req_id, "aibot_event_callback", "template_card_event", _QUICK_S)
        card, userids = body.get("template_card"), body.get("userids", [])
        if body.get("response_type") != "update_template_card" or not isinstance(card, dict):
            raise Refused(40058, "response_type, template_card")
        task_id = asked.body["event"]["template_card_event"]["task_id"]
        if card.get("task_id") != task_id or task_id not in self.cards:
            raise Refused(40058, "task_id is not the pressed card's")
        if asked.done:
            raise Refused(846609, "updated already")
        if not isinstance(userids, list) or not all(isinstance(each, str) for each in userids):
            raise Refused(40058, "userids")
        self._card(card)
        asked.done = True
        shown = self.cards[task_id]
        if userids:
            shown.own |= dict.fromkeys(userids, card)
        else:
            shown.card, shown.own = card, {}
        return {}

    def _send(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._own(req_id)
        chat, kind, msgtype = body.get("chatid"), body.get("chat_type"), body.get("msgtype")
        if not isinstance(chat, str) or not chat:
            raise Refused(40058, "chatid")
        if kind not in {None, 1, 2} or (kind is not None and (kind == 2) != (chat in self.groups)):
            raise Refused(40058, "chat_type is not that chat's")
        if chat not in self.spoken:
            raise Refused(93006, "nobody has written there", violation=False)  # which a bot learns only so
        self._may_reach(chat)
        if msgtype == "markdown":
            content = body.get("markdown", {}).get("content")
            self._text(content)
            said = Said(chat, "markdown", content)
        elif msgtype == "template_card":
            said = Said(chat, "template_card", card=self._new_card(body, remember=False))
        elif msgtype in _MOST:
            content = body.get(msgtype, {})
            found, data, at = self.media.get(content.get("media_id"), ("", b"", 0.0))
            if found != msgtype or self.now() - at > _MEDIA_S:
                raise Refused(40007, "invalid media_id", violation=False)
            if len(content.get("title", "").encode()) > 128 or len(content.get("description", "").encode()) > 512:
                raise Refused(40058, "title or description would be cut")
            film = {"video": data} if msgtype == "video" else {"plain": f"[{msgtype}]"}
            said = Said(
                chat, msgtype, title=content.get("title", ""), description=content.get("description", ""), **film
            )
        else:
            raise Refused(40008, "msgtype")
        self._count(chat)
        if said.card is not None:
            self.cards[said.card.task_id] = said.card
        self.said.append(said)
        return {}

    # Uploads

    def _init(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._own(req_id)
        kind, size, count, md5 = (body.get(each) for each in ("type", "total_size", "total_chunks", "md5"))
        if kind not in _MOST or not isinstance(body.get("filename"), str) or not body["filename"]:
            raise Refused(40004, "type, filename")
        if not isinstance(size, int) or not 5 < size <= _MOST[kind]:
            raise Refused(40006, "total_size")
        if not isinstance(count, int) or not 1 <= count <= _CHUNKS or count * _CHUNK < size:
            raise Refused(40058, "total_chunks")
        if not isinstance(md5, str) or not re.fullmatch(r"[0-9a-f]{32}", md5):
            raise Refused(40058, "md5")
        self._count("upload")
        upload_id = f"up-{next(self._numbers)}"
        self.uploads[upload_id] = Upload(kind, size, count, md5, self.now())
        return {"upload_id": upload_id}

    def _upload(self, body: dict[str, Any]) -> Upload:
        upload = self.uploads.get(body.get("upload_id", ""))
        if upload is None or self.now() - upload.at > _SESSION_S:
            raise Refused(40007, "no such upload", violation=False)
        return upload

    def _chunk(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._own(req_id)
        upload, index = self._upload(body), body.get("chunk_index")
        if not isinstance(index, int) or not 0 <= index < upload.count:
            raise Refused(40058, "chunk_index")
        try:
            part = b64decode(body.get("base64_data", ""), validate=True)
        except (ValueError, TypeError):
            raise Refused(40058, "base64_data") from None
        if not 0 < len(part) <= _CHUNK:
            raise Refused(40006, "chunk size")
        self.repeated_chunks += index in upload.parts
        upload.parts.setdefault(index, part)
        return {}

    def _finish(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._own(req_id)
        upload = self._upload(body)
        whole = b"".join(upload.parts[index] for index in sorted(upload.parts))
        if len(upload.parts) != upload.count or len(whole) != upload.size:
            raise Refused(40058, "chunks are missing")
        if hashlib.md5(whole, usedforsecurity=False).hexdigest() != upload.md5:
            raise Refused(40058, "md5")
        upload.media_id = upload.media_id or f"media-{next(self._numbers)}"
        self.media[upload.media_id] = upload.kind, whole, self.now()
        return {"type": upload.kind, "media_id": upload.media_id, "created_at": str(int(time.time()))}

    # The rules

    def _own(self, req_id: str) -> None:
        if req_id in self._own_ids or req_id in self.asked:
            raise Refused(40058, "req_id is not new")
        self._own_ids.add(req_id)

    def _may_reach(self, chat: str) -> None:
        if chat in self.blocked:
            raise Refused(81013, "not reachable", violation=False)

    def _count(self, chat: str) -> None:
        times = self._pace.setdefault(chat, deque())
        for most, seconds in _RATES:
            if sum(self.now() - each < seconds for each in times) >= most:
                raise Refused(45009, "api freq out of limit")
        times.append(self.now())

    @staticmethod
    def _text(content: Any) -> None:
        if not isinstance(content, str) or len(content.encode()) > _TEXT_BYTES:
            raise Refused(40058, "content is no text of at most 20480 bytes")

    def _new_card(self, body: dict[str, Any], *, remember: bool = True) -> Card:
        card = body.get("template_card")
        if body.get("msgtype") != "template_card" or not isinstance(card, dict):
            raise Refused(40008, "msgtype")
        self._card(card)
        task_id = card["task_id"]
        if task_id in self.cards:
            raise Refused(40058, "task_id is not new")
        made = Card(task_id, card)
        if remember:
            self.cards[task_id] = made
        return made

    @staticmethod
    def _card(card: dict[str, Any]) -> None:
        if card.get("card_type") != "button_interaction" or set(card) - _CARD_KEYS:
            raise Refused(40058, f"card_type or fields {sorted(set(card) - _CARD_KEYS)}")
        if not re.fullmatch(r"[0-9A-Za-z_@-]{1,128}", str(card.get("task_id", ""))):
            raise Refused(40058, "task_id")
        if not words_of(card):
            raise Refused(40058, "a card without words")
        buttons = card.get("button_list")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 6:
            raise Refused(40058, "button_list")
        keys = [each.get("key") for each in buttons]
        if len(set(keys)) != len(keys) or not all(
            isinstance(key, str) and 0 < len(key.encode()) <= 1024 for key in keys
        ):
            raise Refused(40058, "button keys")
        for each in buttons:
            if not each.get("text") or set(each) - {"text", "style", "key"} or each.get("style", 1) not in {1, 2, 3, 4}:
                raise Refused(40058, "a button")
