"""Tries every mutant, in a few workers at once, with the tests that reach it, the quickest first."""

import ast
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from tests.mutants.report import Result
from tests.mutants.sites import Mutant, sites_of
from tests.mutants.worker import TOP

_AT_LEAST_S = 15
_TIMES_SLOWER = 5
_CLOCK_TIMES = 4  # of the processor's time: others use the machine, too


@dataclass(frozen=True, slots=True)
class Order:
    number: int
    mutant: Mutant
    tests: list[str]
    seconds: float

    def written(self) -> str:
        cpu_s = int(_AT_LEAST_S + _TIMES_SLOWER * self.seconds)
        bounds = {"cpu_s": cpu_s, "wall_s": cpu_s * _CLOCK_TIMES}
        return json.dumps({"file": self.mutant.file, "number": self.number, "tests": self.tests} | bounds)


class TestsFail(Exception):
    """Without any mutant the tests must pass."""


def run(
    files: Sequence[str], tests: Sequence[str], folder: Path, *, until: float, workers: int, only: str
) -> Iterator[Result]:
    crew = [_Worker(folder / str(number), files, tests) for number in range(workers)]
    try:
        reach = crew[0].ask("{}")
        if reach["failed"] is not None:
            raise TestsFail(crew[0].log())
        orders = [order for order in _orders(files, reach) if only in order.mutant.name]
        yield from _tried(orders, crew, until)
    finally:
        for worker in crew:
            worker.end()


def _orders(files: Sequence[str], reach: dict[str, Any]) -> list[Order]:
    made = []
    for file in files:
        lines = {test: set(found.get(file, ())) for test, found in reach["lines"].items()}
        looking = {test for test, found in reach["lines"].items() if not found}
        for number, site in enumerate(sites_of(file, ast.parse((TOP / file).read_text()))):
            tests = sorted(_reaching(site.mutant, lines, looking), key=lambda test: float(reach["seconds"][test]))
            made.append(Order(number, site.mutant, tests, sum(reach["seconds"][test] for test in tests)))
    return made


def _reaching(mutant: Mutant, lines: dict[str, set[int]], looking: set[str]) -> list[str]:
    """What the import runs may be noticed by any test of the file, and by those that only look at what is there."""
    if not mutant.where:
        return [test for test, found in lines.items() if found or test in looking]
    wanted = range(mutant.first_line, mutant.last_line + 1)
    return [test for test, found in lines.items() if not found.isdisjoint(wanted)]


def _tried(orders: list[Order], crew: list["_Worker"], until: float) -> Iterator[Result]:
    waiting: Queue[Order] = Queue()
    done: Queue[Result] = Queue()
    for order in orders:
        waiting.put(order)
    for worker in crew:
        threading.Thread(target=worker.work, args=(waiting, done, until), daemon=True).start()
    for _ in orders:
        yield done.get()


class _Worker:
    def __init__(self, folder: Path, files: Sequence[str], tests: Sequence[str]) -> None:
        folder.mkdir(parents=True)
        self._log = folder / "log.txt"
        command = [sys.executable, "-m", "tests.mutants.worker", str(folder), ",".join(files), ",".join(tests)]
        self._process = subprocess.Popen(
            command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, order: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order + "\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker ended: {self.log()}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def work(self, waiting: Queue[Order], done: Queue[Result], until: float) -> None:
        while True:
            try:
                order = waiting.get_nowait()
            except Empty:
                return
            done.put(self._result(order, until))

    def _result(self, order: Order, until: float) -> Result:
        if not order.tests:
            return Result(order.mutant, "unreached")
        if time.monotonic() > until:
            return Result(order.mutant, "untried")
        try:
            answer = self.ask(order.written())
        except (OSError, ValueError, RuntimeError) as error:
            return Result(order.mutant, "untried", str(error))
        if answer.get("late"):
            return Result(order.mutant, "late", answer.get("failed") or "")
        return Result(order.mutant, "killed" if answer["failed"] else "survived", answer["failed"] or "")

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""

    def end(self) -> None:
        with self._process:  # which closes its pipes, and waits
            self._process.kill()
