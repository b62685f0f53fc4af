"""What happens to the workers of a soak: they are killed, stand still, lose the database, and may write no file.

Every misfortune is in the story, with its times: a film that came twice is excused by one of them, or by nothing.
"""

import random
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.line import Line

Kind = Literal["kill", "freeze", "partition", "full disk"]
_FROZEN_S = (1.0, 8.0, 22.0, 40.0)
_CUT_OFF_S = (3.0, 12.0, 25.0)
_FULL_S = 15.0
_STARTED_AGAIN_S = (0.0, 1.0, 5.0)
_EXCUSES: frozenset[Kind] = frozenset({"kill", "freeze", "partition"})
_AFTER_S = 45.0  # a lease lapses, another takes the job, and sends: what was begun in the midst of it may come twice


@dataclass
class Worker:
    """One `reelbot run`. `launch` starts its process; `line`: to its database, where there is one."""

    name: int
    launch: Callable[[], subprocess.Popen[bytes]]
    line: Line | None
    process: subprocess.Popen[bytes]
    frozen: bool = False

    @property
    def lives(self) -> bool:
        return self.process.poll() is None


@dataclass
class Misfortunes:
    """`chance`: whatever is drawn, is drawn from it; when it happens depends on the machine, too."""

    workers: Sequence[Worker]
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    story: list[tuple[Kind, float, float]] = field(default_factory=list)  # wall time: from, to
    unasked: list[str] = field(default_factory=list)  # workers that ended with nothing to blame
    _down: list[Worker] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def turn(self) -> None:
        """What was to happen by now happens."""
        now = time.monotonic()
        ready = [what for at, what in self._later if at <= now]
        self._later = [each for each in self._later if each[0] > now]
        for what in ready:
            what()

    def start_again(self) -> None:
        """Whoever ended by itself is started again, as by whatever watches over services."""
        for worker in self.workers:
            if not worker.lives and worker not in self._down:
                inside = any(since <= time.time() <= until + _AFTER_S for _, since, until in self.story)
                self.counts["ended by themselves"] += 1
                self.unasked += [] if inside else [f"worker {worker.name} ended with {worker.process.returncode}"]
                self._launch(worker)

    def strike(self, kind: Kind) -> None:
        worker = self.chance.choice(self.workers)
        if kind == "full disk":
            self._fill()
        elif worker.lives and not worker.frozen:
            {"kill": self._kill, "freeze": self._freeze, "partition": self._cut_off}[kind](worker)

    def kinds(self) -> list[Kind]:
        """Those that can happen here, the usual ones more often."""
        usual: list[Kind] = ["kill", "kill", "freeze", "freeze"]
        return [*usual, "partition", "partition"] if self.workers[0].line else usual

    def _kill(self, worker: Worker) -> None:
        worker.process.kill()
        worker.process.wait()
        self._down.append(worker)
        pause_s = self.chance.choice(_STARTED_AGAIN_S)
        self._note("kill", pause_s)
        self._in(pause_s, lambda: self._launch(worker))

    def _launch(self, worker: Worker) -> None:
        worker.process = worker.launch()
        if worker in self._down:
            self._down.remove(worker)

    def _freeze(self, worker: Worker) -> None:
        worker.frozen = True
        worker.process.send_signal(signal.SIGSTOP)
        pause_s = self.chance.choice(_FROZEN_S)
        self._note("freeze", pause_s)
        self._in(pause_s, lambda: self._thaw(worker))

    def _thaw(self, worker: Worker) -> None:
        worker.frozen = False
        if worker.lives:
            worker.process.send_signal(signal.SIGCONT)

    def _cut_off(self, worker: Worker) -> None:
        line = worker.line
        if line is None:
            return
        self.chance.choice([line.silent, line.cut])()
        pause_s = self.chance.choice(_CUT_OFF_S)
        self._note("partition", pause_s)
        self._in(pause_s, line.heal)

    def _fill(self) -> None:
        """No file of any worker may grow: what a full disk is to a program that has not asked for room."""
        for worker in self.workers:
            self._limit(worker, 0)
        self._note("full disk", _FULL_S)
        self._in(_FULL_S, self._make_room)

    def _make_room(self) -> None:
        for worker in self.workers:
            self._limit(worker, resource.RLIM_INFINITY)

    @staticmethod
    def _limit(worker: Worker, size: int) -> None:
        if worker.lives:
            resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def _note(self, kind: Kind, seconds: float) -> None:
        self.counts[kind] += 1
        self.story.append((kind, time.time(), time.time() + seconds))

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, what))

    def over(self) -> None:
        """Everything that was begun comes to its end."""
        for _, what in self._later:
            what()
        self._later.clear()

    def excuses(self, at: float) -> bool:
        """Whether a film that was sent then may come once more."""
        return any(kind in _EXCUSES and since - 5.0 <= at <= until + _AFTER_S for kind, since, until in self.story)
