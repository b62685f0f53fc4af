"""The small changes are real changes, each has a name, and a run tells which of them the tests notice."""

import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.__main__ import FILES
from tests.mutants.report import Outcome, Result, verdict
from tests.mutants.run import run
from tests.mutants.sites import Mutant, sites_of
from tests.mutants.worker import TOP

SAMPLE = """
LIMIT = 3

def first(rows: list[int], *, most: int = LIMIT) -> int | None:
    '''Words.'''
    for row in rows:
        if row is not None and row < most:
            return abs(row)
    return None
"""


def changed(source: str, number: int) -> str:
    tree = ast.parse(source)
    sites_of("a.py", tree)[number].apply()
    return ast.unparse(tree)


def test_what_is_changed_in_a_sample() -> None:
    assert [site.mutant.name for site in sites_of("a.py", ast.parse(SAMPLE))] == [
        "module: LIMIT = None not 3",
        "module: 3 -> 4",
        "first: if row is not None and row < most: always",
        "first: if row is not None and row < most: never",
        "first: row is not None and row < most -> row is not None or row < most",
        "first: without: and row is not None",
        "first: without: and row < most",
        "first: row is not None -> row is None",
        "first: row < most -> row <= most",
        "first: return None not abs(row)",
        "first: abs(#1) = None",
    ]
    where = {site.mutant.name: (site.mutant.where, site.mutant.first_line) for site in sites_of("a.py", _sample())}
    assert where["module: 3 -> 4"] == ("", 2)
    assert where["first: abs(#1) = None"] == ("first", 8)
    assert "row <= most" in changed(SAMPLE, 8)


def _sample() -> ast.Module:
    return ast.parse(SAMPLE)


@pytest.mark.parametrize("file", FILES)
def test_each_mutant_has_a_name_of_its_own(file: str) -> None:
    names = [site.mutant.name for site in sites_of(file, ast.parse((TOP / file).read_text()))]
    assert len(names) > 10
    assert len(set(names)) == len(names)


def test_each_mutant_is_another_program() -> None:
    found = {changed(SAMPLE, number) for number in range(len(sites_of("a.py", _sample())))}
    assert len(found) > 8
    assert ast.unparse(_sample()) not in found
    for each in found:
        compile(each, "a.py", "exec")


def test_a_run_tells_what_the_tests_notice(tmp_path: Path) -> None:
    """A function's mutants, and those of a module's constant, for which all is imported anew."""
    files, tests, until = ["core/fal/poll_schedule.py"], ["tests/core/fal/test_poll_schedule.py"], time.monotonic() + 60
    tried = {result.mutant.name: result for result in run(files, tests, tmp_path, until=until, workers=1, only="1.1")}
    assert tried["module: 1.1 -> 2.1"].outcome == "killed"
    assert tried["module: 1.1 -> 2.1"].by.startswith("tests/core/fal/test_poll_schedule.py::")


@pytest.mark.parametrize(
    ("work", "answer"),
    [
        ("return {'failed': 'a test'}", {"failed": "a test"}),
        ("while True: pass", {"late": True}),
        ("time.sleep(60)", {"late": True}),
        ("os.kill(os.getpid(), 9)", {"failed": "the process died"}),
        ("raise SystemExit", {"failed": "the process died"}),
    ],
)
def test_a_mutant_that_never_ends_holds_up_nothing(work: str, answer: dict[str, Any]) -> None:
    """In a process of its own, since it forks."""
    code = f"import json, os, time\nfrom tests.mutants.child import Bounds, in_child\ndef work():\n    {work}\n"
    code += "print(json.dumps(in_child(work, Bounds(cpu_s=1, wall_s=1.5))))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(ran.stdout) == answer


@pytest.mark.parametrize(
    ("outcomes", "explained", "code"),
    [
        (["killed"] * 95 + ["survived"] * 5, True, 0),
        (["late"] * 95 + ["survived"] * 5, True, 0),
        (["killed"] * 95 + ["survived"] * 5, False, 1),
        (["killed"] * 94 + ["survived"] * 6, True, 1),
        (["killed"] * 94 + ["survived"] * 5 + ["untried"], True, 1),
        (["killed"] * 94 + ["survived"] * 5 + ["unreached"], True, 1),
        ([], True, 1),
    ],
)
def test_it_is_good_enough(
    outcomes: list[Outcome], explained: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [Result(Mutant("a.py", "f", str(number), 1, 1), outcome) for number, outcome in enumerate(outcomes)]
    known = {"a.py": {str(number): "a reason" for number in range(len(outcomes))}} if explained else {}
    assert verdict(results, known, whole=True) == code
    assert "killed" in capsys.readouterr().out
