"""The client of iLink's few calls. Raises ILinkError and SendError only.

Success may be an empty body, `{}` or `ret` 0; anything else in `ret` or `errcode` is a refusal. An HTTP status below
500 stands before iLink, so nothing was taken; from 500 on, a gateway may have written it after iLink took a message.
"""

import asyncio
import base64
import json
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import httpx

from bot.channels.ilink.accounts import Account
from bot.channels.ilink.errors import LATER_S, ILinkError
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.ilink.stored import number_of, text_of
from bot.channels.types import SendError, SendOutcome
from core.io.not_sent import NOT_SENT
from core.io.tls import plain_client
from core.io.unpacking import bounded

log = logging.getLogger(__name__)

PROTOCOL = "2.4.9"
"""The version of Tencent's own client whose protocol this is."""
_MAJOR, _MINOR, _PATCH = (int(part) for part in PROTOCOL.split("."))
_APP = {"iLink-App-Id": "bot", "iLink-App-ClientVersion": str(_MAJOR << 16 | _MINOR << 8 | _PATCH)}
_ANSWER_S = 20.0
_POLL_S = 35.0
_MOST_POLL_S = 120.0
_GRACE_S = 10.0  # beyond what the server says it holds a question
_WHOLE_S = 60.0
_ANSWER_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Updates:
    """What a question for updates brought. `cursor` "": the old one stays. `hold_s`: of the next question."""

    messages: list[Any]
    cursor: str
    hold_s: float


class Api:
    """The client."""

    def __init__(self, settings: ILinkSettings) -> None:
        self._settings = settings
        timeout = httpx.Timeout(10.0, read=_ANSWER_S, write=60.0)
        self.web = plain_client(timeout=timeout, on_response=(bounded(_ANSWER_BYTES),))
        self.files = plain_client(timeout=timeout)
        agent = f"reelbot/{version('reelbot')}"
        self._base_info = {"channel_version": PROTOCOL, "bot_agent": agent}

    async def close(self) -> None:
        """Close the connections."""
        await self.web.aclose()
        await self.files.aclose()

    # Login: always at the configured address until that names another host

    async def new_code(self, tokens: list[str]) -> dict[str, Any]:
        """Ask for a QR code. `tokens`: our newest, by which the server knows what is bound already."""
        url = f"{self._settings.url}/ilink/bot/get_bot_qrcode"
        request = self.web.build_request(
            "POST", url, params={"bot_type": "3"}, json={"local_token_list": tokens[-10:]}, headers=_headers()
        )
        return await self._asked(request, unanswered=SendOutcome.NOT_SENT)

    async def code_state(self, base: str, code: str, verify_code: str | None) -> dict[str, Any]:
        """Ask what became of a QR code; the server holds the question for half a minute."""
        params = {"qrcode": code} | ({"verify_code": verify_code} if verify_code else {})
        url, wait = f"{base}/ilink/bot/get_qrcode_status", httpx.Timeout(10.0, read=_POLL_S + _GRACE_S)
        request = self.web.build_request("GET", url, params=params, headers=_APP, timeout=wait)
        return await self._asked(request, unanswered=SendOutcome.NOT_SENT, whole_s=_POLL_S + 2 * _GRACE_S)

    # With a token

    async def updates(self, account: Account, cursor: str, *, hold_s: float) -> Updates:
        """Ask for updates. No answer in time is an empty one."""
        wait = httpx.Timeout(10.0, read=hold_s + _GRACE_S)
        try:
            answer = await self._call(
                account, "getupdates", {"get_updates_buf": cursor}, wait=wait, whole_s=hold_s + 2 * _GRACE_S
            )
        except _NoAnswer:
            return Updates([], "", hold_s)
        messages = answer.get("msgs")
        held_ms = number_of(answer, "longpolling_timeout_ms") or int(_POLL_S * 1000)
        hold_s = min(_MOST_POLL_S, max(0.1, held_ms / 1000))
        return Updates(messages if isinstance(messages, list) else [], text_of(answer, "get_updates_buf"), hold_s)

    async def send(self, account: Account, message: Mapping[str, Any]) -> str | None:
        """Send a message and return the server's number of it; None: it was taken, and no number came back."""
        answer = await self._call(account, "sendmessage", {"msg": message}, unanswered=SendOutcome.UNCONFIRMED)
        number = number_of(answer, "message_id")
        return str(number) if number else None

    async def upload_address(self, account: Account, file: Mapping[str, Any]) -> dict[str, Any]:
        """Ask where a file may be uploaded."""
        return await self._call(account, "getuploadurl", file)

    async def typing_ticket(self, account: Account, user: str, context: str) -> str:
        """Return the ticket for a person's typing signs."""
        answer = await self._call(account, "getconfig", {"ilink_user_id": user, "context_token": context})
        return text_of(answer, "typing_ticket")

    async def typing(self, account: Account, user: str, ticket: str, *, shown: bool) -> None:
        """Show the typing sign, or take it away."""
        body = {"ilink_user_id": user, "typing_ticket": ticket, "status": 1 if shown else 2}
        await self._call(account, "sendtyping", body, wait=httpx.Timeout(5.0))

    async def notify(self, account: Account, word: str) -> None:
        """Say that the bot starts or stops."""
        await self._call(account, f"msg/notify{word}", {}, wait=httpx.Timeout(5.0))

    async def _call(
        self,
        account: Account,
        path: str,
        body: Mapping[str, Any],
        *,
        unanswered: SendOutcome = SendOutcome.NOT_SENT,
        wait: httpx.Timeout | None = None,
        whole_s: float = _WHOLE_S,
    ) -> dict[str, Any]:
        request = self.web.build_request(
            "POST",
            f"{account.base_url}/ilink/bot/{path}",
            json={**body, "base_info": self._base_info},
            headers=_headers() | {"Authorization": f"Bearer {account.token}"},
            timeout=wait or self.web.timeout,
        )
        return await self._asked(request, unanswered=unanswered, whole_s=whole_s)

    async def _asked(
        self, request: httpx.Request, *, unanswered: SendOutcome, whole_s: float = _WHOLE_S
    ) -> dict[str, Any]:
        """Send the request and read its answer, with transport failures as a SendError."""
        try:
            async with asyncio.timeout(whole_s):
                reply = await self.web.send(request)
        except (TimeoutError, httpx.ReadTimeout):
            raise _NoAnswer(unanswered, "WeChat took too long", after_s=LATER_S) from None
        except NOT_SENT as error:
            reason = f"no connection to WeChat by ILINK_URL ({type(error).__name__})"
            raise SendError(SendOutcome.NOT_SENT, reason, after_s=LATER_S) from None
        except httpx.HTTPError as error:
            reason = f"no answer from WeChat ({type(error).__name__})"
            raise SendError(unanswered, reason, after_s=LATER_S) from None
        if not reply.is_success:
            outcome = unanswered if reply.is_server_error else SendOutcome.NOT_SENT
            raise SendError(outcome, f"WeChat answered with status {reply.status_code}", after_s=LATER_S)
        return _answer(reply.content, unanswered=unanswered)


class _NoAnswer(SendError):
    """The time is over, and no answer has come."""


def _headers() -> dict[str, str]:
    """Return the headers of a POST. The random number is new each time, as Tencent's own client does it."""
    number = base64.b64encode(str(random.randrange(2**32)).encode()).decode()
    return _APP | {"AuthorizationType": "ilink_bot_token", "X-WECHAT-UIN": number}


def _answer(content: bytes, *, unanswered: SendOutcome) -> dict[str, Any]:
    """Read the answer. Raises ILinkError for any refusal; one that nobody can read proves nothing."""
    if not content.strip():
        return {}
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise SendError(unanswered, "WeChat's answer could not be read", after_s=LATER_S)
    for name in ("ret", "errcode"):
        number = 0 if answer.get(name) is None else number_of(answer, name)
        if number is None:
            raise SendError(unanswered, "WeChat's answer could not be read", after_s=LATER_S)
        if number:
            raise ILinkError(number, text_of(answer, "errmsg")[:100])
    return answer
