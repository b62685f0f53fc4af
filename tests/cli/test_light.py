"""A command loads what it needs: whoever asks for help or a price waits for no engine, no database and no chat."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RELEASED = Path(__file__).parent.parent / "samples" / "released"
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


@pytest.mark.parametrize("first", ["jobs", "spend"])
@pytest.mark.parametrize("database", ["new", "of 0.1.0"])
def test_reports_load_no_engine_no_chat_and_no_migrations(tmp_path: Path, first: str, database: str) -> None:
    """A database that is not there yet, or that an older version wrote, is migrated by a process of its own."""
    if database == "of 0.1.0":
        (tmp_path / "output").mkdir()
        shutil.copy(RELEASED / "0.1.0" / "reelbot.db", tmp_path / "output" / "reelbot.db")
    for command in (first, "jobs"):
        assert loaded(tmp_path, command).isdisjoint(CHATS_AND_ENGINE), command
