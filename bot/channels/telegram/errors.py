"""What Telegram answers, or fails to answer -> what it means for a delivery. The token is in none of these words.

How a call failed decides (python-telegram-bot issues 3937, 4188): a connection that was never made sent nothing; an
answer over HTTP, even a 502, says "not taken"; silence after bytes left is doubt.
"""

from types import TracebackType
from typing import Literal

import httpx
from telegram.error import TelegramError

from bot.channels.port import DeliveryError

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_PAUSE_S = 2.0
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user_is_blocked",
    "bot was blocked",
    "bot was kicked",
    "bot is not a member",
    "group chat was deactivated",
    "chat_write_forbidden",
    "have no rights",
    "not enough rights",
    "need administrator rights",
    "chat_restricted",
    "channel_private",
)
_NO_SUCH_THREAD = ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")
_NOT_EDITABLE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class Answered(TelegramError):
    """Telegram answered over HTTP, and not with a yes. Raised below the library, which would lose the status."""

    __slots__ = ("moved_to", "retry_after_s", "status")

    def __init__(
        self, status: int, description: str, *, retry_after_s: float = 0.0, moved_to: str | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.retry_after_s = retry_after_s
        self.moved_to = moved_to


class Unreadable(TelegramError):
    """Telegram said yes in words that nobody understands."""

    __slots__ = ()


def verdict(error: TelegramError) -> DeliveryError:
    if isinstance(error, Answered):
        return _answered(error)
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return DeliveryError("retry", "no connection to Telegram", after_s=_PAUSE_S)
    if isinstance(cause, httpx.HTTPError):
        return DeliveryError("doubt", f"no answer from Telegram ({type(cause).__name__})")
    return DeliveryError("doubt", "Telegram's answer could not be read")


def _answered(error: Answered) -> DeliveryError:
    words = _words(error)
    if error.moved_to is not None:
        return DeliveryError("retry", "the group has a new id", moved_to=error.moved_to)
    match error.status:
        case 429:
            return DeliveryError("retry", "too many messages", after_s=(error.retry_after_s or _PAUSE_S) + 0.5)
        case 401 | 404:
            return DeliveryError("gone", "Telegram does not accept the bot's token: check TELEGRAM_BOT_TOKEN")
        case 403:
            return DeliveryError("gone", "the bot may not write there")
        case 409:
            return DeliveryError("retry", "another program takes this bot's updates", after_s=_PAUSE_S)
        case 413:
            return DeliveryError("refused", "the file is too large for Telegram")
        case 408:
            return DeliveryError("retry", "Telegram took too long to read", after_s=_PAUSE_S)
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return DeliveryError("retry", f"Telegram answered with status {status}", after_s=_PAUSE_S)
    gone = any(phrase in words for phrase in _GONE)
    return DeliveryError("gone" if gone else "refused", f"Telegram refused: {error.message[:200]}")


def _words(error: TelegramError) -> str:
    return error.message.lower()


def _refused_with(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    return isinstance(error, Answered) and error.status < 500 and any(each in _words(error) for each in phrases)  # noqa: PLR2004


def thread_is_gone(error: TelegramError) -> bool:
    return _refused_with(error, _NO_SUCH_THREAD)


def is_unchanged(error: TelegramError) -> bool:
    return _refused_with(error, ("message is not modified",))


def cannot_be_edited(error: TelegramError) -> bool:
    return _refused_with(error, _NOT_EDITABLE)


def webhook_is_set(error: TelegramError) -> bool:
    return isinstance(error, Answered) and error.status == httpx.codes.CONFLICT and "webhook" in _words(error)


class Spoken:
    """Inside, the library's errors become verdicts, and a call that takes too long as a whole is doubt.

    `doubt="retry"` where a second time does no harm: questions, downloads, edits.
    """

    def __init__(self, *, doubt: Literal["doubt", "retry"] = "doubt") -> None:
        self._doubt = doubt

    async def __aenter__(self) -> None:
        """Nothing to prepare."""

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, TelegramError):
            raise self._softened(verdict(error)) from None
        if isinstance(error, TimeoutError):
            raise self._softened(DeliveryError("doubt", "Telegram took too long")) from None

    def _softened(self, error: DeliveryError) -> DeliveryError:
        if error.verdict == "doubt" and self._doubt == "retry":
            return DeliveryError("retry", error.reason, after_s=_PAUSE_S)
        return error
