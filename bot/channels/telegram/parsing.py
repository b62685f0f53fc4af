"""Parses Telegram's updates into Incoming, and tells what is said to the bot from talk between people."""

import re
from collections import OrderedDict

from telegram import CallbackQuery, ExternalReplyInfo, Message, Update

from bot.channels.telegram.lengths import whole
from bot.channels.types import Address, AttachmentRef, Incoming

_GENERAL_TOPIC = 1
_COMMAND_AT = re.compile(r"(\s*[/／]\s?[^\s@]*)@(\w+)", re.UNICODE)
_ALBUMS = 500
_VIDEO_WORDS = ("/", "／", "视频", "視頻", "影片", "生成视频", "生成視頻", "文生", "图生", "圖生")


class Albums:
    """The choice of the item that stands for an album: Telegram sends N messages and no end mark, one with the caption.

    Every captioned item counts. An item without a caption counts only if it is the first that was seen of its album and
    no caption was seen yet: so an album without any is answered once, with the question what should happen in it. The
    same item gets the same answer again, because a batch that could not be stored is read anew.
    """

    def __init__(self) -> None:
        self._speaker: OrderedDict[str, int | None] = OrderedDict()  # None: a caption was seen

    @property
    def remembered(self) -> int:
        """Count the albums that are known still."""
        return len(self._speaker)

    def see_batch(self, messages: list[Message]) -> None:
        """See a whole batch first: the caption need not be on the first item."""
        for message in messages:
            if message.media_group_id and message.caption and not self._speaks_already(message):
                self._set(message, None)

    def counts(self, message: Message) -> bool:
        """Return whether this item stands for its album."""
        if not message.media_group_id or message.caption:
            return True
        key = _album(message)
        if key not in self._speaker:
            self._set(message, message.message_id)
        return self._speaker[key] == message.message_id

    def _speaks_already(self, message: Message) -> bool:
        return _album(message) in self._speaker

    def _set(self, message: Message, speaker: int | None) -> None:
        self._speaker[_album(message)] = speaker
        while len(self._speaker) > _ALBUMS:
            self._speaker.popitem(last=False)


def _album(message: Message) -> str:
    return f"{message.chat.id}:{message.media_group_id}"


def incoming_from(update: Update, *, account: str, username: str | None, albums: Albums) -> Incoming | None:
    """Parse what an update says to the bot; None for joins, edits, other bots and what is said to them."""
    if update.callback_query is not None:
        return _pressed(update.callback_query, account)
    if update.message is not None and not _from_no_person(update.message) and albums.counts(update.message):
        return _message_from(update.message, account, username)
    return None


def _from_no_person(message: Message) -> bool:
    """Return whether another bot wrote it, or a channel post was copied into its discussion group.

    Anonymous admins are people.
    """
    copied = bool(message.is_automatic_forward)
    bot = message.sender_chat is None and message.from_user is not None and message.from_user.is_bot
    return copied or bot


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
        pressed=whole(query.data),
        reply_to=str(message.message_id),
    )


def _message_from(message: Message, account: str, username: str | None) -> Incoming | None:
    private = message.chat.type == "private"
    text = whole(message.text or message.caption or "")
    text, named = _without_name(text, username)
    if named is False and not private:
        return None  # another bot's command
    text, mentioned = _without_mention(text, username)
    attachment = _attachment(message) or _attachment_of_replied(message, account, text)
    if not text.strip() and attachment is None:
        return None
    return Incoming(
        address=_address(message, str(message.chat.id)),
        account=account,
        event_id=str(message.message_id),
        sender_id=_sender(message),
        text=text,
        language=message.from_user.language_code if message.from_user else None,
        attachment=attachment,
        direct=private or mentioned or bool(named) or _answers_us(message, account),
        reply_to=str(message.message_id),
    )


def _without_name(text: str, username: str | None) -> tuple[str, bool | None]:
    """Remove the mention: `/video@reelbot a cat` -> `/video a cat`.

    True: our name, False: another's, None: there was none.
    """
    match = _COMMAND_AT.match(text)
    if match is None:
        return text, None
    return match[1] + text[match.end() :], username is not None and match[2].lower() == username.lower()


def _without_mention(text: str, username: str | None) -> tuple[str, bool]:
    if not username:
        return text, False
    name = re.compile(rf"(?<![\w@])@{re.escape(username)}\b", re.IGNORECASE)
    if not name.search(text):
        return text, False
    return re.sub(r"[ \t]{2,}", " ", name.sub("", text)).strip(), True


def _sender(message: Message) -> str:
    """Return the id of a person, or of the chat that an anonymous admin or a channel speaks for."""
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    return str(message.from_user.id) if message.from_user else str(message.chat.id)


def _replied(message: Message) -> Message | None:
    """Return the message answered by hand. In a topic each message formally answers the one that opened the topic."""
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created is not None:
        return None
    return replied


def _is_ours(message: Message, account: str) -> bool:
    return message.from_user is not None and str(message.from_user.id) == account


def _answers_us(message: Message, account: str) -> bool:
    replied = _replied(message)
    return replied is not None and _is_ours(replied, account)


def _attachment_of_replied(message: Message, account: str, text: str) -> AttachmentRef | None:
    """Return the attachment of the message that is replied to.

    Words under one of our own videos ("nice!") are talk, unless they begin as a command does.
    """
    replied = _replied(message)
    if replied is None:
        return _attachment(message.external_reply) if message.external_reply is not None else None
    if _is_ours(replied, account) and not text.lstrip().startswith(_VIDEO_WORDS):
        return None
    return _attachment(replied)


def _address(message: Message | None, chat_id: str) -> Address:
    """Return the address, with its topic where that is a real one.

    In ordinary groups a reply thread has an id, too; General has none.
    """
    thread = message.message_thread_id if message is not None and message.is_topic_message else None
    return Address("telegram", chat_id, str(thread) if thread and thread != _GENERAL_TOPIC else None)


def _attachment(message: Message | ExternalReplyInfo) -> AttachmentRef | None:
    """Return a photo's largest size, a video in any of its forms, or a file whose declared type is one.

    An animation is a document, too, and a live photo a photo: so the order matters.
    """
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return AttachmentRef("image", largest.file_id, largest.file_size)
    clip = message.video or message.animation or message.video_note
    if clip is not None:
        seconds = clip.to_dict().get("duration")  # the attribute warns of a coming change of type
        duration_s = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None
        return AttachmentRef("video", clip.file_id, clip.file_size, duration_s)
    document = message.document
    kind = (document.mime_type or "").partition("/")[0].lower() if document else ""
    if document is not None and kind == "image":
        return AttachmentRef("image", document.file_id, document.file_size)
    if document is not None and kind == "video":
        return AttachmentRef("video", document.file_id, document.file_size)
    return None
