"""One worker of `make mutants`: it imports everything once, then forks a process for each mutant.

It reads orders from its standard input, a line of JSON each, and answers each with a line.
"""

import ast
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutants.child import Bounds, in_child
from tests.mutants.made import make
from tests.mutants.plugin import Chosen, Reach
from tests.mutants.sites import sites_of

TOP = Path(__file__).parent.parent.parent
_QUIET = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--tb=short")
_ARGUMENTS = (*_QUIET, "-W", "ignore::pytest.PytestAssertRewriteWarning")  # imported already: that is the idea
_MANY = Bounds(cpu_s=900, wall_s=900)


def main() -> None:
    folder, files, tests = Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(",")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Before the tests set theirs, which inherits it: a failure is enough, nobody reads the smallest one.
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    worker = _Worker(folder, files, tests)
    for line in sys.stdin:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")


class _Worker:
    """No thread may be running in this process when it forks: what starts one is done in a child."""

    def __init__(self, folder: Path, files: list[str], tests: list[str]) -> None:
        self._temp, self._template, self._tests = folder / "temp", folder / "template.db", tests
        self._trees = {file: ast.parse((TOP / file).read_text()) for file in files}
        self._sites = {file: sites_of(file, tree) for file, tree in self._trees.items()}
        pytest.main(["--collect-only", *_ARGUMENTS, *tests])  # imports them all, and with them what they test
        in_child(lambda: asyncio.run(_tables(self._template)), _MANY)

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        if "file" not in order:
            return in_child(self._reach, _MANY)
        site = self._sites[order["file"]][order["number"]]

        def tried() -> dict[str, Any]:
            site.apply()
            make(site.mutant, self._trees[order["file"]], str(TOP / order["file"]))
            chosen = Chosen(order["tests"], self._template)
            code = self._pytest({name.partition("::")[0] for name in order["tests"]}, chosen)
            return {"code": code, "failed": chosen.failed}

        found = in_child(tried, Bounds(order["cpu_s"], order["wall_s"]))
        shutil.rmtree(self._temp, ignore_errors=True)
        return found

    def _reach(self) -> dict[str, Any]:
        found = Reach({str(TOP / file): file for file in self._trees})
        code = self._pytest(self._tests, Chosen(None, self._template), found)
        return {"code": code, "lines": found.lines, "seconds": found.seconds}

    def _pytest(self, files: Iterable[str], *plugins: object) -> int:
        return int(pytest.main([*_ARGUMENTS, f"--basetemp={self._temp}", *sorted(files)], plugins=[*plugins]))


async def _tables(template: Path) -> dict[str, Any]:
    from bot.store import Store  # by now the tests have imported it

    (await Store.open(f"sqlite:///{template}")).close()
    return {}


if __name__ == "__main__":
    main()
