"""From a chat to a decision, and nothing lost on the way: stored before it is confirmed, handled in order per chat."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message, Reply, SendError, SendOutcome
from bot.conversation import commands
from bot.conversation.access import Access
from bot.conversation.handler import MessageHandler
from bot.conversation.inbox_limits import may_wait
from bot.conversation.ordering import OrderService
from bot.conversation.passive_replies import Answer, Order, PassiveReplies, both, write_reply
from bot.conversation.refusals import Refusals
from bot.jobs.status_messages import StatusMessages
from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.database import Connection
from bot.store.inbox import QueuedMessage, UnreadableMessage
from bot.store.records import JobDraft

log = logging.getLogger(__name__)

_SCAN_S = 2.0
_FINISH_S = 5.0
_TRIES = 3
_SEND_TRIES = 8
_LISTENS_MS = 14_000  # a chat that waits for an answer asks three times, 5 seconds each
_LOOK_S = 0.1
_CHATS_AT_ONCE = 500


class InboxWorker:
    """The port's Inbox, and the loop that reads it."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        handler: MessageHandler,
        passive: PassiveReplies,
        progress: StatusMessages,
        access: Access,
        channels: Mapping[str, ChannelPort],
        alerts: Alerts,
        ring: Callable[[], None],
    ) -> None:
        self._store = store
        self._orders = orders
        self._handler = handler
        self._passive = passive
        self._progress = progress
        self._access = access
        self._channels = channels
        self._alerts = alerts
        self._refusals = Refusals(handler=handler, channels=channels)
        self._ring = ring  # whoever reads the inbox, in this process or another
        self.loop = Loop("inbox", self._hand_out, pause_s=lambda: _SCAN_S)
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._asked: dict[str, asyncio.Event] = {}
        self._open = True

    async def put(self, incoming: Sequence[Incoming]) -> None:
        """Commit what is for us and from people who may ask; answer strangers, and store nothing of theirs."""
        known = []
        for each in incoming:
            if not _for_us(each):
                continue
            if self._access.allows(each.user, f"{each.address.channel}:{each.address.chat_id}"):
                known.append(each)
            else:
                self._aside(self._refusals.turn_away(each))
        if known:
            for each in await self._store.inbox.put(known, most=may_wait):
                self._aside(self._refusals.too_many(each))
            self._ring()

    def kick(self) -> None:
        """There is something new: look now."""
        self.loop.notify()

    async def ask(self, incoming: Incoming, *, store_s: float, answer_s: float) -> Reply | None:
        """See the port. Any process may decide the message; what it decides is read from the database."""
        try:
            async with asyncio.timeout(store_s):
                if not self._open or not _for_us(incoming):
                    return None
                if not self._access.allows(incoming.user, f"{incoming.address.channel}:{incoming.address.chat_id}"):
                    return Reply(await self._refusals.to_stranger(incoming))
                self._aside(self._count(incoming))
                if not await self._store.callback_replies.expect(incoming, most=may_wait(incoming)):
                    return Reply(await self._refusals.too_much(incoming))
        except Exception as error:  # noqa: BLE001 - whatever the database does; its text holds what the person wrote
            log.error("a message was not stored; the chat repeats it", extra={"error": type(error).__name__})  # noqa: TRY400
            return None
        self._ring()
        with suppress(TimeoutError):
            async with asyncio.timeout(answer_s):
                return await self._answer_to(incoming.origin)
        return None

    async def _count(self, incoming: Incoming) -> None:
        """What the person has just said lets the bot speak some more."""
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
        decided = self._asked.setdefault(origin, asyncio.Event())
        try:
            while True:
                reply = await self._store.callback_replies.answer(origin)
                if reply is not None:
                    return reply
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await decided.wait()
                decided.clear()
        finally:
            self._asked.pop(origin, None)

    def close(self) -> None:
        """Start nothing new: what is stored waits for the next start."""
        self._open = False
        self._passive.looks.close()

    async def run(self) -> None:
        """Until cancelled; then nothing is being handled here any more, and another process may read."""
        try:
            await self.loop.run()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """What is being answered is answered, if the chat takes it soon; else it is answered after the restart."""
        tasks = list(self._chats.values())
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=_FINISH_S)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    async def _hand_out(self) -> None:
        if not self._open:
            return
        self._chats = {chat: task for chat, task in self._chats.items() if not task.done()}
        places = _CHATS_AT_ONCE - len(self._chats)
        if places <= 0:
            return  # the next that is done looks again
        found = await self._store.inbox.waiting(but_not=self._chats, most=places)
        for queued in found.messages:
            self._chats[queued.chat] = asyncio.create_task(self._work_off(queued), name=f"inbox {queued.chat}")
        for unreadable in found.unreadable:
            await self._cannot_be_read(unreadable)

    async def _work_off(self, first: QueuedMessage) -> None:
        """This one and the later ones of its chat, as long as they are due."""
        queued: QueuedMessage | None = first
        while queued is not None and self._open:
            try:
                await self._handle(queued)
            except Exception:
                log.exception("message not handled", extra={"chat": queued.chat})
                await self._trouble(queued)
                break
            queued = await self._next(queued)
        self.loop.notify()

    async def _next(self, handled: QueuedMessage) -> QueuedMessage | None:
        try:
            found = await self._store.inbox.next_of(handled.chat)
        except Exception:
            log.exception("inbox", extra={"chat": handled.chat})
            return None  # the next look over all chats finds it
        fresh = [queued for queued in found.messages if queued.id != handled.id]
        return fresh[0] if fresh else None  # one that cannot be read is met by the next look over all chats

    async def _cannot_be_read(self, unreadable: UnreadableMessage) -> None:
        """A newer version's, or a broken one: it must not hold up its chat, nor the others."""
        log.error("a stored message cannot be read", extra={"inbox_id": unreadable.id})
        await self._store.inbox.dead_letter(unreadable)
        self._alerts.tell(f"unreadable message {unreadable.id}", "alert-unreadable", chat=unreadable.chat)
        self.loop.notify()

    async def _handle(self, queued: QueuedMessage) -> None:
        if self._passive.serves(queued.incoming):
            await self._handle_mail(queued)
            return
        decision = await self._handler.handle(queued.incoming)
        if isinstance(decision, JobDraft):
            await self._start(queued, decision)
        elif decision is None:
            await self._store.inbox.done(queued)
            self._progress.kick()
        else:
            await self._answer(queued, decision)

    async def _handle_mail(self, queued: QueuedMessage) -> None:
        """Decided and answered in one transaction, while the chat listens; later it is said of our own accord."""
        incoming = queued.incoming
        asked_ms = await self._store.callback_replies.asked_ms(incoming.origin)
        passive = asked_ms is not None and asked_ms < _LISTENS_MS
        decided = await self._passive.decide(incoming, passive=passive)
        if isinstance(decided, Order):
            reply = await self._start_order(queued, decided)
        else:
            reply = await self._settle(queued, decided)
            self._passive.looks.begin(incoming)
        self._heard(incoming.origin)
        if not passive and reply is not None and reply.text:
            await self._say_late(incoming, reply.text)

    async def _start_order(self, queued: QueuedMessage, order: Order) -> Reply | None:
        said: list[Reply] = []

        def within(tx: Connection, job_id: str) -> None:
            said.append(order.answered(tx, job_id))
            write_reply(queued.incoming, said[-1])(tx)

        refusal = await self._orders.start(order.new, inbox_id=queued.id, within=within)
        self._progress.kick()
        if refusal is not None:
            return await self._settle(queued, order.refused(refusal))
        return said[-1] if said else None

    async def _settle(self, queued: QueuedMessage, answer: Answer) -> Reply:
        within = both(write_reply(queued.incoming, answer.reply), answer.within)
        await self._store.callback_replies.settle(queued.id, within)
        return answer.reply

    def _heard(self, origin: str) -> None:
        if origin in self._asked:
            self._asked[origin].set()

    async def _say_late(self, incoming: Incoming, text: str) -> None:
        """Nobody listens for this answer any more: it is said of our own accord, or waits for the next message."""
        try:
            await self._channels[incoming.address.channel].show(incoming.address, Message(text))
        except SendError as error:
            log.info("an answer waits", extra={"outcome": error.outcome})
            await self._store.outbox.hold_text(incoming.user, text)

    async def _start(self, queued: QueuedMessage, new: JobDraft) -> None:
        refusal = await self._orders.start(new, inbox_id=queued.id)
        if refusal is not None:
            await self._answer(queued, refusal)
        self._progress.kick()

    async def _answer(self, queued: QueuedMessage, message: Message) -> None:
        incoming = queued.incoming
        try:
            await self._channels[incoming.address.channel].show(incoming.address, message, reply_to=incoming.reply_to)
        except SendError as error:
            again = {SendOutcome.NOT_SENT: _SEND_TRIES, SendOutcome.UNCONFIRMED: 1}.get(
                error.outcome, 0
            )  # a text said twice beats one not said
            if queued.attempts < again:
                await self._store.inbox.later(queued, after_s=max(error.after_s, 2.0**queued.attempts))
                return
            log.warning("answer not taken", extra={"chat": queued.chat, "outcome": error.outcome})
        await self._store.inbox.done(queued)
        self._progress.kick()

    async def _trouble(self, queued: QueuedMessage) -> None:
        if queued.attempts + 1 < _TRIES:
            await self._store.inbox.later(queued, after_s=2.0**queued.attempts)
            return
        await self._store.inbox.dead_letter(queued)
        self._alerts.tell(f"dead letter {queued.id}", "alert-set-aside", chat=queued.chat, user=queued.incoming.user)
        text = translate(await self._handler.language(queued.incoming), "internal-error")
        if self._passive.serves(queued.incoming):
            await self._store.callback_replies.give(queued.incoming.origin, Reply(text))
            self._heard(queued.incoming.origin)
        else:
            await self._refusals.say(queued.incoming, text)

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _for_us(incoming: Incoming) -> bool:
    """Talk between people in a group is none of our business: it is neither stored nor answered."""
    if incoming.pressed is not None or incoming.other is not None:
        return True
    has_attachment = incoming.attachment is not None
    return commands.parse(incoming.text, has_attachment=has_attachment, direct=incoming.direct) is not None
