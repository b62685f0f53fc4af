"""Translates what Telegram answers, or fails to answer, into a SendOutcome. The token is in none of its words.

Two things decide: how far the call came, and who answered.

- A connection that was never made sent nothing, and neither did an upload whose file was not read to its end: NOT_SENT.
- Silence after the whole call left is UNCONFIRMED (python-telegram-bot issues 3937, 4188).
- Telegram's own refusals are JSON with `ok: false`. 429 says when to come again, 409 and 500 to 503 say that it was not
  taken: NOT_SENT.
- 403: the person blocked the bot, or the group put it out: UNREACHABLE. So are 401 and 404, which refuse the token.
- 400 is about the chat (UNREACHABLE), or about what was sent (REJECTED): see `lighter_may_do`.
- What stands between the bot and a chat is one of four obstacles, and `SendError.obstacle` says which: a topic that is
  closed or gone, no right to send videos, no right to write, or the bot is not in the chat at all.
- A page from anybody else is written by a gateway. Its 408 and 413 stand before Telegram: NOT_SENT and REJECTED. Any
  other may have been written after Telegram took the call, so a video is UNCONFIRMED. A text is sent again: one that
  comes twice is better than none, and an answer would be lost in half a minute of such pages.
- 504, in whosever words, says that somebody waited in vain for an answer (telegraf/telegraf issue 110): UNCONFIRMED,
  for videos and texts alike. A question, a download or an edit does no harm when it is repeated: NOT_SENT.

`bot/jobs/delivery.py` acts on the outcome of a video or of a job's last word: it tries NOT_SENT again, sets UNREACHABLE
and REJECTED aside as a row that is tried again at growing gaps, and never sends an UNCONFIRMED video again by itself.
`bot/conversation/reply_strategies.py` acts on an answer to a person, `bot/jobs/status_messages.py` on a status message.
"""

from collections.abc import Callable, Mapping
from types import TracebackType

import httpx
from telegram.error import TelegramError

from bot.channels.types import Obstacle, SendError, SendOutcome
from core.io.not_sent import NOT_SENT

_PAUSE_S = 2.0
_OBSTACLES: Mapping[Obstacle, tuple[str, ...]] = {
    "topic-closed": ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid"),
    "no-video-right": (
        "rights to send videos",
        "rights to send media",
        "chat_send_videos_forbidden",
        "chat_send_media_forbidden",
    ),
    "no-right": (
        "chat_write_forbidden",
        "have no rights",
        "not enough rights",
        "need administrator rights",
        "chat_restricted",
        "chat_send_plain_forbidden",
        "chat_admin_required",
        "chat_guest_send_forbidden",
    ),
    "removed": (
        "chat not found",
        "user not found",
        "peer_id_invalid",
        "user_is_blocked",
        "bot was blocked",
        "can't initiate conversation",
        "bot was kicked",
        "bot is not a member",
        "group chat was deactivated",
        "channel_private",
    ),
}
"""By what Telegram says; the first that fits counts."""
_REASONS: Mapping[Obstacle, str] = {
    "topic-closed": "the topic is closed or gone",
    "no-video-right": "the bot has no right to send videos there",
    "no-right": "the bot has no right to write there",
    "removed": "the bot is not in that chat, or has been blocked",
}
_THE_FILE_ITSELF = (
    "video_content_type_invalid",
    "video_file_invalid",
    "file must be non-empty",
    "file_parts_invalid",
    "file part",
)
_TOO_BIG = ("file is too big", "request entity too large", "file too large")
_BEFORE_TELEGRAM = frozenset({408, 413})
_ABSENT = ("message to delete not found", "message_id_invalid")
_NEW_FIELDS = (
    "style",
    "cover",
    "force_reply",
    "force reply",
    "keyboard",
    "reply markup",
    "reply_markup",
    "button_type_invalid",
    "unknown field",
    "unknown parameter",
    "unexpected field",
    "unsupported field",
)


class ApiError(TelegramError):
    """An HTTP answer that is not a success. Raised below the library, which would lose the status.

    `own`: in the Bot API's own form (JSON with `ok: false`); anything else may come from a gateway.
    """

    __slots__ = ("moved_to", "own", "retry_after_s", "status")

    def __init__(
        self, status: int, description: str, *, own: bool, retry_after_s: float = 0.0, moved_to: str | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.own = own
        self.retry_after_s = retry_after_s
        self.moved_to = moved_to


class Unreadable(TelegramError):
    """A successful answer that cannot be read."""

    __slots__ = ()


def send_error(error: TelegramError, *, upload: bool = False) -> SendError:
    """Translate an error into a SendError.

    `upload`: the call was to put a video into a chat, which must not happen twice.
    """
    if isinstance(error, ApiError):
        return _answer_error(error, upload=upload)
    cause = error.__cause__
    if isinstance(cause, NOT_SENT):
        reason = "no connection to Telegram: can this machine reach the address of TELEGRAM_API_URL?"
        return SendError(SendOutcome.NOT_SENT, reason, after_s=_PAUSE_S)
    if isinstance(cause, httpx.HTTPError):
        return SendError(SendOutcome.UNCONFIRMED, f"no answer from Telegram ({type(cause).__name__})")
    return SendError(SendOutcome.UNCONFIRMED, "Telegram's answer could not be read")


def _answer_error(error: ApiError, *, upload: bool) -> SendError:
    if error.moved_to is not None:
        return SendError(SendOutcome.NOT_SENT, "the group has a new id", moved_to=error.moved_to)
    if upload and not error.own and error.status not in _BEFORE_TELEGRAM:
        return SendError(SendOutcome.UNCONFIRMED, f"a gateway answered in Telegram's place (status {error.status})")
    match error.status:
        case 429:
            return SendError(SendOutcome.NOT_SENT, "too many messages", after_s=(error.retry_after_s or _PAUSE_S) + 0.5)
        case 401 | 404:
            return SendError(
                SendOutcome.UNREACHABLE, "Telegram does not accept the bot's token: check TELEGRAM_BOT_TOKEN"
            )
        case 403:
            return _forbidden(error)
        case 409:
            return SendError(SendOutcome.NOT_SENT, "another program takes this bot's updates", after_s=_PAUSE_S)
        case 413:
            return SendError(SendOutcome.REJECTED, "the file is too large for Telegram")
        case 408:
            return SendError(SendOutcome.NOT_SENT, "Telegram took too long to read", after_s=_PAUSE_S)
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return _broken(error)
    return _refused(error)


def _forbidden(error: ApiError) -> SendError:
    if not error.own:
        return SendError(SendOutcome.UNREACHABLE, "a gateway refuses calls to Telegram (status 403)")
    return _unreachable(_obstacle(error) or "removed")


def _refused(error: ApiError) -> SendError:
    obstacle = _obstacle(error)
    if obstacle is not None:
        return _unreachable(obstacle)
    return SendError(SendOutcome.REJECTED, f"Telegram refused: {error.message[:200]}")


def _obstacle(error: ApiError) -> Obstacle | None:
    words = _words(error)
    return next((each for each, phrases in _OBSTACLES.items() if any(phrase in words for phrase in phrases)), None)


def _unreachable(obstacle: Obstacle) -> SendError:
    return SendError(SendOutcome.UNREACHABLE, _REASONS[obstacle], obstacle=obstacle)


def _broken(error: ApiError) -> SendError:
    if error.status == httpx.codes.GATEWAY_TIMEOUT:
        return SendError(SendOutcome.UNCONFIRMED, "somebody on the way waited in vain for Telegram (status 504)")
    return SendError(SendOutcome.NOT_SENT, f"Telegram answered with status {error.status}", after_s=_PAUSE_S)


def _words(error: TelegramError) -> str:
    return error.message.lower()


def _refused_with(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    return isinstance(error, ApiError) and error.status < 500 and any(each in _words(error) for each in phrases)  # noqa: PLR2004


def thread_is_gone(error: TelegramError) -> bool:
    """Return whether the topic has been closed or deleted."""
    return _refused_with(error, _OBSTACLES["topic-closed"])


def lighter_may_do(error: TelegramError) -> bool:
    """Return whether the call may succeed without thumbnail, reply, buttons or caption.

    Such a refusal is neither about the chat nor surely about the video. Telegram's words are not listed anywhere, so
    what is not known to be final is tried once without.
    """
    if not isinstance(error, ApiError) or error.status != httpx.codes.BAD_REQUEST or error.moved_to is not None:
        return False
    return _obstacle(error) is None and not speaks_of(error, *_THE_FILE_ITSELF, *_TOO_BIG)


def new_fields_are_refused(error: TelegramError) -> bool:
    """Return whether it may be a server that is older than a field which was sent: its words name it, or the buttons.

    Most old ones ignore what they do not know.
    """
    return _refused_with(error, _NEW_FIELDS) and not speaks_of(error, "button_data_invalid")


def method_is_unknown(error: TelegramError) -> bool:
    """Return whether the server has no such method: it is older than that. Its words for a wrong token are others."""
    return isinstance(error, ApiError) and error.status == httpx.codes.NOT_FOUND and speaks_of(error, "method")


def is_too_big(error: TelegramError) -> bool:
    """Return whether the file has more bytes than the server takes or gives."""
    if not isinstance(error, ApiError) or error.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return False
    return error.status == httpx.codes.REQUEST_ENTITY_TOO_LARGE or speaks_of(error, *_TOO_BIG)


def is_refused(error: TelegramError) -> bool:
    """Return whether Telegram itself would not take this, and no other time or place would help."""
    return isinstance(error, ApiError) and error.own and send_error(error).outcome is SendOutcome.REJECTED


def speaks_of(error: TelegramError, *what: str) -> bool:
    """Return whether the refusal's text holds one of these words."""
    return any(each in _words(error) for each in what)


def is_unchanged(error: TelegramError) -> bool:
    """Return whether an edit was refused because it changes nothing."""
    return _refused_with(error, ("message is not modified",))


def is_broken(error: TelegramError) -> bool:
    """Return whether the server failed, as it says."""
    return isinstance(error, ApiError) and error.status >= httpx.codes.INTERNAL_SERVER_ERROR


def is_absent(error: TelegramError) -> bool:
    """Return whether the message that was to be deleted is not there."""
    return _refused_with(error, _ABSENT)


def webhook_is_set(error: TelegramError) -> bool:
    """Return whether polling was refused because a webhook is set."""
    return isinstance(error, ApiError) and error.status == httpx.codes.CONFLICT and "webhook" in _words(error)


class TranslatingErrors:
    """A context in which the library's errors become a SendError; a call that is too slow is unconfirmed.

    `unanswered`: NOT_SENT where a second time does no harm: questions, downloads, edits. `upload_sent`: for an upload,
    whether its file has been read to the end; one that has not cannot have been taken.
    """

    def __init__(
        self, *, unanswered: SendOutcome = SendOutcome.UNCONFIRMED, upload_sent: Callable[[], bool] | None = None
    ) -> None:
        self._unanswered = unanswered
        self._upload_sent = upload_sent

    async def __aenter__(self) -> None:
        """Prepare nothing."""

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, TelegramError):
            raise self._softened(send_error(error, upload=self._upload_sent is not None)) from None
        if isinstance(error, TimeoutError):
            raise self._softened(SendError(SendOutcome.UNCONFIRMED, "Telegram took too long")) from None

    def _softened(self, error: SendError) -> SendError:
        cut_off = self._upload_sent is not None and not self._upload_sent()
        if error.outcome == SendOutcome.UNCONFIRMED and (self._unanswered is SendOutcome.NOT_SENT or cut_off):
            return SendError(SendOutcome.NOT_SENT, error.reason, after_s=_PAUSE_S)
        return error
