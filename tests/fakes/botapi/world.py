"""What exists on this Telegram: chats, people, messages, files, updates that wait. People act here; no HTTP."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image

Json = dict[str, Any]

FETCH_BYTES, LOCAL_BYTES = 20 * 2**20, 2000 * 2**20
VIDEO_BYTES = 50_000_000
DELETABLE_S = 48 * 3600

Version = tuple[int, int]
Unknown = Literal["ignored", "refused"]


def everything_allowed() -> Json:
    return dict.fromkeys(
        ("can_send_messages", "can_send_photos", "can_send_videos", "can_send_documents", "can_send_other_messages"),
        True,
    )


@dataclass(slots=True)
class Chat:
    """`topics`: a forum's, by their ids; `closed`: those of them that are closed. `permissions`: of its members.

    `member`: the bot's own standing in a group, `admins`: who runs it beside the bot.
    """

    id: int
    kind: Literal["private", "group", "supergroup"]
    title: str
    topics: set[int] | None = None
    closed: set[int] = field(default_factory=set)
    blocked: bool = False
    moved_to: int | None = None
    permissions: Json = field(default_factory=everything_allowed)
    member: Json = field(default_factory=lambda: {"status": "member"})
    admins: list[int] = field(default_factory=list)

    def json(self) -> Json:
        named = {"first_name": self.title} if self.kind == "private" else {"title": self.title}
        return {"id": self.id, "type": self.kind, **named, **({"is_forum": True} if self.topics is not None else {})}


@dataclass(frozen=True, slots=True)
class File:
    """A file that Telegram keeps; `name` is what getFile calls `file_path`."""

    file_id: str
    name: str
    path: Path
    size: int

    def json(self) -> Json:
        return {"file_id": self.file_id, "file_unique_id": f"u{self.file_id}", "file_size": self.size}


@dataclass(slots=True)
class World:
    """`version`: of the Bot API; what is newer is `unknown` to it. `local`: in local mode, with limits of its own.

    `ahead_s`: by how much later it is than when messages were written.
    """

    folder: Path
    bot: Json
    version: Version = (10, 3)
    unknown: Unknown = "ignored"
    local: bool = False
    ahead_s: float = 0.0
    video_bytes: int = 0
    chats: dict[int, Chat] = field(default_factory=dict)
    messages: dict[tuple[int, int], Json] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    updates: list[Json] = field(default_factory=list)
    videos: dict[str, Json] = field(default_factory=dict)  # by file_id, as a message shows them
    presses: dict[str, bool] = field(default_factory=dict)  # id -> answered
    toasts: dict[str, str] = field(default_factory=dict)  # id -> what its person saw
    ever_said: list[str] = field(default_factory=list)
    met: set[int] = field(default_factory=set)  # who has spoken in a group: known, but not to be written to
    whispers: list[tuple[int, int, str]] = field(default_factory=list)  # where, who alone read it, what
    lock: threading.RLock = field(default_factory=threading.RLock)
    _message_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _update_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(700_000_001))
    _file_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.video_bytes = self.video_bytes or (LOCAL_BYTES if self.local else VIDEO_BYTES)

    @property
    def fetch_bytes(self) -> int:
        return LOCAL_BYTES if self.local else FETCH_BYTES

    # Places

    def private(self, person: int) -> Chat:
        return self.chats.setdefault(person, Chat(person, "private", f"Person {person}"))

    def group(self, chat: int, *, forum: bool = False, topics: set[int] | None = None) -> Chat:
        new = Chat(chat, "supergroup", f"Group {chat}", (topics or set()) if forum or topics else None)
        return self.chats.setdefault(chat, new)

    # What people do

    def says(
        self,
        chat: int,
        text: str = "",
        *,
        sender: int | None = None,
        language: str | None = "en",
        photo: bytes | None = None,
        video: bytes | None = None,
        document: bytes | None = None,
        mime: str | None = "application/octet-stream",
        filename: str = "file",
        seconds: int = 3,
        reply_to: int | None = None,
        thread: int | None = None,
        album: str | None = None,
        extra: Json | None = None,
    ) -> int:
        """A person's message, also a photo's caption. `extra` is laid over the message as it is. Gives its id."""
        with self.lock:
            place = self.private(chat) if chat > 0 else self.chats[chat]
            message = self._message(place, thread)
            message["from"] = self.person(chat if sender is None and chat > 0 else sender or 42, language)
            self.met.add(message["from"]["id"])
            self._attach(message, photo=photo, video=video, seconds=seconds)
            if document is not None:
                file = {**self.keep(document, "documents.bin").json(), "file_name": filename}
                message["document"] = {**file, **({"mime_type": mime} if mime is not None else {})}
            captioned = photo is not None or video is not None or document is not None
            if text:
                message["caption" if captioned else "text"] = text
            if text.startswith("/"):
                entity = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
                message["caption_entities" if captioned else "entities"] = [entity]
            if reply_to is not None:
                replied = {**self.messages[chat, reply_to]}
                replied.pop("reply_to_message", None)  # Telegram nests only once
                message["reply_to_message"] = replied
            if album is not None:
                message["media_group_id"] = album
            message.update(extra or {})
            self.updates.append(self._update("message", message))
            return int(message["message_id"])

    def edits(self, chat: int, message_id: int, text: str, *, after_s: int = 5) -> None:
        """A person changes their words, or their caption, so many seconds after they were sent."""
        with self.lock:
            message = self.messages[chat, message_id]
            message["text" if "text" in message else "caption"] = text
            message["edit_date"] = message["date"] + after_s
            self.updates.append(self._update("edited_message", dict(message)))

    def press(self, chat: int, data: str, *, message_id: int | None = None, sender: int | None = None) -> str:
        """Press the button that holds `data`, on the newest message that has it. Gives the query's id."""
        with self.lock:
            found = [
                message
                for (where, number), message in self.messages.items()
                if where == chat and message_id in {None, number} and data in buttons(message)
            ]
            if not found:
                raise AssertionError(f"no button {data!r} in chat {chat}")
            query_id = f"{4_000_000_000 + len(self.presses)}"
            self.presses[query_id] = False
            query = {
                "id": query_id,
                "from": self.person(sender or chat, "en"),
                "chat_instance": "1",
                "message": found[-1],
                "data": data,
            }
            self.updates.append(self._update("callback_query", query))
            return query_id

    def deletes(self, chat: int, message_id: int) -> None:
        with self.lock:
            del self.messages[chat, message_id]

    def blocks(self, chat: int, *, blocked: bool = True) -> None:
        """A person blocks the bot, or a group puts it out; or the other way round."""
        with self.lock:
            self.chats[chat].blocked = blocked
            kinds = ("member", "kicked") if blocked else ("kicked", "member")
            old, new = ({"user": self.bot, "status": kind, "until_date": 0} for kind in kinds)
            change = {
                "chat": self.chats[chat].json(),
                "from": self.person(chat if chat > 0 else 42, "en"),
                "date": int(time.time()),
                "old_chat_member": old,
                "new_chat_member": new,
            }
            self.updates.append(self._update("my_chat_member", change))

    def migrates(self, chat: int, to: int, *, notices: bool = False) -> None:
        """A group becomes a supergroup: a new id, and the old one says so; with notices in both if they are wanted."""
        with self.lock:
            self.group(to).admins = self.chats[chat].admins
            self.chats[chat].moved_to = to
            if notices:
                self.tells_of_move(chat, to)

    def tells_of_move(self, chat: int, to: int) -> None:
        """The service messages of a move, as they come once or again."""
        for place, name, other in ((chat, "migrate_to_chat_id", to), (to, "migrate_from_chat_id", chat)):
            message = self._message(self.chats[place], None)
            message.update({"from": self.person(42, "en"), name: other})
            self.updates.append(self._update("message", message))

    def update(self, body: Json) -> int:
        """Any update, for example one that nobody can read. Gives its number."""
        with self.lock:
            number = next(self._update_ids)
            self.updates.append({"update_id": number, **body})
            return number

    # What stands where

    def said(self, chat: int) -> list[Json]:
        """The bot's messages in a chat as they are now, oldest first."""
        with self.lock:
            return [
                message
                for (where, _), message in sorted(self.messages.items())
                if where == chat and message["from"]["id"] == self.bot["id"]
            ]

    def post(self, chat: Chat, body: Json, *, thread: int | None, reply_to: int | None) -> Json:
        """A message of the bot."""
        message = self._message(chat, thread)
        message.update({"from": self.bot, **body})
        if reply_to is not None:
            message["reply_to_message"] = {**self.messages[chat.id, reply_to]}
            message["reply_to_message"].pop("reply_to_message", None)
        self.ever_said.append(str(body.get("text") or body.get("caption") or ""))
        return message

    def person(self, number: int, language: str | None) -> Json:
        named = {"id": number, "is_bot": False, "first_name": f"Person {number}"}
        return {**named, "language_code": language} if language else named

    def keep(self, content: bytes | Path, name: str) -> File:
        """Store a file; a Path is taken over."""
        number = next(self._file_ids)
        folder, dot, suffix = name.partition(".")
        stored = f"{folder}/file_{number}{dot}{suffix}"
        target = self.folder / stored
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            content.replace(target)
        else:
            target.write_bytes(content)
        file = File(f"BAAD{number:06d}", stored, target, target.stat().st_size)
        self.files[file.file_id] = file
        return file

    def _message(self, chat: Chat, thread: int | None) -> Json:
        message: Json = {"message_id": next(self._message_ids), "date": int(time.time()), "chat": chat.json()}
        if thread is not None:
            message["message_thread_id"] = thread
            if chat.topics is not None:
                message["is_topic_message"] = True
        self.messages[chat.id, message["message_id"]] = message
        return message

    def _update(self, kind: str, body: Json) -> Json:
        return {"update_id": next(self._update_ids), kind: body}

    def _attach(
        self,
        message: Json,
        *,
        photo: bytes | None,
        video: bytes | None,
        seconds: int,
    ) -> None:
        if photo is not None:
            message["photo"] = self._sizes(photo)
        if video is not None:
            file = self.keep(video, "videos.mp4")
            shape = {"width": 320, "height": 180, "duration": seconds, "mime_type": "video/mp4"}
            message["video"] = {**file.json(), **shape}

    def _sizes(self, photo: bytes) -> list[Json]:
        with Image.open(BytesIO(photo)) as image:
            width, height = image.size
            image.thumbnail((90, 90))
            small = BytesIO()
            image.convert("RGB").save(small, "JPEG")
            shape = image.size
        one, two = self.keep(small.getvalue(), "photos.jpg"), self.keep(photo, "photos.jpg")
        return [
            {**one.json(), "width": shape[0], "height": shape[1]},
            {**two.json(), "width": width, "height": height},
        ]


def buttons(message: Json) -> list[str]:
    """The data of a message's buttons."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]
