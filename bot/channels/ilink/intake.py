"""Takes what people send, by long polls: one at a time for each account, in one process of the installation.

iLink's cursor does not rewind: what was handed out once does not come again. So messages are stored, however often that
has to be tried, before the cursor is, and only then is the next question asked. -14 ends the questions of an account
until somebody has logged in anew.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.channels.ilink.accounts import Account, Accounts
from bot.channels.ilink.api import Api, Updates
from bot.channels.ilink.conversations import Conversations
from bot.channels.ilink.errors import ILinkError
from bot.channels.ilink.memory import Memory
from bot.channels.ilink.parsing import Item, Parsed, Reference, parse, quoted
from bot.channels.services import Inbox
from bot.channels.types import Incoming, SendError
from core.io.retrying import RetryPolicy, Sleep, retried

log = logging.getLogger(__name__)

_LOOK_S = 1.0  # for accounts that have come or gone
_HOLD_S = 35.0
_FAILURES, _PAUSE_S, _LONG_PAUSE_S = 3, 2.0, 30.0
_UNHELD_S = 0.3
_STUCK_S = 60.0
_LAST_S = 3.0
_STRANGERS_S = 24 * 3600.0
_UNTIL_STORED = RetryPolicy(Exception, pauses_s=(0.3, 1.0, 2.0, 5.0, 15.0))  # whatever the database does

Key = tuple[str, str]
"""An account's name and its token."""


class Intake:
    """The polls of all accounts."""

    def __init__(
        self,
        api: Api,
        accounts: Accounts,
        memory: Memory,
        conversations: Conversations,
        inbox: Inbox,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._accounts = accounts
        self._memory = memory
        self._conversations = conversations
        self._inbox = inbox
        self._sleep = sleep
        self._clock = clock
        self._polls: dict[Key, asyncio.Task[None]] = {}
        self._turned: dict[Key, float] = {}
        self._begun: dict[Key, Account] = {}
        self._is_closing = False

    def alive(self) -> bool:
        """Return whether each account that is polled here was asked lately; asking in vain counts."""
        return all(self._clock() - at < 3 * _HOLD_S + _STUCK_S for at in self._turned.values())

    def close(self) -> None:
        """Tell WeChat, at the end, that the bot stops: nobody goes on with the polls of this process."""
        self._is_closing = True

    async def run(self) -> None:
        """Poll every account until cancelled; what was handed out by then is stored first."""
        try:
            while True:
                with suppress(Exception):  # whatever the database does: looked at again
                    await self._follow(await self._accounts.all())
                await asyncio.sleep(_LOOK_S)
        finally:
            await self._end(list(self._polls))
            if not self._is_closing:  # another process goes on, for which nothing stops
                self._begun.clear()

    async def _follow(self, accounts: tuple[Account, ...]) -> None:
        """Begin and end polls, so that they are those of these accounts."""
        wanted = {(each.name, each.token): each for each in accounts if not each.stale}
        await self._end([key for key, task in self._polls.items() if key not in wanted or task.done()])
        self._begun = {key: account for key, account in self._begun.items() if key in wanted}
        for key, account in wanted.items():
            if key not in self._polls:
                self._turned[key] = self._clock()
                self._polls[key] = asyncio.create_task(self._poll(account), name=f"ilink {account.name}")

    async def _end(self, keys: list[Key]) -> None:
        tasks = [self._polls.pop(key) for key in keys]
        for key, task in zip(keys, tasks, strict=True):
            self._turned.pop(key, None)
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a poll has ended", extra={"error": type(result).__name__})

    async def say_goodbye(self) -> None:
        """Tell WeChat that the bot stops, of each account that was polled here, best effort."""
        accounts = list(self._begun.values())
        self._begun.clear()
        await asyncio.gather(*(self._notify(account, "stop") for account in accounts))

    async def _notify(self, account: Account, word: str) -> None:
        """Say that the bot starts or stops. Raises ILinkError where the login has ended."""
        try:
            async with asyncio.timeout(_LAST_S):
                await self._api.notify(account, word)
        except (SendError, TimeoutError) as error:
            log.warning("WeChat was not told", extra={"word": word, "error": type(error).__name__})
        except ILinkError as error:
            if error.is_over and word == "start":
                raise
            log.warning("WeChat was not told", extra={"word": word, "code": error.code})

    async def _poll(self, account: Account) -> None:
        key = (account.name, account.token)
        try:
            await self._notify(account, "start")
            self._begun[key] = account
            cursor = await retried(lambda: self._memory.cursor(account.bot_id), _UNTIL_STORED, sleep=self._sleep)
            hold_s, failures = _HOLD_S, 0
            while True:
                began = self._turned[key] = self._clock()
                try:
                    updates = await self._api.updates(account, cursor, hold_s=hold_s)
                except SendError as error:
                    failures += 1
                    log.warning("no messages from WeChat", extra={"account": account.name, "reason": error.reason})
                    await self._sleep(_PAUSE_S if failures % _FAILURES else _LONG_PAUSE_S)
                    continue
                failures, hold_s = 0, updates.hold_s
                await self._take(account, updates)
                cursor = updates.cursor or cursor
                if not updates.messages and self._clock() - began < _UNHELD_S:
                    await self._sleep(_UNHELD_S)  # a server that does not hold the question is not asked in a rush
        except ILinkError as error:
            if error.is_over:
                await retried(lambda: self._conversations.end(account), _UNTIL_STORED, sleep=self._sleep)
                return
            log.error("WeChat refuses to give messages", extra={"account": account.name, "code": error.code})  # noqa: TRY400
            await self._sleep(_LONG_PAUSE_S)  # then it is begun anew

    async def _take(self, account: Account, updates: Updates) -> None:
        """Store what was handed out, and then the cursor; a stop waits for that."""
        storing = asyncio.create_task(
            retried(lambda: self._store(account, updates), _UNTIL_STORED, sleep=self._sleep, on_retry=_note)
        )
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await storing
            raise

    async def _store(self, account: Account, updates: Updates) -> None:
        if (account.name, account.token) in self._turned:  # a database that is away is not being stuck
            self._turned[account.name, account.token] = self._clock()
        found = [parsed for each in updates.messages if (parsed := _read(each, account)) is not None]
        just_said = {(each.user, number): each.shown.record for each in found if each.shown for number in each.numbers}
        incoming: list[Incoming] = []
        for parsed in found:
            incoming += [await self._with_quote(account, just_said, *each) for each in parsed.incoming]

        async def remember(admitted: frozenset[str]) -> None:
            for parsed in found:
                is_admitted = any(each.origin in admitted for each, _, _ in parsed.incoming)
                await self._note(account, parsed, is_admitted=is_admitted)
                if is_admitted:
                    await self._remember(account, parsed)

        if incoming:
            await self._inbox.put(incoming, remember=remember)
        if updates.cursor:
            await self._memory.put_cursor(account.bot_id, updates.cursor)

    async def _note(self, account: Account, parsed: Parsed, *, is_admitted: bool) -> None:
        """Note what any answer needs, also the one to a stranger: the newest context, and that the person has written.

        A stranger's is forgotten after a day, when it would open nothing more.
        """
        now_ms = self._memory.now_ms
        if parsed.context:
            for_s = None if is_admitted else _STRANGERS_S
            at_ms = parsed.at_ms or now_ms
            await self._memory.put_context(account.bot_id, parsed.user, parsed.context, at_ms, for_s=for_s)
        await self._memory.change_pace(account.bot_id, parsed.user, lambda pace: pace.after_word(now_ms))

    async def _remember(self, account: Account, parsed: Parsed) -> None:
        """Remember how a person's files are opened, and what they said, for those of their messages that quote it."""
        for _, item, reference in parsed.incoming:
            await self._remember_file(item)
            if reference is not None and reference.item is not None:
                await self._remember_file(reference.item)
        if parsed.shown is not None:
            for number in parsed.numbers:
                await self._memory.put_message(account.bot_id, parsed.user, number, parsed.shown.record)

    async def _remember_file(self, item: Item) -> None:
        if item.attachment is not None and item.file is not None:
            await self._memory.put_file(item.attachment.file_id, item.file)

    async def _with_quote(
        self,
        account: Account,
        just_said: Mapping[tuple[str, str], dict[str, Any]],
        incoming: Incoming,
        _item: Item,
        reference: Reference | None,
    ) -> Incoming:
        """Return the message with what it quotes, which may have come together with it."""
        if reference is None:
            return incoming
        user, number = incoming.sender_id, reference.number
        record = just_said.get((user, number)) if number else {}
        if record is None and number:
            record = await self._memory.message(account.bot_id, user, number)
        return replace(incoming, quoted=quoted(reference, record or {}))


def _read(message: object, account: Account) -> Parsed | None:
    """Read one message; None when it breaks our reading, so that it holds up no other. Its content is in no log."""
    try:
        return parse(message, account)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it
        log.error("a message was left out", extra={"error": type(error).__name__})  # noqa: TRY400
        return None


def _note(error: Exception) -> None:
    """Only its kind: a database error's text holds what the person wrote."""
    log.error("messages are not stored yet", extra={"error": type(error).__name__})
