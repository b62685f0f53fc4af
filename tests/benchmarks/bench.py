"""`make bench`: how late, with how many calls, and at what cost in processor and memory reelbot waits for fal.

Everything is measured in one run on this machine, beside the two usual ways. Figures of a shared machine vary: compare
within a run.
"""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import finished_films, looks_alone
from tests.benchmarks.crowd import Crowd, crowd
from tests.benchmarks.finished_films import Film
from tests.benchmarks.looks_alone import Simulated
from tests.benchmarks.pace import Pace, pace
from tests.benchmarks.race import RENDER_S, Lap, Race, certificate
from tests.benchmarks.stage import Stage
from tests.benchmarks.start_up import BASELINE, COMMANDS, StartUp, start_up
from tests.postgres import cluster

_PARTS = ("start", "looks", "films", "race", "crowd", "pace")
_MEDIA_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Aim:
    words: str
    measured: float
    most: float
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.measured <= self.most

    def line(self) -> str:
        verdict = "pass" if self.met else "MISS"
        return f"  {verdict}  {self.words:<66} {self.measured:>8.2f}{self.unit}  aim: at most {self.most:g}{self.unit}"


def out(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show_start(found: list[StartUp]) -> list[Aim]:
    out(
        f"\nStart-up, best of ten, by the time of `{BASELINE}` alone; and an idle `reelbot run` with Telegram on SQLite"
    )
    out("                        " + "".join(f"{command:>12}" for command in COMMANDS) + "   idle memory")
    for each in found:
        times = "".join(f"{each.by_baseline[command]:>12.2f}" for command in COMMANDS)
        out(f"  {each.name:<22}{times} {each.idle_kb / 1000:>10.1f} MB")
    now = found[-1]
    return [Aim(f"reelbot {command}: by the baseline", now.by_baseline[command], 2) for command in COMMANDS] + [
        Aim("idle memory of all processes", now.idle_kb / 1000, 102, " MB")
    ]


def show_looks(rows: list[Simulated]) -> list[Aim]:
    out("\nLooks alone, two-minute films, virtual time (core.waiting.looks)")
    out("  spread of render times   late, median   late, 95 %   calls, mean   calls of exactly 120 s, most")
    for row in rows:
        late = f"{row.late_median:>14.1%} {row.late_p95:>12.1%}"
        out(f"  {row.spread:>22.0%} {late} {row.calls_mean:>13.1f} {row.calls_of_two_minutes:>30}")
    return [
        Aim("looks alone: median lateness by the render", max(row.late_median for row in rows), looks_alone.LATE_SHARE),
        Aim("looks alone: calls of a two-minute job", max(r.calls_of_two_minutes for r in rows), looks_alone.CALLS),
    ]


def show_films(films: list[Film]) -> list[Aim]:
    out("\nA finished film of 5 s in 720p, from the disk to ready to send: a Python for each child as before, and now")
    out("               child runs         seconds                  CPU of children")
    for film in films:
        old, new = film.old, film.new
        shares = f"{old.wall_s:>7.2f} {new.wall_s:>6.2f}  x {new.wall_s / old.wall_s:.2f}"
        cpu = f"{old.cpu_s:>7.2f} {new.cpu_s:>6.2f} s  x {new.cpu_s / old.cpu_s:.2f}"
        out(f"  {film.name:<10} {old.runs:>5.0f} {new.runs:>5.0f}  {shares}  {cpu}")
    return [Aim(f"a film {film.name}: child runs", film.new.runs, film.most_runs) for film in films] + [
        Aim(f"a film {film.name}: seconds by those of before", film.new.wall_s / film.old.wall_s, _MEDIA_SHARE)
        for film in films
        if film.most_runs == 1  # what is encoded costs its encode, now as before
    ]


def show_race(laps: list[Lap], count: int) -> list[Aim]:
    out(f"\n{count} films of {RENDER_S[0]:g} to {RENDER_S[1]:g} s each; seconds after fal was done; medians")
    out("                              on disk  (worst)  in chat   calls    CPU   idle share   media: check  fit   CPU")
    for lap in laps:
        idle, media = _ms(lap.idle_cpu_ms), _ms(lap.media_cpu_ms)
        late = f"{lap.on_disk_late:>7.2f}  {lap.on_disk_worst:>7.2f}  {lap.delivered_late:>7.2f}"
        work = f"{lap.media_disk:>7.2f} {lap.media_chat:>7.2f} {media:>8}"
        out(f"  {lap.name:<27} {late} {lap.calls:>7.1f} {lap.cpu_ms:>4.0f} ms {idle:>9}  {work}")
    out("  in chat: without the media work (checking the file, fitting it for the chat), which is printed apart;")
    out("  CPU: of the whole process per job. (a), (b) and (l) wait, fetch and send; the bots also read messages, show")
    out("  progress, keep the ledger. idle share: what a bot uses with no job at all in the same time.")
    by = {lap.name[1]: lap for lap in laps}
    before, now = by["o"], by["c"]
    share = (now.media_disk + now.media_chat) / (before.media_disk + before.media_chat)
    cpu = (now.media_cpu_ms or 0) / (before.media_cpu_ms or 1)
    out(f"  media of (c) by that of (o): {share:.2f} of its time, {cpu:.2f} of its CPU")
    whole = ", ".join(f"{by[which].name[:3]} {by[which].cpu_ms / by['b'].cpu_ms:.2f}" for which in "cde")
    out(f"  CPU of the whole bots by that of (b): {whole}; the aim compares like with like: (l)")
    return [aim for which in "lcd" for aim in _against(by[which], by["b"])] + [
        Aim("(c) seconds of media by those of (o), as before", share, _MEDIA_SHARE),
        Aim("(d) calls per job with webhooks", by["d"].calls, 4),
        Aim("(e) late on disk by the mean render", by["e"].on_disk_late / (sum(RENDER_S) / 2), 0.1),
    ]


def _against(lap: Lap, peer: Lap) -> Iterable[Aim]:
    which = lap.name[:3]
    yield Aim(f"{which} on disk: seconds later than (b)", lap.on_disk_late - peer.on_disk_late, 0.3, " s")
    yield Aim(f"{which} calls by those of (b)", lap.calls / peer.calls, 0.1)
    if lap.idle_cpu_ms is None:
        yield Aim(f"{which} CPU by that of (b)", lap.cpu_ms / peer.cpu_ms, 0.25)


def show_crowd(found: list[Crowd], *, postgres: bool) -> list[Aim]:
    out(f"\nMany jobs that wait, in one `reelbot run` on {'Postgres' if postgres else 'SQLite'}, with webhooks")
    out("  waiting   memory    CPU of a core while nothing happens")
    for each in found:
        out(f"  {each.waiting:>7} {each.memory_kb / 1000:>6.1f} MB {each.cpu_share:>9.1%}")
    idle, few, many = (each for each in found if each.ready_s is None)
    waiting_ms = 1000 * (many.cpu_share - few.cpu_share) / (many.waiting - few.waiting)
    out(f"  one more waiting job: {waiting_ms * sum(RENDER_S) / 2:.1f} ms CPU in {sum(RENDER_S) / 2:g} s")
    growth = (many.memory_kb - few.memory_kb) / (many.waiting - few.waiting)
    words = f"{'Postgres' if postgres else 'SQLite'}: memory of one more waiting job, {few.waiting} to {many.waiting}"
    base = "PostgreSQL" if postgres else "SQLite"
    above = many.cpu_share - idle.cpu_share
    aims = [
        Aim(words, growth, 5, " kB"),
        Aim(f"{base}: idle, percent of a core", 100 * idle.cpu_share, 1),
        Aim(f"{base}: {many.waiting} waiting, percent of a core above idle", 100 * above, 0.5 if postgres else 1),
    ]
    for each in found:
        if each.ready_s is not None:
            what = f"{base}: {each.waiting} in flight at the start"
            aims.append(Aim(f"{what}, percent of a core later", 100 * each.cpu_share, 8))
            aims.append(Aim(f"{what}, memory", each.memory_kb / 1000, 200, " MB"))
            aims.append(Aim(f"{what}, until /readyz", each.ready_s, 3, " s"))
    return aims


def show_pace(found: list[Pace], *, trace: bool) -> list[Aim]:
    out("\nWhat Telegram gets; it refuses over 30 a second, 20 a minute in a group, about one a second in a chat")
    out(f"{'':<32}calls  busiest  a chat's  beside  videos  refused  cards          cards  edits")
    out(f"{'':<32}        second    minute  videos    late    (429)   lost doubled  moved  put off")
    for each in found:
        rates = f"{each.calls:>6} {each.busiest_second:>8} {each.busiest_minute:>9} {each.beside:>7}"
        cards = f"{each.lost:>6} {each.doubled:>7} {each.moved:>6} {each.untimely:>8}"
        out(f"  {each.name:<29}{rates} {each.late_s:>5.1f} s {each.refused:>8} {cards}")
        for line in each.trace if trace and each.orders == each.films and each.films < 30 else ():
            out(line)
    people, group, queue = found
    return [
        *(Aim(f"{each.name}: busiest second", each.busiest_second, 29) for each in found),
        *(Aim(f"{each.name}: refused", each.refused, 0) for each in found),
        *(Aim(f"{each.name}: cards lost or doubled", each.lost + each.doubled, 0) for each in found),
        Aim(f"{group.name}: calls a minute", group.busiest_minute, 20),
        Aim(f"{group.name}: calls a minute beside the videos", group.beside, 15),
        Aim(f"{group.name}: the latest video", group.late_s, 2, " s"),
        Aim(f"{people.name}: the latest video", people.late_s, 10, " s"),
        Aim(f"{queue.name}: calls a minute in one chat", queue.busiest_minute, 60),
    ]


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="a Python that has fal-client, for the race")
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--waiting", type=int, nargs=2, default=(200, 1000))
    parser.add_argument("--restarted", type=int, nargs="+", default=(1000, 10_000))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", choices=_PARTS, nargs="+", default=_PARTS)
    parser.add_argument("--database-url", default="", help="postgresql://… (an empty database), also for the race")
    parser.add_argument("--postgres", action="store_true", help="the crowd on a PostgreSQL of the tests, too")
    parser.add_argument("--before", help="a revision of this project, whose start-up is measured beside today's")
    parser.add_argument("--orders", type=int, default=2000, help="that wait, in the part pace")
    parser.add_argument("--trace", action="store_true", help="print each call to the busy group of the part pace")
    given = parser.parse_args()
    if "race" in given.only and not given.peer:
        parser.error("the race needs --peer")
    out(f"seed {given.seed}")
    aims: list[Aim] = []
    if "start" in given.only:
        aims += show_start(start_up(given.before))
    if "looks" in given.only:
        aims += show_looks(looks_alone.simulate(given.seed))
    if "films" in given.only:
        aims += show_films(finished_films.measure())
    if "race" in given.only:
        aims += show_race(race(given.seed, given.jobs, given.peer, given.database_url), given.jobs)
    if "crowd" in given.only:
        found = crowd(tuple(given.waiting), restarted=tuple(given.restarted), database_url=given.database_url)
        aims += show_crowd(found, postgres=bool(given.database_url))
    if "crowd" in given.only and given.postgres:
        with contextmanager(cluster)() as postgres:
            found = crowd(tuple(given.waiting), restarted=tuple(given.restarted), database_url=postgres.database())
            aims += show_crowd(found, postgres=True)
    if "pace" in given.only:
        aims += show_pace(pace(given.database_url, orders=given.orders), trace=given.trace)
    out("\nMeasured and aimed at")
    for aim in aims:
        out(aim.line())
    return 0


def race(seed: int, count: int, peer: str, database_url: str) -> list[Lap]:
    with tempfile.TemporaryDirectory(prefix="reelbot-bench-") as name:
        folder = Path(name)
        certificate(folder / "fal.pem")
        least, most = RENDER_S
        options = ("--fast", "--render-s", str(least), str(most), "--seed", str(seed))
        stage = Stage(folder, sandbox=(*options, "--certificate", str(folder / "fal.pem")), database_url=database_url)
        try:
            return Race(stage, seed, count, peer).laps()
        finally:
            stage.close()


if __name__ == "__main__":
    sys.exit(main())
