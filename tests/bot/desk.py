"""The operator's shell beside the bot: real `reelbot` commands in the world of test_crash.py, on its database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.tables import jobs, ledger
from tests.bot.test_crash import KEY, World
from tests.fakes.botapi import TOKEN

_SECRETS = (KEY, TOKEN, "/files/b/", "fal.media", "Traceback")


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


class Command:
    """A command that runs. `end` waits for it, `kill` ends it at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def interrupt(self) -> None:
        """Ctrl+C."""
        self._process.send_signal(signal.SIGINT)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, seconds: float = 60.0) -> Said:
        """What it said; no command ever says a secret or an address of fal, or shows a traceback."""
        out, err = self._process.communicate(timeout=seconds)
        for secret in _SECRETS:
            assert secret not in out + err, err
        return Said(self._process.returncode, out, err)


class Desk(World):
    """The world, and a shell in its folder, whose `.env` leads the bot and the commands to the same places."""

    def settle(self, **more: str) -> None:
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

    def begin(self, *arguments: str, **env: str) -> Command:
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=clean | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)  # type: ignore[arg-type]  # ended with the others
        return Command(process)

    def run(self, *arguments: str, **env: str) -> Said:
        return self.begin(*arguments, **env).end()

    def rows(self, query: sa.Executable) -> list[Any]:
        engine = sa.create_engine(f"sqlite:///{self.folder}/out/reelbot.db")
        with engine.connect() as connection:
            found = list(connection.execute(query))
        engine.dispose()
        return found

    def change(self, change: sa.Update) -> None:
        """As a clock that jumped, or a disk that was restored, would."""
        engine = sa.create_engine(f"sqlite:///{self.folder}/out/reelbot.db")
        with engine.begin() as connection:
            connection.execute(change)
        engine.dispose()

    def job(self, prompt: str) -> Any:
        """The row of the only job with this prompt; None while there is none."""
        found = [row for row in self.rows(sa.select(jobs)) if row.request["prompt"] == prompt]
        assert len(found) <= 1
        return found[0] if found else None

    def state(self, prompt: str) -> str | None:
        row = self.job(prompt)
        return row.state if row else None

    def money(self, job_id: str) -> list[tuple[str, int, int]]:
        """(event, change of the reservation, spent)."""
        query = sa.select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)
        return [(row.event, row.reserved_micro, row.spent_micro) for row in self.rows(query)]

    def bought(self, prompt: str) -> int:
        return self.submits().count(prompt)


@contextmanager
def desk(folder: Path, **settings: str) -> Iterator[Desk]:
    made = Desk(folder)
    try:
        made.settle(**settings)
        yield made
    finally:
        made.close()
