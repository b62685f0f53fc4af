"""From a chat to a decision, and nothing lost on the way: stored before it is confirmed, handled in order per chat."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress

from bot import commands
from bot.access import Access
from bot.channels.port import ChannelPort, DeliveryError, Incoming, Message
from bot.frontdesk import FrontDesk
from bot.orders import Orders
from bot.progress import Progress
from bot.store import Store
from bot.store.database import now_ms
from bot.store.inbox import Letter
from bot.store.records import NewJob
from bot.texts import say

log = logging.getLogger(__name__)

_SCAN_S = 2.0
_TRIES = 3
_SEND_TRIES = 8
_STRANGER_GAP_S = 30.0


class Inbox:
    """The port's Inbox, and the loop that reads it."""

    def __init__(
        self,
        *,
        store: Store,
        orders: Orders,
        frontdesk: FrontDesk,
        progress: Progress,
        access: Access,
        channels: Mapping[str, ChannelPort],
        ring: Callable[[], None],
    ) -> None:
        self._store = store
        self._orders = orders
        self._frontdesk = frontdesk
        self._progress = progress
        self._access = access
        self._channels = channels
        self._ring = ring  # whoever reads the inbox, in this process or another
        self._kick = asyncio.Event()
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._strangers: dict[str, float] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._open = True
        self.turned = time.monotonic()

    async def put(self, incoming: Sequence[Incoming]) -> None:
        """Commit what is for us and from people who may ask; answer strangers, and store nothing of theirs."""
        known = []
        for each in incoming:
            if not _for_us(each):
                continue
            if self._access.allows(each.user, f"{each.address.channel}:{each.address.chat_id}"):
                known.append(each)
            else:
                self._aside(self._turn_away(each))
        if known:
            await self._store.inbox.put(known)
            self._ring()

    def kick(self) -> None:
        """There is something new: look now."""
        self._kick.set()

    def close(self) -> None:
        """Start nothing new: what is stored waits for the next start."""
        self._open = False

    async def run(self) -> None:
        """Until cancelled; then nothing is being handled here any more, and another process may read."""
        try:
            while True:
                self.turned = time.monotonic()
                self._kick.clear()
                try:
                    await self._hand_out()
                except Exception:
                    log.exception("inbox")
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SCAN_S):
                        await self._kick.wait()
        finally:
            for task in self._chats.values():
                task.cancel()
            await asyncio.gather(*self._chats.values(), return_exceptions=True)

    async def _hand_out(self) -> None:
        if not self._open:
            return
        by_chat: dict[str, list[Letter]] = {}
        for letter in await self._store.inbox.waiting():
            by_chat.setdefault(letter.chat, []).append(letter)
        for chat, letters in by_chat.items():
            task = self._chats.get(chat)
            if task is None or task.done():
                self._chats[chat] = asyncio.create_task(self._work_off(letters), name=f"inbox {chat}")
        for chat in [chat for chat, task in self._chats.items() if task.done()]:
            del self._chats[chat]

    async def _work_off(self, letters: list[Letter]) -> None:
        for letter in letters:
            if not self._open or letter.not_before > now_ms():
                break  # later ones of this chat wait for their turn
            try:
                await self._handle(letter)
            except Exception:
                log.exception("message not handled", extra={"chat": letter.chat})
                await self._trouble(letter)
                break
        self._kick.set()

    async def _handle(self, letter: Letter) -> None:
        decision = await self._frontdesk.decide(letter.incoming)
        if isinstance(decision, NewJob):
            await self._start(letter, decision)
        elif decision is None:
            await self._store.inbox.done(letter)
            self._progress.kick()
        else:
            await self._answer(letter, decision)

    async def _start(self, letter: Letter, new: NewJob) -> None:
        refusal = await self._orders.start(new, inbox_id=letter.id)
        if refusal is not None:
            await self._answer(letter, refusal)
        self._progress.kick()

    async def _answer(self, letter: Letter, message: Message) -> None:
        incoming = letter.incoming
        try:
            await self._channels[incoming.address.channel].show(incoming.address, message, reply_to=incoming.reply_to)
        except DeliveryError as error:
            again = {"retry": _SEND_TRIES, "doubt": 1}.get(error.verdict, 0)  # a text said twice beats one not said
            if letter.attempts < again:
                await self._store.inbox.later(letter, after_s=max(error.after_s, 2.0**letter.attempts))
                return
            log.warning("answer not taken", extra={"chat": letter.chat, "verdict": error.verdict})
        await self._store.inbox.done(letter)
        self._progress.kick()

    async def _trouble(self, letter: Letter) -> None:
        if letter.attempts + 1 < _TRIES:
            await self._store.inbox.later(letter, after_s=2.0**letter.attempts)
            return
        await self._store.inbox.set_aside(letter)
        language = await self._frontdesk.language(letter.incoming)
        await self._say_aside(letter.incoming, say(language, "internal-error"))

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _turn_away(self, incoming: Incoming) -> None:
        now = time.monotonic()
        if now - self._strangers.get(incoming.user, -_STRANGER_GAP_S) < _STRANGER_GAP_S:
            return
        self._strangers = {user: at for user, at in self._strangers.items() if now - at < _STRANGER_GAP_S}
        self._strangers[incoming.user] = now
        log.info("a stranger was turned away", extra={"user": incoming.user})
        language = await self._frontdesk.language(incoming)
        chat = f"{incoming.address.channel}:{incoming.address.chat_id}"
        if incoming.address.chat_id == incoming.sender_id:
            text = say(language, "stranger", id=incoming.user)
        else:
            text = say(language, "group-stranger", id=incoming.user, chat=chat)
        await self._say_aside(incoming, text)

    async def _say_aside(self, incoming: Incoming, text: str) -> None:
        channel = self._channels[incoming.address.channel]
        try:
            await channel.show(incoming.address, Message(text), reply_to=incoming.reply_to)
        except DeliveryError as error:
            log.info("answer not taken", extra={"verdict": error.verdict})


def _for_us(incoming: Incoming) -> bool:
    """Talk between people in a group is none of our business: it is neither stored nor answered."""
    if incoming.pressed is not None:
        return True
    has_attachment = incoming.attachment is not None
    return commands.parse(incoming.text, has_attachment=has_attachment, direct=incoming.direct) is not None
