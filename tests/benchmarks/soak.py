"""`make soak`: many jobs while workers are killed, stand still, lose the database and may write no file.

Three real processes on a PostgreSQL of its own, or one on SQLite (`--sqlite`). The seed is printed. Who judges knows
only what fal's sandbox and the chat's fake have in their books. Exit code 1 when a promise was broken.
"""

import argparse
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from subprocess import Popen

import sqlalchemy as sa

from bot.store.tables import jobs
from tests.benchmarks.misfortunes import Misfortunes, Worker
from tests.benchmarks.soak_judge import Judge, ledger_problems
from tests.benchmarks.stage import Stage
from tests.line import line
from tests.postgres import Cluster, cluster
from tests.serving import free_port

_PEOPLE = 25
_OPEN = 60  # jobs that wait or run at any time
_STUCK_S = 120.0  # without any progress
_SOUGHT_S = 330.0  # an order in doubt that fal has taken is looked for every five minutes
_WORKERS = 3
_BOT = {"REELBOT_JOBS": "24", "REELBOT_USER_JOBS": "4"}
_MOVES = ("queued", "preparing", "submitting", "rendering", "downloading", "ready", "uploading", "parked")
"""An order in doubt stays so where it never left: fal's books say which have."""


def out(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass
class Soak:
    """`strikes`: by how many finished jobs the next misfortune comes."""

    stage: Stage
    misfortunes: Misfortunes
    count: int
    strikes: list[int]
    full_at: int
    asked: dict[tuple[int, int], str] = field(default_factory=dict)  # (chat, message) -> prompt
    finished: int = 0

    def run(self) -> None:
        """Until all is at rest. What goes wrong at fal and in the chat only widens the moments that matter."""
        self.stage.fal("faults", kind="submit_slow", times=self.count // 4, seconds=0.4)
        self.stage.telegram("fail", method="sendVideo", kind="slow", times=self.count // 4, delay_s=0.4)
        moved = time.monotonic()
        while time.monotonic() - moved < _STUCK_S:
            self.misfortunes.turn()
            self.misfortunes.start_again()
            self._feed()
            before, self.finished = self.finished, len(self.asked) - self._open()
            if self.finished != before:
                moved = time.monotonic()
            if self.finished >= self.count:
                break
            self._strike()
            time.sleep(0.25)
        self.misfortunes.over()
        ends = time.monotonic() + _SOUGHT_S
        while self.judge().waits and time.monotonic() < ends:
            self.misfortunes.start_again()
            time.sleep(2.0)

    def judge(self) -> Judge:
        """By what stands in the others' books now."""
        return Judge(
            asked=self.asked,
            requests=self.stage.fal("requests"),
            said={chat: self.stage.telegram("said", chat=chat) for chat in {chat for chat, _ in self.asked}},
            excuses=self.misfortunes.excuses,
        )

    def _strike(self) -> None:
        if self.strikes and self.finished >= self.strikes[0]:
            self.strikes.pop(0)
            self.misfortunes.strike(self.misfortunes.chance.choice(self.misfortunes.kinds()))
        if self.finished >= self.full_at:
            self.full_at = self.count + 1
            self.misfortunes.strike("full disk")

    def _feed(self) -> None:
        while len(self.asked) < min(self.count, self.finished + _OPEN):
            number = len(self.asked)
            chat, prompt = 1000 + number % _PEOPLE, f"film number {number}"
            message = self.stage.telegram("says", chat=chat, text=f"/video {prompt}")
            self.asked[chat, message] = prompt

    def _open(self) -> int:
        """Messages that are no job yet, and jobs that move or whose owner was not told."""
        ended = sa.and_(jobs.c.state.not_in(_MOVES), jobs.c.outcome_ref.is_not(None))
        rows = self.stage.read(sa.select(sa.func.count()).where(ended))
        return len(self.asked) - int(rows[0][0])


@contextmanager
def _postgres() -> Iterator[tuple[str, Cluster]]:
    with contextmanager(cluster)() as running:
        yield running.database(), running


@contextmanager
def _workers(stage: Stage, running: Cluster | None) -> Iterator[list[Worker]]:
    """On PostgreSQL each has a line of its own to the database."""
    with ExitStack() as lines:
        made = []
        for name in range(1, _WORKERS + 1 if running is not None else 2):
            env = {**_BOT, "REELBOT_PORT": str(free_port())}
            wire = lines.enter_context(line("127.0.0.1", running.port)) if running is not None else None
            if running is not None and wire is not None:
                env["REELBOT_DATABASE_URL"] = stage.database_url.replace(f":{running.port}/", f":{wire.port}/")
            launch = partial(_launched, stage, env)
            made.append(Worker(name, launch, wire, launch()))
        yield made


def _launched(stage: Stage, env: dict[str, str]) -> "Popen[bytes]":
    stage.launch_bot(**env)
    assert stage.bot is not None
    return stage.bot


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--misfortunes", type=int, default=40, help="beside one full disk")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--sqlite", action="store_true", help="one worker on SQLite")
    given = parser.parse_args()
    where = "one worker on SQLite" if given.sqlite else f"{_WORKERS} workers on PostgreSQL"
    out(f"{given.jobs} jobs, {where}, {given.misfortunes} misfortunes and a full disk, seed {given.seed}")
    folder = Path(tempfile.mkdtemp(prefix="reelbot-soak-"))
    if given.sqlite:
        code = _soak(folder, given, "", None)
    else:
        with _postgres() as (url, running):
            code = _soak(folder, given, url, running)
    if code:
        out(f"kept for you to look at: {folder}")
    else:
        shutil.rmtree(folder)
        out("every promise was kept")
    return code


def _soak(folder: Path, given: argparse.Namespace, url: str, running: Cluster | None) -> int:
    chance, began = random.Random(given.seed), time.monotonic()
    stage = Stage(folder, sandbox=("--fast",), database_url=url)
    try:
        with _workers(stage, running) as workers:
            misfortunes = Misfortunes(workers, chance)
            strikes = sorted(chance.randrange(given.jobs) for _ in range(given.misfortunes))
            soak = Soak(stage, misfortunes, given.jobs, strikes, full_at=chance.randrange(given.jobs))
            stage.until(lambda: stage.read(sa.select(sa.func.count()).select_from(jobs)))
            soak.run()
            out("misfortunes               " + ", ".join(f"{n} {what}" for what, n in misfortunes.counts.items()))
            broken = _judged(soak)
            for worker in workers:
                worker.process.terminate()
            ended = Counter(worker.process.wait(60) for worker in workers)
            broken += [f"{n} ended with {code} when told to" for code, n in ended.items() if code]
    finally:
        stage.close()
    out(f"took                      {time.monotonic() - began:.0f} s")
    for each in broken:
        out(f"BROKEN: {each}")
    return 1 if broken else 0


def _judged(soak: Soak) -> list[str]:
    judge = soak.judge()
    for words in judge.counts():
        out(words)
    rows = soak.stage.read(sa.select(jobs))
    out(f"states                    {dict(Counter(str(row.state) for row in rows))}")
    lost = [
        f"{row.id} is {row.state}, told {row.outcome_ref}"
        for row in rows
        if row.state in _MOVES or row.outcome_ref is None
    ]
    return [*soak.misfortunes.unasked, *judge.problems(), *lost, *ledger_problems(soak.stage, rows)]


if __name__ == "__main__":
    sys.exit(main())
