"""Plugins for pytest within `make mutants`: only some tests, in a given order; and which lines each test reaches."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

Lines = dict[str, list[int]]


class Fresh:
    """Every test on a database has one of its own: SQLite, in memory, with the tables in it. No server is started.

    Migrations are none of the mutated files, so that the tables can be made once: `template`.
    """

    def __init__(self, template: Path) -> None:
        self._template = template

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not _needs_postgres(item)]

    @pytest.fixture(autouse=True)
    def _migrated(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        if "database_url" in request.fixturenames:
            (tmp_path / "out").mkdir()
            shutil.copyfile(self._template, tmp_path / "out" / "reelbot.db")


class Instead:
    """Does `work` with the collected tests instead of running them all."""

    def __init__(self, work: Callable[[pytest.Session], None]) -> None:
        self._work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._work(session)
        return True


class _Failures:
    def __init__(self) -> None:
        self.first: str | None = None
        self.is_late = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.first is None:
            self.first = report.nodeid
            self.is_late = "Timeout (>" in report.longreprtext  # pytest-timeout's words


def run_items(session: pytest.Session, names: list[str]) -> dict[str, Any]:
    """Which of these tests fails first, in their order, and whether that is because it does not end."""
    known, failures = {item.nodeid: item for item in session.items}, _Failures()
    session.config.pluginmanager.register(failures)
    items = [known[name] for name in names]
    for item, following in zip(items, [*items[1:], None], strict=True):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failures.first is not None:
            break
    return {"failed": failures.first, "late": failures.is_late}


def _needs_postgres(item: pytest.Item) -> bool:
    fixtures, case = getattr(item, "fixturenames", ()), getattr(item, "callspec", None)
    on_both = case is not None and case.params.get("database_url") == "postgres"
    return on_both or "postgres" in fixtures


class Reach:
    """Which lines of the mutated files each test runs, in any thread, and how long it computes."""

    def __init__(self, files: dict[str, str]) -> None:
        self.lines: dict[str, Lines] = {}
        self.seconds: dict[str, float] = {}
        self._files = files  # the name in a frame, our name
        self._seen: set[tuple[str, int]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._seen = set()
        began = time.process_time()
        sys.settrace(self._enter)
        threading.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.seconds[item.nodeid] = time.process_time() - began
            found: Lines = {}
            for file, line in sorted(self._seen):
                found.setdefault(file, []).append(line)
            self.lines[item.nodeid] = found

    def _enter(self, frame: FrameType, _event: str, _value: object) -> Any:
        if frame.f_code.co_filename not in self._files or frame.f_code.co_name == "<module>":
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, _value: object) -> Any:
        if event == "line":
            self._seen.add((self._files[frame.f_code.co_filename], frame.f_lineno))
        return self._line
