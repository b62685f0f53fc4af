"""The operator's shell beside the bot: real `reelbot` commands in the world of test_crash.py, on its database."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.tables import jobs, ledger
from tests.fakes.botapi import TOKEN
from tests.jobs.test_crash import ADMIN_KEY, KEY, World, sqlite
from tests.warm import Warm

_SECRETS = (KEY, ADMIN_KEY, TOKEN, "/files/b/", "fal.media", "Traceback")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said. None ever says a secret or an address of fal, or shows a traceback."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        for secret in _SECRETS:
            assert secret not in self.out + self.err, self.err


class Command:
    """A command that runs. `end` waits for it, `kill` ends it at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._heard = ""

    def hear(self, words: str) -> None:
        """Wait until it says this on stderr, as the last for the moment."""
        assert self._process.stderr is not None
        while words not in self._heard:
            line = self._process.stderr.readline()
            assert line, self._heard
            self._heard += line

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def interrupt(self) -> None:
        """Ctrl+C."""
        self._process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> Said:
        out, err = self._process.communicate(timeout=seconds)
        return Said(self._process.returncode, out, self._heard + err)


class Desk(World):
    """The world, and a shell in its folder, whose `.env` leads the bot and the commands to the same places."""

    _before = (0, 0)

    def fresh(self) -> None:
        """For the next test: no bot, no database, nothing bought yet. fal and Telegram stay."""
        if self.bot is not None:
            self.kill_bot()
        if (self.folder / "out").exists():
            (self.folder / "out").rename(tempfile.mkdtemp(dir=self.folder))
        self._before = len(super().submits()), super().posts()
        self.settle()

    def submits(self) -> list[str]:
        return super().submits()[self._before[0] :]

    def posts(self) -> int:
        return super().posts() - self._before[1]

    def settle(self, **more: str) -> None:
        """Its `.env`."""
        settings = {
            "FAL_KEY": KEY,
            "FAL_QUEUE_URL": f"http://127.0.0.1:{self.fal_port}",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": f"http://127.0.0.1:{self.telegram_port}",
            "REELBOT_PORT": str(self.port),
            "REELBOT_OUTPUT_DIR": str(self.folder / "out"),
        }
        lines = [f"{name}={value}" for name, value in (settings | more).items()]
        (self.folder / ".env").write_text("\n".join(lines))

    @property
    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(Path(__file__).parents[2])}

    def begin(self, *arguments: str, folder: Path | None = None, **env: str) -> Command:
        """A command to interrupt or kill. `folder`: another place, without our `.env`."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments],
            cwd=folder or self.folder,
            env=self._env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)  # ended with the others
        return Command(process)

    def run(self, *arguments: str, **env: str) -> Said:
        """A command to its end."""
        return reelbot(*arguments, folder=self.folder, env=self._env | env)

    def job(self, prompt: str) -> Any:
        """The row of the only job with this prompt; None while there is none."""
        found = [row for row in self.read(sa.select(jobs)) if row.request["prompt"] == prompt]
        assert len(found) <= 1
        return found[0] if found else None

    def state(self, prompt: str) -> str | None:
        row = self.job(prompt)
        return row.state if row else None

    def money(self, job_id: str) -> list[tuple[str, int, int]]:
        """(event, change of the reservation, spent)."""
        query = sa.select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)
        return [(row.event, row.reserved_micro, row.spent_micro) for row in self.read(query)]

    def bought(self, prompt: str) -> int:
        return self.submits().count(prompt)


def reelbot(*arguments: str, folder: Path, env: dict[str, str], chats: Path | None = None) -> Said:
    """A command to its end, in a process of its own. `chats`: one more folder in which chats are looked for."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out, err = Path(place) / "out", Path(place) / "err"
        process = Warm(["-m", "bot", *arguments], folder=folder, env=env, out=out, err=err, chats=chats)
        return Said(process.wait(60), out.read_text(), err.read_text())


@contextmanager
def desk(folder: Path, **settings: str) -> Iterator[Desk]:
    made = Desk(folder, sqlite(folder))
    try:
        made.settle(**settings)
        yield made
    finally:
        made.close()
