"""A command loads what it needs: whoever asks for help or a price waits for no engine, no database and no chat."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "dbos",
    "alembic",
    "sqlalchemy",
    "psycopg",
    "wechatpy",
    "telegram",
    "starlette",
    "uvicorn",
    "babel",
    "requests",
    "tenacity",
)
CHATS_AND_ENGINE = ("dbos", "alembic", "wechatpy", "telegram", "starlette", "uvicorn", "requests")
_SHOWN = """
import sys
from bot.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    given = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = [sys.executable, "-c", _SHOWN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=given, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("loaded: ").split())


@pytest.mark.parametrize("command", ["--help", "--version", "models"])
def test_help_version_and_prices_load_nothing_heavy(tmp_path: Path, command: str) -> None:
    assert loaded(tmp_path, command).isdisjoint(HEAVY)


def test_reports_load_no_engine_and_no_chat(tmp_path: Path) -> None:
    """The first one makes the database: its tables come from a child."""
    for command in ("jobs", "spend"):
        assert loaded(tmp_path, command).isdisjoint(CHATS_AND_ENGINE), command
