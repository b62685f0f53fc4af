"""`make soak`: many jobs while the bot is killed again and again. Nothing is bought twice, nothing paid is lost.

Real processes, SIGKILL at random moments (the seed is printed). Exit code 1 when a promise was broken.
"""

import argparse
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.records import State
from bot.store.tables import jobs, ledger
from tests.benchmarks.stage import Stage

_PEOPLE = 25
_OPEN = 40  # jobs that wait or run at any time
_DEADLINE_S = 180.0  # without any progress
_DONE = {State.DELIVERED, State.DOUBT, State.FAILED, State.CANCELLED, State.DELIVERY_DOUBT}
_BOT = {"REELBOT_JOBS": "8", "REELBOT_USER_JOBS": "2"}


def out(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass
class Soak:
    stage: Stage
    count: int
    chance: random.Random
    kill_at: list[int]  # numbers of finished jobs
    asked: dict[tuple[int, int], str] = field(default_factory=dict)  # (chat, message) -> prompt
    kills: int = 0
    finished: int = 0

    def run(self) -> None:
        self._misfortunes()
        self.stage.start_bot(**_BOT)
        moved = time.monotonic()
        while self.finished < self.count:
            self._feed()
            before, self.finished = self.finished, self._count_finished()
            if self.finished != before:
                moved = time.monotonic()
            if time.monotonic() - moved > _DEADLINE_S:
                out(f"no progress for {_DEADLINE_S:.0f} s")
                break
            while self.kill_at and self.finished >= self.kill_at[0]:
                self._kill()
            time.sleep(0.2)

    def _misfortunes(self) -> None:
        """Wider windows at the moments that matter: some submits are answered late, some videos taken slowly."""
        self.stage.fal("faults", kind="list_status", times=len(self.kill_at), status=403)
        self.stage.fal("faults", kind="submit_slow", times=self.count // 4, seconds=0.4)
        self.stage.telegram("fail", method="sendVideo", kind="slow", times=self.count // 4, delay_s=0.4)

    def _feed(self) -> None:
        while len(self.asked) < min(self.count, self.finished + _OPEN):
            number = len(self.asked)
            chat, prompt = 1000 + number % _PEOPLE, f"film number {number}"
            message = self.stage.telegram("says", chat=chat, text=f"/video {prompt}")
            self.asked[chat, message] = prompt

    def _count_finished(self) -> int:
        query = sa.select(sa.func.count()).where(jobs.c.state.in_([str(state) for state in _DONE]))
        return int(self.stage.read(query.where(jobs.c.told.is_not(None)))[0][0])

    def _kill(self) -> None:
        """At a random moment; now and then once more while it starts."""
        self.kill_at.pop(0)
        time.sleep(self.chance.uniform(0.0, 1.5))
        self.stage.end_bot(signal.SIGKILL)
        self.kills += 1
        if self.kill_at and self.chance.random() < 0.25:
            self.kill_at.pop(0)
            self.stage.launch_bot(**_BOT)
            time.sleep(self.chance.uniform(0.0, 2.5))
            self.stage.end_bot(signal.SIGKILL)
            self.kills += 1
        self.stage.start_bot(**_BOT)

    def judge(self) -> list[str]:
        """Print what came of it; gives the promises that were broken."""
        rows = self.stage.read(sa.select(jobs))
        bought = Counter(request["body"]["prompt"] for request in self.stage.fal("requests"))
        films = self._films()
        done = [row for row in rows if row.state == State.DELIVERED]
        parked = [row for row in rows if row.state == State.DOUBT]
        duplicates = sum(films.values()) - len(films)
        out(f"jobs                      {len(rows)} of {self.count} messages")
        out(f"kills                     {self.kills}")
        out(f"submits                   {bought.total()}, at most {max(bought.values(), default=0)} for one job")
        out(f"states                    {dict(Counter(str(row.state) for row in rows))}")
        out(f"delivered                 {len(done)}")
        out(f"parked in doubt           {len(parked)}, of these at fal {sum(bought[_prompt(row)] for row in parked)}")
        out(f"videos sent twice         {duplicates}")
        broken = self._broken(rows, bought, films)
        broken += self._money(rows)
        return broken

    def _broken(self, rows: list[Any], bought: Counter[str], films: Counter[str]) -> list[str]:
        prompts = Counter(_prompt(row) for row in rows)
        broken = [f"{prompts[each]} jobs for {each!r}" for each in self.asked.values() if prompts[each] != 1]
        broken += [f"{each!r} was bought {times} times" for each, times in bought.items() if times > 1]
        for row in rows:
            if row.state not in {State.DELIVERED, State.DOUBT}:
                broken.append(f"{row.id} ended as {row.state}: {row.error}")
            if row.state == State.DELIVERED and not films[_prompt(row)]:
                broken.append(f"{row.id} counts as delivered, and its video stands in no chat")
            if row.told is None:
                broken.append(f"{row.id} ({row.state}): its owner was not told")
        return broken

    def _films(self) -> Counter[str]:
        """Prompt -> native videos that answer it."""
        found: Counter[str] = Counter()
        for chat in {chat for chat, _ in self.asked}:
            for message in self.stage.telegram("said", chat=chat):
                if "video" in message:
                    found[self.asked[chat, message["reply_to_message"]["message_id"]]] += 1
        return found

    def _money(self, rows: list[Any]) -> list[str]:
        """Each job's ledger adds up to what its row says, and the whole to the sum over the jobs."""
        entries = self.stage.read(sa.select(ledger))
        held, spent = Counter[str](), Counter[str]()
        for entry in entries:
            held[entry.job_id] += entry.reserved_micro
            spent[entry.job_id] += entry.spent_micro
        broken = []
        for row in rows:
            due_spent = row.price_micro if row.charge in {"yes", "possibly"} else 0
            due_held = row.price_micro if row.state == State.DOUBT and row.charge is None else 0
            if (held[row.id], spent[row.id], row.reserved_micro) != (due_held, due_spent, due_held):
                broken.append(f"{row.id} ({row.state}): the ledger holds {held[row.id]}, spent {spent[row.id]}")
        parked = sum(row.price_micro for row in rows if row.state == State.DOUBT)
        out(f"ledger                    {len(entries)} rows; spent ${_usd(spent.total())}, held ${_usd(held.total())}")
        out(f"  by the jobs             spent ${_usd(_paid(rows))}, held for parked ones ${_usd(parked)}")
        return broken


def _prompt(row: Any) -> str:
    return str(row.request["prompt"])


def _paid(rows: list[Any]) -> int:
    return sum(row.price_micro for row in rows if row.charge in {"yes", "possibly"})


def _usd(micro: int) -> str:
    return f"{micro / 1_000_000:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--database-url", default="", help="postgresql://… (an empty database); else SQLite")
    given = parser.parse_args()
    out(f"{given.jobs} jobs, {given.kills} kills, seed {given.seed}")
    chance = random.Random(given.seed)
    folder = Path(tempfile.mkdtemp(prefix="reelbot-soak-"))
    stage = Stage(folder, sandbox=("--fast",), database_url=given.database_url)
    started = time.monotonic()
    try:
        soak = Soak(stage, given.jobs, chance, sorted(chance.randrange(given.jobs) for _ in range(given.kills)))
        soak.run()
        broken = soak.judge()
        code = stage.end_bot()
        left = [str(path.relative_to(folder)) for path in (folder / "out").rglob("*.part")]
        broken += [f"the last stop ended with {code}"] * (code != 0) + [f"left behind: {each}" for each in left]
    finally:
        stage.close()
    out(f"took                      {time.monotonic() - started:.0f} s")
    for each in broken:
        out(f"BROKEN: {each}")
    tracebacks = (folder / "log.txt").read_text(errors="replace").count("Traceback")
    out(f"tracebacks in the log     {tracebacks}")
    if broken or tracebacks:
        out(f"kept for you to look at: {folder}")
        return 1
    shutil.rmtree(folder)
    out("every promise was kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
