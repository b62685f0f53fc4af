"""Parses Telegram's updates into Incoming, and tells what is said to the bot from talk between people."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, Update

from bot.channels.telegram.contents import attachment_of, other_of, quoted_of
from bot.channels.telegram.lengths import cut, whole
from bot.channels.types import Address, Incoming

_GENERAL_TOPIC = 1
_COMMAND_AT = re.compile(r"(\s*[/／]\s?[^\s@]*)@(\w+)", re.UNICODE)
_SLASHES = ("/", "／")
_EDITS_FOR = timedelta(minutes=30)
_INSIDE = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER})
_NAME_CHARS = 64


def incoming_from(update: Update, *, account: str, username: str | None) -> Incoming | None:
    """Parse what an update says to the bot; None for service messages, other bots and what is said to them."""
    if update.callback_query is not None:
        return _pressed(update.callback_query, account)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member, account, update.update_id)
    if update.message is not None:
        return _message_from(update.message, account, username)
    if update.edited_message is not None:
        return _edit_from(update.edited_message, account, username)
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
        pressed=whole(query.data),
        reply_to=str(message.message_id),
        private=message.chat.type == Chat.PRIVATE,
        name=_shortened(query.from_user.full_name),
    )


def _membership(change: ChatMemberUpdated, account: str, update_id: int) -> Incoming | None:
    """Parse what became of the bot in a chat; None for a mere change of its rights, and in channels."""
    was, now = _is_inside(change.old_chat_member), _is_inside(change.new_chat_member)
    if was == now or change.chat.type == Chat.CHANNEL:
        return None
    private = change.chat.type == Chat.PRIVATE
    return Incoming(
        address=Address("telegram", str(change.chat.id)),
        account=account,
        event_id=f"member-{update_id}",
        sender_id=str(change.from_user.id),
        language=change.from_user.language_code,
        direct=private,
        private=private,
        at=_ms(change.date),
        name=_shortened(change.from_user.full_name),
        membership="removed" if was else "unblocked" if private else "added",
    )


def _is_inside(member: ChatMember) -> bool:
    """Return whether one with this standing is in the chat: a restricted one may have left it."""
    return member.status in _INSIDE or bool(getattr(member, "is_member", False))


def _message_from(message: Message, account: str, username: str | None) -> Incoming | None:
    if _is_from_a_bot(message):
        return None
    private = message.chat.type == Chat.PRIVATE
    text, named = _without_name(whole(message.text or message.caption or ""), username)
    if named is False and not private:
        return None  # another bot's command
    text, mentioned = _without_mention(text, username)
    quoted = quoted_of(message, account)
    commanded = text.lstrip().startswith(_SLASHES)
    direct = private or mentioned or bool(named) or (commanded and quoted is not None and quoted.ours)
    attachment = attachment_of(message)
    other = other_of(message) if direct or commanded else None
    if not (text.strip() or attachment or other or mentioned) or (message.is_automatic_forward and not direct):
        return None
    return Incoming(
        address=_address(message, str(message.chat.id)),
        account=account,
        event_id=str(message.message_id),
        sender_id=_sender(message),
        text=text,
        language=message.from_user.language_code if message.from_user else None,
        attachment=attachment,
        direct=direct,
        reply_to=str(message.message_id),
        other=other,
        quoted=quoted,
        private=private,
        forwarded=_is_not_their_own(message),
        album=message.media_group_id,
        at=_ms(message.date),
        anonymous=message.sender_chat is not None and message.sender_chat.id == message.chat.id,
        name=_name(message),
    )


def _edit_from(message: Message, account: str, username: str | None) -> Incoming | None:
    """Parse a newer version of a message; None for what is long past, and in a group without a command.

    Telegram also calls it an edit when somebody with a live location moves: only words, photos and films count.
    """
    incoming = _message_from(message, account, username)
    if incoming is None or message.edit_date is None or message.edit_date - message.date > _EDITS_FOR:
        return None
    if not incoming.private and not incoming.text.lstrip().startswith(_SLASHES):
        return None
    if not incoming.text.strip() and incoming.attachment is None:
        return None
    stamp = int(message.edit_date.timestamp())
    edit = f"edit-{message.message_id}-{stamp}"
    return replace(incoming, event_id=edit, edits=incoming.event_id, at=_ms(message.edit_date))


def _is_from_a_bot(message: Message) -> bool:
    """Return whether another bot wrote it. Anonymous admins are people, although a bot's name stands for them."""
    return message.sender_chat is None and message.from_user is not None and message.from_user.is_bot


def _is_not_their_own(message: Message) -> bool:
    """Return whether it is a forward, a bot's work by their hand, or a channel's post in its discussion group."""
    return bool(message.forward_origin or message.via_bot or message.is_automatic_forward)


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


def _name(message: Message) -> str | None:
    if message.sender_chat is not None:
        return _shortened(message.sender_chat.effective_name or "")
    return _shortened(message.from_user.full_name) if message.from_user else None


def _shortened(name: str) -> str | None:
    return cut(name, _NAME_CHARS).strip() or None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _address(message: Message | None, chat_id: str) -> Address:
    """Return the address, with its topic where that is a real one.

    In ordinary groups a reply thread has an id, too; General has none.
    """
    thread = message.message_thread_id if message is not None and message.is_topic_message else None
    return Address("telegram", chat_id, str(thread) if thread and thread != _GENERAL_TOPIC else None)
