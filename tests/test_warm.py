"""Programs that are started warm are programs as a shell starts them."""

import json
import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.warm import IMPORTED, Warm

_SHOWS = """import json, os, sys, time
warm = "bot.app" in sys.modules
print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), time.tzname[0], sys.stdin.read(), warm]))
if sys.argv[1] == "stay":
    sys.stdout.flush()
    time.sleep(60)
sys.exit(3)
"""


@pytest.mark.parametrize("name", IMPORTED)
def test_what_is_imported_beforehand_is_there(name: str) -> None:
    """The server of the processes says nothing of a name that it cannot import."""
    assert find_spec(name) is not None


def started(folder: Path, *arguments: str) -> Warm:
    (folder / "shows.py").write_text(_SHOWS)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "TZ": "Asia/Tokyo"}
    return Warm(["-m", "shows", *arguments], folder=folder, env=env, out=folder / "out", err=folder / "err")


def test_a_warm_program_has_its_own_words_place_environment_and_end(tmp_path: Path, in_shanghai: None) -> None:
    assert started(tmp_path, "one", "two").wait(60) == 3, (tmp_path / "err").read_text()
    words, place, env, zone, heard, warm = json.loads((tmp_path / "out").read_text())
    assert (words, place, zone, heard, warm) == (["one", "two"], str(tmp_path), "JST", "", True)
    assert set(env) - {"LC_CTYPE"} == {"PATH", "PYTHONPATH", "TZ"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_warm_program_is_ended_by_a_signal(tmp_path: Path, how: signal.Signals) -> None:
    program = started(tmp_path, "stay")
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.01)
    assert program.poll() is None
    program.send_signal(how)
    assert program.wait(60) == -how
    program.kill()  # whoever is dead already is no failure
