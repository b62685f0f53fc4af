"""What can become of a frame that we send, and what that means for a message."""

from bot.channels.types import SendError, SendOutcome

BAD_CREDENTIALS = 853000
_BUSY_CODES = frozenset({-1, 6000})
_PACE_CODES = frozenset({45009, 45033, 45047})
_GONE_CODES = frozenset({60111, 81013, 86001, 86003, 86008, 93006, 95002, 95012})
MEDIA_CODES = frozenset({40007, 40004, 40006, 40009})
PACE_PAUSE_S = 60.0
_SOON_S = 5.0


class LineError(Exception):
    """A frame that did not end with errcode 0."""


class NotConnected(LineError):
    """It never left: there is no connection."""


class Unanswered(LineError):
    """It left, and no acknowledgement came: it may have been carried out."""


class Refused(LineError):
    """WeCom's errcode. Its errmsg is not kept: it may hold what was sent."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code

    @property
    def is_pace(self) -> bool:
        """Return whether too much was sent lately."""
        return self.code in _PACE_CODES


class NoRoom(Exception):
    """There is no room for a message to this chat within its minute or hour."""

    def __init__(self, after_s: float) -> None:
        super().__init__(after_s)
        self.after_s = after_s


def send_error(error: LineError | NoRoom) -> SendError:
    """Return what it means for a message to a chat."""
    match error:
        case NoRoom():
            return SendError(SendOutcome.NOT_SENT, "WeCom's pace leaves no room now", after_s=error.after_s)
        case Unanswered():
            return SendError(SendOutcome.UNCONFIRMED, "WeCom did not acknowledge it")
        case Refused(code=code) if error.is_pace:
            reason = f"WeCom wants a pause (errcode {code})"
            return SendError(SendOutcome.NOT_SENT, reason, after_s=PACE_PAUSE_S)
        case Refused(code=code) if code in _BUSY_CODES:
            return SendError(SendOutcome.NOT_SENT, f"WeCom is busy (errcode {code})", after_s=_SOON_S)
        case Refused(code=code) if code in _GONE_CODES:
            return SendError(
                SendOutcome.UNREACHABLE, f"WeCom does not reach this chat (errcode {code})", obstacle="removed"
            )
        case Refused(code=code):
            return SendError(SendOutcome.REJECTED, f"WeCom refused it (errcode {code})")
    return SendError(SendOutcome.NOT_SENT, "there is no connection to WeCom now", after_s=_SOON_S)
