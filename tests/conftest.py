"""No test sees a developer's own settings: each runs in an empty folder, without our variables and proxies.

And the bench as a fixture: after each story nothing that was said or logged may hold a secret or an address of fal.
"""

import asyncio
import gc
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bot import logs
from core.media.client import between_loops
from core.media.fork_client import Spare
from tests.bench import ADMIN_KEY, KEY, Bench, bench
from tests.browser import browser
from tests.fakes.botapi import TOKEN
from tests.postgres import _cluster_or_reason, database_url, postgres

__all__ = ["_cluster_or_reason", "browser", "database_url", "postgres"]

Story = Callable[[Bench], Awaitable[None]]

# A busy machine is no failure of a parser; and the examples are the same each time: a red run can be repeated.
settings.register_profile("reelbot", deadline=None, derandomize=True)
settings.load_profile("reelbot")


_LONGEST = frozenset(  # they wait for processes: begun last, they would keep one worker busy while the others are done
    {
        "test_after_films.py",
        "test_backup.py",
        "test_consent.py",
        "test_console.py",
        "test_crash.py",
        "test_crash_points.py",
        "test_crash_workers.py",
        "test_cut_off_workers.py",
        "test_dialogues.py",
        "test_foreground.py",
        "test_forget_crash_points.py",
        "test_forgotten_people.py",
        "test_frozen_workers.py",
        "test_full_disk.py",
        "test_heartbeat.py",
        "test_ilink_crash.py",
        "test_money.py",
        "test_one_transaction.py",
        "test_prove.py",
        "test_restored_jobs.py",
        "test_sequences_more.py",
        "test_setup.py",
        "test_several_photos.py",
        "test_telegram_flow.py",
        "test_terminal.py",
        "test_throwaway.py",
        "test_turns.py",
        "test_upgrade.py",
        "test_webchat_door.py",
        "test_webchat_page.py",
        "test_wechat_flow.py",
        "test_wecom_workers.py",
    }
)


SPARE = Spare()
_OWN_SERVER = frozenset({"test_fork_client.py", "test_isolation.py", "test_confinement.py"})


def pytest_unconfigure() -> None:
    SPARE.end()


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: no collection of rubbish looks through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgres"], help="leave out what runs on the other one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that takes `database_url` runs on both; with --database only on that one. The longest come first."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)
    wanted = config.getoption("--database")
    if wanted is None:
        return
    runs_on = [getattr(item, "callspec", None) for item in items]
    databases = [spec.params.get("database_url", wanted) if spec else wanted for spec in runs_on]
    left_out = [item for item, database in zip(items, databases, strict=True) if database != wanted]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item, database in zip(items, databases, strict=True) if database == wanted]


@pytest.fixture(autouse=True)
def _nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours = ("FAL_", "REELBOT_", "TELEGRAM_", "WECHAT_", "WECOM_", "ILINK_")
    for name in list(os.environ):
        if name.startswith(ours) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _one_media_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """The server of the decoders, 0.4 s of a processor, is started once for all loops of a test process.

    Not where the server itself is looked at: there each loop has its own, as in a bot.
    """
    token = between_loops.set(None if request.path.name in _OWN_SERVER else SPARE)
    yield
    between_loops.reset(token)


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is not UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def on_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Run a story; then nothing that was ever said or logged may hold a secret or an address of fal."""

    def run(story: Story, **settings: Any) -> None:
        async def whole() -> str:
            async with bench(tmp_path, monkeypatch, **settings) as made:
                await story(made)
                return json.dumps([call.params for call in made.telegram.calls()])

        logs.configure(json=True, secrets=[KEY, ADMIN_KEY])
        said = asyncio.run(whole())
        logged = capfd.readouterr().err
        assert "Traceback" not in logged, logged
        for secret in (KEY, ADMIN_KEY, TOKEN, "fal.media", "/files/b/sandbox"):
            assert secret not in said
            assert secret not in logged

    return run
