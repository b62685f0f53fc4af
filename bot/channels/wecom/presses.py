"""Shows on a card what a press of its buttons has done, within the five seconds in which WeCom takes that.

An update answers one press, once. For the sake of who pressed and may not, it is shown to them alone.
"""

import json
import logging
import time
from collections.abc import Callable

from bot.channels.memory import Memory
from bot.channels.types import Incoming, Toast
from bot.channels.wecom.cards import Card, dumped, loaded, pressed, with_note
from bot.channels.wecom.errors import LineError
from bot.channels.wecom.line import Line

log = logging.getLogger(__name__)

_QUICK_S = 4.5
_MANY = 1000
_CARD_S = 3 * 86_400.0


class Presses:
    """The presses and the cards. `now`: Unix seconds."""

    def __init__(self, line: Line, *, presses: Memory, cards: Memory, now: Callable[[], float] = time.time) -> None:
        self._line = line
        self._presses = presses
        self._cards = cards
        self._now = now
        self._notes: dict[str, str] = {}

    async def keep(self, card: Card) -> None:
        """Remember a card that was sent: a press tells only its id."""
        await self._cards.put(card["task_id"], dumped(card), for_s=_CARD_S)

    async def note(self, press: Incoming, req_id: str, at: float) -> None:
        """Remember how this press may be answered, and until when."""
        await self._presses.put(press.event_id, json.dumps({"req_id": req_id, "at": at}), for_s=60.0)

    async def toast(self, press: Incoming, toast: Toast) -> bool:
        """Show a few words on the card of who pressed, to nobody else. False where they were not shown."""
        if press.pressed is None:
            return False
        if not toast.text or not toast.needed:
            if len(self._notes) >= _MANY:
                self._notes.clear()  # of presses that ticked nothing off
            self._notes[press.event_id] = toast.text
            return True
        card = loaded(await self._cards.get(press.reply_to or ""))
        return card is not None and await self._update(press, with_note(card, toast.text), only_for=press.sender_id)

    async def retire(self, press: Incoming) -> None:
        """Tick off the button that was pressed, for everybody."""
        card = loaded(await self._cards.get(press.reply_to or ""))
        if card is None or press.pressed is None:
            return
        ticked = pressed(card, press.pressed)
        note = self._notes.pop(press.event_id, "")
        if note:
            ticked = with_note(ticked, note)
        await self.keep(ticked)
        await self._update(press, ticked)

    async def _update(self, press: Incoming, card: Card, *, only_for: str | None = None) -> bool:
        known = json.loads(await self._presses.take(press.event_id, for_s=60.0) or "{}")
        if not known or self._now() - known["at"] > _QUICK_S:
            return False
        body = {"response_type": "update_template_card", "template_card": card}
        if only_for is not None:
            body["userids"] = [only_for]
        try:
            await self._line.call("aibot_respond_update_msg", body, req_id=known["req_id"], wait_s=0.5)
        except LineError as error:
            log.debug("a card stays as it is", extra={"error": type(error).__name__})
            return False
        return True
