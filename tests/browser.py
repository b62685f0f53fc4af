"""A real headless Chromium (Debian's), driven by Playwright; it downloads no browser of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


_OF_SCRIPTS = ("undefined", "[object ", "NaN")
"""What no page says to a person."""


class Chromium:
    """The browser, started once for a file of tests: a start costs a second of a processor."""

    def __init__(self, started: Any) -> None:
        self._started = started

    @contextmanager
    def __call__(self, **context: Any) -> Iterator[Any]:
        """A fresh browser context; with its end all pages are closed, also those of further contexts."""
        try:
            yield self._started.new_context(
                **({"locale": "en-US", "viewport": {"width": 1100, "height": 800}} | context)
            )
            for page in (page for each in self._started.contexts for page in each.pages):
                words = page.locator("body").inner_text()
                assert not [each for each in _OF_SCRIPTS if each in words], words
        finally:
            for each in self._started.contexts:
                each.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """Without Chromium the test is skipped loudly; in CI that is a failure.

    Its loop runs in this thread until the file's last test: a file that takes it runs no loop of its own.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed: .ci/run installs it")
        pytest.skip("NOT TESTED IN A BROWSER: install Debian's package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield Chromium(chromium)
        finally:
            chromium.close()
