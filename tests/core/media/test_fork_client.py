"""The fork server: whatever becomes of it, the next file is served; it holds no secret and leaves nothing behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError
from core.media.fork_client import ForkClient, ServerLost, Spare
from tests.corpus import clip
from tests.media_jobs import Jobs, is_gone

WHO = "    return [os.getppid(), os.getpid()]\n"
SLEEP = "    open(given['at'], 'w').write(f'{os.getppid()} {os.getpid()}')\n    time.sleep(60)\n"
ONCE = "    if os.path.exists(given['at']):\n        return os.getppid()\n" + SLEEP
OPEN = "    return [os.readlink(f'/proc/{os.getppid()}/fd/{fd}') for fd in os.listdir(f'/proc/{os.getppid()}/fd')]\n"


async def until(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := true()):
            await asyncio.sleep(0.01)
    return found


async def begun(at: Path) -> tuple[int, int]:
    """Server and child of a job that says that it has begun."""
    words = await until(lambda: at.exists() and at.read_text().split())
    return int(words[0]), int(words[1])


class Bench:
    """A server, and jobs for it."""

    def __init__(self, folder: Path, *bodies: str, **options: Any) -> None:
        self.folder = folder
        self.jobs = Jobs(folder, *bodies, confined=False)  # they tell of themselves and of the server by what is shut
        self.server = ForkClient(self.jobs.script, **options)

    async def run(self, number: int = 0, **given: Any) -> Any:
        answer = await self.server.run(self.jobs.job(number, **given), str(self.folder), most_bytes=1_000_000)
        return json.loads(answer)["ok"] if answer else None


def play(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story()

    asyncio.run(bounded())


def test_one_server_forks_each_child(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WHO)

    async def story() -> None:
        seen = [await bench.run() for _ in range(3)] + await asyncio.gather(*(bench.run() for _ in range(3)))
        assert len({server for server, _ in seen}) == 1
        assert len({child for _, child in seen}) == 6
        assert all(is_gone(child) for _, child in seen)

    play(story)


def test_the_server_has_no_secret_no_file_no_thread_and_no_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", "a-secret-of-the-bot")
    own = "    server = f'/proc/{os.getppid()}'\n    status = open(f'{server}/status').read()\n"
    own += "    return [open(f'{server}/environ').read(), status, sorted(sys.modules)]\n"
    bench = Bench(tmp_path, own, OPEN)

    async def story() -> None:
        environment, status, modules = await bench.run()
        assert environment == ""
        assert "Threads:\t1\n" in status
        assert {"av", "PIL.Image"} <= set(modules)
        assert not {"numpy", "httpx", "asyncio", "core.config"} & set(modules)
        kinds = {each.partition(":")[0] for each in await bench.run(1)}
        assert kinds == {"/dev/null", "socket"}

    play(story)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_the_next_file_is_served_when_an_idle_server_dies_or_hangs(tmp_path: Path, how: signal.Signals) -> None:
    bench = Bench(tmp_path, WHO, patience_s=0.3)

    async def story() -> None:
        first, _ = await bench.run()
        os.kill(first, how)
        if how is signal.SIGSTOP:
            with pytest.raises(ServerLost):
                await bench.run()
        await until(lambda: is_gone(first))
        second, _ = await bench.run()
        assert second != first

    play(story)


@pytest.mark.parametrize("leash", ["prctl", "pipe"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_ends_with_its_server_and_the_next_file_is_served(
    tmp_path: Path, how: signal.Signals, leash: str
) -> None:
    bench = Bench(tmp_path, WHO, SLEEP, leash=leash, patience_s=0.3)

    async def story() -> None:
        task = asyncio.create_task(bench.run(1, at=str(tmp_path / "at")))
        server, child = await begun(tmp_path / "at")
        os.kill(server, how)
        with pytest.raises(ServerLost):
            await task
        await until(lambda: is_gone(server) and is_gone(child))
        assert (await bench.run())[0] != server

    play(story)


@pytest.mark.parametrize("sleep_s", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_a_server_that_dies_at_any_moment_costs_no_answer(tmp_path: Path, sleep_s: float) -> None:
    jobs = Jobs(tmp_path, WHO, confined=False)

    async def story() -> None:
        tasks = [asyncio.create_task(media.fork_child(jobs.script, jobs.job())) for _ in range(4)]
        await asyncio.sleep(sleep_s)
        for pid in helpers():
            os.kill(pid, signal.SIGKILL)
        for task in tasks:
            assert "ok" in await task

    play(story)


def helpers() -> list[int]:
    """Fork servers of this process."""
    pids = [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]
    return [int(pid) for pid in pids if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_file_at_work_gets_one_more_look_by_itself_when_the_server_dies(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, ONCE, confined=False)

    async def story() -> None:
        task = asyncio.create_task(media.fork_child(jobs.script, jobs.job(at=str(tmp_path / "at"))))
        server, _ = await begun(tmp_path / "at")
        os.kill(server, signal.SIGKILL)
        assert await task == {"ok": os.getpid()}  # a child of ours, with a Python of its own

    play(story)


def test_a_file_that_kills_the_server_hits_nobody_else(tmp_path: Path) -> None:
    """Neither has an answer when the server dies, and nobody can tell whose file did it."""
    hostile = "    if b'serve' in open(f'/proc/{os.getppid()}/cmdline', 'rb').read():\n"
    hostile += "        os.kill(os.getppid(), signal.SIGKILL)\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
    jobs = Jobs(tmp_path, ONCE, hostile, confined=False)

    async def story() -> None:
        other = asyncio.create_task(media.fork_child(jobs.script, jobs.job(at=str(tmp_path / "at"))))
        await begun(tmp_path / "at")
        with pytest.raises(MediaError) as caught:
            await media.fork_child(jobs.script, jobs.job(1))
        assert caught.value.facts["reason"] == "crashed"
        assert await other == {"ok": os.getpid()}

    play(story)


def test_a_child_that_crashes_touches_no_other(tmp_path: Path) -> None:
    wait = "    while not os.path.exists(given['go']):\n        time.sleep(0.01)\n    return os.getppid()\n"
    bench = Bench(tmp_path, wait, "    os.kill(os.getpid(), signal.SIGSEGV)\n", WHO)

    async def story() -> None:
        go = tmp_path / "go"
        other = asyncio.create_task(bench.run(0, go=str(go)))
        server, _ = await bench.run(2)
        assert await bench.run(1) is None
        assert not other.done()
        go.touch()
        assert await other == server
        assert (await bench.run(2))[0] != server  # whose children all have the addresses that a file may know now

    play(story)


def test_who_is_cancelled_takes_the_child_along_and_leaves_the_server(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WHO, SLEEP)

    async def story() -> None:
        task = asyncio.create_task(bench.run(1, at=str(tmp_path / "at")))
        server, child = await begun(tmp_path / "at")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert is_gone(child)
        assert (await bench.run())[0] == server

    play(story)


def test_a_job_that_is_cancelled_at_once_leaves_the_server(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WHO)

    async def story() -> None:
        server, _ = await bench.run()
        for turns in range(6):
            task = asyncio.create_task(bench.run())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert (await bench.run())[0] == server

    play(story)


def test_a_server_without_work_ends_and_another_comes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WHO, idle_s=0.05)

    async def story() -> None:
        first, _ = await bench.run()
        await until(lambda: is_gone(first))
        assert (await bench.run())[0] != first

    play(story)


def test_a_server_at_work_is_not_idle(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "    time.sleep(0.5)\n" + WHO, idle_s=0.05)

    async def story() -> None:
        assert (await bench.run())[1]

    play(story)


def test_the_server_ends_with_the_loop(tmp_path: Path) -> None:
    seen = []
    bench = Bench(tmp_path, WHO)

    async def story() -> None:
        seen.append((await bench.run())[0])
        assert not is_gone(seen[0])

    play(story)
    assert is_gone(seen[0])


def test_a_server_at_rest_waits_for_the_next_loop_and_one_at_work_does_not(tmp_path: Path) -> None:
    spare = Spare()
    seen = []

    async def story() -> None:
        seen.append((await Bench(tmp_path, WHO, spare=spare).run())[0])

    async def broken_off() -> None:
        at = tmp_path / "begun"
        bench = Bench(tmp_path, SLEEP, spare=spare)
        work = asyncio.create_task(bench.run(at=str(at)))
        seen.append((await begun(at))[0])
        assert not work.done()

    for each in (story, story, broken_off, story):
        play(each)
    first, second, third, fourth = seen
    assert first == second == third != fourth
    assert is_gone(first)
    spare.end()
    assert is_gone(fourth)


_BOT = """
import asyncio, sys
from pathlib import Path
from core import media
asyncio.run(media.fork_child(Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_server_and_child_die_with_the_bot(tmp_path: Path, how: signal.Signals) -> None:
    jobs = Jobs(tmp_path, SLEEP, confined=False)
    at = tmp_path / "at"

    async def story() -> None:
        given = [str(jobs.script), jobs.job(at=str(at))]
        own = {**os.environ, "TMPDIR": str(tmp_path)}  # nobody is left to remove the child's folder
        bot = await asyncio.create_subprocess_exec(sys.executable, "-c", _BOT, *given, env=own)
        server, child = await begun(at)
        assert not is_gone(server)
        bot.send_signal(how)
        await bot.wait()
        await until(lambda: is_gone(server) and is_gone(child), 1.0)

    play(story)


_SPEAKS = "import socket, sys\nif sys.argv[1] == 'serve':\n    {does}\nelse:\n    print('{{\"ok\": 1}}')\n"


@pytest.mark.parametrize(
    "does",
    [
        "pass",
        "raise SystemExit(3)",
        "socket.socket(fileno=0).sendall(b'hello\\n')",
        "socket.socket(fileno=0).sendall(b'{\"ended\": 77}\\n')",
        "socket.socket(fileno=0).sendall(b'[1]\\n' * 9)",
        "socket.socket(fileno=0).sendall(b'x' * 100_000)",
    ],
)
def test_where_no_server_is_to_be_had_a_child_of_its_own_answers(tmp_path: Path, does: str) -> None:
    script = tmp_path / "speaks.py"
    script.write_text(_SPEAKS.format(does=does))
    assert asyncio.run(media.fork_child(script, "{}")) == {"ok": 1}


_ONE_FILE = """
import asyncio, os, sys
from pathlib import Path
if sys.argv[2] == "cold":
    del os.fork
from core import media

async def story():
    await media.probe(Path(sys.argv[1]))
    return "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))

print("served" if asyncio.run(story()) else "cold")
"""


@pytest.mark.parametrize("how", ["served", "cold"])
def test_where_nothing_can_be_forked_each_file_has_a_python_of_its_own(tmp_path: Path, how: str) -> None:
    """`run_child` is what answers then: see test_isolation for all that it keeps."""
    film = clip(tmp_path / "film.mp4", seconds=0.2)
    given = [sys.executable, "-c", _ONE_FILE, str(film), how]
    assert subprocess.run(given, capture_output=True, text=True, check=True).stdout.strip() == how


def test_a_late_child_is_ended(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, SLEEP, WHO, confined=False)

    async def story() -> None:
        server, _ = (await media.fork_child(jobs.script, jobs.job(1)))["ok"]
        with pytest.raises(MediaError) as caught:
            await media.fork_child(jobs.script, jobs.job(at=str(tmp_path / "at")), wall_s=0.3)
        assert caught.value.facts["reason"] == "timeout"
        assert not is_gone(server)
        assert children(server) == ""

    play(story)


def test_a_hundred_files_leave_nothing_behind(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WHO, OPEN)

    async def story() -> None:
        await bench.run()
        ours, servers = descriptors(), len(await bench.run(1))
        server = 0
        for _ in range(25):
            seen = await asyncio.gather(*(bench.run() for _ in range(4)))
            server = seen[0][0]
        assert descriptors() == ours
        assert len(await bench.run(1)) == servers
        assert children(server) == ""

    play(story)


def test_files_leave_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    jobs = Jobs(
        tmp_path,
        "    open('left', 'w').write('x')\n    return os.getcwd()\n",
        "    os.kill(os.getpid(), 11)\n",
        SLEEP,
        confined=False,
    )

    async def story() -> None:
        seen = await asyncio.gather(*(media.fork_child(jobs.script, jobs.job()) for _ in range(10)))
        assert len({each["ok"] for each in seen}) == 10
        assert all(each["ok"].startswith(str(tmp_path / "temporary")) for each in seen)
        with pytest.raises(MediaError):
            await media.fork_child(jobs.script, jobs.job(1))
        task = asyncio.create_task(media.fork_child(jobs.script, jobs.job(2, at=str(tmp_path / "at"))))
        await begun(tmp_path / "at")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    play(story)
    assert list((tmp_path / "temporary").iterdir()) == []


def children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
