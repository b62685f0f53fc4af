"""`make prove`: the long run: one worker on SQLite, two on one SQLite file, two on PostgreSQL.

`--regressions`: how many of ten seeds find each fault put back.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.postgres import NoPostgresError
from tests.prove.ground import postgres_ground, shared_ground, sqlite_ground
from tests.prove.machine import Ground
from tests.prove.moments import MOMENTS
from tests.prove.reach import WANTED, Reached
from tests.prove.regressions import REGRESSIONS, WHERE
from tests.prove.run import Found, prove
from tests.prove.sweep import swept

Grounds = dict[str, Callable[[Reached], AbstractContextManager[Ground]]]
GROUNDS: Grounds = {"sqlite": sqlite_ground, "shared": shared_ground, "postgres": postgres_ground}
_MANY = 10**6
_APART = 10_000
_POINTS_SHARE = 0.3


def main() -> int:
    asked = argparse.ArgumentParser(prog="make prove", description=__doc__)
    asked.add_argument("--seconds", type=float, default=300.0, help="of real time, in all")
    asked.add_argument("--seed", type=int, default=None, help="of the first round; alone: only that round is repeated")
    asked.add_argument("--only", choices=list(GROUNDS), help="one database")
    asked.add_argument("--shrink", action="store_true", help="look for a shorter story of what broke")
    asked.add_argument("--regressions", action="store_true", help="put known faults back and look for them")
    asked.add_argument("--seeds", type=int, default=10, help="with --regressions")
    asked.add_argument("--case", help="with --regressions: only the one whose name begins so")
    given = asked.parse_args()
    chosen = {name: made for name, made in GROUNDS.items() if given.only in {None, name}}
    if given.regressions:
        return _regressions(chosen, given)
    if given.seed is not None:
        return _again(chosen, given)
    return _long(chosen, given)


def _long(grounds: Grounds, given: argparse.Namespace) -> int:
    reached, first, failed = Reached(), int(time.time()) % _MANY, 0
    for name, made in grounds.items():
        try:
            with made(reached) as ground:
                share_s = given.seconds / len(grounds)
                points = swept(ground, seed=first, seconds=share_s * _POINTS_SHARE)
                print(f"{name}: ended and frozen at {points.looked_at} of {points.of} points of a job, seed {first}")
                found = points.found or prove(
                    ground,
                    first_seed=first,
                    seconds=share_s * (1 - _POINTS_SHARE),
                    rounds=_MANY,
                    shrink=given.shrink,
                )
                print(f"{name}: {ground.runs} runs, {ground.steps} steps, seeds from {first}")
        except NoPostgresError as error:
            print(f"{name}: not here ({error})")
            continue
        failed += _told(name, found)
    missing = reached.missing((*WANTED, *(f"moment: {each}" for each in MOMENTS)))
    print(reached.report())
    print(f"never reached: {', '.join(missing) or 'nothing'}")
    return 1 if failed or missing else 0


def _again(grounds: Grounds, given: argparse.Namespace) -> int:
    """One round, as it was."""
    failed = 0
    for name, made in grounds.items():
        with made(Reached()) as ground:
            failed += _told(name, prove(ground, first_seed=given.seed, seconds=0.0, rounds=1, shrink=given.shrink))
    return 1 if failed else 0


def _told(name: str, found: Found | None) -> int:
    if found is None:
        return 0
    print(f"\n{name}: after {found.seconds:.1f} s\n{found.diary}\n{found.steps}\n{found.story}\n{found.what}")
    print(f"\nto repeat it: make prove SEED={found.seed} ARGS='--only {name}'")
    return 1


def _regressions(grounds: Grounds, given: argparse.Namespace) -> int:
    least = 10
    print(f"each of {given.seeds} seeds has {given.seconds:.0f} s")
    for case, patch in REGRESSIONS.items():
        if given.case and not case.startswith(given.case):
            continue
        where = WHERE.get(case, "sqlite")
        if where not in grounds:
            continue
        with grounds[where](Reached()) as ground, patch():
            found = [
                swept(ground, seed=seed, seconds=given.seconds * _POINTS_SHARE).found
                or prove(ground, first_seed=_APART * (seed + 1), seconds=given.seconds, rounds=_MANY)
                for seed in range(given.seeds)
            ]
        print("   ", "; ".join(f"{each.seconds:.1f} s" if each else "not found" for each in found))
        times = sorted(each.seconds for each in found if each is not None)
        least = min(least, len(times))
        middle = f"{times[len(times) // 2]:.1f} s" if times else "-"
        print(f"{case} ({where}): found by {len(times)} of {given.seeds}, half of them within {middle}")
        print("   ", "; ".join(sorted({_kind(each.what) for each in found if each is not None})), flush=True)
    return 0 if least * 10 >= given.seeds * 9 else 1


def _kind(what: str) -> str:
    """Without the names of jobs."""
    return re.sub(r"\b[2-9A-Z]{7}\b", "…", what)[:90]


if __name__ == "__main__":
    sys.exit(main())
