"""A worker whose database is away gives up its roles and works in time, and goes on by itself when it is back.

Real processes with short terms; the line between one of them and PostgreSQL is cut, or falls silent.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import roles
from tests.jobs.test_crash import delivered, sqlite
from tests.line import Line, line
from tests.postgres import Cluster
from tests.quick_worker import TIMING
from tests.workers.test_frozen_workers import QuickWorld, Worker, is_well, quick_world

_SOON_S = 40.0
CUTS: dict[str, Callable[[Line], None]] = {"cut": Line.cut, "silent": Line.silent}


def through(made: QuickWorld, postgres: Cluster, wire: Line) -> Worker:
    """Start a worker that reaches the database by this line."""
    return made.worker(REELBOT_DATABASE_URL=made.database_url.replace(f":{postgres.port}/", f":{wire.port}/"))


def no_role_is_of(made: QuickWorld, worker: Worker) -> bool:
    return not any(worker.owns(row.owner) for row in made.read(sa.select(roles.c.owner)))


@pytest.mark.parametrize("how", CUTS)
def test_a_worker_that_is_cut_off_hands_over_and_comes_back(tmp_path: Path, postgres: Cluster, how: str) -> None:
    """It held every role, and a job with its paid request unanswered."""
    with quick_world(tmp_path, postgres.database()) as made, line("127.0.0.1", postgres.port) as wire:
        made.fal("faults", kind="submit_slow", seconds=2.0)
        away = through(made, postgres, wire)
        made.until(lambda: made.has_all_roles(away))
        other = made.worker()
        made.says("/video a fox")
        made.until(made.submits)
        CUTS[how](wire)
        made.until(lambda: no_role_is_of(made, away), _SOON_S)
        made.until(lambda: delivered(made), _SOON_S)
        made.says("/video another fox")
        made.until(lambda: len(made.films()) == 2 and delivered(made))
        assert made.posts() == 2
        assert away.process.poll() is None
        made.until(lambda: away.says("readyz").status_code == 503, _SOON_S)
        wire.heal()
        made.until(lambda: is_well(away), _SOON_S)  # without a restart
        made.kill(other.process)
        made.says("/video a third fox")
        made.until(lambda: len(made.films()) == 3 and delivered(made), _SOON_S)
        assert (made.posts(), len(made.films())) == (3, 3)
        assert delivered(made)


@pytest.mark.parametrize("how", CUTS)
def test_the_only_worker_goes_on_when_the_database_is_back(tmp_path: Path, postgres: Cluster, how: str) -> None:
    """It was away for longer than a term, with an order on its way to fal and a film on its way home."""
    with quick_world(tmp_path, postgres.database()) as made, line("127.0.0.1", postgres.port) as wire:
        made.fal("faults", kind="submit_slow", match="second", seconds=3.0)
        made.fal("faults", kind="file_slow", seconds=3.0)
        only = through(made, postgres, wire)
        made.says("/video a first fox")
        made.until(lambda: "downloading" in made.states().values())
        made.says("/video a second fox")
        made.until(lambda: len(made.submits()) == 2)
        CUTS[how](wire)
        made.until(lambda: only.says("readyz").status_code == 503, _SOON_S)
        assert only.says("healthz").status_code == 200  # a restart would not bring the database back
        wire.heal()
        made.until(lambda: delivered(made) and len(made.states()) == 2, _SOON_S)
        made.until(lambda: is_well(only), _SOON_S)
        assert made.posts() == 2
        assert len(made.films()) == 2
        assert only.process.poll() is None


def test_on_sqlite_a_locked_database_only_delays(tmp_path: Path) -> None:
    """For longer than a term, with an order on its way to fal and a film on its way home."""
    with quick_world(tmp_path, sqlite(tmp_path)) as made:
        made.fal("faults", kind="submit_slow", match="second", seconds=1.0)
        made.fal("faults", kind="file_slow", seconds=2.0)
        only = made.worker()
        made.says("/video a first fox")
        made.until(lambda: "downloading" in made.states().values())
        made.says("/video a second fox")
        made.until(lambda: len(made.submits()) == 2)
        with made.locked("reelbot_jobs"):
            free_at = now_ms() + int(TIMING.term_s * 1000) + 1000
            made.until(lambda: now_ms() > free_at)
        made.until(lambda: delivered(made) and len(made.states()) == 2, _SOON_S)
        assert (made.posts(), len(made.films())) == (2, 2)
        made.until(lambda: is_well(only), _SOON_S)
