"""What python-telegram-bot raises -> what it means for a delivery. The token is in none of these words.

The cause decides (python-telegram-bot issues 3937, 4188): a connection that was never made sent nothing; an answer over
HTTP, even a 502, says "not taken"; silence after bytes left is doubt.
"""

from datetime import timedelta

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.channels.port import DeliveryError

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_GONE = ("chat not found", "user not found", "peer_id_invalid", "bot was kicked", "have no rights", "not enough rights")


def verdict(error: TelegramError) -> DeliveryError:
    if isinstance(error, RetryAfter):
        after = error.retry_after
        seconds = after.total_seconds() if isinstance(after, timedelta) else float(after)
        return DeliveryError("retry", "too many messages", after_s=seconds + 0.5)
    if isinstance(error, ChatMigrated):
        return DeliveryError("retry", "the group has a new id", moved_to=str(error.new_chat_id))
    if isinstance(error, Forbidden):
        return DeliveryError("gone", "the bot may not write there")
    if isinstance(error, InvalidToken):
        return DeliveryError("gone", "Telegram does not accept the bot's token: check TELEGRAM_BOT_TOKEN")
    if isinstance(error, BadRequest):
        reason = str(error).lower()
        return DeliveryError("gone" if any(word in reason for word in _GONE) else "refused", str(error)[:200])
    return _network(error)


def _network(error: TelegramError) -> DeliveryError:
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return DeliveryError("retry", "no connection to Telegram", after_s=1.0)
    if isinstance(cause, httpx.HTTPError):
        return DeliveryError("doubt", f"no answer from Telegram ({type(cause).__name__})")
    if isinstance(error, NetworkError):
        too_large = "413" in str(error) or "too large" in str(error).lower()
        return DeliveryError("refused" if too_large else "retry", "Telegram answered with an error", after_s=2.0)
    return DeliveryError("doubt", "Telegram's answer could not be read")


def thread_is_gone(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and "message thread not found" in str(error).lower()


def is_unchanged(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and "message is not modified" in str(error).lower()


def cannot_be_edited(error: TelegramError) -> bool:
    words = str(error).lower()
    return isinstance(error, BadRequest) and ("message to edit not found" in words or "can't be edited" in words)
