"""The operator's shell beside the bot: real `reelbot` commands in the world of test_crash.py, on its database."""

import os
import shutil
import signal
import tempfile
import time
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

    def __init__(self, arguments: tuple[str, ...], *, folder: Path, env: dict[str, str], chats: Path | None) -> None:
        self._said = Path(tempfile.mkdtemp(prefix=".said-", dir=folder))
        out, err = self._said / "out", self._said / "err"
        self.process = Warm(["-m", "bot", *arguments], folder=folder, env=env, out=out, err=err, chats=chats)

    def hear(self, words: str) -> None:
        """Wait until it says this on stderr."""
        while words not in self._heard("err"):
            ended = self.process.poll() is not None
            assert not ended or words in self._heard("err"), self._heard("err")
            time.sleep(0.01)

    def _heard(self, where: str) -> str:
        path = self._said / where
        return path.read_text() if path.exists() else ""

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> None:
        """Ctrl+C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> Said:
        code = self.process.wait(seconds)
        said = Said(code, self._heard("out"), self._heard("err"))
        shutil.rmtree(self._said)
        return said


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
        command = Command(arguments, folder=folder or self.folder, env=self._env | env, chats=None)
        self._started.append(command.process)  # ended with the others
        return command

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
    return Command(arguments, folder=folder, env=env, chats=chats).end()


@contextmanager
def desk(folder: Path, **settings: str) -> Iterator[Desk]:
    made = Desk(folder, sqlite(folder))
    try:
        made.settle(**settings)
        yield made
    finally:
        made.close()
