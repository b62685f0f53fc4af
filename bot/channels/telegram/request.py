"""The HTTP layer below python-telegram-bot: timeouts, no proxies from the environment, answers made safe to parse.

The library raises RetryAfter with a deprecation warning, writes unreadable answers into the log, forgets the status of
a refusal, and gives up a whole batch of updates for one that it cannot read. All four are settled here.
"""

import json
import logging
import re
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from telegram import Bot, File, Message, TelegramObject, Update, User
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.errors import ApiError, Unreadable
from bot.channels.telegram.pace import Pace
from core.io.unpacking import bounded

log = logging.getLogger(__name__)

_BEYOND = 2**63  # no number of an update is that large, and one that were would ask Telegram for nothing any more
_BOT_ADDRESS = re.compile(r"/bot[^/\s]*:")


def _keeps_token(record: logging.LogRecord) -> bool:
    return _BOT_ADDRESS.search(record.getMessage()) is None


# Both write whole addresses, and these hold the token. Such a line is not written at all, at any level.
for _name in ("httpx", "telegram.Bot"):
    logging.getLogger(_name).addFilter(_keeps_token)

_LEAST: Mapping[str, tuple[type[TelegramObject], tuple[str, ...], Mapping[str, Any]]] = {
    "getMe": (User, ("id", "username"), {"id": 0, "is_bot": True, "first_name": ""}),
    "getFile": (File, ("file_path", "file_size"), {"file_id": "", "file_unique_id": ""}),
    "sendMessage": (Message, ("message_id",), {"date": 0, "chat": {"id": 0, "type": "private"}}),
    "sendVideo": (Message, ("message_id",), {"date": 0, "chat": {"id": 0, "type": "private"}}),
    "editMessageText": (Message, ("message_id",), {"date": 0, "chat": {"id": 0, "type": "private"}}),
}
"""Per method: what the library makes of the result, the fields that we need of it, and what stands in for the rest."""


class BotClient(Bot):
    """The library's client, whose every call goes through the pace, and which can be asked for an answer as it came.

    What the library makes of a member or a chat wants every field that it knows; other servers have fewer.
    """

    def __init__(self, *arguments: Any, pace: Pace, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pace = pace

    async def _do_post(self, endpoint: str, data: dict[str, Any], **named: Any) -> Any:
        """Make a call when its turn has come: every method of the library ends here."""
        async with self._pace.call(endpoint, str(data.get("chat_id") or "")):
            return await super()._do_post(endpoint, data, **named)

    async def ask(self, method: str, **params: Any) -> Any:
        """Call a method and return its result as JSON values. Raises TelegramError."""
        return await self._post(method, params)


def message_id_of(sent: Any) -> str:
    """Return the number of a message that was sent by `ask`. Raises Unreadable: it may be there, then."""
    number = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(number, int):
        raise Unreadable("a message without a number")
    return str(number)


class BotRequest(HTTPXRequest):
    """A request class that raises ApiError for an HTTP failure and Unreadable for a success that is not JSON."""

    def __init__(self, *, tls: ssl.SSLContext, pool: int, read_s: float, keep_alive: bool = True) -> None:
        """Build the client. Uploads keep no connection alive: a stale one would look like a lost answer.

        `tls` is shared, since reading the certificates takes a while. Kept-alive connections are closed after four
        seconds, before common servers do it (uvicorn 5 s, nginx 75 s).
        """
        limits = httpx.Limits(
            max_connections=pool, max_keepalive_connections=pool if keep_alive else 0, keepalive_expiry=4.0
        )
        super().__init__(
            connection_pool_size=pool,
            read_timeout=read_s,
            write_timeout=20.0,
            connect_timeout=10.0,
            pool_timeout=10.0,
            media_write_timeout=60.0,
            httpx_kwargs={
                "trust_env": False,
                "limits": limits,
                "verify": tls,
                "event_hooks": {"response": [bounded()]},
            },
        )

    async def do_request(self, url: str, method: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Send one request, as the library asks, and return status and body."""
        status, body = await super().do_request(url, method, *args, **kwargs)
        answer = _json(body)
        if not httpx.codes.is_success(status) or (answer is not None and answer.get("ok") is False):
            raise _refusal(status, answer or {}, own=answer is not None and answer.get("ok") is False)
        if answer is None or "result" not in answer:
            raise Unreadable("not an answer of the Bot API")
        return status, readable(url.rpartition("/")[2], answer, body)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refusal(status: int, answer: Mapping[str, Any], *, own: bool) -> ApiError:
    if httpx.codes.is_success(status):
        status = answer["error_code"] if isinstance(answer.get("error_code"), int) else httpx.codes.BAD_REQUEST
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    after, moved = parameters.get("retry_after"), parameters.get("migrate_to_chat_id")
    return ApiError(
        int(status),
        str(answer.get("description") or f"status {int(status)}"),
        own=own,
        retry_after_s=float(after) if isinstance(after, int | float) else 0.0,
        moved_to=str(moved) if moved else None,
    )


def readable(method: str, answer: dict[str, Any], body: bytes) -> bytes:
    """Return the body as it came, or with the parts that the library cannot read reduced to what we need of them."""
    result = answer["result"]
    if method == "getUpdates":
        if not isinstance(result, list):
            raise Unreadable("not a list of updates")
        answer["result"] = [each for update in result if (each := readable_update(update)) is not None]
    elif method not in _LEAST or (method == "editMessageText" and result is True):
        return body
    elif not isinstance(result, dict):
        raise Unreadable("not what the Bot API answers to this")
    elif not _parses(_LEAST[method][0], result):
        log.warning("an answer of Telegram could be read only in part", extra={"method": method})
        answer["result"] = _reduced(method, result)
    return json.dumps(answer).encode()


def _reduced(method: str, result: Mapping[str, Any]) -> dict[str, Any]:
    cls, needed, rest = _LEAST[method]
    least = {**rest, **{name: result[name] for name in needed if name in result}}
    if least.get(needed[0]) is None or not _parses(cls, least):
        raise Unreadable("not what the Bot API answers to this")
    return least


def readable_update(update: object) -> dict[str, Any] | None:
    """Return this update if the library can read it, else its bare number: it is confirmed and blocks nothing."""
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(update, dict) or not isinstance(number, int) or not 0 <= number < _BEYOND:
        log.warning("an update without a number was left out")
        return None
    if _parses(Update, update):
        return update
    log.warning("an update could not be read", extra={"update_id": update["update_id"]})
    return {"update_id": update["update_id"]}


def _parses(cls: type[TelegramObject], data: dict[str, Any]) -> bool:
    try:
        cls.de_json(data, None)
    except (TelegramError, TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError, OSError):
        return False
    except RecursionError:
        return False
    return True
