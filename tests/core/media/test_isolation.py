"""The child of one file: bounded before the file is touched, alone, without secrets, and gone with its job; forked by
the server as well as with a Python of its own.
"""

import asyncio
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError
from tests.media_jobs import Jobs, wait_until_gone

WAYS = {"forked": media.fork_child, "cold": media.run_child}


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(tmp_path: Path, way: str, body: str, *, cpu_s: int = 20, confined: bool = True) -> dict[str, Any]:
    """Run `body` as the work of a child, within all its limits, and give what it returns."""
    jobs = Jobs(tmp_path, body, confined=confined)
    return asyncio.run(WAYS[way](jobs.script, jobs.job(cpu_s=cpu_s)))


def test_its_limits_stand_before_any_file_is_touched(tmp_path: Path, way: str) -> None:
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NOFILE")
    body = f"    loaded = [name for name in ('av', 'PIL', 'numpy') if name in sys.modules]\n    names = {names}\n"
    body += "    limits = {name: resource.getrlimit(getattr(resource, name))[1] for name in names}\n"
    body += "    niceness = os.getpriority(os.PRIO_PROCESS, 0)\n"
    body += "    own = [niceness, os.umask(0), dict(os.environ), os.getcwd(), os.getsid(0), os.getpid()]\n"
    body += "    return [limits, loaded, *own]\n"
    limits, loaded, niceness, umask, environment, folder, session, pid = told(tmp_path, way, body)["ok"]
    assert limits == {
        "RLIMIT_AS": 1_500_000_000,
        "RLIMIT_CPU": 20,
        "RLIMIT_FSIZE": 250_000_000,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
    }
    assert loaded == ([] if way == "cold" else ["av", "PIL"])
    assert niceness >= min(19, os.nice(0) + 5)
    assert umask == 0o077
    assert set(environment) <= {"LC_CTYPE"}  # Python's own
    assert "reelbot-media-" in folder
    assert not Path(folder).exists()
    assert session == pid


def test_it_holds_its_answer_and_nothing_else(tmp_path: Path) -> None:
    body = "    held = [f'/proc/self/fd/{fd}' for fd in range(64)]\n"
    body += "    return [os.readlink(each) for each in held if os.path.islink(each)]\n"
    stdin, answer, stderr, *others = told(tmp_path, "forked", body)["ok"]
    assert (stdin, stderr, others) == ("/dev/null", "/dev/null", [])
    assert answer.startswith("socket:")


def test_memory_that_a_file_asks_for_is_refused(tmp_path: Path, way: str) -> None:
    answer = told(tmp_path, way, "    return len(bytearray(2_000_000_000))\n")
    assert answer == {"refused": "unreadable_media", "facts": {"reason": "memory"}}


def test_a_file_that_grows_without_end_is_stopped(tmp_path: Path, way: str) -> None:
    body = "    file = open('big', 'wb')\n    file.truncate(300_000_000)\n"
    assert told(tmp_path, way, body)["refused"] == "disk_full"


def test_time_in_loops_ends_by_itself(tmp_path: Path, way: str) -> None:
    with pytest.raises(MediaError) as caught:
        told(tmp_path, way, "    while True:\n        pass\n", cpu_s=1)
    assert caught.value.facts["reason"] == "crashed"


def test_its_time_is_its_own(tmp_path: Path) -> None:
    """What a server and its children have used counts for no other child."""
    jobs = Jobs(tmp_path, "    end = time.process_time() + 0.7\n    while time.process_time() < end:\n        pass\n")

    async def story() -> list[dict[str, Any]]:
        return [await media.fork_child(jobs.script, jobs.job(cpu_s=1)) for _ in range(2)]

    assert asyncio.run(story()) == [{"ok": None}] * 2


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
    assert wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_child_that_talks_without_end_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "talks.py"
    script.write_text("import sys\nwhile True:\n    sys.stdout.write('x' * 100_000)\n")
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.run_child(script, "{}"))
    assert caught.value.facts["reason"] == "crashed"


def test_a_forked_child_that_talks_without_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        told(tmp_path, "forked", "    while True:\n        os.write(1, b'x' * 100_000)\n")
    assert caught.value.facts["reason"] == "crashed"


def test_what_a_forked_child_started_ends_with_it(tmp_path: Path) -> None:
    body = "    pid = os.fork()\n    if not pid:\n        time.sleep(60)\n    return pid\n"
    pid = told(tmp_path, "forked", body, confined=False)["ok"]
    assert wait_until_gone(pid)


def test_the_parent_keeps_its_own_limits(tmp_path: Path, way: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    told(tmp_path, way, "    return 1\n")
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_files_without_end_are_stopped(tmp_path: Path, way: str) -> None:
    """Each is small enough; all of them would fill the disk."""
    body = "    for number in range(10**6):\n        open(f'f{number}', 'wb').write(b'x')\n    return []\n"
    with pytest.raises(MediaError) as caught:
        told(tmp_path, way, body, cpu_s=60)
    assert caught.value.facts["reason"] == "disk"


@pytest.mark.parametrize(
    "answer",
    [
        "[" * 100_000,
        "[]",
        "7",
        '{"refused": [], "facts": {}}',
        '{"refused": "x"}',
        '{"refused": "x", "facts": {"code": 1}}',
    ],
)
def test_an_answer_that_no_child_of_ours_gives_is_a_crash(tmp_path: Path, answer: str) -> None:
    """A file may speak for the child that it took over."""
    body = f"    os.write(1, {answer!r}.encode() + b'\\n')\n    os._exit(0)\n"
    with pytest.raises(MediaError) as caught:
        told(tmp_path, "forked", body)
    assert caught.value.facts["reason"] == "crashed"
