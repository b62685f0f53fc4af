"""Brings a decision about a message to its person: pushed at once, or as the answer to the chat's callback."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message, Reply, SendError, SendOutcome, Toast
from bot.conversation.command_parser import parse_message
from bot.conversation.decisions import Decision, OrderInstead
from bot.conversation.handler import MessageHandler
from bot.conversation.ordering import OrderService
from bot.conversation.passive_replies import Answer, Order, PassiveReplies, write_reply
from bot.conversation.refusals import Refusals
from bot.messages.i18n import translate
from bot.messages.shown_cards import fingerprint, is_offer
from bot.store import Store
from bot.store.database import Connection
from bot.store.inbox import QueuedMessage, answer_tx
from bot.store.message_map import chat_of
from bot.store.records import JobDraft
from bot.store.stored import UnreadableJob

log = logging.getLogger(__name__)

_SEND_TRIES = {SendOutcome.NOT_SENT: 8, SendOutcome.UNCONFIRMED: 1}  # a text said twice beats one not said
_LONG_S = 30.0  # a pause that holds up the person's later messages
_LISTENS_MS = 14_000  # a chat that waits for an answer asks three times, 5 seconds each


class ReplyStrategy(Protocol):
    """The way to answer one kind of chat."""

    async def handle(self, queued: QueuedMessage, *, more: bool) -> None:
        """Decide a stored message, answer it and close its row; or put it off.

        `more`: a photo after which more are coming at once, so it is not answered by itself.
        """

    async def apologize(self, incoming: Incoming, text: str) -> None:
        """Say that a message could not be handled."""


class AnswerSignals:
    """Signals to those of this process who wait for the answer to a callback."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    @contextmanager
    def awaited(self, origin: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set when this message is decided."""
        try:
            yield self._events.setdefault(origin, asyncio.Event())
        finally:
            self._events.pop(origin, None)

    def decided(self, origin: str) -> None:
        """Signal that this message is decided."""
        if origin in self._events:
            self._events[origin].set()


class PushStrategy:
    """The way of a chat to which the bot may send whenever it has something to say."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        handler: MessageHandler,
        channels: Mapping[str, ChannelPort],
        refusals: Refusals,
    ) -> None:
        self._store = store
        self._orders = orders
        self._handler = handler
        self._channels = channels
        self._refusals = refusals

    async def handle(self, queued: QueuedMessage, *, more: bool) -> None:
        """Decide a stored message once, push the answer and close its row; or put it off."""
        if queued.answer is not None:
            await self._answer(queued, queued.answer)
            return
        message = parse_message(queued.incoming)
        decision = await (self._handler.gather if more else self._handler.handle)(message)
        try:
            decided = await self._close(queued, decision)
        except OrderInstead as instead:
            decided = await self._close(queued, instead.decision)
        if decided is None:
            return  # another process has decided it, and answers
        toast = decided.say if isinstance(decided.say, Toast) else Toast("")
        await self._end_press(queued.incoming, toast, spent=decided.spent)
        await inform(decided.afterwards)
        if isinstance(decided.say, Message):
            await self._answer(queued, decided.say)

    async def _close(self, queued: QueuedMessage, decision: Decision) -> Decision | None:
        """Write the decision and close the message in one transaction; return what came of it. Raises OrderInstead.

        None: it is decided already.
        """
        if decision.order is not None:
            refusal = await self._orders.start(decision.order, inbox_id=queued.id, within=decision.write_ordered_tx)
            if refusal is None:
                return Decision(say=_toast_of(decision.order), spent=True)  # the job's transaction closed the row
            decision = decision.refused(refusal)
        decided = [decision]

        def within(tx: Connection) -> Message | None:
            decided[0] = decision.decided_tx(tx)
            say = decided[0].say
            return say if isinstance(say, Message) else None

        return decided[0] if await self._store.inbox.decide(queued, within) else None

    async def _end_press(self, incoming: Incoming, toast: Toast, *, spent: bool) -> None:
        """Answer a press; where the chat cannot show the words over itself, they are a message if there are any.

        `spent`: the button has done what it can. The card of a job is changed with its state, by who shows that.
        """
        if incoming.pressed is None:
            return
        channel = self._channels[incoming.address.channel]
        if not await channel.toast(incoming, toast) and toast.text and toast.needed:
            await self._refusals.say(incoming, toast.text, alone=True)
        if spent and not (channel.limits.edits and await self._is_card(incoming)):
            await channel.retire(incoming)  # a card that is edited is changed by who does that

    async def _is_card(self, incoming: Incoming) -> bool:
        """Return whether the button stands on the status message of a job."""
        job_id = await self._store.message_map.job_of(incoming.address, incoming.reply_to)
        with suppress(UnreadableJob):
            job = await self._store.jobs.get(job_id) if job_id is not None else None
            return job is not None and job.status_ref == incoming.reply_to
        return False

    async def _answer(self, queued: QueuedMessage, message: Message) -> None:
        incoming = queued.incoming
        try:
            ref = await self._channels[incoming.address.channel].show(
                incoming.address,
                message,
                reply_to=incoming.reply_to,
                replace=incoming.reply_to if message.in_place and incoming.pressed is not None else None,
            )
        except SendError as error:
            if queued.attempts < _SEND_TRIES.get(error.outcome, 0):
                await self._store.inbox.later(queued, after_s=max(error.after_s, 2.0**queued.attempts))
                return
            log.warning("answer not taken", extra={"chat": queued.chat, "outcome": error.outcome})
        else:
            await self._remember(incoming, message, ref)
        await self._store.inbox.done(queued)

    async def _remember(self, incoming: Incoming, message: Message, ref: str) -> None:
        """Record which job the answer is about. An offer that it repeats stands there from now on, and nowhere else."""
        limits = self._channels[incoming.address.channel].limits
        shown = fingerprint(message, bars=limits.progress_bars)
        if message.job_id is not None and limits.edits and is_offer(shown):
            chat = chat_of(incoming.address)
            await self._store.jobs.shown(message.job_id, ref=ref, as_text=shown, in_chat=chat)
        elif message.job_id is not None:
            await self._store.message_map.put(incoming.address, ref, message.job_id)

    async def apologize(self, incoming: Incoming, text: str) -> None:
        """Push that a message could not be handled."""
        await self._refusals.say(incoming, text)


def _toast_of(order: JobDraft) -> Toast:
    """Return the answer to a press that made this; its card says the rest. An offer speaks for itself."""
    is_bought = order.question is None
    return Toast(translate(order.language, "toast-ordered") if is_bought else "", needed=False)


class CallbackStrategy:
    """The way of a chat that fetches its answers: decided and answered in one transaction.

    This is while the chat listens. Later the answer is sent unasked, or waits for the person's next message. A chat
    that never fetches any (its messages came by `Inbox.put`) is sent each, until it takes it or lets it wait.
    """

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        handler: MessageHandler,
        passive: PassiveReplies,
        channels: Mapping[str, ChannelPort],
        signals: AnswerSignals,
    ) -> None:
        self._store = store
        self._orders = orders
        self._handler = handler
        self._passive = passive
        self._channels = channels
        self._signals = signals

    async def handle(self, queued: QueuedMessage, *, more: bool) -> None:
        """Decide a stored message and store the answer for the callback."""
        if queued.answer is not None:
            await self._push(queued, queued.answer)
            return
        incoming = queued.incoming
        asked_ms = await self._store.callback_replies.asked_ms(incoming.origin)
        listening = asked_ms is not None and asked_ms < _LISTENS_MS
        message = parse_message(incoming)
        decided = await (self._passive.gather(message) if more else self._passive.decide(message, passive=listening))
        pushes: list[Message] | None = [] if asked_ms is None else None
        reply = await self._close(queued, decided, pushes)
        self._handler.prober.begin(incoming)
        self._signals.decided(incoming.origin)
        if pushes is not None:
            for answer in pushes:
                await self._push(queued, answer)
        elif not listening and reply is not None and reply.text:
            await self._send_late(incoming, reply.text)

    async def _close(
        self, queued: QueuedMessage, decided: Answer | Order, pushes: list[Message] | None
    ) -> Reply | None:
        """Write the decision and its reply in one transaction. None: it is decided already.

        `pushes`: the reply as what is to be sent is put there; None: it is fetched.
        """
        if isinstance(decided, Order):
            return await self._start(queued, decided, pushes)
        return await self._settle(queued, decided, pushes)

    async def _start(self, queued: QueuedMessage, order: Order, pushes: list[Message] | None) -> Reply | None:
        replies: list[Reply] = []

        def within(tx: Connection, job_id: str) -> None:
            replies.append(order.reply_in(tx, job_id))
            write_reply(queued.incoming, replies[-1])(tx)
            if pushes is not None:
                pushes[:] = [Message(replies[-1].text, job_id=job_id)]
                answer_tx(tx, queued.id, pushes[0])

        refusal = await self._orders.start(order.new, inbox_id=queued.id, within=within)
        if refusal is not None:
            return await self._settle(queued, order.refused(refusal), pushes)
        return replies[-1] if replies else None

    async def _settle(self, queued: QueuedMessage, answer: Answer, pushes: list[Message] | None) -> Reply | None:
        settled = [answer]

        def within(tx: Connection) -> Message | None:
            settled[0] = answer.settled_tx(tx)
            write_reply(queued.incoming, settled[0].reply)(tx)
            if pushes is None or not settled[0].reply.text:
                return None
            pushes[:] = [Message(settled[0].reply.text)]
            return pushes[0]

        try:
            if not await self._store.inbox.decide(queued, within):
                return None
        except OrderInstead as instead:
            return await self._close(queued, answer.instead(instead.decision), pushes)
        await inform(settled[0].afterwards)
        return settled[0].reply

    async def _push(self, queued: QueuedMessage, answer: Message) -> None:
        """Send an answer and close its row; put it off, or let it wait for the person's next message."""
        incoming = queued.incoming
        try:
            ref = await self._channels[incoming.address.channel].show(
                incoming.address, answer, reply_to=incoming.reply_to
            )
        except SendError as error:
            if queued.attempts < _SEND_TRIES.get(error.outcome, 0) and error.after_s < _LONG_S:
                await self._store.inbox.later(queued, after_s=max(error.after_s, 2.0**queued.attempts))
                return
            log.info("an answer waits", extra={"outcome": error.outcome})
            if error.outcome is not SendOutcome.UNCONFIRMED:
                await self._store.outbox.hold_text(incoming.user, answer.text)
        else:
            if answer.job_id is not None:
                await self._store.message_map.put(incoming.address, ref, answer.job_id)
        await self._store.inbox.done(queued)

    async def _send_late(self, incoming: Incoming, text: str) -> None:
        try:
            await self._channels[incoming.address.channel].show(incoming.address, Message(text))
        except SendError as error:
            log.info("an answer waits", extra={"outcome": error.outcome})
            await self._store.outbox.hold_text(incoming.user, text)

    async def apologize(self, incoming: Incoming, text: str) -> None:
        """Store the answer that a message could not be handled."""
        if await self._store.callback_replies.asked_ms(incoming.origin) is None:
            await self._send_late(incoming, text)
            return
        await self._store.callback_replies.give(incoming.origin, Reply(text))
        self._signals.decided(incoming.origin)


async def inform(afterwards: Callable[[], Awaitable[None]] | None) -> None:
    """Tell others what was decided: it is written, so no trouble here may have it decided again."""
    if afterwards is None:
        return
    try:
        await afterwards()
    except Exception as error:  # noqa: BLE001 - whatever the database or a chat does; its text may hold what people wrote
        log.warning("others were not told of a decision", extra={"error": type(error).__name__})
