"""The Bot API's methods that this fake knows, as strict as the real ones where our bot could get them wrong."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tests.fakes.botapi.fields import Fields, Refused, units
from tests.fakes.botapi.world import DELETABLE_S, Chat, Json, World

__all__ = ["Methods", "Refused", "Upload", "decoded", "said_in"]

Params = Mapping[str, Any]

RICH_SINCE = (10, 2)
_ALIGNS = {"left", "center", "right"}
_ACTIONS = {"typing", "upload_photo", "record_video", "upload_video", "upload_document", "choose_sticker"}
_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call, kept on disk."""

    filename: str
    mime: str
    path: Path
    size: int


@dataclass(slots=True)
class Methods:
    world: World
    webhook: Json = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # by scope and language
    allowed: list[str] | None = None

    @property
    def _fields(self) -> Fields:
        return Fields(self.world.version, self.world.unknown)

    def find(self, name: str) -> Callable[[Params, Mapping[str, Upload]], Any] | None:
        """Telegram's method names do not care for case."""
        known: dict[str, Callable[[Params, Mapping[str, Upload]], Any]] = {
            "getme": lambda _p, _f: {**self.world.bot, "can_join_groups": True, "supports_inline_queries": False},
            "setmycommands": self._set_commands,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": lambda _p, _f: {
                "url": self.webhook.get("url", ""),
                "has_custom_certificate": False,
                "pending_update_count": len(self.world.updates),
                **{name: value for name, value in self.webhook.items() if name.startswith("last_error")},
            },
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_text,
            **({"sendrichmessage": self._send_rich} if self.world.version >= RICH_SINCE else {}),
            "sendvideo": self._send_video,
            "senddocument": self._send_document,
            "editmessagereplymarkup": self._edit_markup,
            "sendchataction": self._chat_action,
            "answercallbackquery": self._answer_press,
            "getfile": self._get_file,
            "deletemessage": self._delete_message,
            "getchat": self._get_chat,
            "getchatmember": self._get_member,
            "getchatadministrators": self._get_admins,
        }
        return known.get(name.lower())

    def _set_commands(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        commands = params.get("commands")
        if not isinstance(commands, list) or len(commands) > 100:
            raise Refused(400, "Bad Request: can't parse commands")
        for each in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", each["command"]) or not 1 <= len(each["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        scope = params.get("scope", {"type": "default"})["type"]
        if scope not in _SCOPES:
            raise Refused(400, "Bad Request: can't parse BotCommandScope")
        self.commands[scope, params.get("language_code", "")] = commands
        return True

    def _set_webhook(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        secret = params.get("secret_token", "")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = {"url": params["url"], "secret_token": secret}
        self._allow(params)
        return True

    def _delete_webhook(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        self.webhook = {}
        if params.get("drop_pending_updates"):
            self.world.updates.clear()
        return True

    def _allow(self, params: Params) -> None:
        if "allowed_updates" in params:
            if not isinstance(params["allowed_updates"], list):
                raise Refused(400, "Bad Request: can't parse allowed updates JSON object")
            self.allowed = params["allowed_updates"] or None

    def pending(self, params: Params) -> list[Json]:
        """Confirms what lies before the offset, then gives what waits. What is given is not yet confirmed."""
        self._allow(params)
        offset = params.get("offset", 0)
        allowed = self.allowed
        with self.world.lock:
            kept = [each for each in self.world.updates if each["update_id"] >= offset]
            self.world.updates[:] = kept
        asked = [each for each in kept if allowed is None or not (set(each) - {"update_id"}).isdisjoint(allowed)]
        return asked[: params.get("limit", 100)]

    def _send_message(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        text = params.get("text", "")
        if not isinstance(text, str) or not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if units(text) > 4096:
            raise Refused(400, "Bad Request: message is too long")
        self._may(params, "can_send_messages", "text messages")
        entities = self._fields.entities(text, params.get("entities"))
        alone = self._fields.parameter(params, "ephemeral_message_parameters")
        if alone is not None:
            return self._whisper(params, alone, text)
        return self._post(params, {"text": text, **({"entities": entities} if entities else {})})

    def _send_rich(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        """A message of blocks: paragraphs, and tables whose cells all say how they are aligned."""
        self._may(params, "can_send_messages", "text messages")
        rich = params.get("rich_message")
        if not isinstance(rich, dict) or not set(rich) <= {"blocks", "is_rtl", "skip_entity_detection"}:
            raise Refused(400, "Bad Request: can't parse InputRichMessage")
        said = [line for block in rich["blocks"] for line in _lines_of(block)]
        if not said or units("".join(said)) > 32_768 or len(said) > 500:
            raise Refused(400, "Bad Request: rich message is invalid")
        return self._post(params, {"rich_message": rich})

    def _whisper(self, params: Params, alone: Json, text: str) -> Json:
        """A text for one member of a group: it has no number of its own, and only admins may send it unasked."""
        chat, _ = self._may_post(params)
        if chat.kind == "private" or chat.member["status"] != "administrator":
            raise Refused(400, "Bad Request: BOT_NOT_ADMIN")
        with self.world.lock:
            self.world.whispers.append((chat.id, alone["receiver_user_id"], text))
            self.world.ever_said.append(text)
        known = {"message_id": 0, "date": int(time.time()), "chat": chat.json(), "from": self.world.bot, "text": text}
        return {**known, "ephemeral_message_id": len(self.world.whispers)}

    def _edit_text(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        chat = self._chat(params)
        message = self.world.messages.get((chat.id, params.get("message_id", 0)))
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if message["from"]["id"] != self.world.bot["id"] or "text" not in message:
            raise Refused(400, "Bad Request: message can't be edited")
        markup, text = self._fields.markup(params, edit=True), params.get("text", "")
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if units(text) > 4096:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        new = {"text": text, "reply_markup": markup, "entities": self._fields.entities(text, params.get("entities"))}
        if all(message.get(name) == value for name, value in new.items()):
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        for name in new:
            message.pop(name, None)
        message.update({name: value for name, value in new.items() if value})
        self.world.ever_said.append(text)
        return message

    def _edit_markup(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        """What stands below one of its own messages, a video too; without a markup nothing stands there any more."""
        chat = self._chat(params)
        message = self.world.messages.get((chat.id, params.get("message_id", 0)))
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if message["from"]["id"] != self.world.bot["id"]:
            raise Refused(400, "Bad Request: message can't be edited")
        markup = self._fields.markup(params, edit=True)
        if message.get("reply_markup") == markup:
            words = "specified new message content and reply markup are exactly the same"
            raise Refused(400, f"Bad Request: message is not modified: {words}")
        message.pop("reply_markup", None)
        if markup is not None:
            message["reply_markup"] = markup
        return message

    def _delete_message(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        """Its own messages, for 48 hours."""
        chat = self._chat(params)
        message = self.world.messages.get((chat.id, params.get("message_id", 0)))
        if message is None:
            raise Refused(400, "Bad Request: message to delete not found")
        age_s = time.time() + self.world.ahead_s - message["date"]
        if message["from"]["id"] != self.world.bot["id"] or age_s > DELETABLE_S:
            raise Refused(400, "Bad Request: message can't be deleted for everyone")
        del self.world.messages[chat.id, message["message_id"]]
        return True

    def _send_video(self, params: Params, files: Mapping[str, Upload]) -> Json:
        self._may_post(params)
        self._may(params, "can_send_videos", "videos")
        caption = params.get("caption", "")
        if units(caption) > 1024:
            raise Refused(400, "Bad Request: message caption is too long")
        video = self._uploaded(params, files) if "video" in files else self.world.videos.get(params.get("video", ""))
        if video is None:
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        cover = self._fields.parameter(params, "cover")
        if cover is not None:
            video = {**video, "cover": [self._picture(files[cover.removeprefix("attach://")], "covers.jpg")]}
        return self._post(params, {"video": video, **({"caption": caption} if caption else {})})

    def _send_document(self, params: Params, files: Mapping[str, Upload]) -> Json:
        """A file as it is; what looks like a video becomes one, unless that is forbidden."""
        self._may_post(params)
        self._may(params, "can_send_documents", "documents")
        if "document" not in files:
            raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        upload = files["document"]
        if upload.size > self.world.video_bytes:
            raise Refused(413, "Request Entity Too Large")
        kept = self.world.keep(upload.path.read_bytes(), "documents.mp4")
        file = {**kept.json(), "mime_type": upload.mime, "file_name": upload.filename}
        as_it_is = params.get("disable_content_type_detection") is True
        caption = params.get("caption", "")
        return self._post(
            params, {"document" if as_it_is else "video": file, **({"caption": caption} if caption else {})}
        )

    def _uploaded(self, params: Params, files: Mapping[str, Upload]) -> Json:
        upload = files["video"]
        _check_video(upload, self.world.video_bytes)
        video: Json = {
            "width": int(params.get("width", 320)),
            "height": int(params.get("height", 320)),
            "duration": int(params.get("duration", 0)),
            "mime_type": upload.mime,
            "file_name": upload.filename,
        }
        thumbnail = _thumbnail(params, files)
        if thumbnail is not None:
            video["thumbnail"] = self._picture(thumbnail, "thumbs.jpg")
        kept = self.world.keep(upload.path.read_bytes(), "videos.mp4")
        self.world.videos[kept.file_id] = {**kept.json(), **video}
        return self.world.videos[kept.file_id]

    def _picture(self, upload: Upload, name: str) -> Json:
        with Image.open(upload.path) as image:
            size = {"width": image.width, "height": image.height}
        return {**self.world.keep(upload.path.read_bytes(), name).json(), **size}

    def _post(self, params: Params, body: Json) -> Json:
        chat, thread = self._may_post(params)
        markup = self._fields.markup(params)
        reply = params.get("reply_parameters")
        reply_to: int | None = None
        if reply is not None:
            reply_to = reply["message_id"]
            if (chat.id, reply_to) not in self.world.messages:
                if not reply.get("allow_sending_without_reply"):
                    raise Refused(400, "Bad Request: message to be replied not found")
                reply_to = None
        with self.world.lock:
            message = self.world.post(chat, body, thread=thread, reply_to=reply_to)
            if markup and "inline_keyboard" in markup:
                message["reply_markup"] = markup
        return message

    def _may(self, params: Params, right: str, what: str) -> None:
        """Whether members may do this here, and the bot among them: not in a chat of two, and of an admin's rights."""
        chat = self._chat(params)
        own = chat.member if chat.member["status"] == "restricted" else {}
        free = chat.kind == "private" or chat.member["status"] == "administrator"
        if not free and not (chat.permissions[right] and own.get(right, True)):
            raise Refused(400, f"Bad Request: not enough rights to send {what} to the chat")

    def _may_post(self, params: Params) -> tuple[Chat, int | None]:
        chat = self._chat(params)
        thread = params.get("message_thread_id")
        if thread is not None and (chat.topics is None or thread not in chat.topics):
            raise Refused(400, "Bad Request: message thread not found")
        if thread in chat.closed:
            raise Refused(400, "Bad Request: TOPIC_CLOSED")
        return chat, thread

    def _chat(self, params: Params) -> Chat:
        chat = self.world.chats.get(int(params.get("chat_id") or 0))
        if chat is None and int(params.get("chat_id") or 0) in self.world.met:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        if chat.moved_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, words, migrate_to_chat_id=chat.moved_to)
        if chat.blocked:
            how = "blocked by the user" if chat.kind == "private" else f"kicked from the {chat.kind} chat"
            raise Refused(403, f"Forbidden: bot was {how}")
        return chat

    def _get_chat(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        chat = self._chat(params)
        return {**chat.json(), "accent_color_id": 0, "max_reaction_count": 11, "permissions": chat.permissions}

    def _get_member(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        chat = self._chat(params)
        if params["user_id"] != self.world.bot["id"]:
            raise Refused(400, "Bad Request: member list is inaccessible")
        return {"user": self.world.bot, **chat.member}

    def _get_admins(self, params: Params, _files: Mapping[str, Upload]) -> list[Json]:
        chat = self._chat(params)
        if chat.kind == "private":
            raise Refused(400, "Bad Request: there are no administrators in the private chat")
        return [{"user": self.world.person(each, None), "status": "administrator"} for each in chat.admins]

    def _chat_action(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        self._may_post(params)
        if params.get("action") not in _ACTIONS:
            raise Refused(400, "Bad Request: wrong parameter action in request")
        return True

    def _answer_press(self, params: Params, _files: Mapping[str, Upload]) -> bool:
        query_id = str(params.get("callback_query_id"))
        if self.world.presses.get(query_id, True):
            words = "Bad Request: query is too old and response timeout expired or query ID is invalid"
            raise Refused(400, words)
        if units(str(params.get("text", ""))) > 200:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        self.world.presses[query_id] = True
        if "text" in params:
            self.world.toasts[query_id] = str(params["text"])
        return True

    def _get_file(self, params: Params, _files: Mapping[str, Upload]) -> Json:
        file = self.world.files.get(params.get("file_id", ""))
        if file is None:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if file.size > self.world.fetch_bytes:
            raise Refused(400, "Bad Request: file is too big")
        return {**file.json(), "file_path": str(file.path.resolve()) if self.world.local else file.name}


def _lines_of(block: Json) -> list[str]:
    if block.get("type") == "paragraph" and set(block) == {"type", "text"} and str(block["text"]).strip():
        return [block["text"]]
    known = {"type", "cells", "is_bordered", "is_striped", "is_compact", "caption"}
    if block.get("type") != "table" or not set(block) <= known or not block["cells"]:
        raise Refused(400, "Bad Request: can't parse InputRichBlock")
    for cell in (cell for row in block["cells"] for cell in row):
        if not set(cell) <= {"text", "align", "valign", "is_header", "colspan", "rowspan"}:
            raise Refused(400, "Bad Request: can't parse RichBlockTableCell")
        if cell.get("align") not in _ALIGNS or cell.get("valign") not in {"top", "middle", "bottom"}:
            raise Refused(400, "Bad Request: can't parse RichBlockTableCell")
    if len({len(row) for row in block["cells"]}) != 1 or len(block["cells"][0]) > 20:
        raise Refused(400, "Bad Request: rich message is invalid")
    return [" ".join(cell["text"] for cell in row if cell.get("text")) for row in block["cells"]]


def said_in(message: Json) -> str | None:
    """What a person reads: the text, or that of a rich message's blocks, a line for each row."""
    if "rich_message" in message:
        return "\n".join(line for block in message["rich_message"]["blocks"] for line in _lines_of(block))
    text = message.get("text")
    return None if text is None else str(text)


def _check_video(upload: Upload, most_bytes: int) -> None:
    """What a client shows as a video: an mp4 that says so by name, by type and by its first bytes."""
    if upload.size > most_bytes:
        raise Refused(413, "Request Entity Too Large")
    with upload.path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp" or upload.mime != "video/mp4" or not upload.filename.endswith(".mp4"):
        raise Refused(400, f"Bad Request: not an mp4: {upload.filename} {upload.mime}")


def _thumbnail(params: Params, files: Mapping[str, Upload]) -> Upload | None:
    named = params.get("thumbnail")
    if named is None:
        return None
    upload = files.get(str(named).removeprefix("attach://"))
    if not str(named).startswith("attach://") or upload is None:
        raise Refused(400, "Bad Request: a thumbnail can be only uploaded as a new file")
    with Image.open(upload.path) as image:
        fits = image.format == "JPEG" and max(image.size) <= 320 and upload.size <= 200_000
    if not fits:
        raise Refused(400, "Bad Request: not a thumbnail (JPEG, 320 pixels, 200 kB)")
    return upload


def decoded(value: str) -> Any:
    """A form's text as the value it stands for: objects, arrays, numbers and booleans travel as JSON."""
    if value[:1] in {"{", "["} or value in {"true", "false"} or re.fullmatch(r"-?\d{1,19}", value):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
