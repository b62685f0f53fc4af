"""The short run of the prover: no law is broken, known faults put back are found, and a run can be repeated."""

from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.prove.ground import ground, shared_ground, sqlite_ground
from tests.prove.reach import Reached
from tests.prove.regressions import REGRESSIONS, WHERE
from tests.prove.run import prove
from tests.prove.sweep import swept

SHORT_S = 8.0
MOST_ROUNDS = 12
POINTS = 8
FIRST = 1


def test_no_law_is_broken_on_sqlite() -> None:
    reached = Reached()
    with sqlite_ground(reached) as here:
        found = prove(here, first_seed=FIRST, seconds=SHORT_S, rounds=MOST_ROUNDS)
    assert found is None, f"{found.diary}\n{found.steps}\n{found.story}\n{found.what}\nmake prove SEED={found.seed}"
    assert not reached.missing(["people: ordered", "process: killed", "state: delivered"]), reached.report()


def test_no_law_is_broken_by_two_workers() -> None:
    reached = Reached()
    with shared_ground(reached) as here:
        found = prove(here, first_seed=FIRST, seconds=SHORT_S, rounds=MOST_ROUNDS)
    assert found is None, f"{found.diary}\n{found.steps}\n{found.story}\n{found.what}\nmake prove SEED={found.seed}"
    assert not reached.missing(["process: frozen", "process: thawed beside another", "state: delivered"])


def test_a_worker_may_end_or_freeze_at_any_point_of_a_job() -> None:
    """A few of all points; the long run takes as many as there is time for."""
    for made in (sqlite_ground, shared_ground):
        with made(Reached()) as here:
            points = swept(here, seed=FIRST, seconds=60.0, most=POINTS)
        found = points.found
        assert found is None, f"{found.diary}\n{found.story}\n{found.steps}\n{found.what}"
        assert points.looked_at == POINTS


def test_no_law_is_broken_on_postgres(postgres: Cluster, tmp_path: Path) -> None:
    reached = Reached()
    with ground(postgres.database(), folder=tmp_path, reached=reached) as here:
        found = prove(here, first_seed=FIRST, seconds=SHORT_S, rounds=MOST_ROUNDS)
    assert found is None, f"{found.diary}\n{found.steps}\n{found.story}\n{found.what}\nmake prove SEED={found.seed}"


FAULTS = [
    "3: a 404 ends a paid job",
    "4: only bare results",
    "7b: no epoch is checked",
    "19: a 429 of anybody",
    "20: a copy is bought again",
]


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_that_is_put_back_is_found(case: str) -> None:
    made = shared_ground if WHERE.get(case) == "shared" else sqlite_ground
    with made(Reached()) as here, REGRESSIONS[case]():
        found = prove(here, first_seed=FIRST, seconds=100.0, rounds=30)
    assert found is not None
    assert "BrokenError" in found.what


def test_a_round_can_be_repeated() -> None:
    """The same seed is the same story, to the millisecond: else no failure could be looked into."""
    told: list[tuple[str, str]] = []
    for _ in range(2):
        reached = Reached()
        with sqlite_ground(reached) as here:
            assert prove(here, first_seed=FIRST, seconds=0.0, rounds=1) is None
            told.append((here.diary.text(), reached.report()))
    assert told[0] == told[1]
