"""No test sees a developer's own settings: each runs in an empty folder, without our variables and proxies."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import _cluster_or_reason, database_url, postgres

__all__ = ["_cluster_or_reason", "database_url", "postgres"]

# A busy machine is no failure of a parser; and the examples are the same each time: a red run can be repeated.
settings.register_profile("reelbot", deadline=None, derandomize=True)
settings.load_profile("reelbot")


@pytest.fixture(autouse=True)
def _nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("FAL_", "REELBOT_", "TELEGRAM_", "WECHAT_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is not UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()
