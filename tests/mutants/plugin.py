"""Plugins for pytest within `make mutants`: only some tests, in a given order; and which lines each test reaches."""

import shutil
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

Lines = dict[str, list[int]]


class Chosen:
    """Only these tests run, in this order; all those on SQLite when `names` is None. No database server is started."""

    def __init__(self, names: list[str] | None, template: Path) -> None:
        self.failed: str | None = None
        self._order = None if names is None else {name: place for place, name in enumerate(names)}
        self._template = template

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items[:] = [item for item in items if not _needs_postgres(item)]
        if self._order is not None:
            order = self._order
            items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    @pytest.fixture(autouse=True)
    def _migrated(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        """The tables are made once, not by every test: migrations are none of the mutated files."""
        if "database_url" in request.fixturenames:
            (tmp_path / "out").mkdir()
            shutil.copyfile(self._template, tmp_path / "out" / "reelbot.db")


def _needs_postgres(item: pytest.Function) -> bool:
    fixtures, case = item.fixturenames, getattr(item, "callspec", None)
    on_both = case is not None and case.params.get("database_url") == "postgres"
    return on_both or "postgres" in fixtures


class Reach:
    """Which lines of the mutated files each test runs, in any thread, and how long it takes."""

    def __init__(self, files: dict[str, str]) -> None:
        self.lines: dict[str, Lines] = {}
        self.seconds: dict[str, float] = {}
        self._files = files  # the name in a frame, our name
        self._seen: set[tuple[str, int]] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._seen = set()
        began = time.monotonic()
        sys.settrace(self._enter)
        threading.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]  # None switches it off
            self.seconds[item.nodeid] = time.monotonic() - began
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
