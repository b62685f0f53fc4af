"""The workers of one run: they come and go, stand still and go on, lose the database and find it again."""

from collections.abc import Callable
from functools import partial

from tests.prove.process import Process
from tests.prove.reach import Reached
from tests.prove.virtual import Agenda, Graveyard, ProcessLoop


class Fleet:
    """Up to `most` workers at once. `make`: the next one, by its number."""

    def __init__(self, agenda: Agenda, reached: Reached, *, most: int, make: Callable[[int], Process]) -> None:
        self._agenda = agenda
        self._reached = reached
        self._most = most
        self._make = make
        self.members: list[Process] = []
        self.graves = Graveyard()
        self.lives = 0
        self.disturbed_at = 0.0  # seconds UTC, fal's clock
        self.clock_steady_at = 0.0  # what stood in rows before is over by then; likewise

    @property
    def running(self) -> list[Process]:
        return [each for each in self.members if each.runs]

    @property
    def serving(self) -> Process | None:
        """The one that people and fal reach."""
        return next(iter(self.running), None)

    @property
    def still(self) -> list[Process]:
        return [each for each in self.members if each.loop.frozen]

    def out_of_use(self, seconds: float) -> list[str]:
        """The owners that have stood still for so long while another was well, and the machine, too."""
        since = self._agenda.now - seconds
        well = any(each.well_since < since for each in self.running)
        if not well or max(self.disturbed_at, self.clock_steady_at) > self._agenda.true() - seconds:
            return []
        return [each.owner for each in self.still if each.still_since is not None and each.still_since < since]

    def of(self, loop: ProcessLoop) -> Process | None:
        return next((each for each in self.members if each.loop is loop), None)

    def disturbed(self) -> None:
        self.disturbed_at = self._agenda.true()

    def start(self) -> None:
        """One more, where there is a place: a frozen one keeps its own."""
        if len(self.members) < self._most:
            self.lives += 1
            self.members.append(made := self._make(self.lives))
            made.start()
            if len(self.members) > 1:
                self._reached.note("process: beside another")

    def kill(self, which: int = 0, *, after_turns: int = 0) -> None:
        """Now, or that many turns of its loop later."""
        if self.members:
            process = self.members[which % len(self.members)]
            if after_turns and process.runs:
                process.loop.after(after_turns, partial(self.died, process))
            else:
                self.died(process)

    def died(self, process: Process) -> None:
        """Nothing of it runs any more, no `finally` either; its connections are gone, and what was not committed."""
        if process in self.members:
            self.graves.bury(process.loop)
            self.members.remove(process)
            self.disturbed()
            self._reached.note("process: killed")

    def stop(self, which: int = 0) -> None:
        """As told: a deploy."""
        if self.running:
            process = self.running[which % len(self.running)]
            process.do(process.stop(), most_s=60.0)
            if process in self.members:
                self.graves.bury(process.loop)
                self.members.remove(process)
            self._reached.note("process: stopped")
            self.disturbed()

    def freeze(self, which: int = 0, *, after_turns: int = 0, seconds: float | None = None) -> None:
        """It stands still, now or that many turns of its loop later, and wakes not knowing it; None: some day."""
        if self.running:
            process = self.running[which % len(self.running)]
            process.loop.after(after_turns, partial(self._froze, process, seconds))
            if not after_turns:
                self._froze(process, seconds)

    def freeze_this(self, process: Process, seconds: float) -> None:
        if process.runs and process in self.members:
            self._froze(process, seconds)

    def _froze(self, process: Process, seconds: float | None) -> None:
        process.loop.undisturbed()
        process.loop.frozen, process.still_since = True, self._agenda.now
        self.disturbed()
        self._reached.note("process: frozen")
        if seconds is not None:
            self._agenda.later(seconds, partial(self.thaw, process))

    def thaw(self, process: Process) -> None:
        """It goes on with its old memory; beside another one, perhaps, that has taken its place."""
        if process.loop.dead or not process.loop.frozen:
            return
        stood_s = self._agenda.now - (process.still_since or 0.0)
        process.still_since, process.well_since = None, self._agenda.now
        self.disturbed()
        process.loop.thaw()
        self._reached.note("process: thawed beside another" if len(self.running) > 1 else "process: thawed")
        if stood_s > 30.0 and len(self.running) > 1:
            self._reached.note("process: woke when others had its work")

    def cut_off(self, which: int, seconds: float) -> None:
        """The way between one worker and the database is broken for a while."""
        if self.running:
            process = self.running[which % len(self.running)]
            process.cut_off_until = self._agenda.now + seconds

    def is_cut_off(self, process: Process | None) -> bool:
        if process is None or process.cut_off_until <= self._agenda.now:
            return False
        process.well_since = self._agenda.now
        self.disturbed()
        self._reached.note("process: cut off")
        return True

    def heal(self, *, but_frozen: bool) -> None:
        """Nothing more is in the way of any; those that stand still go on, unless they are to stand for ever."""
        for process in list(self.members):
            process.loop.undisturbed()
            process.cut_off_until = 0.0
            if not but_frozen:
                self.thaw(process)
        if not self.running:
            for process in list(self.members):
                self.died(process)
            self.start()

    def close(self) -> None:
        for process in list(self.members):
            self.died(process)
        self.graves.clear()
