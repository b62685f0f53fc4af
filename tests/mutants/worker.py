"""One worker of `make mutants`: it imports and collects all tests once, then forks a process for each mutant.

It reads orders from its standard input, a line of JSON each, and answers each with a line.
"""

import ast
import asyncio
import gc
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutants.child import Bounds, in_child
from tests.mutants.made import make
from tests.mutants.plugin import Fresh, Instead, Reach, run_items
from tests.mutants.sites import sites_of

TOP = Path(__file__).parent.parent.parent
_QUIET = ("-q", "-x", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--tb=short", "--timeout=40")
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

    def serve(session: pytest.Session) -> None:
        in_child(lambda: asyncio.run(_tables(worker.template)), _MANY)
        gc.freeze()  # the children share the memory until they write to it
        for line in sys.stdin:
            answers.write(json.dumps(worker.answer(session, json.loads(line))) + "\n")

    pytest.main(worker.arguments, plugins=[Fresh(worker.template), Instead(serve)])


class _Worker:
    """No thread may be running in this process when it forks: what starts one is done in a child."""

    def __init__(self, folder: Path, files: list[str], tests: list[str]) -> None:
        self.template = folder / "template.db"
        self._temp = folder / "temp"
        self._how = [*_ARGUMENTS, f"--basetemp={self._temp}"]
        self.arguments = [*self._how, *tests]
        self._trees = {file: ast.parse((TOP / file).read_text()) for file in files}
        self._sites = {file: sites_of(file, tree) for file, tree in self._trees.items()}

    def answer(self, session: pytest.Session, order: dict[str, Any]) -> dict[str, Any]:
        if "file" not in order:
            return in_child(lambda: self._reach(session), _MANY)
        found = in_child(lambda: self._tried(session, order), Bounds(order["cpu_s"], order["wall_s"]))
        shutil.rmtree(self._temp, ignore_errors=True)
        return found

    def _tried(self, session: pytest.Session, order: dict[str, Any]) -> dict[str, Any]:
        """In the child: nothing of this is undone."""
        site = self._sites[order["file"]][order["number"]]
        site.apply()
        make(site.mutant, self._trees[order["file"]], str(TOP / order["file"]))
        if site.mutant.where:
            return run_items(session, order["tests"])
        found: list[dict[str, Any]] = []
        again = Instead(lambda collected: found.append(run_items(collected, order["tests"])))
        where = sorted({name.partition("::")[0] for name in order["tests"]})
        pytest.main([*self._how, *where], plugins=[Fresh(self.template), again])  # all that is ours is imported anew
        return found[0] if found else {"failed": "the import"}

    def _reach(self, session: pytest.Session) -> dict[str, Any]:
        found = Reach({str(TOP / file): file for file in self._trees})
        session.config.pluginmanager.register(found)
        outcome = run_items(session, [item.nodeid for item in session.items])
        return {**outcome, "lines": found.lines, "seconds": found.seconds}


async def _tables(template: Path) -> dict[str, Any]:
    from bot.store import Store  # by now the tests have imported it

    (await Store.open(f"sqlite:///{template}")).close()
    return {}


if __name__ == "__main__":
    main()
