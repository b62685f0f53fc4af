"""The child of one file: bounded before a decoder is loaded, alone, without secrets, and gone with its job."""

import asyncio
import json
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError

CHILD = Path(media.__file__).parent / "worker" / "__main__.py"

# The real child with another job: what it finds when the module of the job is loaded.
_WITHIN = """
import importlib, json, os, resource, sys, types
sys.path.insert(0, {folder!r})
source = open({child!r}).read().replace('core.media.worker.{{job', '{{job')
exec(compile(source, {child!r}, "exec"), {{"__name__": "__main__", "__file__": {child!r}}})
"""


def told(tmp_path: Path, body: str) -> dict[str, Any]:
    """Run `body` as the work of a child, within all its limits, and give what it returns."""
    (tmp_path / "job_of_the_test.py").write_text("import json, os, resource, sys\n\n\ndef work():\n" + body)
    script = tmp_path / "child.py"
    script.write_text(_WITHIN.format(folder=str(tmp_path), child=str(CHILD)))
    job = json.dumps({"module": "job_of_the_test", "call": "work", "cpu_s": 20, "with": {}})
    return asyncio.run(media.run_child(script, job))


def test_its_limits_stand_before_any_decoder_is_loaded(tmp_path: Path) -> None:
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NOFILE")
    body = f"    loaded = [name for name in ('av', 'PIL', 'numpy') if name in sys.modules]\n    names = {names}\n"
    body += "    limits = {name: resource.getrlimit(getattr(resource, name))[1] for name in names}\n"
    body += "    own = [os.nice(0), os.umask(0), dict(os.environ), os.getcwd(), os.getsid(0), os.getpid()]\n"
    body += "    return [limits, loaded, *own]\n"
    limits, loaded, niceness, umask, environment, folder, session, pid = told(tmp_path, body)["ok"]
    assert limits == {
        "RLIMIT_AS": 1_500_000_000,
        "RLIMIT_CPU": 20,
        "RLIMIT_FSIZE": 250_000_000,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
    }
    assert loaded == []
    assert niceness >= min(19, os.nice(0) + 5)
    assert umask == 0o077
    assert set(environment) <= {"LC_CTYPE"}  # Python's own
    assert "reelbot-media-" in folder
    assert not Path(folder).exists()
    assert session == pid


def test_memory_that_a_file_asks_for_is_refused(tmp_path: Path) -> None:
    answer = told(tmp_path, "    return len(bytearray(2_000_000_000))\n")
    assert answer == {"refused": "unreadable_media", "facts": {"reason": "memory"}}


def test_a_file_that_grows_without_end_is_stopped(tmp_path: Path) -> None:
    body = "    file = open('big', 'wb')\n    file.truncate(300_000_000)\n"
    assert told(tmp_path, body)["refused"] == "disk_full"


def test_time_in_loops_ends_by_itself(tmp_path: Path) -> None:
    body = "    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n    while True:\n        pass\n"
    with pytest.raises(MediaError) as caught:
        told(tmp_path, body)
    assert caught.value.facts["reason"] == "crashed"


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    """A decoder that a file has taken over may start something; with its job, that ends, too."""
    script = tmp_path / "starts.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(other.pid))\n"
        "time.sleep(60)\n"
    )

    async def story() -> None:
        task = asyncio.create_task(media.run_child(script, "{}"))
        async with asyncio.timeout(20):
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    stat = Path("/proc") / (tmp_path / "pid").read_text() / "stat"
    assert (
        not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
    )  # gone, or nobody has read its end


def test_a_child_that_talks_without_end_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "talks.py"
    script.write_text("import sys\nwhile True:\n    sys.stdout.write('x' * 100_000)\n")
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.run_child(script, "{}"))
    assert caught.value.facts["reason"] == "crashed"


def test_the_parent_keeps_its_own_limits(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    told(tmp_path, "    return 1\n")
    assert resource.getrlimit(resource.RLIMIT_AS) == before
