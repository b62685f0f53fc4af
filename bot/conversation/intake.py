"""Takes messages in from the chats: stores what is for the bot before confirming it, waits for a callback's answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.services import Remember
from bot.channels.text_lengths import encodable
from bot.channels.types import Incoming, Reply
from bot.conversation.admission import Admission
from bot.conversation.albums import Albums
from bot.conversation.command_parser import parse_message
from bot.conversation.commands import ParsedMessage, Start
from bot.conversation.inbox_limits import may_wait
from bot.conversation.planning import group_of
from bot.conversation.refusals import Refusals
from bot.conversation.reply_strategies import AnswerSignals
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.admin_codes import code_in
from bot.store.records import State
from bot.store.stored import UnreadableJob

log = logging.getLogger(__name__)

_LOOK_S = 0.1
_LONGEST_IDS = 2000


class MessageIntake:
    """The Inbox that channels are handed (bot/channels/protocol.py)."""

    def __init__(
        self,
        *,
        store: Store,
        admission: Admission,
        channels: Mapping[str, ChannelPort],
        refusals: Refusals,
        signals: AnswerSignals,
        notify: Callable[[], None],
        quote: Callable[[Incoming], Awaitable[str | None]],
        became_admin: Callable[[str], None],
    ) -> None:
        """Build the intake. `notify` tells the inbox's reader, in this process or another, of something new.

        `quote`: see MessageHandler.quote. `became_admin` tells the other admins.
        """
        self._quote = quote
        self._store = store
        self._admission = admission
        self._channels = channels
        self._refusals = refusals
        self._signals = signals
        self._notify = notify
        self._became_admin = became_admin
        self._asides: set[asyncio.Task[None]] = set()
        self._open = True
        self._albums = Albums()

    def close(self) -> None:
        """Take no more questions: the chat repeats them, and finds the next start."""
        self._open = False

    async def put(self, incoming: Sequence[Incoming], *, remember: Remember | None = None) -> frozenset[str]:
        """Commit what is for us and from people who may ask; answer strangers, and store nothing of theirs."""
        now = [await self._present(each) for each in incoming if _is_storable(each)]
        came_as = {there.origin: each.origin for each, there in zip(filter(_is_storable, incoming), now, strict=True)}
        for_us = [
            message
            for message in self._albums.completed([await self._addressed(_parsed(each)) for each in now])
            if message.for_us
        ]
        known = await self._known(for_us)
        if remember is not None:
            await remember(frozenset(came_as.get(origin, origin) for origin in known))
        for message in for_us:
            if (code := self._admin_code(message.incoming)) is not None:
                text, is_admin = await self._redeem(code, message.incoming)
                self._aside((self._refusals.say if is_admin else self._refusals.turn_away)(message.incoming, text))
            elif message.incoming.origin not in known:
                self._aside(self._refusals.turn_away(message.incoming))
        if not known:
            return frozenset()
        messages = [message.incoming for message in known.values()]
        refused = await self._store.inbox.put(messages, most=lambda each: may_wait(known[each.origin]))
        for each in refused:
            self._aside(self._refusals.too_many(known[each.origin]))
        self._notify()
        too_many = {each.origin for each in refused}
        return frozenset(came_as.get(origin, origin) for origin in known if origin not in too_many)

    async def _known(self, for_us: Sequence[ParsedMessage]) -> dict[str, ParsedMessage]:
        """Return those to be stored, by origin: of people who may ask, but for codes, which are spent at once."""
        admitted = await self._admission.admitted([message.incoming for message in for_us])
        known: dict[str, ParsedMessage] = {}
        for message in for_us:
            if self._admin_code(message.incoming) is not None:
                continue
            if message.incoming.origin in admitted or await self._follows_own_link(message):
                known.setdefault(message.incoming.origin, message)
        return known

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        """Commit a message and wait for its answer, for a callback that carries it.

        Any process may decide the message; what it decides is read from the database.
        """
        try:
            async with asyncio.timeout(store_s):
                message = _parsed(incoming)
                incoming = message.incoming
                if not self._open or not message.for_us:
                    return None
                if (code := self._admin_code(incoming)) is not None:
                    return Reply((await self._redeem(code, incoming))[0])
                if not await self._admission.admits(incoming):
                    return Reply(await self._refusals.to_stranger(incoming))
                self._aside(self._count(incoming))
                if not await self._store.callback_replies.expect(incoming, most=may_wait(message)):
                    return Reply(await self._refusals.too_much(incoming))
        except Exception as error:  # noqa: BLE001 - whatever the database does; its text holds what the person wrote
            log.error("a message was not stored; the chat repeats it", extra={"error": type(error).__name__})  # noqa: TRY400
            return None
        self._notify()
        with suppress(TimeoutError):
            async with asyncio.timeout(answer_s):
                return await self._answer_to(incoming.origin)
        return None

    def _admin_code(self, incoming: Incoming) -> str | None:
        """Return the code of `reelbot setup` that a private message consists of. Such a message is not stored."""
        manifest = self._channels[incoming.address.channel].manifest
        if not incoming.private or incoming.pressed is not None or group_of(incoming, manifest) is not None:
            return None
        return code_in(incoming.text)

    async def _redeem(self, code: str, incoming: Incoming) -> tuple[str, bool]:
        """Try a code; return what to say, and whether this person is an admin now.

        A repeat of the message that spent it is answered the same.
        """
        outcome = await self._store.admin_codes.redeem(code, incoming.user)
        language = await self._refusals.language(incoming)
        if outcome == "admin":
            log.warning("somebody became an admin by a code of setup", extra={"user": incoming.user})
            self._became_admin(incoming.user)
        is_admin = outcome == "admin" or await self._admission.is_admin(incoming.user)
        return translate(language, "operator-code-taken" if is_admin else "operator-code-void"), is_admin

    async def quote(self, incoming: Incoming) -> str | None:
        """Return the price that may stand on the send button for this message; None: none. It is not stored."""
        return await self._quote(_parsed(incoming).incoming) if await self._admission.admits(incoming) else None

    async def _follows_own_link(self, message: ParsedMessage) -> bool:
        """Return whether a member of a group opens the bot, as it asked them to: alone they are otherwise strangers."""
        code = message.command.payload if isinstance(message.command, Start) else None
        if code is None or not message.incoming.private:
            return False
        try:
            job = await self._store.jobs.get(code)
        except UnreadableJob:
            return False
        return job is not None and job.user == message.incoming.user

    async def _present(self, incoming: Incoming) -> Incoming:
        """Return the message as of its group's present id."""
        return incoming if incoming.private else await self._store.moves.present(incoming)

    async def _addressed(self, message: ParsedMessage) -> ParsedMessage:
        """Take a reply in a group as said to the bot where it answers what this very person was asked or offered."""
        incoming = message.incoming
        if message.for_us or incoming.direct or incoming.quoted is None or not incoming.quoted.ours:
            return message
        last = (await self._store.dialogues.of(incoming)).last
        if last is not None and last.topic in {"words", "source"}:
            return _parsed(replace(incoming, direct=True))  # the bot has asked this person for it
        offers = await self._store.jobs.find(user=incoming.user, states=[State.AWAITING_CONFIRMATION])
        about = await self._store.message_map.job_of(incoming.address, incoming.quoted.ref) if offers else None
        if about is None or about not in {offer.id for offer in offers}:
            return message
        return _parsed(replace(incoming, direct=True))

    async def _count(self, incoming: Incoming) -> None:
        """Record that what the person has just said lets the bot speak some more."""
        limits = self._channels[incoming.address.channel].limits
        allowed = limits.per_tap if incoming.tap else limits.per_message
        if allowed is None:
            return
        try:
            kind = "tap" if incoming.tap else "message"
            await self._store.send_quota.opened(incoming.user, kind, messages=allowed[0], for_s=allowed[1])
        except Exception as error:  # noqa: BLE001 - a count only
            log.warning("not counted", extra={"error": type(error).__name__})

    async def _answer_to(self, origin: str) -> Reply:
        """Read the answer as soon as this process decides it, and every moment in case that another one does."""
        with self._signals.awaited(origin) as decided:
            while True:
                reply = await self._store.callback_replies.answer(origin)
                if reply is not None:
                    return reply
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await decided.wait()
                decided.clear()

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _is_storable(incoming: Incoming) -> bool:
    """Return whether its ids are texts that a database takes. One that were tried for ever would stop all after it."""
    ids = f"{incoming.origin} {incoming.user}"
    if "\0" not in ids and encodable(ids) == ids and len(ids) < _LONGEST_IDS:
        return True
    log.error("a message with ids that cannot be stored was left out", extra={"chat": incoming.address.channel})
    return False


def _parsed(incoming: Incoming) -> ParsedMessage:
    """Parse it as it is stored: a chat may hand over half a character, which no database and no page takes."""
    text = encodable(incoming.text)
    return parse_message(incoming if text == incoming.text else replace(incoming, text=text))
