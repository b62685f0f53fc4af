"""The real processes of a measurement, each on its own: `reelbot run`, the sandbox as fal, the Telegram fake."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from tests.fakes.botapi import TOKEN
from tests.serving import free_port

KEY = "fal-key-of-the-benchmarks"
TOP = Path(__file__).parents[2]
_TICK = os.sysconf("SC_CLK_TCK")
_UP_S = 60.0
_RICH = {  # nobody shall meet a cap or a question here
    "REELBOT_ACCESS": "open",
    "REELBOT_DAILY_USD": "1000000",
    "REELBOT_USER_DAILY_USD": "1000000",
    "REELBOT_CONFIRM_USD": "1000",
}


class Stage:
    """`sandbox`, `telegram`: more options of `python -m core.sandbox`, of the Telegram fake.

    `database_url`: empty for SQLite in the folder.
    """

    def __init__(
        self, folder: Path, *, sandbox: tuple[str, ...] = (), telegram: tuple[str, ...] = (), database_url: str = ""
    ) -> None:
        self.folder = folder
        self.log_file = folder / "log.txt"
        self.fal_port, self.telegram_port, self.port = free_port(), free_port(), free_port()
        self.database_url = database_url or f"sqlite:///{folder}/out/reelbot.db"
        self.bot: subprocess.Popen[bytes] | None = None
        self._started: list[subprocess.Popen[bytes]] = []
        self._http = httpx.Client(trust_env=False, timeout=60, verify=False)
        self.fal_url = f"{'https' if '--certificate' in sandbox else 'http'}://127.0.0.1:{self.fal_port}"
        place = ("--port", str(self.fal_port), "--folder", str(folder / "fal"), "--key", KEY)
        self.start("-m", "core.sandbox", *place, *sandbox)
        chat = ("--port", str(self.telegram_port), "--state", str(folder / "telegram"))
        self.start("-m", "tests.fakes.botapi", *chat, *telegram)
        self.until(lambda: self.fal("log") == [])
        self.until(lambda: self.telegram("calls") == [])

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """A Python process with a bare environment."""
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(TOP), **env}
        with self.log_file.open("ab") as log:
            process = subprocess.Popen([sys.executable, *arguments], cwd=self.folder, env=clean, stdout=log, stderr=log)
        self._started.append(process)
        return process

    def launch_bot(self, program: str = "bot", **env: str) -> None:
        """`env`: settings over those of the stage. Does not wait until it is ready."""
        given = _RICH | {"REELBOT_PORT": str(self.port), "REELBOT_OUTPUT_DIR": str(self.folder / "out")}
        given |= {"FAL_KEY": KEY, "FAL_QUEUE_URL": self.fal_url, "TELEGRAM_BOT_TOKEN": TOKEN}
        given["TELEGRAM_API_URL"] = f"http://127.0.0.1:{self.telegram_port}"
        if not self.database_url.startswith("sqlite"):
            given["REELBOT_DATABASE_URL"] = self.database_url
        self.bot = self.start("-m", program, "run", **(given | env))

    def start_bot(self, program: str = "bot", **env: str) -> int:
        """Launch it and wait until it is ready. Gives the process id."""
        self.launch_bot(program, **env)
        self.until(lambda: self._http.get(f"http://127.0.0.1:{self.port}/readyz").status_code == httpx.codes.OK)
        assert self.bot is not None
        return self.bot.pid

    def end_bot(self, how: int = signal.SIGTERM) -> int:
        assert self.bot is not None
        self.bot.send_signal(how)
        return self.bot.wait(60)

    def until(self, true: Callable[[], Any], seconds: float = _UP_S) -> None:
        """Wait for it; a service that is not there yet counts as not true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except (httpx.HTTPError, sa.exc.OperationalError, sa.exc.ProgrammingError):
                pass
            time.sleep(0.05)
        raise TimeoutError(self.tail())

    def fal(self, what: str, **body: Any) -> Any:
        url = f"{self.fal_url}/sandbox/{what}"
        return (self._http.post(url, json=body) if body else self._http.get(url)).json()

    def telegram(self, what: str, **body: Any) -> Any:
        return self._http.post(f"http://127.0.0.1:{self.telegram_port}/control/{what}", json=body).json()

    def read(self, query: sa.Select[Any]) -> list[Any]:
        """Rows as the database has them now."""
        engine = sa.create_engine(self.database_url.replace("postgresql:", "postgresql+psycopg:"))
        try:
            with engine.connect() as connection:
                return list(connection.execute(query))
        finally:
            engine.dispose()

    def write(self, statement: sa.Insert, rows: list[dict[str, Any]]) -> None:
        """Add rows, while no bot runs."""
        engine = sa.create_engine(self.database_url.replace("postgresql:", "postgresql+psycopg:"))
        try:
            with engine.begin() as connection:
                connection.execute(statement, rows)
        finally:
            engine.dispose()

    def tail(self, chars: int = 3000) -> str:
        return self.log_file.read_text(errors="replace")[-chars:]

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
        self._http.close()


def cpu_s(pid: int) -> tuple[float, float]:
    """Processor time of a living process: its own, and of its children, those that live and those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, ended = (sum(map(int, fields[first : first + 2])) / _TICK for first in (11, 13))
    return own, ended + sum(map(_family_s, _children(pid)))


def _family_s(pid: int) -> float:
    try:
        return sum(cpu_s(pid))
    except (FileNotFoundError, ProcessLookupError):  # ended just now: its parent has its time
        return 0.0


def _children(pid: int) -> list[int]:
    lists = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for words in lists for child in words.split()]


def memory_kb(pid: int) -> int:
    """What the process alone holds in memory: shared pages do not count."""
    kept = ("Private_Clean:", "Private_Dirty:")
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(kept))


def tree_kb(pid: int) -> int:
    """What the process and all its children hold in memory."""
    return memory_kb(pid) + sum(map(tree_kb, _children(pid)))
