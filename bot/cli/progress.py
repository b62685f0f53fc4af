"""Shows a generation's progress: a bar where a person looks on, nothing in pipes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar

from bot.cli.console import is_terminal, note
from bot.cli.terminal import Terminal
from core.generate import OnProgress, Progress

_WIDTH = 24
_MOST = 0.95
"""The share that time alone can fill: the rest is the film itself."""


class _Estimate(ProgressColumn):
    """A bar that fills within the seconds that this model usually takes, and only waves where nobody knows."""

    def render(self, task: Task) -> ProgressBar:
        usual_s, since = task.fields["usual_s"], task.fields["since"]
        if task.fields["phase"] == "downloading":
            share: float | None = _MOST
        elif usual_s and since is not None:
            share = min(_MOST, (task.get_time() - since) / usual_s)
        else:
            share = None
        return ProgressBar(
            total=1.0, completed=share or 0.0, width=_WIDTH, pulse=share is None, animation_time=task.get_time()
        )


@contextmanager
def shown(*, usual_s: float | None) -> Iterator[OnProgress]:
    """Yield what shows the progress. `usual_s`: the seconds that a render usually takes, where known."""
    if not is_terminal(sys.stderr):
        yield _silent
        return
    if Terminal().is_dumb:
        yield _Lines().show
        return
    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        _Estimate(),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, highlight=False),
        transient=True,
        redirect_stdout=False,
    )
    usually = f", usually {usual_s:.0f} s" if usual_s else ""
    task = bars.add_task("begins", total=None, phase="", since=None, usual_s=usual_s)

    def show(progress: Progress) -> None:
        since = None
        if progress.phase == "rendering":
            since = bars.tasks[0].fields["since"] or bars.get_time()
        bars.update(task, description=_words(progress) + (usually if since else ""), phase=progress.phase, since=since)

    with bars:
        yield show


class _Lines:
    """A line for each new phase, for terminals that move no cursor."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, progress: Progress) -> None:
        """Print the phase when it is another one."""
        if progress.phase != self._last:
            self._last = progress.phase
            note(_words(progress))


def _words(progress: Progress) -> str:
    if progress.position is not None:
        return f"{progress.phase}, place {progress.position + 1}"
    return progress.phase


def _silent(_progress: Progress) -> None:
    """Show no progress."""
