"""The short run of the random dialogues: no law is broken, and a fault that is put back is found (long: make turns)."""

from pathlib import Path

from tests.postgres import Cluster
from tests.turns.__main__ import told

FIRST = 1
STEPS = 16
FAULT = "one of each is one too many"


def test_no_law_is_broken(tmp_path: Path) -> None:
    broken, _, reached = told(f"sqlite:///{tmp_path}/out/reelbot.db", tmp_path, seconds=0, seed=FIRST, steps=STEPS)
    assert broken is None, broken
    assert reached["bought"] > 0


def test_no_law_is_broken_by_two_workers(tmp_path: Path, postgres: Cluster) -> None:
    broken, _, reached = told(postgres.database(), tmp_path, seconds=0, seed=FIRST + 1, steps=STEPS)
    assert broken is None, broken
    assert reached["bought"] > 0


def test_a_fault_that_is_put_back_is_found(tmp_path: Path) -> None:
    broken, _, _ = told(f"sqlite:///{tmp_path}/out/reelbot.db", tmp_path, seconds=90, seed=1, fault=FAULT, steps=STEPS)
    assert broken is not None
    assert "bought" in broken.splitlines()[0]
