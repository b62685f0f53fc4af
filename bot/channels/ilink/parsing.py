"""Parses iLink's messages into Incoming. Nothing in them is trusted. Pure.

A photo and its words are separate messages, or separate items of one: each item becomes one Incoming, as if sent alone.
Of one message the files come first, so that no word of it is ordered without the photo beside it.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.channels.ilink.accounts import DEFAULT, Account
from bot.channels.ilink.crypto import key_of
from bot.channels.ilink.memory import FileKey
from bot.channels.ilink.stored import number_of, text_of
from bot.channels.signs import folded, is_visible
from bot.channels.types import Address, AttachmentRef, Incoming, Other, Quoted

_PERSON = 1
_MOST_ITEMS = 20
_TEXT_CHARS = 20_000
_QUOTED_CHARS = 1000
_TEXT, _IMAGE, _VOICE, _FILE, _VIDEO = 1, 2, 3, 4, 5
_NAMES = {_TEXT: "text_item", _IMAGE: "image_item", _VOICE: "voice_item", _FILE: "file_item", _VIDEO: "video_item"}
_LAST_MS = 10**14
_KINDS: tuple[Literal["image", "video", "file"], ...] = ("image", "video", "file")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a message: what was said, and how its file is opened."""

    text: str = ""
    attachment: AttachmentRef | None = None
    other: Other | None = None
    transcript: bool = False
    file: FileKey | None = None

    @property
    def record(self) -> dict[str, Any]:
        """Return what is kept of it for those that quote it."""
        ref = self.attachment
        row: dict[str, Any] = {"text": self.text[:_QUOTED_CHARS], "other": self.other}
        return (
            row if ref is None else row | {"kind": ref.kind, "file": ref.file_id, "size": ref.size, "s": ref.duration_s}
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """The message that an item quotes: its number, and what the quote itself shows of it."""

    number: str | None
    text: str = ""
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A person's message. `numbers`: by which it may be quoted. `incoming`: with its item and what that quotes."""

    user: str
    context: str
    at_ms: int
    numbers: tuple[str, ...]
    incoming: tuple[tuple[Incoming, Item, Reference | None], ...]

    @property
    def shown(self) -> Item | None:
        """Return the item that stands for the message where it is quoted: one with a file, else the first."""
        items = (item for _, item, _ in self.incoming)
        return max(items, key=lambda item: item.attachment is not None, default=None)


def parse(message: Any, account: Account) -> Parsed | None:
    """Parse one message of an answer. None: our own, a group's, or none that can be read."""
    user, number = text_of(message, "from_user_id"), number_of(message, "message_id")
    items = message.get("item_list") if isinstance(message, dict) else None
    if not user or len(user) > 200 or any(each.isspace() for each in user) or not number or number < 0:  # noqa: PLR2004
        return None
    is_ours = number_of(message, "message_type") not in {_PERSON, None} or user == account.bot_id
    if is_ours or text_of(message, "group_id") or not isinstance(items, list):
        return None
    at_ms = number_of(message, "create_time_ms")
    at_ms = at_ms if at_ms is not None and 0 < at_ms < _LAST_MS else None
    address = Address("ilink", user, None if account.name == DEFAULT else account.name)
    numbers = [str(number)]
    found = []
    for place, raw in enumerate(items[:_MOST_ITEMS]):
        item = item_of(raw)
        own = number_of(raw, "msg_id")
        numbers += [str(own)] if own else []
        event = str(number) if place == 0 else f"{number}.{place}"
        bare = Incoming(address, account.bot_id, event, user, language="zh", reply_to=str(number), at=at_ms)
        filled = replace(bare, text=item.text, attachment=item.attachment, other=item.other, transcript=item.transcript)
        found.append((filled, item, _reference(raw)))
    found.sort(key=lambda each: each[1].attachment is None)
    return Parsed(user, text_of(message, "context_token"), at_ms or 0, tuple(dict.fromkeys(numbers)), tuple(found))


def item_of(raw: Any) -> Item:
    """Read one item."""
    kind = number_of(raw, "type")
    content = raw.get(_NAMES.get(kind or 0, "")) if isinstance(raw, dict) else None
    match kind:
        case _ if not isinstance(content, dict):
            return Item(other="unknown")
        case 1:
            return _text(text_of(content, "text"))
        case 2:
            return _file(content, "image", size=None)
        case 3:
            spoken = _text(text_of(content, "text"))
            return Item(other="voice") if spoken.other else replace(spoken, transcript=True)
        case 4:
            return _file(content, "file", size=number_of(content, "len"))
        case _:
            return _file(content, "video", size=number_of(content, "video_size"), length=content.get("play_length"))


def _text(content: str) -> Item:
    text = folded(content[:_TEXT_CHARS])
    return Item(text) if is_visible(text) else Item(other="unknown")


def _file(
    content: dict[str, Any], kind: Literal["image", "video", "file"], *, size: int | None, length: Any = None
) -> Item:
    """Read the reference of a file. The key of an image may stand in the item itself; without any it is plain."""
    media = content.get("media")
    param, url = text_of(media, "encrypt_query_param"), text_of(media, "full_url")
    try:
        key = key_of(text_of(content, "aeskey") or text_of(media, "aes_key"))
    except ValueError:
        key = b""
    if not (param or url) or (not key and kind != "image"):
        return Item(other="file")
    seconds = float(length) if isinstance(length, int | float) and 0 < length < 86_400 else None  # noqa: PLR2004
    size = size if size is not None and size >= 0 else None
    return Item(attachment=AttachmentRef(kind, param or url, size, seconds), file=FileKey(key, url or None))


def _reference(raw: Any) -> Reference | None:
    """Read what an item quotes. Newer clients name the number alone, older ones show the message as well."""
    ref = raw.get("ref_msg") if isinstance(raw, dict) else None
    if not isinstance(ref, dict):
        return None
    shown = ref.get("message_item")
    number = number_of(ref, "svr_id") or number_of(shown, "msg_id")
    partial = ref.get("partial_text")
    text = text_of(ref, "title") or (
        text_of(partial, "start") if isinstance(partial, dict) else text_of(ref, "partial_text")
    )
    item = item_of(shown) if isinstance(shown, dict) and shown.get("type") else None
    if not number and item is None and not text:
        return None
    return Reference(str(number) if number else None, folded(text)[:_QUOTED_CHARS], item)


def quoted(reference: Reference, record: dict[str, Any]) -> Quoted:
    """Return what a message quotes. `record`: what we remember of it, if it was the person's."""
    if record:
        return Quoted(reference.number, text_of(record, "text"), _attachment_of(record), record.get("other"))
    shown = reference.item
    if shown is not None and shown.attachment is not None:
        return Quoted(reference.number, attachment=shown.attachment)
    text = shown.text if shown is not None and shown.text else reference.text
    return Quoted(reference.number, text, ours=reference.number is not None)


def _attachment_of(record: dict[str, Any]) -> AttachmentRef | None:
    file_id, seconds = text_of(record, "file"), record.get("s")
    for kind in _KINDS:
        if text_of(record, "kind") == kind and file_id:
            length = seconds if isinstance(seconds, float) else None
            return AttachmentRef(kind, file_id, number_of(record, "size"), length)
    return None
