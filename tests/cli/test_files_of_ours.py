"""What the program writes is its owner's alone, but for the folder that something else may serve."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.io import disk
from tests.web_run import Run


@pytest.fixture(autouse=True)
def umask_of_a_shell() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_run_writes_for_its_owner(tmp_path: Path) -> None:
    old = tmp_path / "output" / "uploads"
    old.mkdir(parents=True)  # of a version that did not look at that
    with Run(tmp_path).serving():
        output = tmp_path / "output"
        for name in ("reelbot.db", "reelbot.db-wal", "uploads", "work", "videos"):
            assert (output / name).stat().st_mode & 0o077 == 0, name
        assert mode(output / "fal_assets") == "0o755"
        assert mode(output / "fal_assets" / "index.html") == "0o644"


def test_a_folder_is_made_with_its_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    os.umask(0o077)
    disk.make_folder(tmp_path / "new", mode=disk.PASSED_THROUGH)
    assert mode(tmp_path / "new") == "0o711"
    (tmp_path / "new").chmod(0o700)
    disk.make_folder(tmp_path / "new", mode=disk.PASSED_THROUGH)
    assert mode(tmp_path / "new") == "0o700"
    disk.keep_private(tmp_path / "not there")


def test_doctor_looks_at_who_may_read_and_write(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / ".env").write_text("REELBOT_USER_JOBS=3\n")
    (tmp_path / "output").mkdir()
    (tmp_path / "output").chmod(0o777)

    def warned() -> dict[str, str]:
        try:
            said = run.shell("doctor", "--json")
        except subprocess.CalledProcessError as error:  # nobody answers as fal
            said = error.stdout
        return {each["name"]: each["text"] for each in json.loads(said) if each["state"] == "warn"}

    assert warned()[".env"].endswith("chmod 600 .env")
    assert "chmod go-w" in warned()["output folder"]
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "output").chmod(0o755)
    assert not {".env", "output folder"} & set(warned())
