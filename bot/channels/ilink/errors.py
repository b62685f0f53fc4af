"""What iLink's refusals mean."""

from bot.channels.types import SendError, SendOutcome

SESSION_OVER = -14
MUST_WAIT = -2
BUSY = -1
LATER_S = 10.0


class ILinkError(Exception):
    """A `ret` or `errcode` that is not 0. `words` are the server's, without anything of ours."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words

    @property
    def is_over(self) -> bool:
        """Return whether the login has ended: nothing more may be asked with its token."""
        return self.code == SESSION_OVER

    def send_error(self, *, after_s: float = 0.0, is_file: bool = False) -> SendError:
        """Return what it means for a message. `is_file`: of one that shows a file."""
        if self.code == MUST_WAIT:
            return SendError(SendOutcome.MUST_WAIT, "WeChat takes no more before the person writes", after_s=after_s)
        if self.code == BUSY:
            return SendError(SendOutcome.NOT_SENT, "WeChat is busy (-1)", after_s=LATER_S)
        reason = f"WeChat refused it ({self.code})"
        return SendError(SendOutcome.REJECTED, reason, refusal="file" if is_file else None)
