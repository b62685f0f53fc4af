"""Hostile code inside the real child finds each door shut; the same code, where nothing shuts it, finds it open.

The second half is what makes the first worth something: an attempt that fails for another reason fails its test.
"""

import asyncio
import ctypes
import os
import platform
import socket
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core import media
from core.errors import MediaError
from core.media.confinement import DOORS
from core.media.worker import syscalls
from tests.corpus import clip
from tests.media_jobs import Jobs

WAYS = {"forked": media.fork_child, "cold": media.run_child}


_BODY = """    import ctypes, errno, subprocess
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    try:
{attempt}
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'done'
"""


def landlock_version() -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(444, None, ctypes.c_size_t(0), 1))


def filters() -> bool:
    return Path("/proc/sys/kernel/seccomp/actions_avail").exists() and platform.machine() in {"x86_64", "aarch64"}


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: only Linux has Landlock and seccomp")
NEEDS_FILTER = pytest.mark.skipif(not filters(), reason="NOT TESTED: no seccomp filter on this system")
NEEDS_LANDLOCK = pytest.mark.skipif(landlock_version() < 1, reason="NOT TESTED: this kernel has no Landlock")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root could do it without confinement")


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def outcomes(folder: Path, way: str, attempts: dict[str, str], *, confined: bool, **given: Any) -> dict[str, str]:
    """What came of each attempt, a body that returns if it succeeds: `done`, or the name of the error's number.

    Each has a child of its own, and files of its own near it.
    """
    folder.mkdir()
    jobs = Jobs(
        folder, *(_BODY.format(attempt=textwrap.indent(each, "    ")) for each in attempts.values()), confined=confined
    )

    async def one(number: int) -> str:
        near = folder / f"near{number}"
        near.mkdir()
        for name in (".env", "reelbot.db", "other.mp4", "own.mp4"):
            (near / name).write_bytes(b"SECRET=1")
        files = {"near": str(near), "path": str(near / "own.mp4")} | given
        return str((await WAYS[way](jobs.script, jobs.job(number, **files)))["ok"])

    async def story() -> dict[str, str]:
        return {name: await one(number) for number, name in enumerate(attempts)}

    return asyncio.run(story())


def outcome(tmp_path: Path, way: str, attempt: str, **given: Any) -> str:
    """What came of an attempt in a child that is confined."""
    return outcomes(tmp_path / "jobs", way, {"": attempt}, confined=True, **given)[""]


def assert_shut(tmp_path: Path, way: str, attempts: dict[str, str], **given: Any) -> None:
    """Each attempt is refused, and each succeeds where nothing confines the child."""
    confined = outcomes(tmp_path / "confined", way, attempts, confined=True, **given)
    assert {name: came for name, came in confined.items() if came not in {"EPERM", "EACCES"}} == {}
    free = outcomes(tmp_path / "free", way, attempts, confined=False, **given)
    assert {name: came for name, came in free.items() if came != "done"} == {}


def call(number: str, *arguments: str) -> str:
    """A system call as a body."""
    given = ", ".join(f"ctypes.c_long({each})" for each in arguments)
    failed = f"if libc.syscall({number}, {given}) < 0:\n"
    return f"    {failed}        raise OSError(ctypes.get_errno(), '')"


def lines(*each: str) -> str:
    return "\n".join(f"    {line}" for line in each)


FILES = {
    "environment of the parent": lines("open(f'/proc/{parent}/environ', 'rb').read()"),
    "memory of the parent": lines("open(f'/proc/{parent}/mem', 'rb')"),
    "what the parent runs": lines("open(f'/proc/{parent}/cmdline', 'rb').read()"),
    "what the parent holds": lines("os.listdir(f'/proc/{parent}/fd')"),
    "settings": lines("open(given['near'] + '/.env', 'rb').read()"),
    "database": lines("open(given['near'] + '/reelbot.db', 'r+b').read()"),
    "another job's file": lines("open(given['near'] + '/other.mp4', 'rb').read()"),
    "another job's target": lines("open(given['near'] + '/other.mp4', 'ab').write(b'x')"),
    "a file beside": lines("open(given['near'] + '/new', 'wb').write(b'x')"),
    "a folder's names": lines("os.listdir(given['near'])"),
    "passwords of the system": lines("open('/etc/passwd').read()"),
    "the system's folder": lines(
        "open('/tmp/reelbot-test-written', 'wb').close()", "os.unlink('/tmp/reelbot-test-written')"
    ),
    "its source, written": lines("open(given['path'], 'r+b').write(b'x')"),
    "cut off": lines("os.truncate(given['near'] + '/other.mp4', 0)"),
    "through its own descriptors": lines(
        "at = os.open(given['near'] + '/.env', os.O_PATH)", "open(f'/proc/self/fd/{at}', 'rb').read()"
    ),
    "through a link": lines("os.symlink(given['near'] + '/.env', 'link')", "open('link').read()"),
    "through a hard link": lines("os.link(given['near'] + '/.env', 'hard')", "open('hard').read()"),
    "moved here": lines("os.rename(given['near'] + '/.env', 'here')", "open('here').read()"),
    "removed": lines("os.unlink(given['near'] + '/other.mp4')"),
    "a pipe with a name": lines("os.mkfifo('fifo')"),
    "rights of a file": lines("os.chmod(given['near'] + '/.env', 0o666)"),
}


@NEEDS_LANDLOCK
@NEEDS_FILTER
def test_it_sees_no_file_but_its_own(tmp_path: Path, way: str) -> None:
    assert_shut(tmp_path, way, FILES)


def test_it_reads_its_source_and_writes_its_target(tmp_path: Path, way: str) -> None:
    body = lines("assert open(given['path']).read() == 'film'", "open(given['into'], 'wb').write(b'made')")
    (tmp_path / "film").write_text("film")
    into = tmp_path / "into"
    assert outcome(tmp_path, way, body, path=str(tmp_path / "film"), into=str(into)) == "done"
    assert into.read_bytes() == b"made"
    assert into.stat().st_mode & 0o777 == 0o600


CALLS = {
    "TCP": lines("socket.socket(socket.AF_INET, socket.SOCK_STREAM)"),
    "UDP": lines("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
    "TCP by IPv6": lines("socket.socket(socket.AF_INET6, socket.SOCK_STREAM)"),
    "UNIX": lines("socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)"),
    "a pair of sockets": lines("socket.socketpair()"),
    "netlink": lines("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    "a connection": lines("socket.create_connection(('127.0.0.1', given['port']))"),
    "an abstract socket": lines("socket.socket(socket.AF_UNIX).connect('\\0' + given['abstract'])"),
    "fork": lines("pid = os.fork()", "if not pid:", "    os._exit(0)", "os.waitpid(pid, 0)"),
    "subprocess": lines("subprocess.run(['/bin/true'])"),
    "posix_spawn": lines("os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"),
    "signal to the parent": lines("os.kill(parent, 0)"),
    "signal to all": lines("os.kill(-1, 0)"),
    "signal to the first process": lines("os.killpg(os.getpgid(parent), 0)"),
    "a signal by number": lines("libc.tkill(parent, 0) if hasattr(libc, 'tkill') else None")
    + "\n"
    + call("200 if os.uname().machine == 'x86_64' else 130", "parent", "0"),
    "a handle of the parent": call("434", "parent", "0"),
    "a memory file": lines("os.memfd_create('x')"),
    "its priority": lines("os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + 1)"),
    "its limits": lines(
        "soft = (ctypes.c_ulong * 2)(*resource.getrlimit(resource.RLIMIT_NOFILE))",
        "if libc.setrlimit(resource.RLIMIT_NOFILE, soft) < 0:",
        "    raise OSError(ctypes.get_errno(), '')",
    ),
    "io_uring": call("425", "1", "ctypes.addressof(ctypes.create_string_buffer(256))"),
    "to be traced": lines("if libc.ptrace(0, 0, None, None) < 0:", "    raise OSError(ctypes.get_errno(), '')"),
    "to be dumped": lines("if libc.prctl(4, 1, 0, 0, 0) < 0:", "    raise OSError(ctypes.get_errno(), '')"),
    "to outlive the server": lines("if libc.prctl(1, 0, 0, 0, 0) < 0:", "    raise OSError(ctypes.get_errno(), '')"),
    "inherited descriptors' words": lines("socket.socket(fileno=os.dup(1)).send(b'')"),
}
BY_ROOT = {
    "attach to the parent": lines(
        "if libc.ptrace(0x4206, parent, None, None) < 0:",
        "    raise OSError(ctypes.get_errno(), '')",
        "libc.ptrace(17, parent, None, None)",
    ),
    "read the parent's memory": lines(
        "own = ctypes.create_string_buffer(8)",
        "at = int(open('/proc/self/maps').readline().split('-')[0], 16) if os.path.exists('/none') else id(os)",
        "vec = (ctypes.c_void_p * 2)(ctypes.addressof(own), 8)",
        "there = (ctypes.c_void_p * 2)(at, 8)",
        "if libc.process_vm_readv(parent, vec, 1, there, 1, 0) < 0 and ctypes.get_errno() != 14:",
        "    raise OSError(ctypes.get_errno(), '')",
    ),
    "a device": lines("os.mknod('device', 0o20600, os.makedev(1, 3))"),
    "namespaces": lines("if libc.unshare(0x04000000) < 0:", "    raise OSError(ctypes.get_errno(), '')"),
    "a mount": lines(
        "os.mkdir('m')",
        "if libc.unshare(0x00020000) < 0 or libc.mount(b'none', b'm', b'tmpfs', 0, None) < 0:",
        "    raise OSError(ctypes.get_errno(), '')",
    ),
    "another root": lines("os.chroot('/')"),
    "another user": lines("os.setgroups([])"),
}


@contextmanager
def listening(abstract: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind("\0" + abstract)
        other.listen()
        yield server.getsockname()[1]


@NEEDS_FILTER
def test_it_reaches_nobody_and_begins_nothing(tmp_path: Path, way: str) -> None:
    abstract = f"reelbot-{os.getpid()}"
    with listening(abstract) as port:
        assert_shut(tmp_path, way, CALLS, port=port, abstract=abstract)


@ROOT
@NEEDS_FILTER
def test_root_is_no_more_inside(tmp_path: Path, way: str) -> None:
    assert_shut(tmp_path, way, BY_ROOT)


@NEEDS_FILTER
@pytest.mark.parametrize("how", ["os.execv('/bin/true', ['true'])", "os.execve(os.open('/bin/true', 0), ['true'], {})"])
def test_it_becomes_no_other_program(tmp_path: Path, way: str, how: str) -> None:
    """A child that became another would say nothing: its error is what shows that it did not."""
    assert outcome(tmp_path, way, lines(how)) in {"EPERM", "EACCES"}
    jobs = Jobs(tmp_path, f"    {how}\n", confined=False)
    with pytest.raises(MediaError, match="unreadable_media"):
        asyncio.run(WAYS[way](jobs.script, jobs.job()))


@NEEDS_FILTER
def test_calls_of_another_kind_of_processor_are_refused(tmp_path: Path, way: str) -> None:
    """x32 has numbers of its own for what x86-64 has: 0x40000000 and more."""
    if platform.machine() != "x86_64":
        pytest.skip("NOT TESTED: x32 is of x86-64")
    assert outcome(tmp_path, way, call("0x40000029", "2", "1", "0")) == "EPERM"


@NEEDS_FILTER
def test_threads_are_made_as_ever(tmp_path: Path, way: str) -> None:
    body = lines(
        "import threading",
        "seen = []",
        "each = threading.Thread(target=lambda: seen.append(open('/etc/passwd') if given.get('peek') else 1))",
        "each.start()",
        "each.join()",
        "assert seen == [1]",
    )
    assert outcome(tmp_path, way, body) == "done"


def test_nothing_of_the_bot_is_open_in_it(tmp_path: Path, way: str) -> None:
    """Neither the database's descriptors nor sockets nor settings: its input, its answer and its complaints."""
    body = "    held = [f'/proc/self/fd/{fd}' for fd in range(64)]\n"
    body += "    found = [os.readlink(each) for each in held if os.path.islink(each)]\n"
    body += "    return [found, dict(os.environ)]\n"
    jobs = Jobs(tmp_path, body)
    with listening(f"reelbot-open-{os.getpid()}"), (tmp_path / "db").open("wb"):
        found, environment = asyncio.run(WAYS[way](jobs.script, jobs.job()))["ok"]
    assert [each.partition(":")[0] for each in found] == ["/dev/null", "socket", "/dev/null"]
    assert set(environment) <= {"LC_CTYPE"}


@pytest.mark.parametrize("runner", WAYS.values(), ids=WAYS)
@NEEDS_LANDLOCK
@NEEDS_FILTER
def test_a_child_says_itself_that_every_door_is_shut(runner: media.client.Runner) -> None:
    with media.with_runner(runner):
        doors = asyncio.run(media.confinement())
    assert [(door.name, door.shut, door.reason) for door in doors] == [(name, True, "") for name in DOORS]


def test_a_child_says_which_doors_are_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs(tmp_path, "    pass\n", confined=False)

    async def unconfined(_script: Path, job: str, **limits: Any) -> dict[str, Any]:
        return await media.run_child(jobs.script, job, **limits)

    async def story() -> None:
        with media.with_runner(unconfined):
            shut = {door.name for door in await media.confinement() if door.shut}
            assert shut <= {"limits", "parent", "signals"}  # without confinement, by the user's rights alone
            await media.warn_of_open_doors()

    asyncio.run(story())
    (record,) = caplog.records
    assert "network: opens sockets" in record.getMessage()
    assert "programs: runs programs" in record.getMessage()


def test_where_no_child_answers_no_door_counts_as_shut() -> None:
    async def none(*_args: Any, **_limits: Any) -> dict[str, Any]:
        return {"refused": "unreadable_media", "facts": {"reason": "crashed"}}

    with media.with_runner(none):
        assert not any(door.shut for door in asyncio.run(media.confinement()))


def test_a_film_is_looked_at_where_no_door_can_be_shut(tmp_path: Path) -> None:
    """A kernel without either goes on: Landlock and filters that cannot be had are no error."""
    film = clip(tmp_path / "film.mp4", seconds=0.2)
    jobs = Jobs(tmp_path, "    from core.media.worker import probe\n    return probe.probe(given['path'])\n")
    old = "import ctypes\nreal = ctypes.CDLL\n"
    old += "class Old:\n    def __init__(self, *_a, **_k): pass\n    def prctl(self, *_a): return 0\n"
    old += "    def syscall(self, *_a):\n        ctypes.set_errno(38)\n        return -1\n"
    old += "ctypes.CDLL = Old\n"
    jobs.script.write_text(old + jobs.script.read_text())
    assert asyncio.run(media.run_child(jobs.script, jobs.job(path=str(film))))["ok"]["width"] > 0


def test_the_numbers_of_both_processors_are_no_call_twice() -> None:
    """A number that is written for two calls is a mistake in one of them."""
    for column in (0, 1):
        numbers = [each[column] for table in syscalls.CALLS.values() for each in table.values() if each[column] >= 0]
        assert len(numbers) == len(set(numbers))
