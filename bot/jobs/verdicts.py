"""How a work on a job ended: when its row asks for something again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a work ended.

    `after_s`: seconds until the row is due again; None: not by itself. `progress`: the job went on, so attempts count
    from 1 again.
    """

    after_s: float | None
    progress: bool = False


NEXT = Verdict(0.0, progress=True)
"""Whatever its new state asks for, at once."""
REST = Verdict(None, progress=True)
"""Nothing, until somebody says that there is something new."""


def retry(after_s: float) -> Verdict:
    """Return: the same once more, so many seconds from now."""
    return Verdict(after_s)


def wait(after_s: float | None) -> Verdict:
    """All is as it should be: look again so many seconds from now."""
    return Verdict(after_s, progress=True)
