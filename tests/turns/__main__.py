"""Tell random dialogues: `python -m tests.turns --seconds 600 --seed 1 [--database sqlite] [--fault NAME]`."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.postgres import Cluster, cluster
from tests.turns.faults import FAULTS
from tests.turns.law import BrokenError
from tests.turns.stage import stage
from tests.turns.story import Story

STEPS = 30


def told(
    database_url: str,
    folder: Path,
    *,
    seconds: float,
    seed: int,
    stories: int = 10**6,
    fault: str = "",
    steps: int = STEPS,
) -> tuple[str | None, int, Counter[str]]:
    """Tell stories until the time is up. Gives what is broken, the seed of that or of the next, and what came about."""
    reached: Counter[str] = Counter()
    end = time.monotonic() + seconds
    with stage(folder, database_url, second=database_url.startswith("postgres"), fault=fault) as here:
        for each in range(seed, seed + stories):
            try:
                Story(here, each, reached=reached).run(steps)
            except BrokenError as error:
                return f"seed {each}: {error}", each, reached
            if time.monotonic() > end:
                return None, each + 1, reached
    return None, seed + stories, reached


def _faults(seed: int, stories: int, only: str) -> int:
    """Put each known fault back, and print by which of the stories it is found."""
    missed = 0
    for fault in [only] if only else FAULTS:
        broken = None
        for each in range(seed, seed + stories):
            folder = Path(tempfile.mkdtemp(prefix="turns-"))
            url = f"sqlite:///{folder}/out/reelbot.db"
            broken, _, _ = told(url, folder, seconds=600, seed=each, stories=1, fault=fault)
            if broken is not None and "never came true" not in broken.splitlines()[0]:
                break
            broken = None
        missed += broken is None
        print(f"{fault}: {broken.splitlines()[0] if broken else 'NOT FOUND'}", flush=True)
    return 1 if missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stories", type=int, default=10**6)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--fault", choices=[*FAULTS, ""], default="")
    parser.add_argument("--faults", action="store_true", help="which of so many stories finds each known fault")
    given = parser.parse_args()
    if given.faults:
        return _faults(given.seed, min(given.stories, 5), given.fault)
    running = cluster() if given.database == "postgres" else None
    server: Cluster | None = next(running) if running is not None else None
    folder = Path(tempfile.mkdtemp(prefix="turns-"))
    url = server.database() if server is not None else f"sqlite:///{folder}/out/reelbot.db"
    broken, seed, reached = told(
        url, folder, seconds=given.seconds, seed=given.seed, stories=given.stories, fault=given.fault
    )
    if running is not None:
        running.close()
    print("\n".join(f"{count:6} {name}" for name, count in sorted(reached.items())))
    print(broken or f"no law is broken; the next seed is {seed}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
