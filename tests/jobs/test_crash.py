"""kill -9 at the worst moments, then a restart: nothing is bought twice, and every job is delivered or visibly parked.

Real processes: the bot as `reelbot run`, the sandbox and the Telegram fake each on their own. On SQLite; the same
moments on PostgreSQL, with two workers: test_crash_workers.py.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from bot.store.tables import jobs, submits
from tests.fakes.botapi import TOKEN
from tests.films import ARCHIVE
from tests.fresh import fresh_sqlite
from tests.serving import WEB, free_port
from tests.warm import Started, Warm

KEY = "fal-key-of-the-crash-tests"
ADMIN_KEY = "fal-admin-key-of-the-world-0123456789"

RUN, QUICK = ("-m", "bot", "run"), ("-m", "tests.quick_worker")


class World:
    """Three processes and what can be seen of them from outside. On PostgreSQL a dead worker is noticed in seconds."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.program = RUN if database_url.startswith("sqlite") else QUICK
        self.database_url = database_url
        self.fal_port, self.telegram_port, self.port = free_port(), free_port(), free_port()
        self._engine = _outside(database_url)
        self._started: list[Started] = []
        self.bot: Started | None = None
        sandbox = ["-m", "core.sandbox", "--port", str(self.fal_port), "--folder", str(folder / "fal"), "--key", KEY]
        self._start([*sandbox, "--admin-key", ADMIN_KEY, "--fast", "--archive", str(ARCHIVE)])
        fake = ["-m", "tests.fakes.botapi", "--port", str(self.telegram_port), "--state", str(folder / "telegram")]
        self._start(fake)
        self._until_up(f"http://127.0.0.1:{self.fal_port}/sandbox/log")
        self.until(lambda: self.telegram("calls") == [], 20)

    def _start(self, arguments: list[str], **env: str) -> Started:
        root = Path(__file__).parents[2]
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(root), **env}
        log = self.folder / "log.txt"
        process = Warm(arguments, folder=self.folder, env=clean, out=log, err=log)
        self._started.append(process)
        return process

    def start_bot(self, **more: str) -> None:
        """`more`: settings over the usual ones."""
        self.bot = self.launch_bot(**more)
        self._until_up(f"http://127.0.0.1:{self.port}/readyz")

    def launch_bot(self, **more: str) -> Started:
        database = {"REELBOT_DATABASE_URL": self.database_url}
        if self.database_url.startswith("sqlite"):
            database, file = {}, Path(self.database_url.removeprefix("sqlite:///"))
            if not file.exists():
                fresh_sqlite(file)
        return self._start(
            [*self.program],
            FAL_KEY=KEY,
            FAL_QUEUE_URL=f"http://127.0.0.1:{self.fal_port}",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_API_URL=f"http://127.0.0.1:{self.telegram_port}",
            **(
                {"REELBOT_ACCESS": "telegram:42"}
                | {"REELBOT_PORT": str(self.port)}
                | {"REELBOT_OUTPUT_DIR": str(self.folder / "out")}
                | database
                | more
            ),
        )

    def start_second(self, **more: str) -> tuple[Started, int]:
        """Another worker on the same database, with a port of its own."""
        port = free_port()
        process = self.launch_bot(**({"REELBOT_PORT": str(port)} | more))
        self._until_up(f"http://127.0.0.1:{port}/readyz")
        return process, port

    def command(self, *arguments: str, **env: str) -> int:
        """Run a command of the shell beside the bot to its end; the exit code. It writes into the same log."""
        return self._start(["-m", "bot", *arguments], **env).wait(60)

    def kill(self, process: Started, how: int = signal.SIGKILL) -> int:
        process.send_signal(how)
        return process.wait(30)

    def kill_bot(self, how: int = signal.SIGKILL) -> int:
        assert self.bot is not None
        return self.kill(self.bot, how)

    def _until_up(self, url: str) -> None:
        self.until(lambda: WEB.get(url).status_code == 200, 60)

    def until(self, true: Callable[[], Any], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except (httpx.HTTPError, sa.exc.OperationalError, sa.exc.ProgrammingError):
                pass
            time.sleep(0.02)
        raise AssertionError((self.folder / "log.txt").read_text()[-3000:])

    def fal(self, what: str, **body: Any) -> Any:
        url = f"http://127.0.0.1:{self.fal_port}/sandbox/{what}"
        return (WEB.post(url, json=body) if body else WEB.get(url)).json()

    def telegram(self, what: str, **body: Any) -> Any:
        url = f"http://127.0.0.1:{self.telegram_port}/control/{what}"
        return WEB.post(url, json=body).json()

    def submits(self) -> list[str]:
        """The prompts that fal took, each as often as it did."""
        return [request["body"]["prompt"] for request in self.fal("requests")]

    def posts(self) -> int:
        return sum(call["method"] == "POST" for call in self.fal("log"))

    def films(self) -> list[dict[str, Any]]:
        """Native videos that stand in the chat."""
        return [message for message in self.telegram("said", chat=42) if "video" in message]

    def states(self) -> dict[str, str]:
        """Prompt -> state, read from outside as the CLI does."""
        return {row.request["prompt"]: row.state for row in self.read(sa.select(jobs.c.request, jobs.c.state))}

    def claim(self) -> str | None:
        rows = self.read(sa.select(submits.c.state))
        return rows[0].state if rows else None

    def read(self, query: sa.Select[Any] | sa.TextClause) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def write(self, change: sa.Insert | sa.Update | sa.Delete) -> None:
        with self._engine.begin() as connection:
            connection.execute(change)

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody else can write this table (on SQLite: anything)."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.isolation_level = None
                raw.execute("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
            yield
            connection.rollback()

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
        self._engine.dispose()


def _outside(url: str) -> sa.Engine:
    """Connect as a tool beside the program does: a file only while it is read, since it may be put aside."""
    if url.startswith("sqlite"):
        return sa.create_engine(url, poolclass=sa.NullPool)
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), pool_pre_ping=True)


@contextmanager
def world(folder: Path, database_url: str) -> Iterator[World]:
    made = World(folder, database_url)
    try:
        yield made
    finally:
        made.close()


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/out/reelbot.db"


def delivered(made: World) -> bool:
    states = made.states()
    return bool(states) and set(states.values()) == {"delivered"}


def test_killed_while_fal_renders(tmp_path: Path, database_url: str) -> None:
    with world(tmp_path, database_url) as made:
        made.start_bot()
        made.telegram("says", chat=42, text="/video sandbox:slow-4 fox")
        made.until(lambda: made.claim() == "accepted")
        made.kill_bot()
        made.start_bot()
        made.until(lambda: delivered(made))
        assert len(made.submits()) == made.posts() == 1
        assert len(made.films()) == 1


def test_killed_between_the_submit_and_its_record(tmp_path: Path) -> None:
    """fal took it, we never heard: it is not bought again, but found in the list of requests and delivered."""
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.fal("faults", kind="submit_slow", seconds=3.0)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.submits)
        made.kill_bot()
        made.start_bot()
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert len(made.films()) == 1


def test_killed_with_an_answer_that_no_row_could_take(tmp_path: Path, database_url: str) -> None:
    """The database is away when fal answers, and the process dies: the answer stands in its receipt, and is enough."""
    with world(tmp_path, database_url) as made:
        made.fal("faults", kind="submit_slow", seconds=1.0)
        made.fal("faults", kind="list_status", times=1000, status=403)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.submits)
        with made.locked("reelbot_submits"):
            made.until(lambda: any(path.read_text().strip() for path in (tmp_path / "out" / "receipts").iterdir()))
            made.kill_bot()
        assert made.claim() == "sending"
        made.start_bot()
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert len(made.films()) == 1


def test_killed_between_the_submit_and_its_record_without_a_list(tmp_path: Path) -> None:
    """Nobody can tell whether it was bought: it is parked, and its owner is told."""
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.fal("faults", kind="submit_slow", seconds=3.0)
        made.fal("faults", kind="list_status", times=1000, status=403)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.submits)
        made.kill_bot()
        made.start_bot()
        made.until(lambda: made.states() == {"a fox": "submit-unconfirmed"})
        made.until(lambda: len(made.telegram("calls", method="sendMessage")) >= 2)
        assert made.posts() == 1
        assert made.films() == []


def test_killed_while_the_video_is_sent(tmp_path: Path) -> None:
    """It may have arrived: it is sent once more. A duplicate is possible, a loss is not."""
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.telegram("fail", method="sendVideo", kind="slow", delay_s=3.0)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.films)
        made.kill_bot()
        made.start_bot()
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert 1 <= len(made.films()) <= 2


def test_a_plain_stop_loses_nothing_and_ends_with_zero(tmp_path: Path) -> None:
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.fal("faults", kind="submit_slow", seconds=1.5)
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox")
        made.until(made.submits)
        assert made.kill_bot(signal.SIGTERM) == 0
        assert made.claim() == "accepted"  # the paid request was answered and recorded first
        made.start_bot()
        made.until(lambda: delivered(made))
        assert made.posts() == 1
        assert len(made.films()) == 1


def test_killed_at_random_moments(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    (tmp_path / "log.txt").write_text(f"seed {seed}\n")  # shown with the log when it fails
    chance = random.Random(seed)
    prompts = [f"fox number {number}" for number in range(4)]
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.start_bot()
        for prompt in prompts:
            made.telegram("says", chat=42, text=f"/video {prompt}")
        for _ in range(4):
            time.sleep(chance.uniform(0.1, 2.5))
            made.kill_bot()
            made.start_bot()
        made.until(lambda: set(made.states()) == set(prompts))
        made.until(lambda: set(made.states().values()) <= {"delivered", "submit-unconfirmed"}, 90)
        bought = made.submits()
        assert len(bought) == len(set(bought))
        assert len(made.films()) >= sum(state == "delivered" for state in made.states().values())


def test_a_second_bot_on_the_same_database_is_refused(tmp_path: Path) -> None:
    with world(tmp_path, sqlite(tmp_path)) as made:
        made.start_bot()
        first, made.port = made.bot, free_port()
        second = made.launch_bot()
        assert second.wait(20) == 1
        assert "already serves" in (tmp_path / "log.txt").read_text()
        assert first is not None
        assert first.poll() is None
