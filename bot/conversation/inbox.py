"""Hands stored messages out, in the order of each chat, to the strategy by which that chat is answered."""

import asyncio
import logging
from collections.abc import Callable

from bot.channels.types import Incoming
from bot.conversation.command_parser import parse_message
from bot.conversation.commands import MakeVideo, PlainText
from bot.conversation.handler import MessageHandler
from bot.conversation.reply_strategies import ReplyStrategy
from bot.loops import Loop
from bot.messages.admin_alerts import Alerts
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.database import now_ms
from bot.store.inbox import QueuedMessage, UnreadableMessage

log = logging.getLogger(__name__)

_SCAN_S = 2.0
_FINISH_S = 5.0
_TRIES = 3
_CHATS_AT_ONCE = 500
GATHER_S = 2.0
"""For so long after a photo more may follow that belong to it."""
_GATHER_LOOK_S = 0.25


class InboxWorker:
    """The loop that reads the inbox, one message of each chat at a time."""

    def __init__(
        self,
        *,
        store: Store,
        handler: MessageHandler,
        strategy_of: Callable[[Incoming], ReplyStrategy],
        handled: Callable[[], None],
        alerts: Alerts,
        gather_s: float = GATHER_S,
    ) -> None:
        """Build the worker. `handled` is called after each message; a job or an offer may have changed."""
        self._gather_s = gather_s
        self._store = store
        self._handler = handler
        self._strategy_of = strategy_of
        self._handled = handled
        self._alerts = alerts
        self.loop = Loop("inbox", self._hand_out, pause_s=lambda: _SCAN_S)
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._open = True

    def notify(self) -> None:
        """Begin the next turn now: there is something new."""
        self.loop.notify()

    def close(self) -> None:
        """Start nothing new: what is stored waits for the next start."""
        self._open = False

    async def run(self) -> None:
        """Read until cancelled; then nothing is being handled here any more, and another process may read."""
        try:
            await self.loop.run()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Wait for what is being answered, if the chat takes it soon; else it is answered after the restart."""
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
            await self._set_aside(unreadable)

    async def _work_off(self, first: QueuedMessage) -> None:
        """Handle this one and the later ones of its chat, as long as they are due."""
        queued: QueuedMessage | None = first
        while queued is not None and self._open:
            try:
                await self._strategy_of(queued.incoming).handle(queued, more=await self._more_come(queued))
                self._handled()
            except Exception:
                log.exception("message not handled", extra={"chat": queued.chat})
                await self._trouble(queued)
                break
            queued = await self._next(queued)
        self.loop.notify()

    async def _more_come(self, queued: QueuedMessage) -> bool:
        """Tell whether a photo is followed by more at once, as the items of an album are: then it is not the last.

        Waits for them a moment; whatever else its sender says meanwhile ends that.
        """
        while queued.answer is None and _is_source(queued.incoming):
            following = await self._store.inbox.after(queued)
            if following is not None:
                return _is_source(following) and not _is_alone(queued.incoming, following)
            left_s = self._gather_s - (now_ms() - queued.created) / 1000
            if left_s <= 0:
                return False
            await asyncio.sleep(min(left_s, _GATHER_LOOK_S))
        return False

    async def _next(self, handled: QueuedMessage) -> QueuedMessage | None:
        try:
            found = await self._store.inbox.next_of(handled.chat)
        except Exception:
            log.exception("inbox", extra={"chat": handled.chat})
            return None  # the next look over all chats finds it
        fresh = [queued for queued in found.messages if queued.id != handled.id]
        return fresh[0] if fresh else None  # one that cannot be read is met by the next look over all chats

    async def _set_aside(self, unreadable: UnreadableMessage) -> None:
        """Set an unreadable message aside, a newer version's or a broken one: it must not delay others."""
        log.error("a stored message cannot be read", extra={"inbox_id": unreadable.id})
        await self._store.inbox.dead_letter(unreadable)
        self._alerts.tell(f"unreadable message {unreadable.id}", "alert-unreadable", chat=unreadable.chat)
        self.loop.notify()

    async def _trouble(self, queued: QueuedMessage) -> None:
        """Retry the message later; after the last time set it aside, and say so.

        What was decided and is written is not unsaid by that: then its answer is what is said once more.
        """
        undone = await self._store.inbox.undone(queued)
        if undone is None:
            return
        if queued.attempts + 1 < _TRIES:
            await self._store.inbox.later(queued, after_s=2.0**queued.attempts)
            return
        await self._store.inbox.dead_letter(queued)
        self._alerts.tell(f"dead letter {queued.id}", "alert-set-aside", chat=queued.chat, user=queued.incoming.user)
        text = translate(await self._handler.language(queued.incoming), "internal-error")
        if undone.answer is not None:
            text = undone.answer.text
        await self._strategy_of(queued.incoming).apologize(queued.incoming, text)


def _is_source(incoming: Incoming) -> bool:
    """Return whether it is a photo or video that others may belong to: an item of an album, or one without words."""
    if incoming.attachment is None:
        return False
    return not incoming.text.strip() or (incoming.album is not None and _is_caption(incoming))


def _is_caption(incoming: Incoming) -> bool:
    """Return whether the words are about the photo: a command on something else is answered by itself."""
    return isinstance(parse_message(incoming).command, PlainText | MakeVideo | None)


def _is_alone(incoming: Incoming, following: Incoming) -> bool:
    """Return whether the two are no part of one question: another person's, or another album's."""
    return incoming.user != following.user or incoming.album != following.album
