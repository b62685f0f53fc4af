"""Compares this machine's clock with WeChat's: a call that is signed with a time more than an hour off is refused.

WeChat's answers name its time (their Date); a call that is signed right and hours old is a replay, or our clock is off.
"""

import logging
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from bot.channels.services import Alert

log = logging.getLogger(__name__)

MOST_OFF_S = 3600.0
_GAP_S = 24 * 3600.0  # between two alerts
_FRESH_S = 3600.0


class Clock:
    """The difference between the two clocks, as far as it is known."""

    def __init__(self, *, alert: Alert, now: Callable[[], float] = time.time) -> None:
        self._alert = alert
        self._now = now
        self._off_s: float | None = None
        self._read_at = 0.0
        self._told_at: float | None = None

    @property
    def is_known(self) -> bool:
        """Return whether an answer of WeChat has told the difference lately."""
        return self._off_s is not None and time.monotonic() - self._read_at < _FRESH_S

    @property
    def problem(self) -> str | None:
        """Return what is wrong with our clock by WeChat's last answer, for `doctor`."""
        return _words(self._off_s) if self._off_s is not None and abs(self._off_s) > MOST_OFF_S else None

    def read(self, date: str | None) -> None:
        """Read the Date of an answer of WeChat's; one that says nothing is passed over."""
        try:
            seconds = parsedate_to_datetime(date or "").timestamp()
        except (TypeError, ValueError, OverflowError):
            return
        self._off_s, self._read_at = self._now() - seconds, time.monotonic()
        if abs(self._off_s) > MOST_OFF_S:
            self._tell(self._off_s)

    def doubt(self, off_s: float) -> None:
        """Note a call that was signed right at a time so far from ours.

        Where WeChat's answers have not confirmed our clock, it is the one that is off.
        """
        if not self.is_known:
            self._tell(off_s)

    def _tell(self, off_s: float) -> None:
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < _GAP_S:
            return
        self._told_at = now
        log.error("this machine's clock and WeChat's differ", extra={"seconds": round(off_s)})
        hours, ahead = max(1, round(abs(off_s) / 3600)), "yes" if off_s > 0 else "no"
        self._alert("wechat clock", "alert-wechat-clock", gap_s=_GAP_S, hours=hours, ahead=ahead)


def _words(off_s: float) -> str:
    side = "ahead of" if off_s > 0 else "behind"
    return (
        f"this machine's clock is {abs(off_s) / 3600:.1f} hours {side} WeChat's, so WeChat's messages are refused: "
        "set it (timedatectl set-ntp true)"
    )
