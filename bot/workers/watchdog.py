"""Watches whether this process does its work. What is wrong stands in /healthz and /readyz, and is told to the admins.

Only a hung or ended loop is worth a restart; whatever else fails (a full disk, a database that is away) goes on by
itself once its cause is gone.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.loops import Loop, Problem
from bot.messages.admin_alerts import Alerts


class Watchdog:
    """Collects the problems of one process, and tells the admins of those that last."""

    def __init__(
        self,
        *,
        alerts: Alerts,
        channels: Mapping[str, ChannelPort],
        runs_elsewhere: Callable[[str], bool],
        silence: Callable[[], Problem | None],
        more: Callable[[], Iterable[Problem]],
        lasts_s: float,
        look_s: float,
    ) -> None:
        """Build it. `runs_elsewhere`: whether a loop is another process's to run; `more`: problems of other parts.

        `silence`: that the database does not answer; a loop that hangs then waits for it, also after a restart.
        `lasts_s`: what is over sooner, as a database that starts again, is nobody's concern.
        """
        self._alerts = alerts
        self._channels = channels
        self._runs_elsewhere = runs_elsewhere
        self._silence = silence
        self._more = more
        self._lasts_s = lasts_s
        self._loops: list[Loop] = []
        self._tasks: Sequence[asyncio.Task[None]] = []
        self._since: dict[str, float] = {}
        self._told: set[str] = set()
        self.loop = Loop("watchdog", self._turn, pause_s=lambda: look_s)

    def watch(self, loops: Iterable[Loop], tasks: Sequence[asyncio.Task[None]]) -> None:
        """Watch these loops, and the tasks that run them and must not end."""
        self._loops = list(loops)
        self._tasks = tasks

    def problems(self) -> list[Problem]:
        """Return what is wrong at this moment, what a restart would cure first."""
        ours = (loop.problem() for loop in self._loops if not self._runs_elsewhere(loop.name))
        found = [problem for problem in ours if problem is not None]
        silence = self._silence()
        if silence is not None:
            found = [silence, *(replace(each, restart_helps=False) for each in found)]
        found += [_ended(f"{each.get_name()} loop has ended") for each in self._tasks if each.done()]
        asked = (each for each in self._channels.values() if not self._runs_elsewhere(each.name))
        found += [_ended(f"{each.name} does not turn") for each in asked if not each.alive()]
        return sorted([*found, *self._more()], key=lambda each: not each.restart_helps)

    async def _turn(self) -> None:
        """Tell the admins of problems that have lasted, each once, and when all of them are over."""
        now, problems = time.monotonic(), {each.kind: each for each in self.problems()}
        self._since = {kind: self._since.get(kind, now) for kind in problems}
        for kind, since in self._since.items():
            if now - since >= self._lasts_s and kind not in self._told:
                self._told.add(kind)
                words = "alert-hangs" if problems[kind].restart_helps else "alert-problem"
                self._alerts.tell(f"problem {kind}", words, problem=problems[kind].text)
        if self._told and not problems:
            self._told.clear()
            self._alerts.tell("problems over", "alert-problems-over", gap_s=0.0)


def _ended(text: str) -> Problem:
    return Problem(text, text, restart_helps=True)
