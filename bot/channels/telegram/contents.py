"""Reads what one message of Telegram holds: a photo, a film, a sound, a file, something else, and what it quotes."""

from collections.abc import Mapping
from pathlib import PurePath

from telegram import Document, ExternalReplyInfo, Message, MessageOriginUser

from bot.channels.telegram.lengths import whole
from bot.channels.types import AttachmentRef, Other, Quoted

_LOOKS_LIKE_MEDIA = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".heic",
        ".heif",
        ".heics",
        ".hif",
        ".avif",
        ".gif",
        ".bmp",
        ".mp4",
        ".mov",
        ".m4v",
        ".webm",
        ".mkv",
        ".mp3",
        ".m4a",
        ".wav",
        ".ogg",
        ".oga",
        ".opus",
        ".flac",
        ".aac",
        ".amr",
    )
)
_ANY_BYTES = frozenset({"", "application/octet-stream"})
_OTHERS: Mapping[str, Other] = {
    "paid_media": "paid",
    "sticker": "sticker",
    "venue": "location",
    "location": "location",
    "contact": "contact",
    "poll": "poll",
    "dice": "dice",
    "story": "story",
    "document": "file",
    "game": "unknown",
    "invoice": "unknown",
    "giveaway": "unknown",
    "checklist": "unknown",
}
"""By the field of a message that holds it."""
_TOO_NEW = ("rich_message",)  # fields that the library does not know yet


def attachment_of(content: Message | ExternalReplyInfo) -> AttachmentRef | None:
    """Return a photo's largest size, a video in any of its forms, a voice note or song, or a file that may be one.

    An animation is a document, too, and a live photo a photo: so the order matters. How long a sound is Telegram says
    in whole seconds: it is measured.
    """
    if content.photo:
        largest = max(content.photo, key=lambda size: size.width * size.height)
        return AttachmentRef("image", largest.file_id, largest.file_size)
    clip = content.video or content.animation or content.video_note
    if clip is not None:
        seconds = clip.to_dict().get("duration")  # the attribute warns of a coming change of type
        duration_s = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None
        return AttachmentRef("video", clip.file_id, clip.file_size, duration_s)
    sound = content.voice or content.audio
    if sound is not None:
        return AttachmentRef("audio", sound.file_id, sound.file_size)
    return _file(content.document) if content.document is not None else None


def _file(document: Document) -> AttachmentRef | None:
    """Return a file that calls itself a picture, a film or a sound, or that only its bytes can tell; else None."""
    mime = (document.mime_type or "").lower()
    family = mime.partition("/")[0]
    if family == "image":
        return AttachmentRef("image", document.file_id, document.file_size)
    if family == "video":
        return AttachmentRef("video", document.file_id, document.file_size)
    if family == "audio":
        return AttachmentRef("audio", document.file_id, document.file_size)
    if mime in _ANY_BYTES or PurePath(document.file_name or "").suffix.lower() in _LOOKS_LIKE_MEDIA:
        return AttachmentRef("file", document.file_id, document.file_size)
    return None


def other_of(content: Message | ExternalReplyInfo) -> Other | None:
    """Return what it holds that no video can be made of; None for words, pictures, films, and service messages."""
    if attachment_of(content) is not None:
        return None
    for field, kind in _OTHERS.items():
        if getattr(content, field, None):
            return kind
    return "unknown" if any(field in content.api_kwargs for field in _TOO_NEW) else None


def quoted_of(message: Message, account: str) -> Quoted | None:
    """Return the message that this one replies to, here or in another chat, or the words that it quotes of it.

    In a topic each message formally replies to the one that opened the topic: that is nothing quoted.
    """
    words = whole(message.quote.text) if message.quote is not None else ""
    replied, external = message.reply_to_message, message.external_reply
    if replied is not None and replied.forum_topic_created is None:
        ours = replied.from_user is not None and str(replied.from_user.id) == account
        return Quoted(
            ref=str(replied.message_id),
            text=words or whole(replied.text or replied.caption or ""),
            attachment=attachment_of(replied),
            other=None if ours else other_of(replied),  # such as a table of ours
            ours=ours,
        )
    if external is not None:
        return Quoted(
            ref=_ref_of(external, message),
            text=words,
            attachment=attachment_of(external),
            other=other_of(external),
            ours=isinstance(external.origin, MessageOriginUser) and str(external.origin.sender_user.id) == account,
        )
    if message.reply_to_story is not None:
        return Quoted(other="story")
    return Quoted(text=words) if words else None


def _ref_of(external: ExternalReplyInfo, message: Message) -> str | None:
    """Return its number, where it stands in this chat (in another topic): elsewhere numbers mean something else."""
    here = external.chat is not None and external.chat.id == message.chat.id
    return str(external.message_id) if here and external.message_id is not None else None
