"""Knows by which account a person is spoken to, and sends to them within what is left to be said."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.channels.ilink.accounts import DEFAULT, Account, Accounts
from bot.channels.ilink.api import Api
from bot.channels.ilink.errors import MUST_WAIT, ILinkError
from bot.channels.ilink.memory import Context, Memory
from bot.channels.ilink.pace import Pace
from bot.channels.services import Alert
from bot.channels.types import Address, SendError, SendOutcome

log = logging.getLogger(__name__)

_LOGIN_LOOK_S = 1800.0  # what waits for a new login is looked at so often


@dataclass(frozen=True, slots=True)
class Conversation:
    """The way to one person."""

    account: Account
    user: str
    context: Context


class Conversations:
    """The conversations of all accounts."""

    def __init__(self, api: Api, accounts: Accounts, memory: Memory, *, alert: Alert) -> None:
        self._api = api
        self._accounts = accounts
        self._memory = memory
        self._alert = alert

    async def with_person(self, to: Address) -> Conversation:
        """Return the way to this person, by the account they were spoken to or the one they wrote to last.

        Raises SendError (MUST_WAIT) where there is none now.
        """
        accounts = await self._accounts.all()
        named = [each for each in accounts if each.name == (to.thread_id or DEFAULT)]
        found = await self._newest(named, to.chat_id) or await self._newest(accounts, to.chat_id)
        if found is not None:
            return found
        if any(each.stale for each in accounts) or not accounts:
            reason = "the login of this WeChat account has ended: reelbot wechat login"
            raise SendError(SendOutcome.MUST_WAIT, reason, after_s=_LOGIN_LOOK_S)
        raise SendError(SendOutcome.MUST_WAIT, "the person has to write first")

    async def _newest(self, accounts: Any, user: str) -> Conversation | None:
        live = [account for account in accounts if not account.stale]
        known = [(await self._memory.context(account.bot_id, user), account) for account in live]
        found = [Conversation(account, user, context) for context, account in known if context is not None]
        return max(found, key=lambda each: each.context.at_ms, default=None)

    async def must_have_room(self, to: Conversation, *, reserve: int = 0) -> None:
        """Raise SendError where nothing more may be said now. `reserve`: so many messages must be left for others."""
        pace, now_ms = await self._memory.pace(to.account.bot_id, to.user), self._memory.now_ms
        probe_s = pace.probe_s(now_ms)
        if probe_s:
            raise SendError(SendOutcome.MUST_WAIT, "WeChat takes no more before the person writes", after_s=probe_s)
        if reserve and pace.room(now_ms) <= reserve:
            raise SendError(SendOutcome.MUST_WAIT, "kept for a video")
        window_s = pace.window_s(now_ms)
        if window_s:
            raise SendError(SendOutcome.NOT_SENT, "too much was said in five minutes", after_s=window_s)

    async def room(self, to: Conversation) -> int:
        """Return how many messages may still be said now."""
        return (await self._memory.pace(to.account.bot_id, to.user)).room(self._memory.now_ms)

    async def send(self, to: Conversation, item: dict[str, Any], *, is_file: bool = False) -> str | None:
        """Send one item and return the server's number; None: it was taken without one. Raises SendError."""
        message = {
            "from_user_id": "",
            "to_user_id": to.user,
            "client_id": f"reelbot-{secrets.token_hex(12)}",
            "message_type": 2,
            "message_state": 2,
            "item_list": [item],
            "context_token": to.context.token,
        }
        try:
            number = await self._api.send(to.account, message)
        except ILinkError as error:
            raise await self._refused(to, error, is_file=is_file) from None
        except SendError as error:
            if error.outcome is not SendOutcome.NOT_SENT:
                await self._count(to, Pace.after_success)
            raise
        await self._count(to, Pace.after_success)
        return number

    async def refused(self, to: Conversation, error: ILinkError) -> SendError:
        """Return what a refusal of a call before the message itself means."""
        return await self._refused(to, error, is_file=True)

    async def _refused(self, to: Conversation, error: ILinkError, *, is_file: bool) -> SendError:
        if error.is_over:
            await self.end(to.account)
            reason = "the login of this WeChat account has ended: reelbot wechat login"
            return SendError(SendOutcome.MUST_WAIT, reason, after_s=_LOGIN_LOOK_S)
        must_wait = error.code == MUST_WAIT
        await self._count(to, Pace.after_refusal if must_wait else Pace.after_failure)
        pace = await self._memory.pace(to.account.bot_id, to.user)
        after_s = pace.probe_s(self._memory.now_ms) if must_wait else 0.0
        log.info("WeChat refused a message", extra={"code": error.code, "account": to.account.name})
        return error.send_error(after_s=after_s, is_file=is_file)

    async def _count(self, to: Conversation, after: Callable[[Pace, int], Pace]) -> None:
        """Count a try: nothing that fails from here on may look like a message not sent."""
        now_ms = self._memory.now_ms
        try:
            await self._memory.change_pace(to.account.bot_id, to.user, lambda pace: after(pace, now_ms))
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a message was not counted", extra={"error": type(error).__name__})

    async def end(self, account: Account) -> None:
        """WeChat has ended this login: nothing more is asked with it, and the admins are told."""
        if await self._accounts.end(account):
            log.error("a login of personal WeChat has ended", extra={"account": account.name})
            self._alert(f"ilink login {account.name} {account.bot_id}", "alert-ilink-login", account=account.name)
