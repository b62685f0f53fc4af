"""Alerts to the admins: trouble with fal's account, money running out, jobs in doubt. Each at most once in its time.

Beside everything else: an alert that cannot be sent is in the log, and holds nothing up. Where the bot may not always
speak first, it waits for the admin's next message.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any

from bot.channels.protocol import ChannelPort
from bot.channels.types import Action, Address, Message, SendError, SendOutcome
from bot.messages.held_messages import typed_text
from bot.messages.i18n import admin_text, translate
from bot.messages.spoken import as_spoken
from bot.store import Store
from bot.store.ledger import Caps
from bot.store.message_map import chat_of
from bot.store.records import MICRO
from core.io.retrying import RetryPolicy, retried
from core.pricing import usd_text

log = logging.getLogger(__name__)

_TELLING = RetryPolicy(
    SendError,
    pauses_s=(1.0,),
    tries=3,
    only_if=lambda error: error.outcome is SendOutcome.NOT_SENT,
    least_s=lambda error: min(60.0, error.after_s),
)
_HOLDING = RetryPolicy(Exception, pauses_s=(1.0, 5.0, 30.0, 60.0), patience_s=3600.0)  # whatever the database does
_MOST_WAIT = 5
_MOST_WAIT_BYTES = 1200  # of a text of 2047 bytes, in which something else is said as well
_HOUR_S = 3600.0
_LEVELS = (50, 80, 100)
_TROUBLE = "trouble with the account"
_ACCOUNT = frozenset({"not_configured", "invalid_key", "out_of_credits", "insufficient_credits", "key_locked"})


class Alerts:
    """The sender of alerts. `admins`: ids as in REELBOT_ADMINS (`telegram:42`); people, not groups.

    Who became one in the chat is told, too. `others`: told where there is no admin of a chat at all. All are looked at
    anew for each alert.
    """

    def __init__(
        self,
        *,
        store: Store,
        channels: Mapping[str, ChannelPort],
        admins: Iterable[str],
        caps: Caps,
        others: Iterable[str] = (),
    ) -> None:
        self._store = store
        self._channels = channels
        self._admins = admins
        self._others = others
        self._caps = caps
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_at: dict[str, float] = {}
        self._muted = False

    async def close(self) -> None:
        """Stop sending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def mute(self) -> None:
        """Send nothing from now on, and count nothing as sent: for a command that only looks."""
        self._muted = True

    def tell(self, topic: str, key: str, *, gap_s: float = _HOUR_S, but: str | None = None, **facts: Any) -> None:
        """Send the sentence `key` to every admin, unless `topic` was sent within `gap_s`. Returns at once.

        `but`: an admin who is not told, since it is about them.
        """
        self._begin(self._tell(topic, key, facts, gap_s, but))

    def say(self, text_in: Callable[[str], str]) -> None:
        """Send what `text_in` makes of each admin's language. Returns at once; how often is the caller's to decide."""
        self._begin(self._say_to_all(text_in))

    def became_admin(self, user: str) -> None:
        """Tell all other admins that this person is one now. Returns at once."""
        self._begin(self._say_to_all(lambda language: translate(language, "alert-new-admin", user=user), but=user))

    def ask(self, key: str, buttons: Callable[[str], tuple[Action, ...]], **facts: Any) -> None:
        """Send the sentence `key` to every admin, with the buttons for each language. Returns at once.

        How often is for the caller to decide. What it says of people is in no log.
        """
        self._begin(self._ask(key, buttons, facts))

    def refused(self, code: str) -> None:
        """Alert to a refused order when it is about the account: at most once an hour, until it works again."""
        if code in _ACCOUNT:
            self._begin(self._account(code))

    def accepted(self) -> None:
        """Note that an order was taken: trouble with the account, if there was, is over."""
        self._begin(self._works())

    def spent(self) -> None:
        """Check, after a reservation, whether the sum has passed one of the marks."""
        self._begin(self._mark())

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        if self._muted:
            work.close()
            return
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _ended: work.close())  # one that was cancelled before it began

    async def _account(self, code: str) -> None:
        await self._store.installation.put(_TROUBLE, code)
        if await self._store.installation.due(f"told of {code}", gap_s=_HOUR_S):
            await self._say_to_all(lambda language: admin_text(code, {}, language))

    async def _works(self) -> None:
        if await self._store.installation.get(_TROUBLE) is not None and await self._store.installation.put(
            _TROUBLE, None
        ):
            await self._say_to_all(lambda language: translate(language, "alert-works-again"))

    async def _mark(self) -> None:
        """Alert at each mark once on the way up; on the way down the marks are armed again."""
        cap = self._caps.all_micro
        used_micro = (await self._store.ledger.standing()).used_micro
        passed = max((level for level in _LEVELS if cap and used_micro * 100 >= cap * level), default=0)
        before = int(await self._store.installation.get("spending mark") or 0)
        if passed != before and await self._store.installation.put("spending mark", str(passed)) and passed > before:
            facts = {"percent": passed, "used": usd_text(used_micro / MICRO), "cap": usd_text(cap / MICRO)}
            await self._say_to_all(lambda language: translate(language, "alert-spent", **facts))

    async def _tell(self, topic: str, key: str, facts: Mapping[str, Any], gap_s: float, but: str | None) -> None:
        if await self._is_due(topic, gap_s):
            await self._say_to_all(lambda language: translate(language, key, **facts), but=but)

    async def _ask(self, key: str, buttons: Callable[[str], tuple[Action, ...]], facts: Mapping[str, Any]) -> None:
        log.warning("for the admins", extra={"text": key})
        await self._send(lambda each: Message(translate(each, key, **facts), buttons(each)))

    async def _is_due(self, topic: str, gap_s: float) -> bool:
        """Return whether the time has come to say it again, also while the database is away."""
        try:
            return await self._store.installation.due(f"told of {topic}", gap_s=gap_s)
        except Exception:  # noqa: BLE001 - whatever the database does
            before, now = self._told_at.get(topic, -math.inf), time.monotonic()
            if now - before >= gap_s:
                self._told_at[topic] = now
            return now - before >= gap_s

    async def _language(self, admin: str, channel: ChannelPort) -> str:
        try:
            language = await self._store.people.language(admin) or channel.manifest.language
        except Exception:  # noqa: BLE001 - whatever the database does
            language = channel.manifest.language
        return as_spoken(language, channel.limits)

    async def _say_to_all(self, text_in: Callable[[str], str], *, but: str | None = None) -> None:
        log.warning("for the admins", extra={"text": text_in("en")})
        await self._send(lambda language: Message(text_in(language)), but=but)

    async def _send(self, message_in: Callable[[str], Message], *, but: str | None = None) -> None:
        for admin in await self._all():
            if admin == but:
                continue
            name, _, ident = admin.partition(":")
            channel = self._channels.get(name)
            if channel is not None:
                language = await self._language(admin, channel)
                await self._say(channel, Address(name, ident), message_in(language), language)

    async def _all(self) -> list[str]:
        """Return all admins: the settings', and while the database is there those who became it by a code."""
        found = {*self._admins}
        with suppress(Exception):  # whatever the database does: an alert may be about that
            found |= await self._store.admissions.admins()
        return sorted(found if any(not each.startswith("web:") for each in found) else found | {*self._others})

    async def _say(self, channel: ChannelPort, to: Address, message: Message, language: str) -> None:
        """Send it now, or hold it for the admin's next message; one that may have arrived is not said twice."""
        if channel.limits.passive_replies and message.actions:
            message = Message(typed_text(message, {}, language, links=channel.limits.typing_links))
        with suppress(Exception):  # whatever the database does: an alert may be about that
            await self._store.dialogues.spoke(chat_of(to), chat=chat_of(to))  # a bare yes to it is none to an offer
        try:
            await retried(lambda: channel.show(to, message), _TELLING)
        except SendError as error:
            log.info("an admin was not reached", extra={"channel": to.channel, "outcome": error.outcome})
            if error.outcome is SendOutcome.UNCONFIRMED:
                return
        except Exception:
            log.exception("alert")
        else:
            return
        if channel.limits.passive_replies:
            self._begin(self._hold(f"{to.channel}:{to.chat_id}", message.text, language))

    async def _hold(self, admin: str, text: str, language: str) -> None:
        def more(count: int) -> str:
            return translate(language, "alert-more", count=count)

        async def hold() -> None:
            await self._store.outbox.hold_alert(admin, text, most=_MOST_WAIT, most_bytes=_MOST_WAIT_BYTES, more=more)

        await retried(hold, _HOLDING)


async def _logged(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("alert")
