"""Telegram's updates as Incoming. Pure; knows what is said to us and what is talk between people."""

import re

from telegram import CallbackQuery, Message, Update, User

from bot.channels.port import Address, AttachmentRef, Incoming

_GENERAL_TOPIC = 1
_MENTION = r"@{}\b"
_COMMAND_AT = re.compile(r"(\s*[/／]\s?\S*?)@(\w+)", re.UNICODE)


def incoming_from(update: Update, *, account: str, username: str | None) -> Incoming | None:
    """What this update says to us; None for everything else (joins, edits, other bots' commands)."""
    if update.callback_query is not None:
        return _pressed(update.callback_query, account)
    if update.message is not None:
        return _said(update.message, account, username)
    return None


def _pressed(query: CallbackQuery, account: str) -> Incoming | None:
    message = query.message
    if message is None or query.data is None:
        return None
    return Incoming(
        address=_address(message if isinstance(message, Message) else None, str(message.chat.id)),
        account=account,
        event_id=f"press-{query.id}",
        sender_id=str(query.from_user.id),
        language=query.from_user.language_code,
        direct=True,
        pressed=query.data,
    )


def _said(message: Message, account: str, username: str | None) -> Incoming | None:
    text = message.text or message.caption or ""
    named = _COMMAND_AT.match(text)
    if named is not None:
        if username is not None and named[2].lower() != username.lower():
            return None  # another bot's command
        text = named[1] + text[named.end() :]
    private = message.chat.type == "private"
    mentioned = username is not None and re.search(_MENTION.format(re.escape(username)), text, re.IGNORECASE)
    if mentioned:
        text = re.sub(_MENTION.format(re.escape(str(username))), "", text, flags=re.IGNORECASE).strip()
    attachment = _attachment(message)
    if attachment is None and message.reply_to_message is not None:
        attachment = _attachment(message.reply_to_message)
    if message.media_group_id and not text:
        return None  # the album's caption stands on another item
    if not text and attachment is None:
        return None
    sender = message.from_user
    return Incoming(
        address=_address(message, str(message.chat.id)),
        account=account,
        event_id=str(message.message_id),
        sender_id=_sender(message, sender),
        text=text,
        language=sender.language_code if sender else None,
        attachment=attachment,
        direct=private or bool(mentioned) or named is not None or _answers_us(message, account),
        reply_to=str(message.message_id),
    )


def _sender(message: Message, sender: User | None) -> str:
    """A person, or the chat that an anonymous admin speaks for."""
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    return str(sender.id) if sender else str(message.chat.id)


def _answers_us(message: Message, account: str) -> bool:
    replied = message.reply_to_message
    return replied is not None and replied.from_user is not None and str(replied.from_user.id) == account


def _address(message: Message | None, chat_id: str) -> Address:
    """With the topic, but only a real one: in ordinary groups a reply thread has an id, too; General has none."""
    thread = message.message_thread_id if message is not None and message.is_topic_message else None
    return Address("telegram", chat_id, str(thread) if thread and thread != _GENERAL_TOPIC else None)


def _attachment(message: Message) -> AttachmentRef | None:
    if message.photo:
        largest = message.photo[-1]
        return AttachmentRef("image", largest.file_id, largest.file_size)
    clip = message.video or message.animation or message.video_note
    if clip is not None:
        seconds = clip.duration
        return AttachmentRef("video", clip.file_id, clip.file_size, float(_seconds(seconds)))
    document = message.document
    kind = (document.mime_type or "").partition("/")[0] if document else ""
    if document is None or kind not in {"image", "video"}:
        return None
    return AttachmentRef("image" if kind == "image" else "video", document.file_id, document.file_size)


def _seconds(value: object) -> float:
    """An int today, a timedelta in a coming version of the library."""
    total = getattr(value, "total_seconds", None)
    return float(total()) if callable(total) else float(str(value))
