"""Sends and edits texts: in parts where one message cannot hold them, with what may be folded in a quote."""

from dataclasses import dataclass

import telegram
from telegram import LinkPreviewOptions, MessageEntity
from telegram.error import TelegramError

from bot.channels.telegram import tables
from bot.channels.telegram.errors import (
    ApiError,
    TranslatingErrors,
    is_unchanged,
    lighter_may_do,
    method_is_unknown,
    speaks_of,
)
from bot.channels.telegram.lengths import cut, split, units, whole
from bot.channels.telegram.limits import LIMITS
from bot.channels.telegram.markup import ServerAge, below, has_new_fields, keyboard
from bot.channels.telegram.places import Places, is_group, reply_to_parameters
from bot.channels.telegram.request import BotClient, message_id_of
from bot.channels.types import Address, Message, SendError, SendOutcome

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MOST = LIMITS.text_chars
_SHORTEST_QUOTE = 200  # rather in a message of its own than as a stump


@dataclass(frozen=True, slots=True)
class Part:
    """The text of one message.

    From `quote_at`, in UTF-16 units, it is a quote that opens at a touch. `table`: where in it, and for how long, its
    letters have one width.
    """

    text: str
    quote_at: int | None = None
    table: tuple[int, int] | None = None

    @property
    def entities(self) -> list[MessageEntity] | None:
        """Return the quote, or the table, as Telegram wants it."""
        if self.table is not None:
            return [MessageEntity(MessageEntity.PRE, *self.table)]
        if self.quote_at is None:
            return None
        return [
            MessageEntity(MessageEntity.EXPANDABLE_BLOCKQUOTE, self.quote_at, units(self.text) - self.quote_at),
        ]

    def bare(self) -> "Part":
        """Return the same without what may be refused of it."""
        return Part(self.text)


def table_of(message: Message) -> list[Part]:
    """Lay a message out with its table in lined-up letters."""
    return [Part(text, table=(at, size) if size else None) for text, at, size in tables.aligned(message, most=_MOST)]


def parts_of(message: Message) -> list[Part]:
    """Lay a message out in one or more; the quote, cut to what one holds, is in the last."""
    long = whole(message.long).strip()
    if not long:
        return [Part(text) for text in split(message.text, _MOST)]
    *before, last = split(message.text, _MOST) if message.text.strip() else [""]
    parts = [Part(text) for text in before]
    if last and _MOST - units(last) - 1 < min(units(long), _SHORTEST_QUOTE):
        return [*parts, Part(last), Part(cut(long, _MOST), 0)]
    return [*parts, _quoting(last, long)]


def only_part(message: Message) -> Part:
    """Lay a message out in one, cut: an edited message must stay one."""
    long = whole(message.long).strip()
    if not long:
        return Part(split(cut(message.text, _MOST), _MOST)[0])
    room_for_text = _MOST - 1 - min(units(long), _MOST // 2)
    return _quoting(cut(message.text, room_for_text), long)


def _quoting(text: str, long: str) -> Part:
    """Put the quote below the text. Telegram strips the ends of a text, which would move the quote."""
    head = f"{text.strip()}\n" if text.strip() else ""
    return Part(head + cut(long, _MOST - units(head)), units(head))


class TextSender:
    """The sender of texts."""

    def __init__(self, bot: BotClient, places: Places, age: ServerAge) -> None:
        self._bot = bot
        self._places = places
        self._age = age

    async def show(self, to: Address, message: Message, *, reply_to: str | None, replace: str | None) -> str:
        """Show a text; a long one in parts: the first is the reply, the last has the buttons and is the reference."""
        if replace is not None:
            await self._change(to, message, replace)
            return replace
        is_drawn = bool(message.table) and message.only_for is None
        if is_drawn and (drawn := await self._drawn(to, message, reply_to)):
            return drawn
        parts, reference = table_of(message) if is_drawn else parts_of(message), ""
        if (
            message.only_for is not None
            and is_group(to.chat_id)
            and await self._whispered(to, parts[0], message.only_for)
        ):
            return reference
        async with TranslatingErrors():
            for number, part in enumerate(parts):
                foot = message if number == len(parts) - 1 else Message("")
                sent = await self._say(to, part, foot, reply_to if number == 0 else None)
                reference = str(sent.message_id)
        return reference

    async def _whispered(self, to: Address, part: Part, person: str) -> bool:
        """Show a text to one member of a group (Bot API 10.3). False where it did not go out; then it is for all.

        Telegram lets only admins of the group do this unasked. A server that does not know the field may ignore it,
        and post the text to all. What is shown so has no number, and cannot be edited.
        """
        if not person.isdecimal() or await self._age.is_old():
            return False
        alone = {"ephemeral_message_parameters": {"receiver_user_id": int(person)}}
        async with TranslatingErrors():
            try:
                await self._places.send(
                    to,
                    lambda chat, thread: self._bot.send_message(
                        chat, part.text, message_thread_id=thread, api_kwargs=alone, link_preview_options=_NO_PREVIEW
                    ),
                )
            except ApiError:
                return False
        return True

    async def _drawn(self, to: Address, message: Message, reply_to: str | None) -> str | None:
        """Send the message's table as one (rich messages, Bot API 10.2), and return its reference.

        None where the server refuses that, or has done so today: then lined-up letters do.
        """
        if await self._age.refuses(tables.METHOD):
            return None
        async with TranslatingErrors():
            try:
                return message_id_of(
                    await self._places.send(
                        to,
                        lambda chat, thread: self._bot.ask(
                            tables.METHOD,
                            chat_id=chat,
                            message_thread_id=thread,
                            rich_message=tables.rich(message),
                            reply_parameters=reply_to_parameters(reply_to),
                            reply_markup=below(message, group=is_group(to.chat_id), plain=True),
                        ),
                    )
                )
            except TelegramError as error:
                if not method_is_unknown(error) and not lighter_may_do(error):
                    raise
                await self._age.note_refusal(tables.METHOD)
        return None

    async def _change(self, to: Address, message: Message, reference: str) -> None:
        """Edit a message. One that a person has deleted stays so. A second edit does no harm: none is unconfirmed."""
        if not reference.isdecimal():
            raise SendError(SendOutcome.REJECTED, "not a message of Telegram")
        part = only_part(message)
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            try:
                await self._edit(to, part, message, int(reference))
            except TelegramError as error:
                self._places.note_move(to, error)
                if part.entities and speaks_of(error, "entit"):
                    await self._edit(to, part.bare(), message, int(reference))
                elif not is_unchanged(error):
                    raise

    async def _edit(self, to: Address, part: Part, message: Message, message_id: int) -> None:
        async def edit(plain: bool) -> object:
            return await self._bot.edit_message_text(
                part.text,
                chat_id=self._places.chat(to),
                message_id=message_id,
                entities=part.entities,
                reply_markup=keyboard(message.actions, plain=plain),
                link_preview_options=_NO_PREVIEW,
            )

        await self._age.newest(edit, new_fields=has_new_fields(message.actions))

    async def _say(self, to: Address, part: Part, foot: Message, reply_to: str | None) -> telegram.Message:
        """Send a text. Where Telegram refuses what goes with it, it is sent once without that."""
        try:
            return await self._send(to, part, foot, reply_to)
        except TelegramError as error:
            bare = foot.actions == () and not foot.asks and reply_to is None and not part.entities
            if not lighter_may_do(error) or bare:
                raise
            if part.entities and speaks_of(error, "entit"):
                return await self._send(to, part.bare(), foot, reply_to)
            about_the_reply = speaks_of(error, "repl", "quote") and not speaks_of(error, "markup")
            if reply_to is not None and about_the_reply:
                return await self._send(to, part, foot, None)
            return await self._send(to, part.bare(), Message(""), None)

    async def _send(self, to: Address, part: Part, foot: Message, reply_to: str | None) -> telegram.Message:
        async def send(plain: bool) -> telegram.Message:
            return await self._places.send(
                to,
                lambda chat, thread: self._bot.send_message(
                    chat,
                    part.text,
                    entities=part.entities,
                    message_thread_id=thread,
                    reply_parameters=reply_to_parameters(reply_to),
                    reply_markup=below(foot, group=is_group(to.chat_id), plain=plain),
                    link_preview_options=_NO_PREVIEW,
                ),
            )

        return await self._age.newest(send, new_fields=has_new_fields(foot.actions, asks=foot.asks))
