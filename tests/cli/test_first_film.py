"""The README's way from a clone to the first film in Telegram, as a person types it: eight lines at most."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_setup import CODE, TOP, Person, Place, place
from tests.fakes.botapi import TOKEN
from tests.jobs.test_crash import KEY

__all__ = ["place"]

CHAT = 42
MOST_LINES = 8
# The environment is borrowed: what `make install` makes is proved by tests/supply and .ci/run.
MAKE = f"""#!/bin/sh
[ "$*" = install ] && ln -s {sys.prefix} .venv
"""


class Typist(Person):
    """Counts the lines that are typed."""

    lines = 0

    def types(self, line: str) -> None:
        self.lines += 1
        super().types(line)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """This clone itself; without a repository, as in a container, a copy of its files as one."""
    if (TOP / ".git").exists():
        return TOP
    left_out = shutil.ignore_patterns(".venv", ".*_cache", "__pycache__", "output", ".hypothesis")
    copy = shutil.copytree(TOP, tmp_path / "origin", ignore=left_out)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=copy, check=True)
    return copy


def test_from_a_clone_to_the_first_film(place: Place, origin: Path, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "make").write_text(MAKE)
    (shims / "make").chmod(0o755)
    clone = place.folder / "reelbot"
    path = {"PATH": f"{shims}:{place.env['PATH']}", "PYTHONPATH": str(clone), "PS1": "ready> "}
    person = Typist(place, command=["/bin/sh", "-i"], **path)
    person.answers("ready> ", f"git clone --quiet --no-local --depth 1 file://{origin} reelbot && cd reelbot")
    person.answers("ready> ", "make install")
    person.answers("ready> ", ".venv/bin/reelbot setup")
    person.answers("Enter: telegram", "")
    person.answers("(not shown as you type)", TOKEN)
    person.answers("(not shown as you type)", KEY)
    person.until("Waiting for it")
    found = CODE.search(person.seen)
    assert found is not None
    place.telegram.user_says(CHAT, f"/start {found[0]}")
    person.until("is an admin now")
    person.until("nothing is wrong")
    person.answers("ready> ", ".venv/bin/reelbot doctor")
    person.until("nothing is wrong")
    person.answers("ready> ", ".venv/bin/reelbot run")
    person.until("reelbot serves telegram")
    place.telegram.user_says(CHAT, "/video a red fox running through fresh snow, budget")
    place.telegram.wait(lambda: place.telegram.videos(CHAT), within_s=120)
    assert person.lines <= MOST_LINES
    person.interrupts()
    person.until("ready> ")
    person.types("exit")
    person.end()
    assert len(place.telegram.videos(CHAT)) == 1
    assert (clone / "output" / "videos").is_dir()
    assert "Traceback" not in person.seen
    for secret in (TOKEN, KEY):
        assert secret not in person.seen
